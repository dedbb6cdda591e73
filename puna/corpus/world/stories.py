"""Stories: something happens to somebody, and what follows follows from the facts.

The carpenter mends the roof because she is a carpenter; the runaway dog is found where the plums are that it smelled. A plot is a grammar for its
scenes; who plays in it, and so why things happen, comes from the table.
"""

from __future__ import annotations

from puna.corpus.world.facts import Person, World
from puna.corpus.world.grammar import Grammar, Writer, sentence
from puna.corpus.world.phrases import describe

# Trouble that somebody of this job can end, and how.
BY_JOB = {
    "baker": ("there was no bread left in the house of {hero.name}", "baked {two|three|four} fresh loaves"),
    "farmer": ("the field of {hero.name} was full of weeds", "turned the earth before noon"),
    "teacher": ("{hero.name} could not read a long letter", "read every word of it slowly and clearly"),
    "doctor": ("{hero.name} had a {bad|terrible} cough", "gave {hero.them} a bottle of medicine"),
    "painter": ("the walls of {hero.name} looked dirty and sad", "painted them {hero.colour}, for {hero.name} loves {hero.colour}"),
    "fisher": ("{hero.name} wanted fish for supper but could not catch any", "threw out a net and pulled in {six|seven|nine} fish"),
    "tailor": ("{hero.name} tore {hero.their} {coat|shirt} on a nail", "sewed it with a needle and a strong thread"),
    "carpenter": ("the {roof|door|table} of {hero.name} broke in the storm", "made it new with good wood and nails"),
    "gardener": ("the roses of {hero.name} were dry and brown", "cut them and gave them water until they bloomed"),
    "smith": ("the iron gate of {hero.name} would not close", "heated the iron and hammered it straight"),
    "miller": ("{hero.name} had a sack of corn but no flour", "ground the corn between the great mill stones"),
    "singer": ("{hero.name} was sad and could not sleep", "sang a soft song until {hero.they} smiled"),
}
# Trouble that the owner of this thing can end, and how.
BY_THING = {
    "ladder": ("the hat of {hero.name} {flew into|hung in} a tall tree", "climbed up and brought it down"),
    "boat": ("{hero.name} stood on the wrong side of the river", "rowed {hero.them} across the water"),
    "drum": ("{hero.name} got lost in the {fog|forest}", "beat it loudly, so that {hero.they} could follow the sound"),
    "lamp": ("{hero.name} dropped a key in the dark", "lit up every corner until they saw the key"),
    "clock": ("{hero.name} was always late in the morning", "set it to ring at {six|seven} each day"),
    "cart": ("{hero.name} had {ten|twenty} heavy sacks to carry", "took all of them home in one trip"),
    "bell": ("nobody heard {hero.name} call for help", "rang it until the whole town came running"),
    "kite": ("the child of a neighbour cried, and {hero.name} did not know what to do", "let it fly so high that the child laughed"),
    "spade": ("the snow lay high before the door of {hero.name}", "cleared the path in an hour"),
    "rope": ("{hero.name} fell into a {deep|dry} well", "pulled {hero.them} out of it"),
    "basket": ("{hero.name} picked more mushrooms than two hands can hold", "carried them home in it"),
    "flute": ("the birds had left the garden of {hero.name}", "played until the birds came back"),
}

COMMON = {
    "when": ("one {day|morning|evening}", "one {cold|warm|windy|bright} {morning|evening|afternoon}", "{last|in} {spring|summer|autumn|winter}", "on a {rainy|sunny} {day|morning}",
             "a {week|month|year} ago", "not long ago"),
    "weather": ("it was {cold|warm|windy|raining}", "the {sun shone|wind blew|snow fell}", "the sky was {clear|dark}", "there was {ice|mud|dust} on the road"),
    "glad": ("{hero.name} was {glad|happy|very happy}", "{hero.name} laughed with joy", "{hero.name} felt much better", "how {glad|happy} {hero.name} was!"),
    "end": ("They {sat|talked} together until it was dark.", "Since then they {visit|help} each other often.", "It was a {good|long|fine} day.", "{hero.name} never forgot it.",
            "On the way home {hero.they} {sang|smiled}.", "Then everybody went home."),
    "road": ("walked to {other.town}", "took the road to {other.town}", "went to {other.town}, where {other.name} lives", "rode to {other.town}"),
}  # fmt: skip

HELP = Grammar(COMMON | {
    "start": ("{when} {trouble}", "{when}, when {weather}, {trouble}", "{trouble}", "{weather}, and {trouble}"),
    "worry": ("{hero.name} did not know what to do.", '"What shall I do now?" said {hero.name}.', "{hero.They} tried {once|twice|all day}, but it was no use.",
              "Nobody in {hero.town} could help."),
    "byjob": ("but {other.name} is a {other.job}, so {hero.name} {road}", "then {hero.they} thought of {other.name}, who works as a {other.job}",
              "because {other.name} is a {other.job}, {hero.name} {road}", '"I know a {other.job}," said a neighbour. "{other.They} is called {other.name}."'),
    "bything": ("but {other.name} has a {other.thing}, so {hero.name} {road}", "then {hero.they} thought of {other.name}, who owns a {other.thing}",
                "because {other.name} owns a {other.thing}, {hero.name} {road}", '"{other.name} has a {other.thing}," said a neighbour.'),
    "didjob": ("{other.name} came {at once|the same day|with good tools} and {help}.", "The {other.job} {help}.", "{other.name} {help}, as a good {other.job} does."),
    "didthing": ("{other.name} came with the {other.thing} and {help}.", "{other.name} took the {other.thing} and {help}.", "With the {other.thing}, {other.name} {help}."),
    "thanks": ("{glad}, and gave {other.name} some {other.food}, because {other.name} loves {other.food}", "to say thank you, {hero.name} brought {other.food}, the food that {other.name} likes best",
               "{glad}, and gave {other.name} a {other.colour} {cup|scarf|box}, for {other.they} likes {other.colour} best", "{glad}"),
})  # fmt: skip

GIFT = Grammar(COMMON | {
    "start": ("{hero.name} wanted to give {other.name} a present, because {reason}", "{when} {hero.name} looked for a present for {other.name}, for {reason}"),
    "reason": ("{other.name} turned {other.age}", "{other.name} was {other.age} years old that day", "{other.name} had been so kind", "{other.name} was leaving {other.town} for a while"),
    "colour": ("{other.name} likes {other.colour} best, so {hero.name} {bought|made|chose} a {other.colour} {scarf|cup|box|hat}.",
               "The shop had {many|six|ten} {scarves|cups|hats}, and {hero.name} took the {other.colour} one, because {other.name} loves {other.colour}."),
    "food": ("{other.name} likes {other.food} more than anything, so {hero.name} {bought|packed|found} some {other.food}.", "As {other.name} loves {other.food}, {hero.name} filled a {box|bag} with {other.food}."),
    "animal": ("{other.name} has a {other.animal}, so {hero.name} made a {warm bed|small house} for {other.pet}.", "Because {other.name} keeps a {other.animal} called {other.pet}, {hero.name} sewed a blanket for {other.pet}."),
    "give": ("Then {hero.they} {road}.", "{hero.They} {road} and knocked at the door.", "{weather}, but {hero.name} {road}."),
    "joy": ('"How did you know?" asked {other.name}.', "{other.name} was so {happy|glad} that {other.they} danced.", '"This is just what I wanted!" said {other.name}.'),
})  # fmt: skip

LOST = Grammar(COMMON | {
    "start": ("{when} {hero.pet}, the {hero.animal} of {hero.name}, ran away {why}", "{hero.name} has a {hero.animal} called {hero.pet}, and {when} {hero.pet} was gone {why}"),
    "why": ("because the {door|gate} was open", "because a {loud noise|storm} came", "because nobody had fed it", "while {hero.name} was at work"),
    "search": ("{hero.name} looked {behind the house|in the garden|under the bed} and in all the streets of {hero.town}.", "{hero.name} called {hero.pet} all day, but no {hero.animal} came.",
               "All of {hero.town} helped to look, but they found only {tracks|a little hair}."),
    "found": ("At last {other.name} found {hero.pet} in {other.town}: it had smelled the {other.food} that {other.name} likes to eat.",
              "In {other.town}, {other.name} was eating {other.food}, {other.their} favourite food, when {hero.pet} came to the table.",
              "Then {other.name} came from {other.town} with {hero.pet} under {other.their} arm.", "{other.name}, a {other.job} from {other.town}, had seen {hero.pet} on the way to work."),
})  # fmt: skip

TROUBLES = Grammar({value: (trouble,) for value, (trouble, _) in (BY_JOB | BY_THING).items()})
REMEDIES = Grammar({value: (remedy,) for value, (_, remedy) in (BY_JOB | BY_THING).items()})


def story(world: World, writer: Writer) -> str:
    """Return one story: someone, someone else, a plot."""
    hero = world.someone(writer.rng)
    friend = world.by_name[hero.values["friend"]]
    other = friend if writer.chance(0.4) else world.someone(writer.rng, but=hero)
    writer.cast.update(hero=hero, other=other)
    told = 0 if writer.chance(0.3) else 1 + writer.chance(0.5)
    opening = describe(writer, hero, writer.rng.sample(("town", "job", "age", "thing", "friend"), told))
    plot = writer.pick((_help_by_job, _help_by_thing, _gift, _lost))
    closing = [] if writer.chance(0.3) else [_scene(writer, HELP, "end")]
    return " ".join(opening + plot(writer, other) + closing)


def _scene(writer: Writer, grammar: Grammar, symbol: str, **words: str) -> str:
    return sentence(writer.write(grammar, symbol, **words))


def _help_by_job(writer: Writer, other: Person) -> list[str]:
    return _help(writer, other, "job")


def _help_by_thing(writer: Writer, other: Person) -> list[str]:
    return _help(writer, other, "thing")


def _help(writer: Writer, other: Person, cause: str) -> list[str]:
    value = other.values[cause]
    words = {"trouble": writer.write(TROUBLES, value), "help": writer.write(REMEDIES, value)}
    worry = [_scene(writer, HELP, "worry")] if writer.chance(0.6) else []
    scenes = ("by" + cause, "did" + cause, "thanks")
    return [_scene(writer, HELP, "start", **words), *worry, *(_scene(writer, HELP, scene, **words) for scene in scenes)]


def _gift(writer: Writer, other: Person) -> list[str]:
    present = writer.pick(("colour", "food", "animal"))
    return [_scene(writer, GIFT, scene) for scene in ("start", present, "give", "joy")]


def _lost(writer: Writer, other: Person) -> list[str]:
    return [_scene(writer, LOST, scene) for scene in ("start", "search", "found", "glad")]
