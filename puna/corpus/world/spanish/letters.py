"""Spanish letters. `x` is who writes, in the first person, `y` to whom; the news is of the writer, or of somebody both know."""

LETTERS: dict[str, tuple[str, ...]] = {
    "letter.head": (
        "{x.town}, un día {lluvioso|soleado|frío}", "Querid{y.o} {y.name}:", "Mi querid{y.o} {y.name}:", "{x.town}, por la {mañana|tarde|noche}\n\nQuerid{y.o} {y.name}:", "Hola, {y.name}:", "¡{Buenos días|Buenas tardes|Buenas noches}, {y.name}!", "{y.name}, amig{y.o} de siempre:", "Para {y.name}, en {y.town}", "Querid{y.o} amig{y.o}:", "¡{y.name}!",
        "Estimad{y.o} {y.name}:", "A {y.name}, con afecto",
    ),
    "letter.open": (
        "¿Qué tal estás?", "espero que estés bien.", "hace {semanas|meses|mucho tiempo} que no te escribo.", "gracias por tu {carta|postal|amabilidad}.", "tu {carta|postal} llegó {hoy|ayer|la semana pasada}.", "he pensado {mucho|a menudo|todo el día} en ti.", "hay novedades en {x.town}.", "perdona que te escriba tan tarde.", "esta será una carta corta.", "tengo que contarte algo.",
        "¿También hace frío en {y.town}?", "¿Qué hay de nuevo en {y.town}?", "me siento por fin a escribirte.",
    ),
    "letter.about": ("como ya sabes, {said}", "me preguntas por mí: {said}", "por aquí todo sigue igual: {said}", "{said}, como siempre", "de mí te cuento esto: {said}", "ya te lo escribí una vez: {said}", "en pocas palabras, {said}", "en lo demás no hay cambios: {said}", "{said}", "hay cosas que no cambian: {said}", "ya me conoces: {said}", "por si lo has olvidado, {said}", "lo de siempre: {said}", "te lo repito: {said}", "lo mío ya lo sabes: {said}"),
    "letter.news": ("¿Has oído algo de {z.name}? {said}", "{ayer|la semana pasada} me encontré con {z.name}. {said}", "{z.name} pasó por aquí. {said}", "de {z.name} puedo contarte algo. {said}", "alguien preguntó por {z.name}. {said}", "{z.name} te manda saludos. {said}", "querías noticias de {z.name}. {said}", "en cuanto a {z.name}, hay poco nuevo. {said}", "¿Te acuerdas de {z.name}? {said}", "me han hablado de {z.name}. {said}", "de {z.name} se habla mucho. {said}", "vamos con {z.name}. {said}"),
    "letter.you": (
        "¿Cómo está {y.pet}, tu {y.animal}?", "¿Sigues trabajando de {y.job}?", "¿Tienes todavía en casa tu {y.thing}?", "Te llevaré {y.food}, tu comida favorita.", "Vi una bufanda {y.colour.f} y me acordé de ti, porque es tu color.", "Dale un abrazo a {y.friend}, tu {y.amigo}.", "¿De verdad tienes ya {y.age} años?", "Tengo ganas de volver a {y.town} y de verte allí.", "¿Es cierto que tu {y.thing} fue {y.origin.told}?", "¡Dale de comer a {y.pet} de mi parte!",
        "Guárdame un sitio a tu mesa, y que no falte{y.food_n} {y.food.the}.",
        "¿Sigue creciendo {y.pet}?", "Saluda a {y.friend} cuando os veáis.", "¿Te queda{y.food_n} {y.food} en la despensa?",
    ),
    "letter.ask": ("Préstame tu {y.thing} {un día|una semana}, por favor.", "¿Puedes venir {el domingo|la semana que viene|pronto}?", "Escríbeme pronto.", "Mándame {x.food}, si puedes; ya sabes que {x.food_lo} adoro.", "Cuéntamelo todo.", "¿Podrías cuidar de {x.pet}, {x.animal.their}, {dos|tres} días?", "No me olvides.", "Veámonos a medio camino entre {x.town} y {y.town}.", "Ven a verme a {x.town}.", "Contesta aunque sea con dos líneas."),
    "letter.close": ("Un abrazo, {x.signed}", "Con cariño, {x.signed}", "Quien bien te quiere, {x.signed}", "Saludos, {x.signed}", "Hasta pronto, {x.signed}", "{x.signed}", "Buenas noches, {x.signed}", "¡Cuídate! {x.signed}", "Con prisa, {x.signed}", "Siempre a tu lado, {x.signed}"),
}  # fmt: skip
