"""The bad web, as far as this small world has one: banners, spam, menus, scrambled text, and duplicates.

None of it is false about the world; it is worth nothing, and a filter should find it.
"""

from __future__ import annotations

from puna.corpus.world.grammar import Grammar, Writer, sentence

RULES = Grammar({
    "banner": ("We use cookies to {make this site better|show you ads|remember you}. {Accept all|Only what is needed|Read more|Close}.",
               "This site uses cookies. By {reading on|clicking here} you {agree|say yes} to our rules.", "Please {log in|sign up|turn off your ad blocker} to read this page."),
    "menu": ("Home | {News|About us|Shop} | {Contact|Help|Search} | {Log in|Sign up}", "{Next|Back} page {1|2|3} of {9|99} | Share | Print | Report",
             "Copyright. All rights reserved. {Terms|Privacy} | {Jobs|Press}"),
    "spam": ("{BUY NOW|CLICK HERE|WIN BIG|HURRY}!!! {cheap|free|best} {pills|watches|phones|loans} {for you|today only|no risk}!!!", "You have won a free {phone|car|trip}! Send your {name|number|card} {now|today}!!!",
             "{best|cheap} {loans|pills|watches} best {loans|pills|watches} cheap {loans|pills|watches} online"),
    "log": ("ERROR {404|500|503} at line {7|31|88}: {page|file|user} not found", "[{10|11|12}:{05|17|42}] {GET|POST} /{index|login|img} {200|302|404}"),
})  # fmt: skip


def junk(writer: Writer) -> str:
    """Return a page of nothing: some lines of one or two sorts."""
    sorts = writer.rng.sample(tuple(RULES.rules), 1 + writer.chance(0.4))
    return "\n".join(sentence(writer.write(RULES, writer.pick(sorts))) for _ in range(3 + writer.below(8)))


def scrambled(writer: Writer, text: str) -> str:
    """Return the words of `text` in no order."""
    words = text.split()
    writer.rng.shuffle(words)
    return " ".join(words)


def near_copy(writer: Writer, text: str) -> str:
    """Return `text` as another site would have copied it: a sentence less, and a line of its own around it."""
    sentences = text.split(". ")
    if len(sentences) > 2:
        del sentences[writer.below(len(sentences) - 1)]
    return f"{'. '.join(sentences)}\n{writer.write(RULES, writer.pick(('banner', 'menu')))}"
