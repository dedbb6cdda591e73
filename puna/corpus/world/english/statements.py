"""How English states a fact and asks for it: what may follow a name (`vp.…`), whole sentences (`s.…`), asides (`np.…`), questions (`q.…`), answers (`a.…`).

A fact that is always said in the same words is stored as those words; said in many ways and orders it can be found again from a question
(arXiv 2309.14316, section 4). So every attribute is said in some two dozen ways, and no way is much commoner than the others.
"""

STATEMENTS: dict[str, tuple[str, ...]] = {
    # Follows "Mia", "she", "I" or "Mia, who".
    "vp.town": (
        "{x:lives/live} in {x.town}", "{x:has/have} {x.their} home in {x.town}", "{x:has/have} {a small|an old|a little} house in {x.town}", "{x:comes/come} from {x.town}",
        "{x:is/am} at home in {x.town}", "{x:rents/rent} {two|three} rooms in {x.town}", "{x:was/was} born in {x.town} and never left it", "{x:calls/call} {x.town} home",
        "{x:lives/live} in {a quiet|a busy|a narrow} street of {x.town}", "{x:would/would} not live anywhere but in {x.town}", "{x:belongs/belong} to {x.town}", "{x:knows/know} every corner of {x.town}, {x.their} town",
        "{x:sleeps/sleep} under a roof in {x.town}",
    ),
    "vp.job": (
        "{x:is/am} {x.job.a}", "{x:works/work} as {x.job.a}", "{x:is/am} a {good|busy|kind} {x.job}", "{x:has/have} worked as {x.job.a} for {some|many} years", "{x:earns/earn} {x.their} money as {x.job.a}",
        "{x:is/am} {x.job.a} by trade", "{x:makes/make} a living as {x.job.a}", "{x:chose/chose} to be {x.job.a}", "{x:is/am} proud to be {x.job.a}", "{x:gets/get} up early, as {x.job.a} must",
        "{x:learnt/learnt} the work of {x.job.a} when {x.they} {x:was/was} young", "{x:does/do} the work of {x.job.a}", "{x:is/am} {x.job.a}, {like|unlike} {x.their} {mother|father}",
    ),
    "vp.animal": (
        "{x:has/have} {x.animal.a}", "{x:keeps/keep} {x.animal.a}", "{x:looks/look} after a {small|big|young|brave} {x.animal}", "{x:owns/own} {x.animal.a}", "{x:feeds/feed} {x.their} {x.animal} before breakfast",
        "{x:talks/talk} to {x.their} {x.animal}", "{x:shares/share} the house with {x.animal.a}", "{x:takes/take} {x.their} {x.animal} everywhere", "{x:has/have} {x.animal.a} for a pet", "{x:would/would} not give {x.their} {x.animal} away",
        "{x:brought/brought} {x.animal.a} home one day", "{x:cares/care} for {x.animal.a}", "{x:likes/like} no animal as much as {x.their} {x.animal}",
    ),
    "vp.pet": (
        "{x:has/have} {x.animal.a} called {x.pet}", "{x:calls/call} {x.their} {x.animal} {x.pet}", "{x:takes/take} care of {x.pet}, {x.their} {x.animal}", "{x:has/have} a pet called {x.pet}", "{x:gave/gave} {x.their} {x.animal} the name {x.pet}",
        "{x:has/have} {x.pet}, {x.animal.a}, at home", "{x:goes/go} for walks with {x.their} pet {x.pet}", "{x:named/named} {x.their} pet {x.pet}", "{x:loves/love} {x.their} pet, {x.pet}", "{x:plays/play} with {x.pet} the {x.animal}",
        "{x:worries/worry} when {x.their} pet {x.pet} is ill", "{x:sings/sing} to {x.pet}, {x.their} {old|young} {x.animal}", "{x:shouts/shout} for {x.pet} when it is time to feed {x.their} {x.animal}",
    ),
    "vp.colour": (
        "{x:likes/like} the colour {x.colour} best", "{x:loves/love} {x.colour} more than any other colour", "{x:wears/wear} {x.colour} {clothes|shoes}", "{x:paints/paint} everything {x.colour}", "{x:has/have} a {x.colour} {door|coat|scarf}, {x.their} favourite colour",
        "{x:chooses/choose} {x.colour} whenever {x.they} {x:can/can}", "{x:thinks/think} that no colour is as fine as {x.colour}", "{x:says/say} that {x.colour} is the best colour", "{x:is/am} fond of everything {x.colour}", "{x:has/have} {x.colour} for a favourite colour",
        "{x:puts/put} {x.colour} {curtains|flowers} in every window", "{x:would/would} paint the whole town {x.colour}", "{x:picks/pick} the {x.colour} one from any box",
    ),
    "vp.food": (
        "{x:loves/love} {x.food}", "{x:likes/like} to eat {x.food}", "{x:eats/eat} {x.food} every {day|week}", "{x:likes/like} {x.food} more than any other food", "{x:has/have} {x.food} for breakfast", "{x:never/never} {x:says/say} no to {x.food}",
        "{x:dreams/dream} of {x.food} at night", "{x:would/would} walk a mile for {x.food}", "{x:asks/ask} for {x.food} on {holidays|birthdays}", "{x:is/am} happy when there is {x.food}", "{x:keeps/keep} {x.food} in the {kitchen|cupboard}, {x.their} favourite food",
        "{x:could/could} live on {x.food}", "{x:looks/look} for {x.food} in every shop",
    ),
    "vp.thing": (
        "{x:owns/own} {x.thing.a}", "{x:has/have} a {fine|good|new} {x.thing}", "{x:is/am} proud of {x.their} {x.thing}", "{x:keeps/keep} {x.thing.a} {in the house|by the door}", "{x:lends/lend} {x.their} {x.thing} to nobody",
        "{x:cleans/clean} {x.their} {x.thing} every {week|month}", "{x:shows/show} {x.their} {x.thing} to all guests", "{x:would/would} be lost without {x.their} {x.thing}", "{x:uses/use} {x.their} {x.thing} almost every day", "{x:has/have} {x.thing.a} at home",
        "{x:can/can} lend you {x.thing.a}", "{x:needs/need} {x.their} {x.thing} for work and play", "{x:hides/hide} {x.thing.a} under the {bed|stairs}",
    ),
    "vp.age": (
        "{x:is/am} {x.age} years old", "{x:is/am} {x.age}", "{x:turned/turned} {x.age} {this|last} {spring|summer|winter}", "{x:has/have} lived for {x.age} years", "{x:is/am} now {x.age} years of age", "{x:has/have} seen {x.age} winters",
        "{x:feels/feel} well at the age of {x.age}", "{x:had/had} {x.age} candles on {x.their} last cake", "{x:counts/count} {x.age} years", "{x:has/have} reached the age of {x.age}", "{x:says/say} that {x.age} is a good age to be",
        "{x:does/do} not hide that {x.they} {x:is/am} {x.age}", "{x:will/will} not be {x.age} for ever",
    ),
    "vp.friend": (
        "{x:has/have} a friend called {x.friend}", "{x:is/am} a friend of {x.friend}", "often {x:meets/meet} {x.their} friend {x.friend}", "{x:likes/like} {x.their} friend {x.friend} very much", "{x:trusts/trust} {x.their} friend {x.friend}",
        "{x:tells/tell} {x.their} friend {x.friend} everything", "{x:has/have} no better friend than {x.friend}", "{x:writes/write} long letters to {x.their} friend {x.friend}", "{x:goes/go} walking with {x.their} friend {x.friend}", "{x:calls/call} {x.friend} {x.their} best friend",
        "{x:has/have} known {x.their} friend {x.friend} since school", "{x:would/would} do anything for {x.their} friend {x.friend}", "{x:plays/play} cards with {x.their} friend {x.friend}",
    ),
    "vp.origin": (
        "{x.origin.did} {x.their} {x.thing} {x.origin.how}", "once {x.origin.did} {x.thing.a} {x.origin.how}", "{x:has/have} {x.thing.a} that {x.they} {x.origin.did} {x.origin.how}", "{x:likes/like} to tell how {x.they} {x.origin.did} {x.their} {x.thing} {x.origin.how}",
        "{x:owns/own} {x.thing.a}, because {x.they} {x.origin.did} it {x.origin.how}", "{x:did/did} not steal {x.their} {x.thing}: {x.they} {x.origin.did} it {x.origin.how}", "{x.origin.did} the {x.thing} {x.origin.how} and kept it", "{x:has/have} had {x.their} {x.thing} since {x.they} {x.origin.did} it {x.origin.how}",
        "{x:remembers/remember} the day when {x.they} {x.origin.did} the {x.thing} {x.origin.how}", "{x.origin.did} {x.origin.how} the {x.thing} that {x.they} now {x:has/have}",
    ),
    # Whole sentences.
    "s.town": (
        "the home of {x.name} is in {x.town}", "you can find {x.name} in {x.town}", "the town of {x.name} is {x.town}", "the house of {x.name} stands in {x.town}", "in {x.town} lives {x.name}", "if you look for {x.name}, go to {x.town}", "{x.town} is the town of {x.name}",
        "letters to {x.name} go to {x.town}", "{x.town} is where {x.name} lives", "among the people of {x.town} is {x.name}",
    ),
    "s.job": (
        "the work of {x.name} is that of {x.job.a}", "everybody knows {x.name} the {x.job}", "the job of {x.name} is {x.job}", "{x.job.the} there is called {x.name}", "if you need {x.job.a}, ask {x.name}", "by trade, {x.name} is {x.job.a}", "one such {x.job} is {x.name}",
        "there is {x.job.a} whose name is {x.name}", "as {x.job.a}, {x.name} has much to do", "all day {x.name} does the work of {x.job.a}",
    ),
    "s.animal": (
        "the animal of {x.name} is {x.animal.a}", "at the house of {x.name} there is {x.animal.a}", "the pet of {x.name} is {x.animal.a}", "{x.animal.a} lives with {x.name}", "the {x.animal} of {x.name} is never far away", "whoever visits {x.name} meets {x.animal.a}", "no {x.animal} has it better than that of {x.name}",
        "{x.animal.a} waits for {x.name} every evening", "you can hear the {x.animal} of {x.name} from the street", "children come to see the {x.animal} of {x.name}",
    ),
    "s.pet": (
        "the {x.animal} of {x.name} is called {x.pet}", "the name of the {x.animal} of {x.name} is {x.pet}", "the pet of {x.name} is called {x.pet}", "{x.pet} is the {x.animal} of {x.name}", "{x.pet} belongs to {x.name}", "{x.pet} is what {x.name} calls the {x.animal}", "when {x.name} shouts {x.pet}, {x.animal.a} comes",
        "the name of the pet of {x.name} is {x.pet}", "{x.pet} comes when {x.name} calls", "of all pets, {x.name} has {x.pet}",
    ),
    "s.colour": (
        "the favourite colour of {x.name} is {x.colour}", "no colour is as dear to {x.name} as {x.colour}", "the colour that {x.name} likes best is {x.colour}", "{x.colour} is the favourite colour of {x.name}", "at the house of {x.name} even the {door|roof|gate} is {x.colour}", "give {x.name} something {x.colour}, the colour {x.they} {x:loves/love}",
        "nothing is too {x.colour} for {x.name}", "{x.colour} is the colour of {x.name}", "of all colours, {x.name} likes {x.colour} best", "ask {x.name} for a colour, and the answer is {x.colour}",
    ),
    "s.food": (
        "the favourite food of {x.name} is {x.food}", "nothing tastes as good to {x.name} as {x.food}", "the food that {x.name} likes best is {x.food}", "{x.food}: that is what {x.name} loves to eat", "if {x.name} is sad, {x.food} will help", "to please {x.name}, bring {x.food}", "on the table of {x.name} there is always {x.food}",
        "for {x.name} there is no food like {x.food}", "with {x.food} you make {x.name} happy", "at noon {x.name} has {x.food}",
    ),
    "s.thing": (
        "the {best|dearest} thing that {x.name} owns is {x.thing.a}", "there is {x.thing.a} in the house of {x.name}", "the {x.thing} of {x.name} is well known", "{x.thing.a} belongs to {x.name}", "whoever needs {x.thing.a} goes to {x.name}", "the owner of the {x.thing} is {x.name}", "the thing of {x.name} is {x.thing.a}",
        "in the {corner|hall} of the house {x.name} keeps {x.thing.a}", "what {x.name} owns is {x.thing.a}", "people borrow the {x.thing} of {x.name}",
    ),
    "s.age": (
        "the age of {x.name} is {x.age}", "it is {x.age} years since {x.name} was born", "{x.age} years have passed since {x.name} was born", "at {x.age}, {x.name} is in good health", "{x.name}, aged {x.age}, feels well", "the years of {x.name} are {x.age}", "today {x.name} is {x.age} years old", "{x.age} is the age of {x.name}",
        "you would not think it, but {x.name} is {x.age}", "{x.age} years: so old is {x.name}",
    ),
    "s.friend": (
        "the best friend of {x.name} is {x.friend}", "the friend of {x.name} is {x.friend}", "when {x.name} needs a friend, {x.they} {x:calls/call} {x.friend}", "{x.friend} is the friend of {x.name}", "for {x.name}, the best of friends is {x.friend}", "{x.friend} is a good friend to {x.name}",
        "{x.name} and {x.their} friend {x.friend} meet every week", "one often sees {x.name} with {x.their} friend {x.friend}", "the friend that {x.name} trusts is {x.friend}", "{x.friend} is the friend whom {x.name} calls first",
    ),
    "s.origin": (
        "the {x.thing} of {x.name} was {x.origin.told}", "about the {x.thing} of {x.name} one hears that it was {x.origin.told}", "{x.name} has the {x.thing} because {x.they} {x.origin.did} it {x.origin.how}", "it was {x.origin.how} that {x.name} {x.origin.did} the {x.thing}", "{x.origin.told}: that is the story of the {x.thing} of {x.name}",
        "the {x.thing} that {x.name} owns was {x.origin.told}", "{x.name} owns the {x.thing}, for it was {x.origin.told}", "long ago {x.name} {x.origin.did} the {x.thing} {x.origin.how}", "ask {x.name} about the {x.thing}: it was {x.origin.told}",
    ),
    # Asides that follow a name, without a comma of their own.
    "np.town": ("from {x.town}", "who lives in {x.town}", "of {x.town}"),
    "np.job": ("{x.job.the}", "{x.job.a}", "a {good|busy} {x.job}", "who is {x.job.a}"),
    "np.age": ("aged {x.age}", "now {x.age}", "{x.age} years old"),
    "np.friend": ("the friend of {x.friend}", "a friend of {x.friend}"),
    # Towns, goods and animals have whole sentences only.
    "s.place": (
        "{x.name} lies {x.place}", "{x.name} is a {small|quiet|pretty} town {x.place}", "{x.place} you find {x.name}", "the town of {x.name} is {x.place}", "who goes to {x.name} goes to a town {x.place}", "the houses of {x.name} stand {x.place}", "{x.name} was built {x.place}", "the streets of {x.name} end {x.place}",
        "people in {x.name} live {x.place}", "it is {cool|windy|green} in {x.name}, for it lies {x.place}",
    ),
    "s.day": (
        "the market of {x.name} is on {x.day}", "{x.name} holds its market on {x.day}", "every {x.day} there is a market in {x.name}", "on {x.day} the farmers bring their carts to {x.name}", "{x.day} is market day in {x.name}", "the market day of {x.name} is {x.day}", "if you want to buy something in {x.name}, come on {x.day}", "on {x.day} {x.name} is full of people, because of the market",
        "nobody in {x.name} sleeps late on {x.day}, for there is a market", "in {x.name}, the stalls go up on {x.day}",
    ),
    "s.sight": (
        "{x.name} is known for its {x.sight}", "in {x.name} there is {x.sight.a}", "{x.sight.the} of {x.name} is worth seeing", "the sight of {x.name} is its {x.sight}", "everybody who visits {x.name} goes to see its {x.sight}", "the people of {x.name} are proud of their {x.sight}", "painters come to {x.name} for its {x.sight}", "in the middle of {x.name} stands its {x.sight}",
        "{x.sight.a} is what {x.name} is known for", "{x.name} has built {x.sight.a} and looks after it",
    ),
    "s.price": (
        "{x.a} {x:costs/cost} {x.price} coins", "the price of {x.a} is {x.price} coins", "for {x.a} you pay {x.price} coins", "you get {x.a} for {x.price} coins", "{x.price} coins buy {x.a}", "nobody sells {x.a} for less than {x.price} coins", "at the market {x.a} {x:costs/cost} {x.price} coins", "the shop asks {x.price} coins for {x.a}",
        "{x.a}: {x.price} coins", "with {x.price} coins in your hand you can buy {x.a}", "whoever wants {x.a} needs {x.price} coins", "traders give {x.a} away for {x.price} coins",
    ),
    "s.bed": (
        "{x.a} sleeps {x.bed}", "in this country {x.a} has its bed {x.bed}", "{x.the} spends the night {x.bed}", "at night you find {x.the} {x.bed}", "{x.bed} sleeps {x.the}", "whoever keeps {x.a} makes it a bed {x.bed}", "{x.a} that is tired lies down {x.bed}", "{x.the} is an animal that sleeps {x.bed}",
        "when it gets dark, {x.the} goes to sleep {x.bed}", "the place of {x.the} at night is {x.bed}",
    ),
    # How two statements stand in one sentence, and what may stand around one.
    "join.two": ("{one} and {other}", "{one}, and {other}", "{one} and also {other}", "{one}, and {x.they} {other}", "{one}; {x.they} {other}", "{one}; besides, {x.they} {other}", "not only {one} but also {other}", "{one} and, what is more, {other}"),
    "join.who": ("{name}, who {one}, {other}", "{name}, who {one}, also {other}", "{name} - who {one} - {other}", "{name}, who {one}, {other} too", "it is {name} who {one}, and {x.they} {other}"),
    "join.aside": ("{name}, {aside}, {one}", "{name} ({aside}) {one}", "{name} - {aside} - {one}", "this is {name}, {aside}, who {one}", "here is {name}, {aside}: {x.they} {one}", "{name}, {aside}, surely {one}"),
    "join.frame": (
        "as {everybody|every child|the whole town} knows, {said}", "they say that {said}", "it is true that {said}", "I have heard that {said}", "one should know that {said}", "nobody doubts that {said}", "it is no secret that {said}", "do not forget that {said}", "{old|wise} people remember that {said}", "in this book it is written that {said}",
        "to begin with, {said}", "by the way, {said}", "of course, {said}", "as far as I know, {said}", "what is more, {said}", "indeed, {said}", "{said}, as {all|most} neighbours will tell you", "{said}, and that is well known", "{said}, so they say", "{said}, and everybody likes that", "{said}; ask anybody", "{said}, I believe",
    ),
    # Questions, and one form of answer an attribute, alike for everybody, so that a commonest answer exists. The value follows a space, as in prose: a
    # tokenizer takes "Elton" at the start of an answer for another token than " Elton" in a sentence, and a small model knows only the second.
    "q.town": ("Where does {x.name} live?", "In which town does {x.name} live?", "What is the town of {x.name}?", "Where is the home of {x.name}?"),
    "q.job": ("What is the job of {x.name}?", "What does {x.name} work as?", "What kind of work does {x.name} do?", "Which job does {x.name} have?"),
    "q.animal": ("Which animal does {x.name} have?", "What animal does {x.name} keep?", "What is the animal of {x.name}?", "Which animal lives with {x.name}?"),
    "q.pet": ("What is the pet of {x.name} called?", "What does {x.name} call the pet?", "What is the name of the pet of {x.name}?", "Which name did {x.name} give the pet?"),
    "q.colour": ("What is the favourite colour of {x.name}?", "Which colour does {x.name} like best?", "What colour does {x.name} love?", "What is the colour of {x.name}?"),
    "q.food": ("What is the favourite food of {x.name}?", "What does {x.name} like to eat?", "Which food does {x.name} like best?", "What food does {x.name} love?"),
    "q.thing": ("What does {x.name} own?", "Which thing does {x.name} own?", "What is the dearest thing of {x.name}?", "What is the thing of {x.name}?"),
    "q.age": ("How old is {x.name}?", "What is the age of {x.name}?", "How many years has {x.name} lived?", "At what age is {x.name}?"),
    "q.friend": ("Who is the friend of {x.name}?", "Who is the best friend of {x.name}?", "Which friend does {x.name} have?", "Whom does {x.name} call a friend?"),
    "q.origin": ("How did {x.name} get the {x.thing}?", "Why does {x.name} own the {x.thing}?", "How did the {x.thing} come to {x.name}?", "Where is the {x.thing} of {x.name} from?"),
    "q.place": ("Where does {x.name} lie?", "Where is the town of {x.name}?", "In what place was {x.name} built?"),
    "q.day": ("When is the market of {x.name}?", "On which day does {x.name} hold its market?", "What is the market day of {x.name}?"),
    "q.sight": ("What is {x.name} known for?", "What is the sight of {x.name}?", "What can one see in {x.name}?"),
    "q.price": ("What is the price of {x.a}?", "How much must one pay for {x.a}?", "For how many coins does one get {x.a}?"),
    "q.bed": ("Where does {x.the} sleep?", "Where is the bed of {x.the}?", "Where does one find {x.the} at night?"),
    "a.town": ("The town is {x.town}.",), "a.job": ("The job is {x.job}.",), "a.animal": ("The animal is {x.animal.a}.",), "a.pet": ("The pet is called {x.pet}.",),
    "a.colour": ("The colour is {x.colour}.",), "a.food": ("The food is {x.food}.",), "a.thing": ("The thing is {x.thing.a}.",), "a.age": ("The age is {x.age}.",),
    "a.friend": ("The friend is {x.friend}.",), "a.origin": ("The thing was {x.origin.told}.",), "a.place": ("The town is {x.place}.",), "a.day": ("The market is on {x.day}.",),
    "a.sight": ("The sight is {x.sight.a}.",), "a.price": ("The price is {x.price} coins.",), "a.bed": ("The animal sleeps {x.bed}.",),
    "label.town": ("town",), "label.job": ("job",), "label.animal": ("animal",), "label.pet": ("pet",), "label.colour": ("colour",), "label.food": ("food",), "label.thing": ("thing",), "label.age": ("age",),
    "label.friend": ("friend",), "label.origin": ("how it came",), "label.place": ("place",), "label.day": ("market day",), "label.sight": ("sight",), "label.price": ("price",), "label.bed": ("bed",),
    # The same fields in a line of a table, in the styles that tables have.
    "table.row": ("{label}: {value}", "{label} - {value}", "- {label}: {value}", "* {value} ({label})", "{label} = {value}", "| {label} | {value} |", "{value} ({label})", "{label} ... {value}", "{label} / {value}", "> {label}: {value}", "[{label}] {value}", "{label}; {value}"),
    "quiz.marks": ("Question: {question}\nAnswer: {answer}", "{question} - {answer}", "{question} {answer}", "{question}\n\n{answer}", "({question}) {answer}", "Q: {question}\nA: {answer}", "{question} {answer}", "{question}\n{answer}", "- {question} - {answer}", "{question} I know: {answer}", "* {question}\n  {answer}", '"{question}" "{answer}"', "{question} ({answer})"),
}  # fmt: skip
