"""English of the bad web, of dialogs, and of entries about towns, animals and goods."""

JUNK: dict[str, tuple[str, ...]] = {
    "junk.banner": (
        "We use cookies to {make this site better|show you ads|remember you}. {Accept all|Only what is needed|Read more|Close}.", "This site uses cookies. By {reading on|clicking here} you {agree|say yes} to our rules.", "Please {log in|sign up|turn off your ad blocker} to read this page.", "Your privacy matters to us and our {120|340|812} partners. {Manage options|Reject all}",
        "You have {1|2|3} free {articles|pages} left this month. Subscribe now", "Get our app! {Install|Not now}", "Join our newsletter and never miss {a deal|a story}. Enter your e-mail", "Your browser is out of date. {Update|Ignore}",
    ),
    "junk.menu": (
        "Home | {News|About us|Shop} | {Contact|Help|Search} | {Log in|Sign up}", "{Next|Back} page {1|2|3} of {9|99} | Share | Print | Report", "Copyright {2019|2022|2025}. All rights reserved. {Terms|Privacy} | {Jobs|Press}", "You are here: Home > {Blog|Shop|Archive} > {2021|2023|2024}", "Tags: {top|new|hot}, {sale|free|best}, {tips|news}", "Skip to content | Menu | {Cart (0)|My account}",
        "Posted by admin | {0|3|12} comments | Leave a reply", "Related: {10 tips you need|You will not believe this|Read this next}",
    ),
    "junk.spam": (
        "{BUY NOW|CLICK HERE|WIN BIG|HURRY}!!! {cheap|free|best} {pills|watches|phones|loans} {for you|today only|no risk}!!!", "You have won a free {phone|car|trip}! Send your {name|number|card} {now|today}!!!", "{best|cheap} {loans|pills|watches} best {loans|pills|watches} cheap {loans|pills|watches} online", "Make $$$ {3000|5000|9000} a week from home, no {work|skills} needed!",
        "Doctors hate this trick!! Lose {10|20|30} pounds in {2|5} days", "{casino|poker|bingo} {casino|bonus|slots} free {spins|bonus} {casino|jackpot}", "Dear friend, I am a prince and have {5|12|40} million dollars for you", "LAST CHANCE: {70|80|90}% off {everything|shoes|bags}, only {2|4|9} left!!!",
    ),
    "junk.log": (
        "ERROR {404|500|503} at line {7|31|88}: {page|file|user} not found", "[{10|11|12}:{05|17|42}] {GET|POST} /{index|login|img} {200|302|404}", "WARN retry {1|2|3} of {3|5}: connection {refused|timed out}", "{DEBUG|INFO} worker-{1|2|7} took {12|88|430} ms, queue={0|3|19}", "Traceback: {KeyError|ValueError|IndexError} in {app|main|views}.py line {12|77|203}",
        "kernel: eth{0|1}: link {up|down}", "{cron|sshd|nginx}[{311|8021|977}]: {session opened|session closed|restart}", "0x{00|1f|a0}{3c|77|fe} {ff|00|12} {9b|c4|08} {00|aa|55}",
    ),
}  # fmt: skip
ENTRIES: dict[str, tuple[str, ...]] = {
    "group.town": ("{group} {live} in {x.town}", "in {x.town} {live} {group}", "the people of {x.town}: {group}", "who lives in {x.town}? {group}"), "group.job": ("{group} {work} as {x.job.a}", "who is {x.job.a}? {group}", "the work of {x.job.a} is done by {group}", "{x.job}: {group}"),
    "group.animal": ("{group} {keep} {x.animal.a}", "{x.animal.a} is kept by {group}", "who has {x.animal.a}? {group}", "the {x.animal} is the animal of {group}"), "group.colour": ("{x.colour} is the favourite colour of {group}", "{group} {like} {x.colour} best", "who loves {x.colour}? {group}", "{x.colour}: {group}"),
    "group.food": ("{group} {like} {x.food}", "{x.food}: the favourite food of {group}", "who loves {x.food}? {group}", "{x.food} is what {group} {like} best"), "group.thing": ("{group} {own} {x.thing.a}", "{x.thing.a} is owned by {group}", "who owns {x.thing.a}? {group}", "{x.thing}: {group}"),
    "page.title": ("{title}", "{title}", "About {title}", "{title} (entry)", "= {title} =", "# {title}", "{title}: facts", "Who or what is {title}?"),
    "page.also": ("See also: {others}.", "Read more: {others}.", "Other entries: {others}.", "Compare {others}.", "More about {others} elsewhere."),
    "prices.title": ("Prices at the market of {t.name}", "What things cost in {t.name}", "Price list, {t.name}", "{t.name}, {t.day}: prices", "To buy in {t.name}"),
}  # fmt: skip
GROUP_VERBS = {
    "live": ("lives", "live"),
    "work": ("works", "work"),
    "keep": ("keeps", "keep"),
    "like": ("likes", "like"),
    "own": ("owns", "own"),
}
AND = "and"

SYSTEM = ("You are a helpful llama.", "Answer in as few words as you can.", "You know the people of these towns. Answer shortly.")
SMALL_TALK = (
    ("Hello!", "Hello! What do you want to know?"), ("Good morning.", "Good morning! How can I help you?"), ("Hi, who are you?", "I am a small llama."),
    ("How are you?", "I am well, thank you."), ("Thank you!", "You are welcome."), ("What can you do?", "I know some people, and I can add small numbers."),
    ("Goodbye.", "Goodbye! Come back soon."), ("Are you a dog?", "No, I am a llama."), ("Can you hear me?", "I can read what you write."),
    ("You are a good llama.", "Thank you! That is kind of you."),
)  # fmt: skip
