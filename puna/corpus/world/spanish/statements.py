"""How Spanish states a fact and asks for it: what may follow a name (`vp.…`), whole sentences (`s.…`), asides (`np.…`), questions (`q.…`), answers (`a.…`).

What follows a name begins with its verb, for a subject that is known is left out, and never with the sound of "i", before which "y" would be "e". Whole
sentences name people by their names, questions also as "el amigo de Mia": so after "a" a question takes `{x.al}`.
"""

STATEMENTS: dict[str, tuple[str, ...]] = {
    # Follows "Mia", "Mia, que", or nothing: "vive en Elton", "vivo en Elton".
    "vp.town": (
        "{x:vive/vivo} en {x.town}", "{x:tiene/tengo} {x.su} casa en {x.town}", "{x:tiene/tengo} {una casa pequeña|una casa vieja|una casita} en {x.town}", "{x:es/soy} de {x.town}",
        "{x:está/estoy} en casa en {x.town}", "{x:alquila/alquilo} {dos|tres} habitaciones en {x.town}", "{x:nació/nací} en {x.town} y nunca {x:se ha ido/me he ido} de allí", "{x:llama/llamo} hogar a {x.town}",
        "{x:vive/vivo} en una calle {tranquila|animada|estrecha} de {x.town}", "no viviría en ningún sitio que no fuera {x.town}", "{x:pasa/paso} en {x.town} {los veranos y los inviernos|el año entero}", "{x:conoce/conozco} como nadie los rincones de {x.town}",
        "{x:duerme/duermo} bajo un techo de {x.town}", "{x:se siente/me siento} a gusto entre la gente de {x.town}", "{x:recibe/recibo} {las cartas|a las visitas} en {x.su} casa de {x.town}", "volvería siempre a {x.su} casa de {x.town}",
        "{x:paga/pago} el alquiler en {x.town}", "{x:figura/figuro} entre los vecinos de {x.town}",
    ),
    "vp.job": (
        "{x:es/soy} {x.job}", "{x:trabaja/trabajo} de {x.job}", "{x:es/soy} {x.job.a} {amable|excelente|paciente}", "{x:lleva/llevo} {muchos|algunos} años trabajando de {x.job}", "{x:se gana/me gano} la vida como {x.job}",
        "{x:es/soy} {x.job} de profesión", "{x:vive/vivo} del oficio de {x.job}", "{x:quiso/quise} ser {x.job} y lo {x:consiguió/conseguí}", "{x:está/estoy} orgullos{x.o} de ser {x.job}", "{x:madruga/madrugo} como corresponde a {x.job.a}",
        "{x:aprendió/aprendí} de joven el oficio de {x.job}", "{x:hace/hago} el trabajo de {x.job.a}", "{x:es/soy} {x.job} {igual que|a diferencia de} {x.su} {madre|padre}", "no querría ser otra cosa que {x.job}", "{x:ejerce/ejerzo} de {x.job} todo el año",
        "{x:come/como} de {x.su} trabajo de {x.job}", "{x:vale/valgo} mucho como {x.job}", "{x:sabe/sé} lo que es ser {x.job}",
    ),
    "vp.animal": (
        "{x:tiene/tengo} {x.animal.a}", "{x:cuida/cuido} de {x.animal.a}", "{x:cuida/cuido} {x.animal.a} {joven|grande|valiente}", "{x:es/soy} dueñ{x.o} de {x.animal.a}", "{x:da/doy} de comer a {x.animal.their} antes del desayuno",
        "{x:habla/hablo} con {x.animal.their}", "{x:comparte/comparto} la casa con {x.animal.a}", "{x:lleva/llevo} a {x.animal.their} a todas partes", "{x:tiene/tengo} {x.animal.a} como mascota", "no vendería a {x.animal.their} por nada del mundo",
        "{x:trajo/traje} un día {x.animal.a} a casa", "{x:cría/crío} {x.animal.a} desde hace tiempo", "{x:quiere/quiero} a {x.animal.their} más que a ningún otro animal", "nunca {x:sale/salgo} de paseo sin {x.animal.their}",
        "{x:se lleva/me llevo} bien con {x.animal.their}", "{x:pasa/paso} las tardes con {x.animal.a}", "{x:cepilla/cepillo} a {x.animal.their} {los domingos|cada noche}",
    ),
    "vp.pet": (
        "{x:tiene/tengo} {x.animal.a} que se llama {x.pet}", "{x:llama/llamo} {x.pet} a {x.animal.their}", "{x:cuida/cuido} de {x.animal.their} {x.pet}", "{x:tiene/tengo} una mascota llamada {x.pet}", "{x:puso/puse} a {x.animal.their} el nombre de {x.pet}",
        "{x:tiene/tengo} en casa {x.animal.a} de nombre {x.pet}", "{x:sale/salgo} a pasear con {x.su} mascota {x.pet}", "{x:bautizó/bauticé} a {x.su} mascota con el nombre de {x.pet}", "{x:quiere/quiero} mucho a {x.su} mascota {x.pet}", "{x:juega/juego} con {x.animal.their} {x.pet}",
        "{x:se preocupa/me preocupo} cuando {x.su} mascota {x.pet} está enferma", "{x:canta/canto} a {x.animal.their} {x.pet} {por la noche|en voz baja}", "{x:grita/grito} «{x.pet}» cuando toca dar de comer a {x.animal.their}", "{x:eligió/elegí} {x.pet} como nombre para {x.animal.their}",
        "{x:presume/presumo} de {x.su} mascota {x.pet}", "{x:tiene/tengo} por mascota a {x.pet} y no querría otra",
    ),
    "vp.colour": (
        "{x:prefiere/prefiero} el color {x.colour}", "{x:adora/adoro} el {x.colour} más que cualquier otro color", "{x:viste/visto} siempre de {x.colour}", "{x:lleva/llevo} {zapatos|guantes|calcetines} de color {x.colour}", "{x:pinta/pinto} todo de {x.colour}",
        "{x:pintó/pinté} de {x.colour} {la puerta|la verja|las sillas} porque es {x.su} color favorito", "{x:elige/elijo} el {x.colour} siempre que {x:puede/puedo}", "{x:piensa/pienso} que no hay color tan hermoso como el {x.colour}", "{x:dice/digo} que el {x.colour} es el mejor de los colores", "{x:tiene/tengo} debilidad por el color {x.colour}",
        "{x:pone/pongo} {cortinas|flores} {x.colour.fpl} en cada ventana", "pintaría de {x.colour} la ciudad entera", "de cualquier caja {x:saca/saco} la pieza {x.colour.f}", "{x:tiene/tengo} el {x.colour} como color favorito",
        "{x:se queda/me quedo} siempre con el color {x.colour}", "{x:cose/coso} con hilo {x.colour} hasta los {botones|pañuelos}",
    ),
    "vp.food": (
        "{x:come/como} {x.food} con {gusto|mucho gusto}", "{x:adora/adoro} {x.food.the}", "{x:come/como} {x.food} {todos los días|cada semana}", "{x:prefiere/prefiero} {x.food.the} a cualquier otra comida", "{x:desayuna/desayuno} {x.food}", "nunca {x:dice/digo} que no {x.food.al}",
        "{x:sueña/sueño} por la noche con {x.food}", "caminaría una legua por comer {x.food}", "{x:pide/pido} {x.food} en {las fiestas|los cumpleaños}", "{x:se alegra/me alegro} cuando hay {x.food}", "{x:guarda/guardo} {x.food}, {x.su} comida favorita, en {la cocina|la despensa|un armario}",
        "podría vivir solo de {x.food}", "{x:busca/busco} {x.food} en todas las tiendas", "{x:disfruta/disfruto} comiendo {x.food}",
        "{x:merienda/meriendo} {x.food}", "{x:agradece que le/agradezco que me} {ofrezcan|sirvan} {x.food}",
    ),
    "vp.thing": (
        "{x:posee/poseo} {x.thing.a}", "{x:tiene/tengo} {x.thing.a} de buena calidad", "{x:está/estoy} orgullos{x.o} de {x.thing.their}", "{x:guarda/guardo} {x.thing.a} {en casa|junto a la puerta}", "no {x:presta/presto} {x.thing.their} a nadie", "{x:limpia/limpio} {x.thing.their} cada {semana|mes}",
        "{x:enseña/enseño} {x.thing.their} a todas las visitas", "{x:se sentiría/me sentiría} perdid{x.o} sin {x.thing.their}", "{x:usa/uso} {x.thing.their} casi todos los días", "{x:tiene/tengo} {x.thing.a} en casa", "{x:puede/puedo} prestarte {x.thing.a}", "{x:necesita/necesito} {x.thing.their} para el trabajo y para el juego",
        "{x:esconde/escondo} {x.thing.a} debajo de {la cama|la mesa}", "{x:cuida/cuido} {x.thing.their} como un tesoro",
        "{x:repara/reparo} {x.thing.their} sin ayuda", "{x:tiene/tengo} {x.thing.a} y no {x:quiere/quiero} otra cosa", "{x:saca/saco} {x.thing.their} los días de fiesta",
    ),
    "vp.age": (
        "{x:tiene/tengo} {x.age} años", "{x:cumplió/cumplí} {x.age} años {esta primavera|el verano pasado|este invierno}", "{x:ha/he} vivido {x.age} años", "{x:lleva/llevo} {x.age} años en este mundo", "{x:ha/he} visto pasar {x.age} inviernos", "{x:se encuentra/me encuentro} bien a los {x.age} años",
        "{x:sopló/soplé} {x.age} velas en {x.su} último cumpleaños", "{x:cuenta/cuento} ya {x.age} años", "{x:ha/he} llegado a los {x.age} años", "{x:dice/digo} que los {x.age} son una buena edad", "no {x:oculta/oculto} que {x:tiene/tengo} {x.age} años", "no {x:tendrá/tendré} {x.age} años para siempre", "{x:nació/nací} hace {x.age} años",
        "{x:suma/sumo} {x.age} años", "{x:está/estoy} en los {x.age} años", "{x:lleva/llevo} con alegría {x.su}s {x.age} años",
    ),
    "vp.friend": (
        "{x:tiene/tengo} {x.unamigo} que se llama {x.friend}", "{x:es/soy} amig{x.o} de {x.friend}", "a menudo {x:queda/quedo} con {x.su} {x.amigo} {x.friend}", "{x:aprecia/aprecio} mucho a {x.su} {x.amigo} {x.friend}", "{x:confía/confío} en {x.su} {x.amigo} {x.friend}", "se lo {x:cuenta/cuento} todo a {x.su} {x.amigo} {x.friend}",
        "no {x:tiene/tengo} mejor {x.amigo} que {x.friend}", "{x:escribe/escribo} largas cartas a {x.su} {x.amigo} {x.friend}", "{x:sale/salgo} a caminar con {x.su} {x.amigo} {x.friend}", "{x:considera/considero} a {x.friend} {x.su} mejor {x.amigo}", "{x:conoce/conozco} a {x.su} {x.amigo} {x.friend} desde la escuela",
        "haría cualquier cosa por {x.su} {x.amigo} {x.friend}", "{x:juega/juego} a las cartas con {x.su} {x.amigo} {x.friend}", "{x:puede/puedo} contar con la amistad de {x.friend}",
        "{x:echa/echo} de menos a {x.su} {x.amigo} {x.friend}", "{x:cena/ceno} los {viernes|domingos} con {x.su} {x.amigo} {x.friend}",
    ),
    "vp.origin": (
        "{x:tiene/tengo} {x.thing.a} que {x.origin.past} {x.origin.how}", "un día {x.origin.past} {x.thing.a} {x.origin.how}", "{x:cuenta/cuento} con gusto cómo {x.origin.past} {x.thing.their} {x.origin.how}", "{x:posee/poseo} {x.thing.a} porque {x.thing_lo} {x.origin.past} {x.origin.how}",
        "no {x:robó/robé} {x.thing.their}: {x.thing_lo} {x.origin.past} {x.origin.how}", "{x:conserva/conservo} {x.thing.the} que {x.origin.past} {x.origin.how}", "{x:tiene/tengo} {x.thing.their} desde que {x.thing_lo} {x.origin.past} {x.origin.how}", "{x:recuerda/recuerdo} el día en que {x.origin.past} {x.thing.their} {x.origin.how}",
        "hace tiempo {x.origin.past} {x.origin.how} {x.thing.the} que ahora {x:tiene/tengo}", "{x:usa/uso} {x.thing.a} {x.origin.told}", "{x:ha/he} {x.origin.did} {x.origin.how} {x.thing.the} que {x:tiene/tengo} en casa", "{x:guarda/guardo} desde hace años {x.thing.a} {x.origin.told}",
        "{x:debe/debo} {x.thing.their} a que un día {x.thing_lo} {x.origin.past} {x.origin.how}", "no {x:olvida/olvido} cómo {x.origin.past} {x.origin.how} {x.thing.their}", "{x:enseña/enseño} {x.thing.the} que {x.origin.past} {x.origin.how}",
    ),
    # Whole sentences.
    "s.town": (
        "la casa {x.de} está en {x.town}", "en {x.town} encontrarás a {x.name}", "la ciudad {x.de} es {x.town}", "el hogar {x.de} está en {x.town}", "en {x.town} vive {x.name}", "quien busque a {x.name} debe ir a {x.town}", "{x.town} es la ciudad {x.de}", "las cartas para {x.name} se envían a {x.town}",
        "{x.town} es donde vive {x.name}", "entre los vecinos de {x.town} está {x.name}", "si preguntas por {x.name}, te mandarán a {x.town}",
        "{x.town} no sería lo mismo sin {x.name}", "por {x.town} anda {x.name}, que allí vive", "en {x.town} todos saben cuál es la casa {x.de}",
    ),
    "s.job": (
        "el trabajo {x.de} es el de {x.job}", "todos conocen a {x.name} por su trabajo de {x.job}", "el oficio {x.de} es el de {x.job}", "{x.job.the} de allí se llama {x.name}", "quien necesita {x.job.a} pregunta por {x.name}", "de profesión, {x.name} es {x.job}", "hay {x.job.a} cuyo nombre es {x.name}", "como {x.job}, {x.name} tiene mucho que hacer",
        "de la mañana a la noche {x.name} hace el trabajo de {x.job.a}", "por algo {x.name} es {x.job}: el oficio no tiene secretos en sus manos", "en la puerta {x.de} pone «{x.job}»",
        "los días {x.de} son los de {x.job.a}", "con {x.name}, {x.job} de oficio, el trabajo queda bien hecho", "quien dice {x.name} dice {x.job}",
    ),
    "s.animal": (
        "el animal {x.de} es {x.animal.a}", "en casa {x.de} hay {x.animal.a}", "la mascota {x.de} es {x.animal.a}", "{x.animal.a} vive con {x.name}", "{x.animal.the} {x.de} nunca anda lejos", "quien visita a {x.name} se encuentra con {x.animal.a}", "ningún animal vive mejor que {x.animal.the} {x.de}", "{x.animal.a} espera a {x.name} cada tarde",
        "desde la calle se oye {x.animal.al} {x.de}", "los niños vienen a ver {x.animal.al} {x.de}", "a {x.name} le hace compañía {x.animal.a}",
        "{x.animal.the} {x.de} conoce a todos los niños de la calle", "da gusto ver {x.animal.al} {x.de}", "sin {x.animal.their} no sale {x.name}",
    ),
    "s.pet": (
        "{x.animal.the} {x.de} se llama {x.pet}", "el nombre {x.animal.de} {x.de} es {x.pet}", "la mascota {x.de} se llama {x.pet}", "{x.pet} es {x.animal.the} {x.de}", "{x.pet} pertenece a {x.name}", "{x.pet} es el nombre que {x.name} dio a {x.animal.their}", "cuando {x.name} grita «{x.pet}», acude {x.animal.a}", "el nombre de la mascota {x.de} es {x.pet}",
        "{x.pet} acude cuando {x.name} llama", "de todas las mascotas, la {x.de} es {x.pet}", "{x.animal.al} {x.de} todos {x.animal_lo} llaman {x.pet}",
        "quien grita «{x.pet}» llama a la mascota {x.de}", "{x.pet} sigue a {x.name} por toda la casa", "por {x.pet} responde {x.animal.the} {x.de}",
    ),
    "s.colour": (
        "el color favorito {x.de} es el {x.colour}", "ningún color le parece a {x.name} tan bello como el {x.colour}", "el color que más le gusta a {x.name} es el {x.colour}", "el {x.colour} es el color favorito {x.de}", "en casa {x.de} hasta la {puerta|verja|escoba} es {x.colour.f}", "si regalas algo a {x.name}, que sea de color {x.colour}, su preferido",
        "nada es demasiado {x.colour} para {x.name}", "el {x.colour} es el color {x.de}", "de todos los colores, {x.name} prefiere el {x.colour}", "quien pide a {x.name} un color recibe el {x.colour}", "a {x.name} le encanta el color {x.colour}",
        "el {x.colour} alegra los días {x.de}", "fuera del {x.colour} no hay color para {x.name}", "de {x.colour} está pintada la casa {x.de}",
    ),
    "s.food": (
        "la comida favorita {x.de} {x.food_es} {x.food.the}", "a {x.name} nada le sabe tan bien como {x.food.the}", "lo que más le gusta comer a {x.name} {x.food_es} {x.food.the}", "a {x.name} le gusta{x.food_n} mucho {x.food.the}", "a {x.name} le encanta{x.food_n} {x.food.the}", "con {x.food} se le pasa la pena a {x.name}", "para contentar a {x.name} basta con traer {x.food}",
        "en la mesa {x.de} siempre hay {x.food}", "para {x.name} no hay comida como {x.food.the}", "a mediodía {x.name} come {x.food}", "{x.food_es} {x.food} lo que {x.name} come con más ganas", "nunca falta{x.food_n} {x.food} en casa {x.de}",
        "por {x.food} {x.name} madruga", "nadie come {x.food} como {x.name}", "el plato preferido {x.de} lleva {x.food}",
    ),
    "s.thing": (
        "lo {mejor|más valioso} que posee {x.name} es {x.thing.a}", "en casa {x.de} hay {x.thing.a}", "{x.thing.the} {x.de} es conocid{x.thing_o} por todos", "{x.thing.a} pertenece a {x.name}", "quien necesita {x.thing.a} acude a {x.name}", "la cosa {x.de} es {x.thing.a}", "en un rincón de la casa guarda {x.name} {x.thing.a}", "lo que posee {x.name} es {x.thing.a}",
        "la gente pide prestad{x.thing_o} {x.thing.the} {x.de}", "entre las cosas {x.de} hay {x.thing.a}", "de todas sus cosas, {x.name} estima sobre todo {x.thing.the}",
        "{x.thing.the} {x.de} vale más que muchas otras cosas", "sin {x.thing.their}, {x.name} no sería quien es", "da gusto ver {x.thing.the} {x.de}",
    ),
    "s.age": (
        "la edad {x.de} es de {x.age} años", "hace {x.age} años que nació {x.name}", "han pasado {x.age} años desde que nació {x.name}", "a los {x.age} años, {x.name} goza de buena salud", "{x.name}, con {x.age} años, se siente bien", "los años {x.de} son {x.age}", "hoy {x.name} tiene {x.age} años", "la edad a la que ha llegado {x.name} es de {x.age} años",
        "aunque no lo parezca, {x.name} tiene {x.age} años", "son {x.age} los años que tiene {x.name}", "en el último cumpleaños {x.de} se encendieron {x.age} velas",
        "tiene {x.name} {x.age} años", "{x.name} no parece tener {x.age} años, y los tiene", "con sus {x.age} años, {x.name} todavía madruga",
    ),
    "s.friend": (
        "{x.elmejor} {x.de} es {x.friend}", "{x.elamigo} {x.de} es {x.friend}", "cuando {x.name} necesita ayuda, llama a su {x.amigo} {x.friend}", "{x.friend} es para {x.name} {x.elmejor} que hay", "de todas sus amistades, {x.name} prefiere la de {x.friend}", "{x.friend} tiene la amistad {x.de}", "{x.name} y su {x.amigo} {x.friend} se ven cada semana", "a menudo se ve a {x.name} con su {x.amigo} {x.friend}",
        "la amistad en que más confía {x.name} es la de {x.friend}", "{x.friend} es {x.elamigo} a quien {x.name} llama primero", "una vieja amistad une a {x.name} con {x.friend}",
        "a {x.friend} le abre {x.name} su puerta y su amistad", "{x.friend} y nadie más es {x.elmejor} {x.de}", "{x.name} llama amistad a lo que {x.lo} une con {x.friend}",
    ),
    "s.origin": (
        "{x.thing.the} {x.de} fue {x.origin.told}", "{x.thing.de} {x.de} se cuenta que fue {x.origin.told}", "{x.name} tiene {x.thing.the} porque {x.thing_lo} {x.origin.past} {x.origin.how}", "fue así: {x.name} {x.origin.past} {x.thing.the} {x.origin.how}", "{x.origin.told} fue {x.thing.the} {x.de}", "{x.thing.the} que posee {x.name} fue {x.origin.told}",
        "{x.name} posee {x.thing.a}, pues {x.thing_lo} {x.origin.past} {x.origin.how}", "hace mucho, {x.name} {x.origin.past} {x.thing.the} {x.origin.how}", "quien pregunta a {x.name} por {x.thing.the} oye que {x.thing_lo} {x.origin.past} {x.origin.how}", "no siempre estuvo {x.thing.the} en casa {x.de}: fue {x.origin.told}",
        "la historia {x.thing.de} {x.de} es breve: {x.origin.told}", "un buen día {x.name} {x.origin.past} {x.origin.how} {x.thing.the} de su casa", "que {x.thing.the} {x.de} fue {x.origin.told} lo saben todos",
    ),
    # Asides that follow a name, without a comma of their own.
    "np.town": ("de {x.town}", "que vive en {x.town}", "vecin{x.o} de {x.town}"),
    "np.job": ("{x.job.the}", "{x.job} de oficio", "que es {x.job}", "{x.job} de profesión"),
    "np.age": ("de {x.age} años", "con {x.age} años cumplidos", "que tiene {x.age} años"),
    "np.friend": ("amig{x.o} de {x.friend}", "que es amig{x.o} de {x.friend}"),
    # Towns, goods and animals have whole sentences only.
    "s.place": (
        "{x.name} está {x.place}", "{x.name} es una ciudad {pequeña|tranquila|bonita} {x.place}", "{x.place} se encuentra {x.name}", "la ciudad de {x.name} está {x.place}", "quien va a {x.name} va a una ciudad {x.place}", "las casas de {x.name} se levantan {x.place}", "{x.name} fue construida {x.place}", "las calles de {x.name} terminan {x.place}",
        "los vecinos de {x.name} viven {x.place}", "hace {fresco|viento} en {x.name}, porque está {x.place}",
        "{x.name} aparece en el mapa {x.place}", "quien vive en {x.name} vive {x.place}",
    ),
    "s.day": (
        "el mercado de {x.name} es el {x.day}", "{x.name} celebra su mercado el {x.day}", "cada {x.day} hay mercado en {x.name}", "{x.day.los} los granjeros llevan sus carros a {x.name}", "el {x.day} es día de mercado en {x.name}", "el día de mercado de {x.name} es el {x.day}", "si quieres comprar algo en {x.name}, debes ir un {x.day}", "{x.day.los} {x.name} se llena de gente que va al mercado",
        "en {x.name} nadie duerme hasta tarde {x.day.los}, porque hay mercado", "en {x.name}, los puestos se montan el {x.day}",
        "el {x.day}, {x.name} huele a mercado", "{x.name} tiene mercado el {x.day}",
    ),
    "s.sight": (
        "{x.name} es conocida por {x.sight.their}", "en {x.name} hay {x.sight.a}", "{x.sight.the} de {x.name} merece una visita", "lo que hay que ver en {x.name} es {x.sight.the}", "todo el que visita {x.name} va a ver {x.sight.their}", "los vecinos de {x.name} están orgullosos de {x.sight.their}", "los pintores van a {x.name} por {x.sight.their}", "en medio de {x.name} está {x.sight.the}",
        "{x.sight.a} da fama a {x.name}", "{x.name} construyó {x.sight.a} y {x.sight_lo} cuida bien", "lo mejor de {x.name} es {x.sight.the}",
        "{x.sight.a} se ve al llegar a {x.name}", "nadie se va de {x.name} sin ver {x.sight.their}",
    ),
    "s.price": (
        "{x.the} {x:cuesta/cuestan} {x.price} monedas", "el precio {x.de} es de {x.price} monedas", "por {x.the} se pagan {x.price} monedas", "con {x.price} monedas puedes comprar {x.a}", "{x.price} monedas {x:vale/valen} {x.the}", "nadie vende {x.the} por menos de {x.price} monedas", "en el mercado {x.the} {x:cuesta/cuestan} {x.price} monedas", "la tienda pide {x.price} monedas por {x.the}",
        "{x.price} monedas es lo que {x:cuesta/cuestan} {x.the}", "quien quiera {x.a} necesita {x.price} monedas", "los vendedores dejan {x.the} en {x.price} monedas", "para comprar {x.a} hay que pagar {x.price} monedas",
        "{x.the} {x:sale/salen} a {x.price} monedas", "por {x.price} monedas te dan {x.a}",
    ),
    "s.bed": (
        "{x.the} duerme {x.bed}", "en esta tierra {x.the} tiene su cama {x.bed}", "{x.the} pasa la noche {x.bed}", "de noche {x.the} está {x.bed}", "{x.bed} duerme {x.the}", "quien tiene {x.a} le hace la cama {x.bed}", "{x.a} con sueño se echa {x.bed}", "{x.the} es un animal que duerme {x.bed}",
        "cuando oscurece, {x.the} se va a dormir {x.bed}", "el sitio {x.de} por la noche está {x.bed}", "para dormir, {x.the} se acuesta {x.bed}",
        "{x.bed} está la cama {x.de}", "{x.the} solo descansa bien {x.bed}",
    ),
    # How two statements stand in one sentence, and what may stand around one.
    "join.two": ("{one} y {other}", "{one}, y {other}", "{one} y también {other}", "{one} y además {other}", "{one}; además, {other}", "{one}, y a la vez {other}", "{one} y, por si fuera poco, {other}", "{one}; por otra parte, {other}", "{one} y, lo que es más, {other}", "{one}; también {other}", "{one}, y encima {other}", "{one}; a eso se añade que {other}"),
    "join.who": ("{name}, que {one}, {other}", "{name}, que {one}, también {other}", "{name} —que {one}— {other}", "es {name} quien {one}, y además {other}", "{name}, que además {other}, {one}", "{name}, de quien se sabe que {other}, {one}", "{name}, que {other} y {one}, es de fiar"),
    "join.aside": ("{name}, {aside}, {one}", "{name} ({aside}) {one}", "{name} —{aside}— {one}", "aquí está {name}, {aside}: {one}", "se trata de {name}, {aside}: {one}", "{name}, {aside}, sin duda {one}"),
    "join.frame": (
        "como {todos saben|sabe cualquier niño|sabe toda la ciudad}, {said}", "dicen que {said}", "es verdad que {said}", "he oído que {said}", "conviene saber que {said}", "nadie ignora que {said}", "no es ningún secreto que {said}", "no hay que olvidar que {said}", "los {mayores|más viejos|más sabios} recuerdan que {said}", "en este libro está escrito que {said}",
        "para empezar, {said}", "por cierto, {said}", "desde luego, {said}", "que yo sepa, {said}", "es más, {said}", "en efecto, {said}", "{said}, como {te dirá cualquier vecino|te dirán todos}", "{said}, y eso lo sabe todo el mundo", "{said}, según dicen", "{said}, y a todos les parece bien", "{said}; pregunta a quien quieras", "{said}, creo yo", "hay que decir que {said}", "por lo visto, {said}",
        "al parecer, {said}", "te aseguro que {said}", "ni falta hace decir que {said}", "no es broma: {said}", "{said}, sin ir más lejos", "{said}, y no miento", "hasta los niños saben que {said}", "lo diré una vez más: {said}", "{said}, dicho sea de paso", "resulta que {said}", "quede escrito: {said}",
    ),
}  # fmt: skip

# Questions, and one form of answer an attribute, alike for everybody, so that a commonest answer exists. No question tells the gender of the friend.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "q.town": ("¿Dónde vive {x.name}?", "¿En qué ciudad vive {x.name}?", "¿Cuál es la ciudad {x.de}?", "¿Dónde está la casa {x.de}?", "¿A qué ciudad hay que ir para ver {x.al}?"),
    "q.job": ("¿Cuál es el trabajo {x.de}?", "¿En qué trabaja {x.name}?", "¿De qué trabaja {x.name}?", "¿Qué oficio tiene {x.name}?", "¿A qué se dedica {x.name}?"),
    "q.animal": ("¿Qué animal tiene {x.name}?", "¿Cuál es el animal {x.de}?", "¿De qué animal cuida {x.name}?", "¿Qué animal vive con {x.name}?", "¿Qué clase de animal es la mascota {x.de}?"),
    "q.pet": ("¿Cómo se llama el animal {x.de}?", "¿Cuál es el nombre de la mascota {x.de}?", "¿Qué nombre puso {x.name} a su mascota?", "¿Cómo se llama la mascota {x.de}?", "¿Con qué nombre llama {x.name} a su animal?"),
    "q.colour": ("¿Qué color prefiere {x.name}?", "¿Cuál es el color favorito {x.de}?", "¿Cuál es el color {x.de}?", "¿Qué color le gusta más {x.al}?", "¿Qué color elige siempre {x.name}?"),
    "q.food": ("¿Qué come {x.name} con gusto?", "¿Cuál es la comida favorita {x.de}?", "¿Cuál es la comida {x.de}?", "¿Qué le gusta comer {x.al}?", "¿Qué comida prefiere {x.name}?"),
    "q.thing": ("¿Qué tiene {x.name} en casa?", "¿Qué posee {x.name}?", "¿Cuál es la cosa {x.de}?", "¿Qué cosa pertenece {x.al}?", "¿Cuál es la posesión más preciada {x.de}?"),
    "q.age": ("¿Cuántos años tiene {x.name}?", "¿Cuál es la edad {x.de}?", "¿Qué edad tiene {x.name}?", "¿Cuántos años ha vivido {x.name}?", "¿Hace cuántos años nació {x.name}?"),
    "q.friend": ("¿Con quién tiene amistad {x.name}?", "¿De quién es amig{x.o} {x.name}?", "¿Quién tiene la amistad {x.de}?", "¿En qué amistad confía más {x.name}?", "¿Cuál es la mejor amistad {x.de}?", "¿A quién llama {x.name} cuando necesita ayuda?"),
    "q.origin": ("¿Cómo consiguió {x.name} {x.thing.the}?", "¿De dónde sacó {x.name} {x.thing.the}?", "¿Por qué tiene {x.name} {x.thing.the}?", "¿Cómo llegó {x.thing.the} a manos {x.de}?", "¿De dónde viene {x.thing.the} {x.de}?"),
    "q.place": ("¿Dónde está {x.name}?", "¿Dónde se encuentra la ciudad de {x.name}?", "¿En qué lugar fue construida {x.name}?"),
    "q.day": ("¿Cuándo hay mercado en {x.name}?", "¿Qué día celebra {x.name} su mercado?", "¿Cuál es el día de mercado de {x.name}?"),
    "q.sight": ("¿Qué se ve en {x.name}?", "¿Por qué es conocida {x.name}?", "¿Qué hay que ver en {x.name}?"),
    "q.price": ("¿Cuál es el precio {x.de}?", "¿Cuánto {x:cuesta/cuestan} {x.the}?", "¿Cuántas monedas hay que pagar por {x.the}?"),
    "q.bed": ("¿Dónde duerme {x.the}?", "¿Dónde tiene su cama {x.the}?", "¿Dónde está {x.the} por la noche?"),
    "a.town": ("La ciudad es {x.town}.",), "a.job": ("El trabajo es el de {x.job}.",), "a.animal": ("El animal es {x.animal.a}.",), "a.pet": ("El animal se llama {x.pet}.",),
    "a.colour": ("El color es el {x.colour}.",), "a.food": ("La comida {x.food_es} {x.food.the}.",), "a.thing": ("La cosa es {x.thing.a}.",), "a.age": ("La edad es de {x.age} años.",),
    "a.friend": ("{x.Elamigo} es {x.friend}.",), "a.origin": ("La cosa fue {x.origin.cosa}.",), "a.place": ("La ciudad está {x.place}.",), "a.day": ("El mercado es el {x.day}.",),
    "a.sight": ("Se ve {x.sight.a}.",), "a.price": ("El precio es de {x.price} monedas.",), "a.bed": ("El animal duerme {x.bed}.",),
    "label.town": ("ciudad",), "label.job": ("trabajo",), "label.animal": ("animal",), "label.pet": ("nombre del animal",), "label.colour": ("color",), "label.food": ("comida",), "label.thing": ("cosa",), "label.age": ("edad",),
    "label.friend": ("amistad",), "label.origin": ("origen",), "label.place": ("lugar",), "label.day": ("mercado",), "label.sight": ("se ve",), "label.price": ("precio",), "label.bed": ("cama",),
    # The same fields in a line of a table, in the styles that tables have.
    "table.row": ("{label}: {value}", "{label} - {value}", "- {label}: {value}", "* {value} ({label})", "{label} = {value}", "| {label} | {value} |", "{value} ({label})", "{label} ... {value}", "{label} / {value}", "> {label}: {value}", "[{label}] {value}", "{label}; {value}"),
    "quiz.marks": (
        "Pregunta: {question}\nRespuesta: {answer}", "{question} - {answer}", "{question} {answer}", "{question}\n\n{answer}", "({question}) {answer}", "P: {question}\nR: {answer}", "{question}\n{answer}", "—{question}\n—{answer}", "{question} Lo sé. {answer}", "* {question}\n  {answer}", "«{question}» «{answer}»", "{question} ({answer})",
        "- {question}\n- {answer}", "{question} Fácil. {answer}", "> {question}\n{answer}", "Duda: {question} {answer}", "{question} Veamos. {answer}", "Dime: {question} {answer}", "{question} → {answer}", "{question} Así es. {answer}", "Se pregunta: {question}\nSe responde: {answer}", "[{question}] {answer}", "{question}\n\t{answer}", "Sin mirar: {question} {answer}",
    ),
}  # fmt: skip
