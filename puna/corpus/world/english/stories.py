"""English stories: scenes of five plots. `hero` is whom it happens to, `other` who can help; what each has, is and likes comes from the table."""

# Trouble that somebody of this job can end, and how.
BY_JOB = {
    "baker": ("there was no bread left in the house of {hero.name}", "baked {two|three|four} fresh loaves"), "farmer": ("the field of {hero.name} was full of weeds", "turned the earth before noon"),
    "teacher": ("{hero.name} could not read a long letter", "read every word of it slowly and clearly"), "doctor": ("{hero.name} had a {bad|terrible} cough", "gave {hero.them} a bottle of medicine"),
    "painter": ("the walls of {hero.name} looked dirty and sad", "painted them {hero.colour}, for {hero.name} loves {hero.colour}"), "fisher": ("{hero.name} wanted a fish for supper but could not catch any", "threw out a net and pulled in {six|seven|nine} fish"),
    "tailor": ("{hero.name} tore {hero.their} {coat|shirt} on a nail", "sewed it with a needle and a strong thread"), "carpenter": ("the {roof|door|table} of {hero.name} broke in the storm", "made it new with good wood and nails"),
    "gardener": ("the roses of {hero.name} were dry and brown", "cut them and gave them water until they bloomed"), "smith": ("the iron gate of {hero.name} would not close", "heated the iron and hammered it straight"),
    "miller": ("{hero.name} had a sack of corn but no flour", "ground the corn between the great mill stones"), "singer": ("{hero.name} was sad and could not sleep", "sang a soft song until {hero.they} smiled"),
}  # fmt: skip
# Trouble that the owner of this thing can end, and how.
BY_THING = {
    "ladder": ("the hat of {hero.name} {flew into|hung in} a tall tree", "climbed up and brought it down"), "boat": ("{hero.name} stood on the wrong side of the river", "rowed {hero.them} across the water"),
    "drum": ("{hero.name} got lost in the {fog|forest}", "beat it loudly, so that {hero.they} could follow the sound"), "lamp": ("{hero.name} dropped a key in the dark", "lit up every corner until they saw the key"),
    "clock": ("{hero.name} was always late in the morning", "set it to ring at {six|seven} each day"), "cart": ("{hero.name} had {ten|twenty} heavy sacks to carry", "took all of them home in one trip"),
    "bell": ("nobody heard {hero.name} call for help", "rang it until the whole town came running"), "kite": ("the child of a neighbour cried, and {hero.name} did not know what to do", "let it fly so high that the child laughed"),
    "spade": ("the snow lay high before the door of {hero.name}", "cleared the path in an hour"), "rope": ("{hero.name} fell into a {deep|dry} well", "pulled {hero.them} out of it"),
    "basket": ("{hero.name} picked more mushrooms than two hands can hold", "carried them home in it"), "flute": ("the birds had left the garden of {hero.name}", "played until the birds came back"),
}  # fmt: skip

STORIES: dict[str, tuple[str, ...]] = {
    "when": (
        "one {day|morning|evening}", "one {cold|warm|windy|bright} {morning|evening|afternoon}", "{last|in} {spring|summer|autumn|winter}", "on a {rainy|sunny} {day|morning}", "a {week|month|year} ago", "not long ago", "when the {bells|clocks} struck {six|eight|ten}", "early one {morning|day}",
        "after the {harvest|holidays|fair}", "before the {sun|moon} rose", "in the middle of the night", "two days before the fair",
    ),
    "weather": ("it was {cold|warm|windy|raining}", "the {sun shone|wind blew|snow fell}", "the sky was {clear|dark}", "there was {ice|mud|dust} on the road", "clouds came over the hills", "the air smelled of {snow|hay|smoke}", "no leaf moved", "a storm was near"),
    "mood": ("{hero.name} was {glad|happy|very happy}", "{hero.name} laughed with joy", "{hero.name} felt much better", "how {glad|happy} {hero.name} was!", "{hero.name} could have danced", "a smile came over the face of {hero.name}", "{hero.name} wiped a tear away and laughed", "nobody was as glad as {hero.name} that day"),
    "end": (
        "they {sat|talked} together until it was dark", "since then they {visit|help} each other often", "it was a {good|long|fine} day", "{hero.name} never forgot it", "on the way home {hero.they} {sang|smiled}", "then everybody went home", "and so it {ended|was}", "the neighbours still tell of it", "that night both slept well",
        "who helps others is never alone", "they drank {tea|milk} and were content", "next {week|year} they will do it again", "the story soon went round in {hero.town}", "all is well that ends well", "nothing more happened that day", "and that is how it was, word for word",
    ),
    "road": ("walked to {other.town}", "took the road to {other.town}", "went to {other.town}, where {other.name} lives", "rode to {other.town}", "set out for {other.town}", "ran all the way to {other.town}", "hurried to the house of {other.name} in {other.town}", "made the long way to {other.town} on foot"),
    "help.start": ("{when} {trouble}", "{when}, when {weather}, {trouble}", "{trouble}", "{weather}, and {trouble}", "this is what happened: {when}, {trouble}", "it began when {trouble}", "nobody saw it coming, but {when} {trouble}", "{when} things went wrong: {trouble}"),
    "help.worry": (
        "{hero.name} did not know what to do.", '"What shall I do now?" said {hero.name}.', "{hero.They} tried {once|twice|all day}, but it was no use.", "Nobody in {hero.town} could help.", "{hero.Their} neighbours shook their heads.", '"This will end badly," {hero.they} thought.', "{hero.name} sat down on a stone and sighed.",
        "Even {hero.pet} the {hero.animal} looked worried.", "{hero.They} thought about it for an hour.", "What could be done?",
    ),
    "help.byjob": (
        "but {other.name} is {other.job.a}, so {hero.name} {road}", "then {hero.they} thought of {other.name}, who works as {other.job.a}", "because {other.name} is {other.job.a}, {hero.name} {road}", '"I know {other.job.a}," said a neighbour. "{other.They} is called {other.name}."', "only {other.job.a} could help, and {other.name} is one",
        "luckily, {other.name} had come by, {other.job.a} from {other.town}", "{hero.name} wrote to {other.name}, the {other.job} of {other.town}", "at last somebody named {other.name}, {other.job.a}, and {hero.name} {road}",
    ),
    "help.bything": (
        "but {other.name} has {other.thing.a}, so {hero.name} {road}", "then {hero.they} thought of {other.name}, who owns {other.thing.a}", "because {other.name} owns {other.thing.a}, {hero.name} {road}", '"{other.name} has {other.thing.a}," said a neighbour.', "only {other.thing.a} could help, and {other.name} has one",
        "luckily, {other.name} came by with {other.their} {other.thing}", "{hero.name} asked {other.name} for the {other.thing} that {other.they} once {other.origin.did} {other.origin.how}", "at last somebody spoke of the {other.thing} of {other.name}, and {hero.name} {road}",
    ),
    "help.didjob": (
        "{other.name} came {at once|the same day|with good tools} and {help}", "the {other.job} {help}", "{other.name} {help}, as a good {other.job} does", "without a word {other.name} {help}", "{other.They} {help}, and it was soon done", "{other.name} rolled up {other.their} sleeves and {help}", '"That is easy," said the {other.job}, and {help}', "for {other.name} it was nothing: {other.they} {help}",
    ),
    "help.didthing": (
        "{other.name} came with the {other.thing} and {help}", "{other.name} took the {other.thing} and {help}", "with the {other.thing}, {other.name} {help}", "{other.They} went for the {other.thing} and {help}", "{other.name} fetched {other.their} {other.thing} and {help}", "what is {other.thing.a} good for? {other.name} {help}", "the {other.thing} was just right: {other.name} {help}",
    ),
    "help.thanks": (
        "{mood}, and gave {other.name} some {other.food}, because {other.name} loves {other.food}", "to say thank you, {hero.name} brought {other.food}, the food that {other.name} likes best", "{mood}, and gave {other.name} a {other.colour} {cup|scarf|box}, for {other.they} likes {other.colour} best", "{mood}",
        '"Thank you, {other.name}!" said {hero.name}', "as thanks, {other.pet}, the {other.animal} of {other.name}, got a new bed", "{hero.name} wanted to pay, but {other.name} would not hear of it", "the next day there was {other.food} before the door of {other.name}, who loves it", "since that day {hero.name} says: whoever needs help should ask {other.name}",
    ),
    "gift.start": (
        "{hero.name} wanted to give {other.name} a present, because {gift.reason}", "{when} {hero.name} looked for a present for {other.name}, for {gift.reason}", "what do you give somebody like {other.name}? {hero.name} had to know, because {gift.reason}", "because {gift.reason}, {hero.name} thought about a present", "{when} {hero.name} counted {hero.their} coins to buy {other.name} a present",
        "it was time for a present: {gift.reason}",
    ),
    "gift.reason": ("{other.name} turned {other.age}", "{other.name} was {other.age} years old that day", "{other.name} had been so kind", "{other.name} was leaving {other.town} for a while", "{other.name} had worked hard as {other.job.a}", "{other.name} had been ill"),
    "gift.colour": (
        "{other.name} likes {other.colour} best, so {hero.name} {bought|made|chose} a {other.colour} {scarf|cup|box|hat}", "the shop had {many|six|ten} {scarves|cups|hats}, and {hero.name} took the {other.colour} one, because {other.name} loves {other.colour}", "it had to be {other.colour}, as {other.name} loves {other.colour}: a {bowl|ribbon|coat}", "{hero.name} dyed a {scarf|shirt} {other.colour}, the favourite colour of {other.name}",
    ),
    "gift.food": (
        "{other.name} likes {other.food} more than anything, so {hero.name} {bought|packed|found} some {other.food}", "as {other.name} loves {other.food}, {hero.name} filled a {box|bag} with {other.food}", "{hero.name} knew that {other.name} would be glad of {other.food}", "nothing but {other.food} would do, for that is what {other.name} likes to eat",
    ),
    "gift.animal": (
        "{other.name} has {other.animal.a}, so {hero.name} made a {warm bed|small house} for {other.pet}", "because {other.name} keeps {other.animal.a} called {other.pet}, {hero.name} sewed a blanket for {other.pet}", "{hero.name} thought of {other.pet}, the {other.animal} of {other.name}, and {bought|made} a bell for it", "who pleases {other.pet}, pleases {other.name}: so it was something for the {other.animal}",
    ),
    "gift.give": ("then {hero.they} {road}", "{hero.They} {road} and knocked at the door", "{weather}, but {hero.name} {road}", "with the present under {hero.their} arm, {hero.they} {road}", "{hero.They} hid it in a bag and {road}", "{hero.name} wrapped it in paper and {road}"),
    "gift.joy": ('"How did you know?" asked {other.name}', "{other.name} was so {happy|glad} that {other.they} danced", '"This is just what I wanted!" said {other.name}', "{other.name} showed it to the whole town", '"You know me well," said {other.name}', "{other.name} did not know what to say"),
    "lost.start": (
        "{when} {hero.pet}, the {hero.animal} of {hero.name}, ran away {lost.why}", "{hero.name} has {hero.animal.a} called {hero.pet}, and {when} {hero.pet} was gone {lost.why}", "where was {hero.pet}? The {hero.animal} of {hero.name} had run away {lost.why}", "{when} {hero.name} called {hero.pet} to supper, but the {hero.animal} was gone {lost.why}", "the {hero.animal} of {hero.name}, {hero.pet}, got lost {lost.why}",
    ),
    "lost.why": ("because the {door|gate} was open", "because a {loud noise|storm} came", "because nobody had fed it", "while {hero.name} was at work", "because a fox had come", "because it was chasing a bee"),
    "lost.search": (
        "{hero.name} looked {behind the house|in the garden|under the bed} and in all the streets of {hero.town}", "{hero.name} called {hero.pet} all day, but no {hero.animal} came", "all of {hero.town} helped to look, but they found only {tracks|a little hair}", "{hero.They} asked every child in {hero.town}", "{hero.name} put {hero.food} before the door and waited", "{hero.name} and {hero.their} friend {hero.friend} looked everywhere",
    ),
    "lost.found": (
        "at last {other.name} found {hero.pet} in {other.town}: it had smelled the {other.food} that {other.name} likes to eat", "in {other.town}, {other.name} was eating {other.food}, {other.their} favourite food, when {hero.pet} came to the table", "then {other.name} came from {other.town} with {hero.pet} under {other.their} arm",
        "{other.name}, {other.job.a} from {other.town}, had seen {hero.pet} on the way to work", "it was {other.pet}, the {other.animal} of {other.name}, that led them to {hero.pet}", "{other.name} had found {hero.pet} asleep beside {other.their} {other.thing}", "{hero.pet} sat before the {other.colour} door of {other.name}, who loves {other.colour}",
    ),
    "market.start": ("{when} {hero.name} went to the market with {have} coins", "{hero.name} had {have} coins and a list when {hero.they} came to the market", "with {have} coins in {hero.their} pocket, {hero.name} walked between the stalls", "the market was full, and {hero.name} had {have} coins to spend", "{have} coins: so much had {hero.name} saved for the market"),
    "market.see": ("{g.a} {g:costs/cost} {g.price} coins there", "a trader sold {g.a} for {g.price} coins", '"Only {g.price} coins for {g.a}!" cried a trader', "the sign said: {g.a}, {g.price} coins", "for {g.a} they wanted {g.price} coins, as everywhere"),
    "market.buy": ("{hero.name} paid and had {left} coins left", "when {hero.they} had paid, {left} coins were left", "{hero.They} bought {g.a} and kept {left} coins", "so {hero.name} went home with {g.a} and {left} coins", "after that, {left} coins lay in {hero.their} hand"),
    "market.poor": ("but that was more than {hero.name} had, so {hero.they} went on", "{hero.name} did not have so much", "{hero.They} counted twice, but it was not enough", "too dear for {hero.name}, who had only {have}"),
    "market.meet": ("there {hero.they} met {other.name}, who was looking for {other.food}, as always", "{other.name} was there too, with {other.pet} the {other.animal}", "at the next stall stood {other.name} in a {other.colour} coat, {other.their} favourite colour", "{other.name}, {other.their} {other.thing} on {other.their} back, said hello", "{hero.Their} neighbour spoke of {other.name}, the {other.job}"),
}  # fmt: skip
STORIES |= {f"trouble.job.{key}": (trouble,) for key, (trouble, _) in BY_JOB.items()} | {
    f"help.job.{key}": (remedy,) for key, (_, remedy) in BY_JOB.items()
}
STORIES |= {f"trouble.thing.{key}": (trouble,) for key, (trouble, _) in BY_THING.items()} | {
    f"help.thing.{key}": (remedy,) for key, (_, remedy) in BY_THING.items()
}
