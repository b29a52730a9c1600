"""Names for the people and customers of the synthetic company."""

from __future__ import annotations

import numpy as np

from opstally.demo.frame import Array

_FIRST = (
    "Amber", "Aspen", "Beacon", "Birch", "Bay", "Bright", "Canyon", "Cedar", "Clear", "Cobalt", "Copper", "Coral",
    "Crest", "Delta", "Drift", "Eagle", "East", "Elm", "Ember", "Falcon", "Fern", "Field", "Flint", "Forge",
    "Garnet", "Glen", "Golden", "Granite", "Green", "Harbor", "Hawthorn", "Hazel", "Heather", "High", "Holly",
    "Iron", "Ivory", "Juniper", "Kestrel", "Lake", "Laurel", "Lark", "Linden", "Maple", "Marble", "Meadow", "Mill",
    "Moss", "North", "Oak", "Ocean", "Olive", "Orchard", "Pine", "Quarry", "Raven", "Red", "Ridge", "River", "Rowan",
    "Saffron", "Sage", "Silver", "Slate", "South", "Spruce", "Stone", "Summit", "Sun", "Thistle", "Timber", "Valley",
    "Violet", "West", "Willow", "Winter", "Wren", "Yarrow",
)  # fmt: skip
_SECOND = (
    "bridge", "brook", "court", "dale", "field", "ford", "gate", "grove", "haven", "hill", "house", "land", "mark",
    "point", "port", "shore", "side", "stead", "view", "ward", "water", "way", "well", "wood", "works", "yard",
)  # fmt: skip
_TRADE = (
    "Analytics", "Bank", "Books", "Care", "Clinics", "Components", "Consulting", "Energy", "Farms", "Fashion", "Foods",
    "Freight", "Furniture", "Hotels", "Insurance", "Labs", "Legal", "Logistics", "Media", "Motors", "Outdoor", "Paper",
    "Pharma", "Print", "Retail", "Robotics", "Schools", "Security", "Software", "Sports", "Studios", "Systems",
    "Textiles",
    "Tools", "Travel", "Utilities",
)  # fmt: skip
_GIVEN = (
    "Ada", "Aisha", "Alba", "Amir", "Anja", "Bao", "Bruno", "Carla", "Chidi", "Clara", "Dana", "David", "Elif", "Elena",
    "Emil", "Farah", "Felix", "Fiona", "Gita", "Goran", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Joel", "Jun", "Kaya",
    "Lars", "Leila", "Lena", "Luca", "Maja", "Marco", "Mei", "Mira", "Nadia", "Nils", "Noor", "Omar", "Paula", "Pavel",
    "Priya", "Quentin", "Rosa", "Ruben", "Sana", "Sofia", "Tariq", "Theo", "Uma", "Vera", "Viktor", "Wanda", "Yara",
    "Zoe",
)  # fmt: skip
_FAMILY = (
    "Abel", "Adeyemi", "Almeida", "Andersen", "Bauer", "Becker", "Bianchi", "Blom", "Castro", "Chen", "Costa", "Dietz",
    "Dubois", "Eriksen", "Fischer", "Garcia", "Haas", "Hoffmann", "Ito", "Jansen", "Kaplan", "Keller", "Khan", "Kim",
    "Kovac", "Kowalski", "Lang", "Lindqvist", "Lopez", "Marin", "Meyer", "Moreau", "Nguyen", "Novak", "Okafor", "Olsen",
    "Patel", "Pereira", "Petrov", "Rahman", "Ricci", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Sommer", "Tanaka",
    "Torres", "Vogel", "Wagner", "Weber", "Wolff", "Yilmaz", "Zhang", "Ziegler",
)  # fmt: skip


def companies(rng: np.random.Generator, n: int) -> Array:
    """n different company names."""
    every = len(_FIRST) * len(_SECOND) * len(_TRADE)
    return np.array([_company(int(i)) + _again(turn) for turn, i in _drawn(rng, every, n)])


def people(rng: np.random.Generator, n: int) -> Array:
    """n different personal names."""
    return np.array([_person(int(i)) + _again(turn) for turn, i in _drawn(rng, len(_GIVEN) * len(_FAMILY), n)])


def _drawn(rng: np.random.Generator, every: int, n: int) -> list[tuple[int, int]]:
    """n different numbers below `every`, then the same with a turn of 1, and so on."""
    order = rng.permutation(every)
    return [(at // every, int(order[at % every])) for at in range(n)]


def _again(turn: int) -> str:
    return f" {turn + 1}" if turn else ""


def _company(i: int) -> str:
    i, first = divmod(i, len(_FIRST))
    trade, second = divmod(i, len(_SECOND))
    return f"{_FIRST[first]}{_SECOND[second]} {_TRADE[trade]}"


def _person(i: int) -> str:
    family, given = divmod(i, len(_GIVEN))
    return f"{_GIVEN[given]} {_FAMILY[family]}"
