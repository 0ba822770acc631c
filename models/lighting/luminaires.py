"""Which luminaire a street has when the map does not say: stated rules by road class.

Sodium lamps come in standard sizes; a road class has the size that common practice gives it, with
the losses of its ballast. A LED luminaire of the same street takes ``LED_OVER_HPS`` of that power:
Carderock (ESTCP) measured 1.24 kW of LED in place of 3.4 kW of sodium.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.lighting.technology import LED_OVER_HPS

_LINK = "_link"


@dataclass(frozen=True)
class Luminaire:
    """The usual luminaire of a road class.

    Attributes
    ----------
    height
        Mounting height, m.
    spacing
        Distance along the street from one lamp to the next, alternately on either side, m: three
        and a half to five mounting heights, as usual for staggered lamps.
    hps
        Power of a sodium luminaire with its ballast, W.
    """

    height: float
    spacing: float
    hps: float

    def power(self, technology: str) -> float:
        """Rated power, W."""
        sizes = {"led": LED_OVER_HPS, "mercury": 1.65}  # 125 W of mercury for 70 W of sodium
        return round(self.hps * sizes.get(technology, 1.0), 1)


_MAIN = Luminaire(height=10.0, spacing=35.0, hps=275.0)  # 250 W lamp
_DISTRIBUTOR = Luminaire(height=10.0, spacing=35.0, hps=170.0)  # 150 W lamp
_COLLECTOR = Luminaire(height=8.0, spacing=30.0, hps=115.0)  # 100 W lamp
_LOCAL = Luminaire(height=6.0, spacing=30.0, hps=83.0)  # 70 W lamp
_PATH = Luminaire(height=4.5, spacing=25.0, hps=62.0)  # 50 W lamp

LUMINAIRES: dict[str, Luminaire] = {
    "motorway": Luminaire(height=12.0, spacing=40.0, hps=275.0),
    "trunk": Luminaire(height=12.0, spacing=40.0, hps=275.0),
    "primary": _MAIN,
    "secondary": _DISTRIBUTOR,
    "tertiary": _COLLECTOR,
    "unclassified": _LOCAL,
    "residential": _LOCAL,
    "living_street": _LOCAL,
}
"""By road class; every other class (service roads, foot and cycle ways) has the lamp of a path."""

PRIORITY = tuple(LUMINAIRES)
"""Road classes from the greatest: where two streets meet, the greater one has the lamp."""


def usual(road: str) -> Luminaire:
    """The usual luminaire of a road class; a link road has that of its class."""
    return LUMINAIRES.get(road.removesuffix(_LINK), _PATH)


def rank(road: str) -> int:
    """Place of a road class in ``PRIORITY``; classes that are not in it come last."""
    name = road.removesuffix(_LINK)
    return PRIORITY.index(name) if name in LUMINAIRES else len(PRIORITY)


_WORDS = {
    "led": ("diode", "lightemitting"),
    "metal halide": ("halide", "halogenid", "iodure"),
    "mercury": ("mercur", "quecksilber", "ballon fluo"),
    "fluorescent": ("fluo", "leuchtstoff"),
    "hps": ("sodium", "natrium", "discharge", "incandescent"),
}
_TOKENS = {
    "led": ("led", "leds"),
    "metal halide": ("mh", "hmi", "cdm", "cdo", "hqi", "im"),
    "mercury": ("hpm", "hpl", "hql", "mbf", "vm", "bf"),
    "fluorescent": ("cfl", "pll", "tl"),
    "hps": ("hps", "son", "shp", "nav", "sox", "lps", "sbp", "gas"),
}
"""Parts of words, and whole words, by which inventories name a technology (English, French, German
and makers' codes); low-pressure sodium and gas count as sodium."""


def technology(tags: dict[str, str]) -> str:
    """The technology that a map's tags name; LED otherwise: most lamps renewed today are LED."""
    text = " ".join(tags.get(key, "") for key in ("light:method", "lamp_type", "light:lamp"))
    return named(text) or "led"


def named(text: str) -> str:
    """The technology that a text speaks of; empty for none."""
    words = text.lower().replace("_", " ")
    tokens = set(re.split(r"[\W\d]+", words))
    for kind, whole in _TOKENS.items():
        if tokens & set(whole):
            return kind
    return next((kind for kind, keys in _WORDS.items() if any(k in words for k in keys)), "")


def optics(kind: str) -> str:
    """The optics that go with a technology on a road, see :mod:`.photometry`."""
    return "road" if kind == "led" else "sodium"


def number(text: str | None, fallback: float) -> float:
    """The first number in a tag's value (``"6 m"``, ``"70W"``), or ``fallback`` if none above 0."""
    found = re.search(r"\d+(?:[.,]\d+)?", text or "")
    value = float(found.group().replace(",", ".")) if found else 0.0
    return value if value > 0.0 else fallback


def rated_power(tags: dict[str, str], road: str) -> float:
    """Power of a mapped lamp, W: as tagged, else the usual one of its street; times its lights."""
    lights = number(tags.get("light:count"), 1.0)
    keys = ("light:power", "lamp_power", "lamp:power", "wattage")
    given = next((tags[key] for key in keys if key in tags), None)
    return number(given, usual(road).power(technology(tags))) * min(lights, 20.0)
