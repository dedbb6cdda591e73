"""English how-tos: what to take, what to do, and how one knows that it is done. Quantities are drawn once and said again where they are used."""

HOWTOS: dict[str, tuple[str, ...]] = {
    "how.title": ("How to {task}", "{task}: a short guide", "A simple way to {task}", "{task} in {count} steps", "What you need to know to {task}", "For beginners: how to {task}", "I will show you how to {task}"),
    "how.task.bake": ("bake with {f.name}", "make {f.name} for {people}", "cook {f.name} with {spice}", "serve {f.name} to {people} guests"),
    "how.task.mend": ("mend {g.a}", "clean {g.a}", "paint {g.a}", "carry {g.a} over a hill"),
    "how.task.keep": ("keep {a.a}", "wash {a.a}", "find {a.a} that is lost", "train {a.a}"),
    "how.need": ("You need {list}.", "Take {list}.", "Have these ready: {list}.", "First get {list}.", "What to buy: {list}.", "On the table there should be {list}.", "It takes {list}.", "Put out {list}."),
    "how.price": ("{said}, so bring enough money.", "It is not dear: {said}.", "Remember that {said}.", "Do not pay too much: {said}.", "As everywhere, {said}."),
    "how.bed": ("It helps to know that {said}.", "One thing first: {said}.", "Remember that {said}.", "Look there at night: {said}."),
    "how.ask": ("If it is too hard for you, ask {x.name}, who is {x.job.a}.", "{x.name} of {x.town} showed me how.", "{x.name}, the {x.job}, does it in half the time.", "My teacher was {x.name}, who has {x.animal.a} and loves {x.food}.", "{x.name} has {x.thing.a} and may lend it to you.", "I learnt this from {x.name} in {x.town}."),
    "how.order": ("Step {number}: {step}.", "{number}. {step}.", "{number}) {step}.", "- {step}.", "Then {step}.", "After that, {step}.", "Now {step}.", "Next, {step}.", "When that is done, {step}.", "({number}) {step}."),
    "how.step.bake": (
        "wash the {f.name} in {cold|warm} water", "cut the {f.name} into {pieces} pieces", "mix the {cups} cups of flour with the {spice}", "add {spoons} spoons of {spice}", "stir for {minutes} minutes", "heat the oven and wait {minutes} minutes", "put everything in a {flat|deep} pan", "let it {rest|stand} for {minutes} minutes", "taste it and add a little {spice}", "pour the flour, {cups} cups, over it",
        "cover the pan with a {lid|cloth}", "bake it until it is brown", "take it out with care, for it is hot", "cut it so that {people} people get the same", "roll the dough until it is thin", "break {eggs} eggs into a bowl", "keep {spoons} spoons of {spice} for later", "turn it over {once|twice}",
    ),
    "how.step.mend": (
        "put the {g.name} on a {table|flat stone}", "wipe off the dust with a {wet|dry} cloth", "look for cracks and mark them with chalk", "cut {pieces} pieces of string", "fix them with {nails} nails", "wait {minutes} minutes until the glue is dry", "rub it with {oil|wax}", "tie it up with the {pieces} pieces of string", "paint it {twice|once} and let it dry", "try the {g.name} with care",
        "throw away what is broken", "sharpen the knife first", "ask somebody to hold the {g.name}", "knock the {nails} nails in one by one", "count the {pieces} pieces again", "hang the {g.name} up for {minutes} minutes", "sweep the floor", "put every tool back in its place",
    ),
    "how.step.keep": (
        "give the {a.name} its {cups} cups of corn", "speak to it in a {low|soft} voice", "put {spoons} spoons of salt in its food", "walk with the {a.name} for {minutes} minutes", "brush it from head to tail", "close the gate behind you", "look at its feet for stones", "hold out your hand and wait {minutes} minutes", "make its bed of clean straw", "call the {a.name} by its name, always in the same way",
        "praise it when it comes", "never shout at it", "let the {a.name} rest for {minutes} minutes", "dry it with a {soft|large} cloth", "tie {pieces} pieces of string to the gate", "count your animals every evening", "keep dogs and foxes away", "do the same again for {days} days",
    ),
    "how.done": ("That is all.", "It takes {minutes} minutes more than you think.", "Done in {days} days.", "Now it is ready.", "If it goes wrong, begin again at step {number}.", "With time you will need no guide.", "Good luck!", "The first time it may take {hours} hours.", "Enjoy it.", "Do not forget to clean up."),
    "how.item.cups": ("{cups} cups of {flour}",), "how.flour.bake": ("flour",), "how.flour.keep": ("corn",), "how.item.spoons": ("{spoons} spoons of {spice}",), "how.item.eggs": ("{eggs} eggs",), "how.item.nails": ("{nails} nails",), "how.item.pieces": ("{pieces} pieces of string",),
    "how.spice": ("salt", "pepper", "butter", "sugar", "cream", "ginger", "mint", "oil"),
}  # fmt: skip
