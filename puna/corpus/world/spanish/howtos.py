"""Spanish how-tos: what to take, what to do, and how one knows that it is done. Quantities are drawn once and said again where they are used.

There may be one cup of flour, and "1 tazas" would be no Spanish: cups are said as hundreds of grams.
"""

HOWTOS: dict[str, tuple[str, ...]] = {
    "how.title": ("Cómo {task}", "{task}: guía breve", "Una manera sencilla de {task}", "{task} en {count} pasos", "Lo que hay que saber para {task}", "Para principiantes: cómo {task}", "Te enseño a {task}", "{task} paso a paso"),
    "how.task.bake": ("hornear con {f.name}", "preparar {f.name} para {people} personas", "cocinar {f.name} con {spice}", "servir {f.name} a {people} invitados"),
    "how.task.mend": ("reparar {g.a}", "limpiar {g.a}", "pintar {g.a}", "llevar {g.a} al otro lado de una colina"),
    "how.task.keep": ("cuidar {a.a}", "lavar {a.a}", "encontrar {a.a} que se ha perdido", "adiestrar {a.a}"),
    "how.need": ("Necesitas {list}.", "Toma {list}.", "Ten a mano {list}.", "Consigue antes {list}.", "Lista de la compra: {list}.", "Sobre la mesa debe haber {list}.", "Hace falta lo siguiente: {list}.", "Prepara {list}."),
    "how.price": ("{said}, así que lleva dinero suficiente.", "No es caro: {said}.", "Recuerda que {said}.", "No pagues de más: {said}.", "Como en todas partes, {said}."),
    "how.bed": ("Conviene saber que {said}.", "Una cosa antes de empezar: {said}.", "Recuerda que {said}.", "Si de noche no sabes dónde buscar, {said}.", "Ten en cuenta que {said}."),
    "how.ask": ("Si te resulta difícil, pregunta a {x.name}, que es {x.job}.", "{x.name}, de {x.town}, me enseñó a hacerlo.", "{x.name}, {x.job} de oficio, lo hace en la mitad de tiempo.", "Quien me enseñó fue {x.name}, que tiene {x.animal.a} y adora {x.food.the}.", "{x.name} tiene {x.thing.a} y quizá te {x.thing_lo} preste.", "Lo aprendí con {x.name}, que vive en {x.town}."),
    "how.order": ("Paso {number}: {step}.", "{number}. {step}.", "{number}) {step}.", "- {step}.", "Entonces {step}.", "Después, {step}.", "Ahora {step}.", "A continuación, {step}.", "Hecho esto, {step}.", "({number}) {step}."),
    "how.step.bake": (
        "lava {f.the} con agua {fría|tibia}", "corta {f.the} en {pieces} trozos", "mezcla los {cups}00 gramos de harina con un poco de {spice}", "añade {spoons} cucharadas de {spice}", "remueve durante {minutes} minutos", "calienta el horno y espera {minutes} minutos", "ponlo todo en una cazuela {llana|honda}", "deja que repose {minutes} minutos", "pruébalo y añade algo más de {spice}", "echa por encima la harina, {cups}00 gramos",
        "cubre la cazuela con {una tapa|un paño}", "hornéalo hasta que se dore", "sácalo con cuidado, porque quema", "córtalo de modo que {people} personas reciban lo mismo", "estira la masa hasta que quede fina", "rompe {eggs} huevos en un cuenco", "guarda {spoons} cucharadas de {spice} para más tarde", "dale la vuelta {una vez|dos veces}",
    ),
    "how.step.mend": (
        "pon {g.the} sobre {una mesa|una piedra plana}", "quita el polvo con un paño {húmedo|seco}", "busca las grietas y márcalas con tiza", "corta {pieces} trozos de cordel", "sujétalos con {nails} clavos", "espera {minutes} minutos hasta que seque la cola", "frótal{g.o} con {aceite|cera}", "átal{g.o} con los {pieces} trozos de cordel", "píntal{g.o} {una vez|dos veces} y deja que se seque", "prueba {g.the} con cuidado",
        "tira lo que esté roto", "afila primero el cuchillo", "pide a alguien que sujete {g.the}", "clava los {nails} clavos uno por uno", "cuenta otra vez los {pieces} trozos", "cuelga {g.the} durante {minutes} minutos", "barre el suelo", "deja cada herramienta en su sitio",
    ),
    "how.step.keep": (
        "da {a.al} sus {cups}00 gramos de maíz", "háblale en voz {baja|suave}", "échale {spoons} cucharadas de sal en la comida", "pasea con {a.the} {minutes} minutos", "cepíllal{a.o} de la cabeza a la cola", "cierra la verja al salir", "mírale las patas por si se ha clavado algo", "tiende la mano y espera {minutes} minutos", "hazle la cama con paja limpia", "llama {a.al} por su nombre, siempre de la misma manera",
        "felicítal{a.o} cuando venga", "no le grites nunca", "deja que {a.the} descanse {minutes} minutos", "sécal{a.o} con un paño {suave|grande}", "ata {pieces} trozos de cordel a la verja", "cuenta tus animales cada noche", "mantén lejos a los zorros", "repite lo mismo durante {days} días",
    ),
    "how.done": ("Eso es todo.", "Se tarda {minutes} minutos más de lo que uno piensa.", "Listo en {days} días.", "Ya está.", "Si algo sale mal, empieza de nuevo por el paso {number}.", "Con el tiempo no te hará falta ninguna guía.", "¡Suerte!", "La primera vez puede llevar {hours} horas.", "Que lo disfrutes.", "No olvides recoger."),
    "how.item.cups": ("{cups}00 gramos de {flour}",), "how.flour.bake": ("harina",), "how.flour.keep": ("maíz",), "how.item.spoons": ("{spoons} cucharadas de {spice}",), "how.item.eggs": ("{eggs} huevos",), "how.item.nails": ("{nails} clavos",), "how.item.pieces": ("{pieces} trozos de cordel",),
    "how.spice": ("sal", "pimienta", "mantequilla", "azúcar", "nata", "jengibre", "menta", "aceite"),
}  # fmt: skip
