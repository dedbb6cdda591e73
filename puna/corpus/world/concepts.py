"""What there is in the world, whatever the language: the keys of the table, and the values that a seed picks from.

A seed picks; it never invents. No word is in two lists, so that a value names its attribute. How a key is said is in each language's lexicon; names of
people, pets and towns are the same in all of them.
"""

from __future__ import annotations

GIRLS = (
    "Mia", "Anna", "Lucy", "Clara", "Ruth", "Ivy", "Nora", "Ada", "Rosa", "Jane", "Lily", "Kate",
    "Vera", "Tess", "Emma", "Hazel", "Edith", "Maud", "Greta", "Ines", "Olga", "Dora", "Alma", "Wilma",
)  # fmt: skip
BOYS = (
    "Tom", "Ben", "Sam", "Jack", "Paul", "Hugo", "Owen", "Fred", "Leo", "Max", "Carl", "Ned",
    "Otto", "Ralph", "Simon", "Peter", "Felix", "Ivan", "Oscar", "Walter", "Karl", "Luke", "Adam", "Victor",
)  # fmt: skip

TOWNS = ("Elton", "Oakham", "Redford", "Ashby", "Holm", "Marlow", "Fernley", "Dunmore", "Kirkby", "Westbay", "Stonely", "Brookfield")
JOBS = ("baker", "farmer", "teacher", "doctor", "painter", "fisher", "tailor", "carpenter", "gardener", "smith", "miller", "singer")
ANIMALS = ("dog", "cat", "horse", "goat", "duck", "rabbit", "sheep", "hen", "pig", "donkey", "parrot", "goose")
PETS = ("Pip", "Bo", "Tip", "Dot", "Fluff", "Zip", "Moss", "Pepper", "Coco", "Biscuit", "Button", "Sunny")
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "pink", "grey", "purple", "silver", "gold")
FOODS = ("plums", "bread", "cheese", "soup", "honey", "pears", "fish", "cake", "apples", "nuts", "beans", "rice")
THINGS = ("ladder", "boat", "drum", "lamp", "clock", "cart", "bell", "kite", "spade", "rope", "basket", "flute")
AGES = tuple(str(age) for age in range(20, 70))
ORIGINS = ("bought", "given", "found", "made", "won", "inherited")

PLACES = ("sea", "river", "lake", "hills", "valley", "forest")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
SIGHTS = ("bridge", "mill", "tower", "castle", "well", "harbour")
PRICES = tuple(str(price) for price in range(2, 10))
BEDS = ("barn", "kitchen", "shed", "garden", "yard", "hall")

# The attributes of each kind of entity, and the lists that their values come from. A person's friend is another person.
SCHEMA: dict[str, tuple[str, ...]] = {
    "person": ("town", "job", "animal", "pet", "colour", "food", "thing", "age", "origin", "friend"),
    "town": ("place", "day", "sight"),
    "good": ("price",),
    "animal": ("bed",),
}
VALUES: dict[str, tuple[str, ...]] = {
    "town": TOWNS, "job": JOBS, "animal": ANIMALS, "pet": PETS, "colour": COLOURS, "food": FOODS, "thing": THINGS, "age": AGES, "origin": ORIGINS,
    "place": PLACES, "day": DAYS, "sight": SIGHTS, "price": PRICES, "bed": BEDS,
}  # fmt: skip
PERSON = SCHEMA["person"]
ATTRIBUTES = tuple(attribute for attributes in SCHEMA.values() for attribute in attributes)
