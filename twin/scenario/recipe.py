"""Recipes of cities: how a scenario's bundle is made, once, from a map or a SUMO scenario."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from twin.city.city import City
from twin.core.registry import find
from twin.errors import ConfigError, DataError
from twin.scenario.find import find_city
from twin.scenario.scenario import explain


class Recipe(BaseModel):
    """Content of a ``city.toml``.

    Attributes
    ----------
    name
        Name of the city.
    osm, sumo
        The extract, or the ``.sumocfg``: a path beside the recipe, below the folder that
        ``CITYTWIN_DATA`` names, or in ``package``.
    use, file, options
        In place of these, a source of another kind: the name of an entry point of the group
        ``citytwin.sources``, its file (found as above) and what it is told.
    package
        An installed package that carries the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    osm: str | None = None
    sumo: str | None = None
    use: str | None = None
    file: str | None = None
    options: dict[str, Any] = {}
    package: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Recipe:
        if sum(part is not None for part in (self.osm, self.sumo, self.use)) != 1:
            raise ValueError("a recipe has one of `osm`, `sumo` and `use`")
        if (self.use is None) != (self.file is None):
            raise ValueError("a recipe with `use` names its `file`")
        if self.options and self.use is None:
            raise ValueError("only a recipe with `use` has `options`")
        return self


def home() -> Path:
    """Where built bundles are kept: ``CITYTWIN_HOME``, or the user's cache folder."""
    chosen = os.environ.get("CITYTWIN_HOME")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "citytwin"


def data_roots() -> list[Path]:
    """Folders below which recorded data may lie."""
    chosen = os.environ.get("CITYTWIN_DATA")
    beside = [Path.cwd() / "../shared/data", Path(__file__).parents[2] / "../shared/data"]
    return [Path(chosen)] if chosen else [place.resolve() for place in beside]


def load_city(
    name: str, beside: Path | None = None, progress: Callable[[str], None] | None = None
) -> City:
    """The city of a scenario; a recipe's bundle is built when it is not there yet.

    Raises
    ------
    ConfigError, DataError
        No such city, its source is absent, or its bundle is damaged.
    """
    place = find_city(name, beside)
    if place.is_dir():
        return City.load(place)
    return City.load(ensure_bundle(place, progress))


def read_recipe(file: Path) -> Recipe:
    """Read and check a recipe."""
    try:
        return Recipe.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise explain(error, lambda key: f"{file}, key {key}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is not a TOML file: {error}", where=str(file)) from None


def ensure_bundle(file: Path, progress: Callable[[str], None] | None = None) -> Path:
    """The bundle of a recipe, built if this source has not been built by this code before."""
    recipe = read_recipe(file)
    source = _source(recipe, file)
    told = file.read_bytes() if recipe.use is not None else b""
    bundle = home() / "cities" / f"{file.parent.name}-{_key(source, told)}"
    if (bundle / "manifest.json").is_file():
        return bundle
    if progress is not None:
        progress(f"building the city {recipe.name} (once) into {bundle}")
    bundle.parent.mkdir(parents=True, exist_ok=True)
    build_recipe(recipe, source, bundle)
    return bundle


def build_recipe(recipe: Recipe, source: Path, bundle: Path, **options: Any) -> City:
    """Build the bundle of a recipe from its source."""
    if recipe.use is not None:
        found = find("sources", recipe.use)
        return cast(City, found(source, bundle, name=recipe.name, **recipe.options, **options))
    make = City.from_osm if recipe.osm is not None else City.from_sumo
    return make(source, bundle, name=recipe.name, **options)


def _source(recipe: Recipe, file: Path) -> Path:
    wanted = recipe.osm or recipe.sumo or recipe.file or ""
    places = [file.parent / wanted, *(root / wanted for root in data_roots())]
    if recipe.package is not None:
        spec = find_spec(recipe.package)
        if spec is None or not spec.submodule_search_locations:
            raise DataError(
                f"the package {recipe.package!r}, which carries the map, is not installed",
                where=str(file),
                mend=f"pip install {recipe.package}",
            )
        places = [Path(spec.submodule_search_locations[0]) / wanted]
    for place in places:
        if place.is_file():
            return place
    raise DataError(
        f"the source of the city {recipe.name!r} is not there: {wanted}",
        where=str(file),
        allowed=" or ".join(str(place.parent) for place in places),
        mend="set CITYTWIN_DATA to the folder of the recorded data",
    )


def _key(source: Path, told: bytes = b"") -> str:
    """Names a build by its source, what it was told, and the code that builds."""
    from twin.results.provenance import code_digest

    digest = hashlib.blake2b(digest_size=5)
    for part in sorted(source.parent.glob("*")) if source.suffix == ".sumocfg" else [source]:
        if part.is_file():
            digest.update(part.name.encode() + part.read_bytes())
    digest.update(told + code_digest().encode())
    return digest.hexdigest()
