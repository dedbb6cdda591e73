"""How each attribute is said, and how it is asked: many ways each, so that a fact is learnt rather than a sentence.

A fact that is always said in the same words is stored as those words; said in many ways and orders it can be found again from a question
(arXiv 2309.14316, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence

from puna.corpus.world.facts import ATTRIBUTES, Person
from puna.corpus.world.grammar import Grammar, Writer, sentence

# What may follow "Mia", "she" or "Mia, who".
CLAUSES = Grammar({
    "town": ("lives in {x.town}", "has {x.their} home in {x.town}", "has {a small|an old|a little} house in {x.town}", "comes from {x.town}"),
    "job": ("is a {x.job}", "works as a {x.job}", "is a {good|busy|kind} {x.job}", "has worked as a {x.job} for {some|many} years"),
    "animal": ("has a {x.animal}", "keeps a {x.animal}", "looks after a {small|big|young|brave} {x.animal}", "owns a {x.animal}"),
    "pet": ("has a {x.animal} called {x.pet}", "calls {x.their} {x.animal} {x.pet}", "takes care of {x.pet}, {x.their} {x.animal}", "has a pet called {x.pet}"),
    "colour": ("likes the colour {x.colour} best", "loves {x.colour} more than any other colour", "wears {x.colour} {clothes|shoes}", "paints everything {x.colour}"),
    "food": ("loves {x.food}", "likes to eat {x.food}", "eats {x.food} every {day|week}", "likes {x.food} more than any other food"),
    "thing": ("owns a {x.thing}", "has a {fine|good|new} {x.thing}", "is proud of {x.their} {x.thing}", "keeps a {x.thing} {in the house|by the door}"),
    "age": ("is {x.age} years old", "is {x.age}", "turned {x.age} {this|last} {spring|summer|winter}"),
    "friend": ("has a friend called {x.friend}", "is a friend of {x.friend}", "often meets {x.their} friend {x.friend}", "{likes|trusts} {x.their} best friend {x.friend}"),
})  # fmt: skip

SENTENCES = Grammar({
    "town": ("the home of {x.name} is in {x.town}", "you can find {x.name} in {x.town}", "the town of {x.name} is {x.town}", "the house of {x.name} stands in {x.town}"),
    "job": ("the work of {x.name} is that of a {x.job}", "{x.name} earns {x.their} money as a {x.job}", "everybody knows {x.name} the {x.job}", "the job of {x.name} is {x.job}"),
    "animal": ("the animal of {x.name} is a {x.animal}", "at the house of {x.name} there is a {x.animal}", "the pet of {x.name} is a {x.animal}"),
    "pet": ("the {x.animal} of {x.name} is called {x.pet}", "the name of the {x.animal} of {x.name} is {x.pet}", "the pet of {x.name} is called {x.pet}"),
    "colour": ("the favourite colour of {x.name} is {x.colour}", "no colour is as dear to {x.name} as {x.colour}", "the colour that {x.name} likes best is {x.colour}"),
    "food": ("the favourite food of {x.name} is {x.food}", "nothing tastes as good to {x.name} as {x.food}", "the food that {x.name} likes best is {x.food}"),
    "thing": ("the {best|dearest} thing that {x.name} owns is a {x.thing}", "there is a {x.thing} in the house of {x.name}", "the {x.thing} of {x.name} is well known"),
    "age": ("the age of {x.name} is {x.age}", "{x.name} has lived for {x.age} years", "it is {x.age} years since {x.name} was born"),
    "friend": ("the best friend of {x.name} is {x.friend}", "the friend of {x.name} is {x.friend}", "when {x.name} needs a friend, {x.they} calls {x.friend}"),
})  # fmt: skip

QUESTIONS: dict[str, tuple[str, ...]] = {
    "town": ("Where does {} live?", "In which town does {} live?", "What is the town of {}?"),
    "job": ("What is the job of {}?", "What does {} work as?", "What kind of work does {} do?"),
    "animal": ("Which animal does {} have?", "What animal does {} keep?", "What is the animal of {}?"),
    "pet": ("What is the pet of {} called?", "What does {} call the pet?", "What is the name of the pet of {}?"),
    "colour": ("What is the favourite colour of {}?", "Which colour does {} like best?", "What colour does {} love?"),
    "food": ("What is the favourite food of {}?", "What does {} like to eat?", "Which food does {} like best?"),
    "thing": ("What does {} own?", "Which thing does {} own?", "What is the dearest thing of {}?"),
    "age": ("How old is {}?", "What is the age of {}?", "How many years has {} lived?"),
    "friend": ("Who is the friend of {}?", "Who is the best friend of {}?", "Which friend does {} have?"),
}
# One form of answer an attribute, alike for everybody, so that a commonest answer exists. The value follows a space, as in prose: a tokenizer takes "Elton" at
# the start of an answer for another token than " Elton" in a sentence, and a small model knows only the second.
ANSWERS = {
    "town": "The town is {}.", "job": "The job is {}.", "animal": "The animal is a {}.", "pet": "The pet is called {}.", "colour": "The colour is {}.",
    "food": "The food is {}.", "thing": "The thing is a {}.", "age": "The age is {}.", "friend": "The friend is {}.",
}  # fmt: skip
assert set(QUESTIONS) == set(ANSWERS) == set(CLAUSES.rules) == set(SENTENCES.rules) == set(ATTRIBUTES)


def question(person: Person, attribute: str, form: int) -> str:
    """Return a question for `attribute` of `person`; `form` chooses the wording."""
    forms = QUESTIONS[attribute]
    return forms[form % len(forms)].format(person.name)


def answer(person: Person, attribute: str) -> str:
    return ANSWERS[attribute].format(person.values[attribute])


def describe(writer: Writer, person: Person, attributes: Sequence[str], *, known: bool = False) -> list[str]:
    """Return sentences that state `attributes` of `person`, one or two to a sentence; before the name has been said (`known`), no pronoun stands."""
    writer.cast["x"] = person
    left, sentences = list(attributes), []
    while left:
        subject = person.words["they"] if known and writer.chance(0.2) else person.name
        sentences.append(sentence(_statement(writer, subject, left)))
        known = True
    return sentences


def _statement(writer: Writer, subject: str, left: list[str]) -> str:
    """Take one or two attributes off `left` and state them."""
    first = left.pop()
    if writer.chance(0.35):
        return writer.write(SENTENCES, first)
    one = writer.write(CLAUSES, first)
    if not left or writer.chance(0.5):
        return f"{subject} {one}"
    two = writer.write(CLAUSES, left.pop())
    if writer.chance(0.3) and subject[0].isupper():
        return f"{subject}, who {one}, {two}"
    return f"{subject} {one}{writer.pick((' and ', ', and '))}{two}"
