"""Spanish stories: scenes of four plots. `hero` is whom it happens to, `other` who can help; what each has, is and likes comes from the table.

What somebody did (`help.…`) follows "y", so it never begins with "hizo". Coins that are left stand after a colon or a noun: there may be one of them.
"""

# Trouble that somebody of this job can end, and how.
BY_JOB = {
    "baker": ("no quedaba pan en casa de {hero.name}", "coció {dos|tres|cuatro} panes"), "farmer": ("el campo de {hero.name} estaba lleno de malas hierbas", "removió la tierra antes del mediodía"),
    "teacher": ("{hero.name} no podía leer una carta muy larga", "la leyó palabra por palabra, despacio y claro"), "doctor": ("{hero.name} tenía una tos {muy mala|terrible}", "le dio un frasco de medicina"),
    "painter": ("las paredes de {hero.name} estaban sucias y tristes", "las pintó de {hero.colour}, porque {hero.name} adora el {hero.colour}"), "fisher": ("{hero.name} quería cenar pescado y no pescaba nada", "sacó del agua una red con {seis|siete|nueve} peces"),
    "tailor": ("{hero.name} se rasgó {la camisa|la chaqueta} con un clavo", "la cosió con aguja y un hilo fuerte"), "carpenter": ("{la puerta|la mesa} de {hero.name} se rompió en la tormenta", "la arregló con buena madera y unos clavos"),
    "gardener": ("las rosas de {hero.name} estaban secas", "las regó día tras día hasta que florecieron"), "smith": ("la verja de hierro de {hero.name} no cerraba", "enderezó a martillazos el hierro caliente"),
    "miller": ("{hero.name} tenía un saco de trigo, pero nada de harina", "molió el trigo entre las grandes piedras del molino"), "singer": ("{hero.name} estaba triste y no podía dormir", "cantó en voz baja hasta que {hero.name} sonrió"),
}  # fmt: skip
# Trouble that the owner of this thing can end, and how.
BY_THING = {
    "ladder": ("el sombrero de {hero.name} {voló a|se enganchó en} lo alto de un árbol", "bajó el sombrero de las ramas"), "boat": ("{hero.name} se había quedado en la otra orilla del río", "{hero.lo} llevó remando hasta su lado"),
    "drum": ("{hero.name} se perdió en {la niebla|el bosque}", "tocó tan fuerte que {hero.name} pudo seguir el sonido"), "lamp": ("a {hero.name} se le cayó una llave en la oscuridad", "alumbró todos los rincones hasta dar con la llave"),
    "clock": ("{hero.name} llegaba siempre tarde por la mañana", "puso la alarma para las {seis|siete} de cada día"), "cart": ("{hero.name} tenía que llevar {diez|veinte} sacos pesados", "los llevó todos a casa en un solo viaje"),
    "bell": ("nadie oía a {hero.name} pedir ayuda", "tocó sin parar hasta que acudió toda la ciudad"), "kite": ("el hijo de una vecina lloraba, {hero.and} no sabía qué hacer", "logró que el niño mirara al cielo y se riera"),
    "spade": ("la nieve cubría la puerta de {hero.name}", "despejó el camino en una hora"), "rope": ("{hero.name} cayó en un pozo {hondo|seco}", "sacó de allí a {hero.name}"),
    "basket": ("{hero.name} recogió más setas de las que caben en dos manos", "llevó las setas a casa"), "flute": ("los pájaros habían abandonado el jardín de {hero.name}", "tocó hasta que volvieron los pájaros"),
}  # fmt: skip

STORIES: dict[str, tuple[str, ...]] = {
    "when": (
        "un día", "una mañana {fría|cálida|ventosa|clara}", "una tarde de {primavera|verano|otoño|invierno}", "un día de {lluvia|sol}", "hace {un mes|una semana|un año}", "no hace mucho", "a las {seis|ocho|diez} de la mañana", "una mañana muy temprano",
        "después de {la cosecha|las fiestas|la feria}", "poco antes {del amanecer|del mediodía|de la cena}", "en mitad de la noche", "dos días antes de la feria",
        "el otro día", "al caer la tarde", "un domingo",
    ),
    "weather": ("hacía {frío|calor|viento}", "{brillaba el sol|soplaba el viento|caía la nieve}", "el cielo estaba {despejado|oscuro}", "había {hielo|barro|polvo} en el camino", "venían nubes de las colinas", "el aire olía a {nieve|heno|humo}", "no se movía ni una hoja", "se acercaba una tormenta"),
    "mood": ("{hero.name} se alegró {mucho|de verdad}", "{hero.name} se echó a reír de alegría", "{hero.name} se sintió mucho mejor", "el corazón de {hero.name} dio un salto de alegría", "{hero.name} se habría puesto a bailar", "una sonrisa apareció en la cara de {hero.name}", "{hero.name} se secó una lágrima y sonrió", "nadie estuvo aquel día tan content{hero.o} como {hero.name}", "{hero.name} no cabía en sí de gozo", "{hero.name} respiró por fin"),
    "end": (
        "se quedaron {sentados|hablando} hasta que se hizo de noche", "desde entonces se {visitan|ayudan} a menudo", "fue un {buen|gran} día", "{hero.name} no lo olvidó nunca", "en el camino de vuelta {hero.name} iba {cantando|sonriendo}", "luego todos se fueron a casa", "y así {terminó|fue} todo", "los vecinos todavía lo cuentan", "aquella noche {hero.name} durmió bien",
        "quien ayuda a los demás nunca se queda solo", "tomaron {té|leche} y no pidieron más", "{el año|el mes} que viene lo harán otra vez", "pronto se supo la historia en toda {hero.town}", "bien está lo que bien acaba", "aquel día no pasó nada más", "y eso es lo que ocurrió, palabra por palabra",
        "quien lo dude, que pregunte en {hero.town}", "{hero.name} sonríe todavía al recordarlo", "aquí se acaba el cuento",
    ),
    "road": ("fue a pie hasta {other.town}", "tomó el camino de {other.town}", "fue a {other.town}, donde vive {other.name}", "cabalgó hasta {other.town}", "se puso en camino hacia {other.town}", "corrió sin parar hasta {other.town}", "se dio prisa en llegar a la casa de {other.name}, en {other.town}", "anduvo todo el largo camino hasta {other.town}"),
    "help.start": ("{when} {trouble}", "{when}, cuando {weather}, {trouble}", "{trouble}", "{weather}, y resulta que {trouble}", "esto fue lo que ocurrió: {when} {trouble}", "todo empezó cuando {trouble}", "nadie lo esperaba, pero {when} {trouble}", "{when} las cosas se torcieron: {trouble}", "{weather} aquel día en que {trouble}"),
    "help.worry": (
        "{hero.name} no sabía qué hacer.", "«¿Y ahora qué hago?», dijo {hero.name}", "{hero.name} lo intentó {una vez|dos veces|todo el día}, pero fue inútil.", "Nadie en {hero.town} podía ayudar.", "Sus vecinos movían la cabeza.", "«Esto acabará mal», pensó {hero.name}", "{hero.name} se sentó en una piedra y suspiró.",
        "Hasta {hero.pet}, {hero.animal.their}, parecía tener pena.", "Le estuvo dando vueltas durante una hora.", "¿Qué se podía hacer?",
    ),
    "help.byjob": (
        "pero {other.name} es {other.job}, así que {hero.name} {road}", "entonces {hero.name} pensó en {other.name}, que trabaja de {other.job}", "como {other.name} es {other.job}, {hero.name} {road}", "«Conozco a {other.job.a}», dijo un vecino. «Se llama {other.name}»", "solo podía ayudar {other.job.a}, {other.and} lo es",
        "por suerte pasaba por allí {other.name}, {other.job} de {other.town}", "{hero.name} escribió a {other.name}, {other.job} en {other.town}", "por fin alguien nombró a {other.name}, {other.job} de oficio, {hero.and} {road}",
    ),
    "help.bything": (
        "pero {other.name} tiene {other.thing.a}, así que {hero.name} {road}", "entonces {hero.name} pensó en {other.name}, que tiene {other.thing.a}", "como {other.name} posee {other.thing.a}, {hero.name} {road}", "«{other.name} tiene {other.thing.a}», dijo una vecina", "solo podía ayudar {other.thing.a}, {other.and} tiene una cosa así",
        "por suerte llegó {other.name} con {other.thing.their}", "{hero.name} pidió a {other.name} {other.thing.the} que un día {other.origin.past} {other.origin.how}", "por fin alguien se acordó {other.thing.de} de {other.name}, {hero.and} {road}",
    ),
    "help.didjob": (
        "{other.name} vino {enseguida|ese mismo día|con buenas herramientas} y {help}", "{other.job.the} {help}", "{other.name} {help}, como hace todo buen oficio", "sin decir palabra, {other.name} {help}", "{other.name} se puso manos a la obra: {help}, y asunto resuelto", "{other.name} se remangó y {help}", "«Eso es fácil», dijo {other.job.the}, y {help}", "para {other.name} no fue nada: {help}",
    ),
    "help.didthing": (
        "{other.name} vino con {other.thing.the} y {help}", "{other.name} fue por {other.thing.the} y {help}", "con {other.thing.the}, {other.name} {help}", "{other.thing.the} hizo falta, y no en vano: {other.name} {help}", "{other.name} trajo {other.thing.their} y {help}", "¿Para qué sirve {other.thing.a}? Con su ayuda, {other.name} {help}", "{other.thing.the} era justo lo que se necesitaba: {other.name} {help}",
    ),
    "help.thanks": (
        "{mood}, {hero.and} regaló a {other.name} {other.food}, la comida que más le gusta", "en agradecimiento {hero.name} trajo {other.food}, la comida preferida de {other.name}", "{mood}", "{hero.name} dio a {other.name} una {taza|bufanda|caja} {other.colour.f}, porque ese es su color favorito",
        "—¡Gracias, {other.name}! —dijo {hero.name}", "en señal de gratitud, {other.pet}, {other.animal.the} de {other.name}, recibió una cama nueva", "{hero.name} quería pagar, pero {other.name} no quiso ni oír hablar de ello", "a la mañana siguiente había {other.food} ante la puerta de {other.name}, que adora {other.food.the}", "desde aquel día dice {hero.name}: quien necesite ayuda, que pregunte por {other.name}",
    ),
    "gift.start": (
        "{hero.name} quería hacer un regalo a {other.name}, porque {gift.reason}", "{when} {hero.name} buscaba un regalo para {other.name}, pues {gift.reason}", "¿Qué se le regala a alguien como {other.name}? {hero.name} tenía que saberlo, porque {gift.reason}", "como {gift.reason}, {hero.name} pensó en un regalo", "{when} {hero.name} contó sus monedas para comprar un regalo a {other.name}",
        "había llegado la hora de hacer un regalo: {gift.reason}", "{gift.reason}, {hero.and} no quería presentarse con las manos vacías",
    ),
    "gift.reason": ("{other.name} cumplía {other.age} años", "aquel día {other.name} llegaba a los {other.age} años", "{other.name} había sido muy amable", "{other.name} se iba de {other.town} por un tiempo", "{other.name} había trabajado mucho como {other.job}", "{other.name} había estado enferm{other.o}"),
    "gift.colour": (
        "{other.name} prefiere el color {other.colour}, así que {hero.name} {compró|tejió|eligió} una {bufanda|manta} {other.colour.f}", "en la tienda había {seis|diez} {tazas|bufandas}, {hero.and} tomó la {other.colour.f}, porque {other.name} adora el {other.colour}", "tenía que ser {una taza|una cinta|una capa} {other.colour.f}, pues {other.name} adora el {other.colour}", "{hero.name} tiñó {un pañuelo|un mantel} de {other.colour}, el color favorito de {other.name}",
    ),
    "gift.food": (
        "a {other.name} le gusta{other.food_n} mucho {other.food.the}, así que {hero.name} {compró|preparó|consiguió} {other.food}", "como {other.name} adora {other.food.the}, {hero.name} llenó {una caja|una bolsa} de {other.food}", "{hero.name} sabía que con {other.food} se alegra {other.name}", "no podía ser otra cosa que {other.food}, porque eso es lo que más le gusta comer a {other.name}",
    ),
    "gift.animal": (
        "{other.name} tiene {other.animal.a}, así que {hero.name} preparó una {cama caliente|casita} para {other.pet}", "como {other.name} cuida de {other.animal.a} que se llama {other.pet}, {hero.name} cosió una manta para {other.pet}", "{hero.name} pensó en {other.pet}, {other.animal.the} de {other.name}, y {compró|fabricó} un cascabel", "quien contenta a {other.pet} contenta a {other.name}: por eso fue algo para {other.animal.the}",
    ),
    "gift.give": ("luego {hero.name} {road}", "{hero.name} {road}, y allí llamó a la puerta", "{weather}, pero {hero.name} {road}", "con el regalo bajo el brazo, {hero.name} {road}", "{hero.name} escondió el regalo en una bolsa y {road}", "{hero.name} envolvió el regalo en papel y {road}"),
    "gift.joy": ("—¿Cómo lo sabías? —preguntó {other.name}", "{other.name} se alegró tanto que se puso a bailar", "—¡Es justo lo que quería! —dijo {other.name}", "{other.name} enseñó el regalo a toda la ciudad", "—Me conoces bien —dijo {other.name}", "{other.name} no sabía qué decir", "los ojos de {other.name} brillaban"),
    "lost.start": (
        "{when} {hero.pet}, {hero.animal.the} de {hero.name}, se escapó {lost.why}", "{hero.name} tiene {hero.animal.a} que se llama {hero.pet}, y {when} {hero.pet} ya no estaba: se había ido {lost.why}", "¿Dónde estaba {hero.pet}? {hero.animal.The} de {hero.name} se había escapado {lost.why}", "{when} {hero.name} llamó a {hero.pet} para cenar, pero {hero.animal.the} se había marchado {lost.why}", "{hero.animal.the} de {hero.name}, {hero.pet}, se perdió {lost.why}",
    ),
    "lost.why": ("porque {la puerta|la verja} estaba abierta", "porque hubo {un gran ruido|una tormenta}", "porque nadie le había dado de comer", "mientras {hero.name} trabajaba", "porque había venido un zorro", "por perseguir una abeja"),
    "lost.search": (
        "{hero.name} buscó {detrás de la casa|en el jardín|debajo de la cama} y en todas las calles de {hero.town}", "{hero.name} llamó a {hero.pet} todo el día, pero nadie vino", "toda la ciudad de {hero.town} ayudó a buscar, pero solo hallaron {huellas|algún rastro}", "{hero.name} preguntó a todos los niños de {hero.town}", "{hero.name} puso {hero.food} delante de la puerta y esperó", "{hero.name} y su {hero.amigo} {hero.friend} buscaron por todas partes",
    ),
    "lost.found": (
        "por fin {other.name} encontró a {hero.pet} en {other.town}: le había llegado el olor de la comida favorita de {other.name}, que {other.food_es} {other.food.the}", "en {other.town}, {other.name} comía {other.food}, su comida favorita, cuando {hero.pet} se acercó a la mesa", "entonces llegó {other.name} de {other.town} con {hero.pet} en brazos",
        "{other.name}, {other.job} de {other.town}, había visto a {hero.pet} de camino al trabajo", "fue {other.pet}, {other.animal.the} de {other.name}, quien los guió hasta {hero.pet}", "{other.name} había encontrado a {hero.pet} durmiendo junto a {other.thing.their}", "{hero.pet} esperaba ante la puerta {other.colour.f} de {other.name}, que adora el {other.colour}",
    ),
    "market.start": ("{when} {hero.name} fue al mercado con {have} monedas", "{hero.name} llevaba {have} monedas y una lista cuando llegó al mercado", "con {have} monedas en el bolsillo, {hero.name} paseaba entre los puestos", "el mercado estaba lleno, {hero.and} tenía {have} monedas para gastar", "{have} monedas: eso había ahorrado {hero.name} para el mercado"),
    "market.see": ("{g.the} {g:costaba/costaban} allí {g.price} monedas", "un vendedor ofrecía {g.a} por {g.price} monedas", "«¡{g.Name}, solo por {g.price} monedas!», gritaba un vendedor", "el cartel decía: {g.a}, {g.price} monedas", "por {g.the} pedían {g.price} monedas, como en todas partes"),
    "market.buy": ("{hero.name} pagó y contó lo que le quedaba en monedas: {left}", "después de pagar, el resto sumaba {left} en monedas", "{hero.name} compró {g.a}; del dinero le quedó esto: {left}", "así que {hero.name} se llevó {g.a} y guardó lo que sobraba: {left}", "tras la compra, el número de sus monedas era {left}"),
    "market.poor": ("pero era más de lo que tenía {hero.name}, que siguió su camino", "{hero.name} no tenía tanto", "{hero.name} contó dos veces, pero no bastaba", "demasiado caro para {hero.name}, que ya solo tenía {have}"),
    "market.meet": ("allí {hero.name} se encontró con {other.name}, que buscaba {other.food}, como siempre", "también estaba {other.name}, con {other.pet}, {other.animal.their}", "en el puesto de al lado estaba {other.name} con un abrigo {other.colour}, su color favorito", "{other.name}, con {other.thing.their} a cuestas, saludó desde lejos", "una vecina habló de {other.name}, {other.job.the}"),
}  # fmt: skip
STORIES |= {f"trouble.job.{key}": (trouble,) for key, (trouble, _) in BY_JOB.items()} | {
    f"help.job.{key}": (remedy,) for key, (_, remedy) in BY_JOB.items()
}
STORIES |= {f"trouble.thing.{key}": (trouble,) for key, (trouble, _) in BY_THING.items()} | {
    f"help.thing.{key}": (remedy,) for key, (_, remedy) in BY_THING.items()
}
