"""What the columns and the words of an inventory mean: the mapping that comes with it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError

from models.lighting.technology import NAMES
from twin.errors import ConfigError
from twin.scenario.scenario import explain

Kind = Literal["led", "hps", "metal halide", "mercury", "fluorescent"]
Throw = Literal["road", "sodium", "ambience", "globe", "projector", "recessed", "bollard"]

FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "ident", "identifier", "lamp_id", "objectid", "numero", "reference"),
    "x": ("x", "longitude", "lon", "lng", "long", "easting", "coord_x"),
    "y": ("y", "latitude", "lat", "northing", "coord_y"),
    "type": ("type", "luminaire", "luminaire_type", "type_lante", "lampmodelname"),
    "power": ("power", "wattage", "watt", "watts", "puissance", "leistung", "maxpowerconsumption"),
    "technology": ("technology", "lamp_type", "light_source", "lamptechnology", "source"),
    "height": ("height", "hauteur", "lanternheight", "mounting_height"),
    "flux": ("flux", "lumens", "lumen", "lampflux"),
    "age": ("age", "burning_hours"),
    "year": ("year", "installed", "annee", "datelastlampchange", "installation_year"),
    "cabinet": ("cabinet", "armoire", "refstreetlightcontrolcabinet"),
    "circuit": ("circuit", "depart", "refstreetlightgroup"),
}
"""What an inventory can say, and the column names that are taken for it when a mapping names none;
among them those of Smart Data Models' ``Streetlight`` and ``StreetlightModel``. Case does not
matter."""


class TypeRule(BaseModel):
    """What a word in the column ``type`` stands for."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    technology: Kind | None = None
    optics: Throw | None = None
    power: float | None = Field(default=None, gt=0, le=5000, description="W; by street if empty")
    height: float | None = Field(default=None, gt=0, le=40, description="m; by street if empty")
    street: bool = Field(default=True, description="stands along a street and makes one")


class Mapping(BaseModel):
    """Content of a mapping file.

    Attributes
    ----------
    columns
        Ours = theirs, see :data:`FIELDS`.
    crs
        Of ``x`` and ``y``, and of a file that does not say its own.
    types, technologies
        Their words and what they stand for.
    technology
        Of lamps that do not say theirs.
    surveyed
        Year of the inventory, for the age of what has a year of installation.
    scale
        Factors on columns, such as ``{ power = 1000 }`` for kW.
    licence
        Of the inventory, for the bundle's manifest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    columns: dict[str, str] = Field(default_factory=dict)
    crs: str = "EPSG:4326"
    delimiter: str | None = None
    decimal: str = "."
    encoding: str = "utf-8"
    types: dict[str, TypeRule] = Field(default_factory=dict)
    technologies: dict[str, Kind] = Field(default_factory=dict)
    technology: Kind = "led"
    surveyed: int | None = Field(default=None, ge=1900, le=2100)
    scale: dict[str, PositiveFloat] = Field(default_factory=dict)
    country: str = ""
    licence: str = "see the source"

    def rule(self, word: str) -> TypeRule | None:
        """What a word of the column ``type`` stands for; None for an unknown one."""
        folded = {key.casefold(): rule for key, rule in self.types.items()}
        return folded.get(word.strip().casefold())

    def technology_of(self, word: str) -> str:
        """The technology that a word names; empty where it names none."""
        from models.lighting.luminaires import named

        folded = {key.casefold(): value for key, value in self.technologies.items()}
        key = word.strip().casefold()
        return folded.get(key) or (key if key in NAMES else named(key))


def checked(content: dict[str, Any], where: str) -> Mapping:
    """A mapping from what a file says.

    Raises
    ------
    ConfigError
        A key that there is not, a value of another kind, a column of ours that there is not.
    """
    try:
        found = Mapping.model_validate(content)
    except ValidationError as error:
        raise explain(error, lambda key: f"{where}, key {key}") from None
    for part in ("columns", "scale"):
        for name in getattr(found, part):
            if name not in FIELDS:
                raise ConfigError(
                    f"{part} names {name!r}", where=where, allowed=", ".join(sorted(FIELDS))
                )
    return found


def read_mapping(file: Path | None) -> Mapping:
    """The mapping of a file; without one, columns are known by their usual names.

    Raises
    ------
    ConfigError
        It is not there or is wrong.
    """
    if file is None:
        return Mapping()
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError("the mapping is not there", where=str(file)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"this is not a TOML file: {error}", where=str(file)) from None
    return checked(content, str(file))
