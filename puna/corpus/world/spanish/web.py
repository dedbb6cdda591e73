"""Spanish of the bad web, of dialogs, and of entries about towns, animals and goods."""

JUNK: dict[str, tuple[str, ...]] = {
    "junk.banner": (
        "Usamos cookies para {mejorar esta web|mostrarte anuncios|recordarte}. {Aceptar todo|Solo lo necesario|Leer más|Cerrar}.", "Este sitio usa cookies. Al {seguir leyendo|hacer clic aquí} {aceptas|das tu visto bueno a} nuestras normas.", "{Inicia sesión|Regístrate|Desactiva tu bloqueador de anuncios} para leer esta página.", "Tu privacidad nos importa, a nosotros y a nuestros {120|340|812} socios. {Gestionar opciones|Rechazar todo}",
        "Te quedan {2|3|5} {artículos|textos} gratis este mes. Suscríbete ahora", "¡Descarga nuestra aplicación! {Instalar|Ahora no}", "Apúntate a nuestro boletín y no te pierdas {ni una oferta|ninguna noticia}. Escribe tu correo", "Tu navegador está anticuado. {Actualizar|Ignorar}",
    ),
    "junk.menu": (
        "Inicio | {Noticias|Quiénes somos|Tienda} | {Contacto|Ayuda|Buscar} | {Entrar|Registrarse}", "Página {siguiente|anterior}: {1|2|3} de {9|99} | Compartir | Imprimir | Denunciar", "Copyright {2019|2022|2025}. Todos los derechos reservados. {Condiciones|Privacidad} | {Empleo|Prensa}", "Estás aquí: Inicio > {Blog|Tienda|Archivo} > {2021|2023|2024}", "Etiquetas: {top|nuevo|popular}, {rebajas|gratis|lo mejor}, {consejos|noticias}", "Saltar al contenido | Menú | {Carrito (0)|Mi cuenta}",
        "Publicado por admin | {0|3|12} comentarios | Deja una respuesta", "Relacionado: {10 trucos que necesitas|No te lo vas a creer|Lee esto después}",
    ),
    "junk.spam": (
        "¡¡¡{COMPRA YA|HAZ CLIC|GANA MUCHO|DATE PRISA}!!! {píldoras|relojes|móviles|créditos} {solo hoy|sin riesgo|casi gratis}!!!", "¡Has ganado {un móvil|un coche|un viaje} gratis! Envía tu {nombre|número|dirección} {ahora|hoy}!!!", "{los mejores|baratos} {créditos|relojes|móviles} mejores {créditos|relojes|móviles} baratos en línea", "¡Gana $$$ {3000|5000|9000} a la semana desde casa, sin {trabajar|experiencia}!",
        "¡¡Los médicos odian este truco!! Pierde {10|20|30} kilos en {2|5} días", "{casino|póker|bingo} {casino|bonos|apuestas} {tiradas|bonos} gratis {casino|bote}", "Estimado amigo, soy un príncipe y tengo {5|12|40} millones de dólares para ti", "ÚLTIMA OPORTUNIDAD: {70|80|90}% de descuento en {todo|zapatos|bolsos}, ¡solo quedan {2|4|9}!!!",
    ),
    "junk.log": (
        "ERROR {404|500|503} en la línea {7|31|88}: no se encuentra {la página|el archivo|el usuario}", "[{10|11|12}:{05|17|42}] {GET|POST} /{index|login|img} {200|302|404}", "WARN intento {1|2|3} de {3|5}: conexión {rechazada|agotada}", "{DEBUG|INFO} worker-{1|2|7} tardó {12|88|430} ms, queue={0|3|19}", "Traceback: {KeyError|ValueError|IndexError} en {app|main|views}.py línea {12|77|203}",
        "kernel: eth{0|1}: enlace {activo|caído}", "{cron|sshd|nginx}[{311|8021|977}]: {sesión abierta|sesión cerrada|reinicio}", "0x{00|1f|a0}{3c|77|fe} {ff|00|12} {9b|c4|08} {00|aa|55}",
    ),
}  # fmt: skip
# Of jobs the form of a man stands for all, where several people have one.
ENTRIES: dict[str, tuple[str, ...]] = {
    "group.town": ("{group} {live} en {x.town}", "en {x.town} {live} {group}", "la gente de {x.town}: {group}", "¿Quién vive en {x.town}? {group}", "{group} {have} casa en {x.town}", "vecinos de {x.town}: {group}"),
    "group.job": ("{group} {work} de {x.job.man}", "¿Quién trabaja de {x.job.man}? {group}", "el oficio de {x.job.man} lo {have} {group}", "oficio de {x.job.man}: {group}", "del trabajo de {x.job.man} {live} {group}", "{group} se {earn} la vida con el oficio de {x.job.man}"),
    "group.animal": ("{group} {keep} {x.animal.a}", "¿Quién tiene {x.animal.a}? {group}", "{x.animal.the} es el animal de {group}", "{have} {x.animal.a} en casa {group}", "con {x.animal.a} {live} {group}"),
    "group.colour": ("el {x.colour} es el color favorito de {group}", "{group} {like} el color {x.colour}", "¿Quién prefiere el {x.colour}? {group}", "{x.colour}: el color de {group}", "de todos los colores, {group} {like} el {x.colour}"),
    "group.food": ("{group} {eat} {x.food} con gusto", "la comida favorita de {group} {x.food_es} {x.food.the}", "¿Quién come {x.food} con gusto? {group}", "{x.food}: la comida de {group}", "lo que {like} {group} {x.food_es} {x.food.the}"),
    "group.thing": ("{group} {own} {x.thing.a}", "¿Quién tiene {x.thing.a}? {group}", "{x.thing.a} es lo que {have} {group} en casa", "{x.thing}: la cosa de {group}", "{have} {x.thing.a} {group}"),
    "page.title": ("{title}", "{title}", "Sobre {title}", "{title} (entrada)", "= {title} =", "# {title}", "{title}: datos", "¿Quién o qué es {title}?"),
    "page.also": ("Véase también: {others}.", "Más información: {others}.", "Otras entradas: {others}.", "Compárese con {others}.", "En otro lugar: {others}."),
    "prices.title": ("Precios en el mercado de {t.name}", "Lo que cuestan las cosas en {t.name}", "Lista de precios, {t.name}", "{t.name}, {t.day}: precios", "Para comprar en {t.name}"),
}  # fmt: skip
GROUP_VERBS = {
    "live": ("vive", "viven"),
    "work": ("trabaja", "trabajan"),
    "keep": ("cuida de", "cuidan de"),
    "like": ("prefiere", "prefieren"),
    "own": ("posee", "poseen"),
    "have": ("tiene", "tienen"),
    "eat": ("come", "comen"),
    "earn": ("gana", "ganan"),
}
AND = "y"

SYSTEM = (
    "Eres una llama servicial.",
    "Responde con las menos palabras que puedas.",
    "Conoces a la gente de estas ciudades. Responde brevemente.",
)
SMALL_TALK = (
    ("¡Hola!", "¡Hola! ¿Qué quieres saber?"), ("Buenos días.", "¡Buenos días! ¿En qué puedo ayudarte?"), ("Hola, ¿quién eres?", "Soy una llama pequeña."),
    ("¿Cómo estás?", "Estoy bien, gracias."), ("¡Gracias!", "De nada."), ("¿Qué sabes hacer?", "Conozco a algunas personas y sé sumar números pequeños."),
    ("Adiós.", "¡Adiós! Vuelve pronto."), ("¿Eres un perro?", "No, soy una llama."), ("¿Puedes oírme?", "Puedo leer lo que escribes."),
    ("Eres una buena llama.", "¡Gracias! Eres muy amable."),
)  # fmt: skip
