"""What a report is made from: plain data, filled from a result store, ready to be drawn.

One :class:`ReportData` holds a base and any number of variants of it (none: the report of a single
scenario). Wherever a class has ``variants`` or ``effects``, there is one entry for each
``ReportData.variants``, in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from twin.core.indicator import Indicator
from twin.errors import DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Verdict = Literal["better", "worse", "changed", "same", "unsure", "none"]


@dataclass(frozen=True)
class Measure:
    """One policy or event of a scenario, by its registered name, with its parameters."""

    kind: Literal["policy", "event"]
    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """A scenario as the reader knows it: its title, what it says of itself, what it does."""

    title: str
    description: str = ""
    measures: Sequence[Measure] = ()


@dataclass(frozen=True)
class Effect:
    """What a variant does to one indicator.

    Attributes
    ----------
    mean
        Mean of the variant over the seeds.
    difference
        Mean of variant less base over the paired seeds.
    low, high
        Confidence interval of the difference; NaN where one seed leaves it unknown.
    p
        Two-sided p-value of the paired test, where there is one.
    alone
        Half the confidence interval of ``mean`` where the base has no such value; else NaN.
    """

    mean: float
    difference: float
    low: float = math.nan
    high: float = math.nan
    p: float | None = None
    alone: float = math.nan

    @property
    def known(self) -> bool:
        """Whether there is an interval at all."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def half(self) -> float:
        """Half the width of the interval; NaN where there is none or nothing varies at all."""
        half = (self.high - self.low) / 2.0
        return half if half > 1e-9 * abs(self.difference) else math.nan

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.known and (self.low > 0.0 or self.high < 0.0)


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator in the base and in each variant.

    Attributes
    ----------
    base
        Mean over the seeds.
    spread
        Lowest and highest of the base over the seeds, where there are several.
    """

    indicator: Indicator
    base: float
    effects: Sequence[Effect] = ()
    spread: tuple[float, float] | None = None

    def relative(self, change: float) -> float:
        """``change`` as a share of the base; NaN where the base is zero."""
        return change / abs(self.base) if self.base else math.nan

    def verdict(self, effect: Effect) -> Verdict:
        """Better, worse, changed (no direction is good), the same, unsure, or none to compare."""
        if math.isnan(effect.difference):
            return "none"
        if effect.difference == 0.0 and (not effect.known or effect.low == effect.high == 0.0):
            return "same"
        if not effect.sure:
            return "unsure"
        if self.indicator.better == "neutral":
            return "changed"
        return (
            "better" if (effect.difference < 0) == (self.indicator.better == "lower") else "worse"
        )


@dataclass(frozen=True)
class Curve:
    """A quantity over time: mean over the seeds, and the lowest and highest seed; each (n,)."""

    mean: Floats
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Profile:
    """A port over the day, added up over its entities.

    Attributes
    ----------
    name
        Name of the port; its label is the message ``port.NAME``, its group the service.
    time : (n,) float64, s
        Since midnight (local time) before the start of the period.
    aggregate
        How the entities were added up.
    """

    name: str
    unit: str
    time: Floats
    base: Curve
    variants: Sequence[Curve] = ()
    aggregate: Literal["mean", "sum"] = "sum"

    @property
    def service(self) -> str:
        """The service, from the name."""
        return self.name.split(".", 1)[0]


@dataclass(frozen=True)
class Money:
    """What a party paid and received over the period, mean over the seeds, EUR."""

    paid: float = 0.0
    received: float = 0.0

    @property
    def net(self) -> float:
        """Received less paid, EUR."""
        return self.received - self.paid


@dataclass(frozen=True)
class MoneyRow:
    """A party's money in one category; labels ``party.PARTY`` and ``ledger.CATEGORY``."""

    party: str
    category: str
    base: Money
    variants: Sequence[Money] = ()


@dataclass(frozen=True)
class Geometry:
    """Where the entities of one table are.

    Attributes
    ----------
    table
        Name of the table, which layers refer to.
    coordinates : (m, 2) float64
        All vertices: longitude and latitude, or metres east and north.
    offsets : (n + 1,) int64, optional
        Where each entity's vertices begin; None for points (one vertex each).
    labels
        A name for each entity, shown on hover; may be empty.
    background
        Whether it is drawn in grey while another layer is shown: streets, buildings, water.
    width : (n,) float64, optional
        Relative line width, such as the number of lanes.
    """

    table: str
    kind: Literal["point", "line", "polygon"]
    coordinates: Floats
    offsets: Ints | None = None
    labels: Sequence[str] = ()
    background: bool = False
    width: Floats | None = None

    @property
    def count(self) -> int:
        """How many entities there are."""
        return len(self.coordinates) if self.offsets is None else len(self.offsets) - 1


@dataclass(frozen=True)
class Layer:
    """A value for each entity of a geometry, to colour it by; label ``layer.NAME``, ``port.NAME``.

    Attributes
    ----------
    base : (n,) float64
        Mean over the seeds and the period; NaN where there is none.
    variants
        The same in each variant.
    ranked
        ``highest`` or ``lowest``, where the entities at that end are named.
    """

    name: str
    table: str
    unit: str
    base: Floats
    variants: Sequence[Floats] = ()
    ranked: str = ""


@dataclass(frozen=True)
class Happening:
    """Something that happened, or that was decided, once or many times alike.

    Attributes
    ----------
    variant
        0 for the base, 1 for the first variant …
    time, until
        First and last time, s since midnight before the start of the period.
    kind
        Label ``log.KIND``.
    count
        How many alike, per seed on average.
    """

    variant: int
    time: float
    kind: str
    subject: str = ""
    detail: str = ""
    until: float | None = None
    count: float = 1.0


@dataclass(frozen=True)
class Making:
    """How the numbers were made, so that others can make them again.

    Attributes
    ----------
    city, source, licence
        Name of the city, where its map is from, and under which licence.
    start, end
        The simulated period, local time.
    confidence
        Level of the intervals.
    wall_time
        Seconds of computing, all runs together.
    quality
        Counters of the data: label ``quality.KEY``.
    hashes
        Inputs and their SHA-256.
    failed
        Runs that failed, with their error.
    command
        Command line that makes the same again.
    """

    city: str
    start: datetime
    end: datetime
    seeds: Sequence[int]
    source: str = ""
    licence: str = ""
    confidence: float = 0.95
    wall_time: float = math.nan
    versions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    command: str = ""

    @property
    def openstreetmap(self) -> bool:
        """Whether the map's authors have to be named on the map."""
        return any(
            sign in f"{self.source} {self.licence}".lower()
            for sign in ("openstreetmap", "odbl", "osm", "open database")
        )


@dataclass(frozen=True)
class ReportData:
    """Everything that a report or a table says.

    Attributes
    ----------
    balances
        For each party, the change of what it received less what it paid, EUR, in each variant,
        with its interval over the seeds.
    projection
        What the coordinates of ``geometries`` are: ``wgs84`` degrees or local ``metres``.
    limits
        What the reader must know before believing a number: texts, or keys of messages.

    Raises
    ------
    DataError
        A part has not one entry for each variant, or arrays do not fit each other.
    """

    title: str
    base: Variant
    making: Making
    indicators: Sequence[IndicatorRow]
    variants: Sequence[Variant] = ()
    profiles: Sequence[Profile] = ()
    money: Sequence[MoneyRow] = ()
    balances: Mapping[str, Sequence[Effect]] = field(default_factory=dict)
    geometries: Sequence[Geometry] = ()
    layers: Sequence[Layer] = ()
    projection: Literal["wgs84", "metres"] = "wgs84"
    happenings: Sequence[Happening] = ()
    limits: Sequence[str] = ()

    def __post_init__(self) -> None:
        for row in self.indicators:
            self._one_each(f"indicator {row.indicator.name!r}", row.effects)
        for profile in self.profiles:
            self._one_each(f"profile {profile.name!r}", profile.variants)
            _check_profile(profile)
        for party, effects in self.balances.items():
            self._one_each(f"balance of {party!r}", effects)
        for money in self.money:
            self._one_each(f"money of {money.party!r} for {money.category!r}", money.variants)
        tables = {geometry.table: geometry for geometry in self.geometries}
        for layer in self.layers:
            self._one_each(f"layer {layer.name!r}", layer.variants)
            _check_layer(layer, tables)

    def _one_each(self, what: str, entries: Sequence[object]) -> None:
        if len(entries) != len(self.variants):
            raise DataError(
                f"{what} has {len(entries)} entries",
                allowed=f"{len(self.variants)}, one for each variant",
            )


def _check_profile(profile: Profile) -> None:
    for curve in (profile.base, *profile.variants):
        for values in (curve.mean, curve.low, curve.high):
            if values is not None and values.shape != profile.time.shape:
                raise DataError(
                    f"profile {profile.name!r} has a curve of shape {values.shape}",
                    allowed=f"{profile.time.shape}, as its time axis",
                )


def _check_layer(layer: Layer, tables: Mapping[str, Geometry]) -> None:
    if layer.table not in tables:
        raise DataError(
            f"layer {layer.name!r} colours the table {layer.table!r}, which has no geometry",
            allowed=", ".join(tables) or "none",
        )
    count = tables[layer.table].count
    for values in (layer.base, *layer.variants):
        if values.shape != (count,):
            raise DataError(
                f"layer {layer.name!r} has values of shape {values.shape}", allowed=f"({count},)"
            )
