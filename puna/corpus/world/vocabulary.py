"""The words of the world, in plain English.

A seed picks from these lists; it never invents. Every noun that takes an article begins with a consonant, so that "a {word}" is always right, and no word
is in two lists, so that a value names its attribute.
"""

from __future__ import annotations

GIRLS = (
    "Mia", "Anna", "Lucy", "Clara", "Ruth", "Ivy", "Nora", "Ella", "Rosa", "Jane", "Lily", "Kate",
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

VALUES: dict[str, tuple[str, ...]] = {
    "town": TOWNS, "job": JOBS, "animal": ANIMALS, "pet": PETS, "colour": COLOURS, "food": FOODS, "thing": THINGS, "age": AGES,
}  # fmt: skip

COUNTED = ("stones", "shells", "eggs", "coins", "books", "cups", "roses", "leaves", "stamps", "buttons")
