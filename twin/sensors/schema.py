"""What a scenario may say of a recorded sensor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from twin.core.model import Parameters
from twin.scenario.schema import Duration
from twin.sensors.moments import Unit

Align = Literal["absolute", "start", "time_of_day"]


class Quantity(Parameters):
    """One measured quantity; what it leaves out is as the sensor says.

    Attributes
    ----------
    column
        Column of its values; with ``columns.port``, the text in that column.
    unit
        Unit after ``scale`` and ``offset``, to be checked against the port's.
    scale, offset
        Value in the port's unit = scale × number in the file + offset.
    valid
        Lowest and highest possible value, in the port's unit.
    """

    column: str
    unit: str | None = None
    scale: float | None = None
    offset: float | None = None
    valid: tuple[float, float] | None = None


@dataclass(frozen=True)
class Measured:
    """A quantity of a sensor, complete; fields as in :class:`Quantity`."""

    port: str
    column: str
    unit: str | None
    scale: float
    offset: float
    valid: tuple[float, float] | None


class ColumnNames(Parameters):
    """Which column holds what.

    Attributes
    ----------
    time
        Time of the measurement; several columns (a date and a time) are joined by a blank.
    entity
        Id of the entity, or of the station that ``entity_map`` translates.
    value
        The number.
    port
        Name of the quantity, where a row holds one of several.
    quality
        ``good``, ``suspect`` or ``bad`` (or 0, 1, 2); anything else is suspect.
    arrived
        When the reading reached the city.
    """

    time: str | tuple[str, ...] = "time"
    entity: str | None = None
    value: str | None = None
    port: str | None = None
    quality: str | None = None
    arrived: str | None = None

    @property
    def times(self) -> tuple[str, ...]:
        """The columns that make up the time."""
        return (self.time,) if isinstance(self.time, str) else self.time


class TimeForm(Parameters):
    """How times are written.

    Attributes
    ----------
    format
        ``"iso"`` or a format of ``strptime`` such as ``"%d/%m/%Y %H:%M"``.
    timezone
        IANA name of the clock of times without an offset; the city's when left out.
    since
        Times are numbers: so many ``unit`` since this moment, or since ``"start"`` of the run.
    unit
        ``ms``, ``s``, ``min``, ``h`` or ``d``.
    """

    format: str = "iso"
    timezone: str | None = None
    since: datetime | Literal["start"] | None = None
    unit: Unit = "s"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            return value if value is None else ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError('allowed: an IANA time zone such as "Europe/Helsinki"') from None


class RecordedSource(Parameters):
    """A recording that is replayed: ``[[sensor]] use = "recorded"``.

    Attributes
    ----------
    file
        CSV (also ``.gz``, ``.bz2``) or Parquet, relative to the scenario file.
    port
        The port that is observed; or ``values`` for several.
    values
        By port: the column that holds it, or a table, see :class:`Quantity`.
    columns
        See :class:`ColumnNames`. Left out: the columns called ``time``, ``entity``, ``value``,
        ``port``, ``quality`` and ``arrived``, as far as the file has them.
    entity
        The one entity that all readings are of, in a file without a column for it.
    entity_map
        From a station in the file to an entity of the city: a table, or a CSV file of two columns
        ``station`` and ``entity``, relative to ``file``.
    time
        See :class:`TimeForm`.
    align
        ``absolute``: a reading comes at its own date and time. ``start``: the first reading, or
        ``from``, comes at the start of the run. ``time_of_day``: at the same clock time; the run's
        first day lives the recorded day ``from``, or the first recorded one of the same weekday
        that has readings in the hours of the run, and the days after follow.
    from
        Recorded date or moment, on the file's clock; see ``align``.
    unit, scale, offset, valid
        See :class:`Quantity`; for every quantity that does not say its own.
    delay
        Time from a measurement to its arrival.
    max_age
        A reading older than this when it arrives is bad.
    stuck_after
        From so many equal readings in a row on, an entity's readings are suspect.
    delimiter, decimal, encoding
        Of a CSV file.
    """

    file: Path
    port: str | None = None
    values: dict[str, str | Quantity] = Field(default_factory=dict)
    columns: ColumnNames | None = None
    entity: str | None = None
    entity_map: dict[str, str] | Path | None = None
    time: TimeForm = TimeForm()
    align: Align = "absolute"
    from_: datetime | date | None = Field(default=None, alias="from")
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    valid: tuple[float, float] | None = None
    delay: Duration = 0
    max_age: Duration | None = None
    stuck_after: int | None = Field(default=None, ge=2)
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.port) == bool(self.values):
            raise ValueError("name either `port` or `values` (port = column), not both")
        if self.from_ is not None and self.align == "absolute":
            raise ValueError('`from` needs align = "start" or align = "time_of_day"')
        if self.delay and self.columns is not None and self.columns.arrived is not None:
            raise ValueError("`delay` and `columns.arrived` say the same thing: keep one")
        if self.decimal == self.delimiter:
            raise ValueError("`decimal` and `delimiter` are the same sign")
        if self.entity is not None and self.columns is not None and self.columns.entity is not None:
            raise ValueError("`entity` and `columns.entity` say the same thing: keep one")
        for low, high in (q.valid for q in self.quantities() if q.valid):
            if not low <= high:
                raise ValueError(f"valid = [{low:g}, {high:g}]; allowed: the lower value first")
        return self

    @property
    def ports(self) -> tuple[str, ...]:
        """The observed ports."""
        return (self.port,) if self.port else tuple(self.values)

    def quantities(self) -> tuple[Measured, ...]:
        """Every quantity, with what it leaves out as the sensor says."""
        given = self.values if self.values else {str(self.port): str(self.port)}
        return tuple(self._measured(port, quantity) for port, quantity in given.items())

    def _measured(self, port: str, quantity: str | Quantity) -> Measured:
        own = quantity if isinstance(quantity, Quantity) else Quantity(column=quantity)
        return Measured(
            port=port,
            column=own.column,
            unit=self.unit if own.unit is None else own.unit,
            scale=self.scale if own.scale is None else own.scale,
            offset=self.offset if own.offset is None else own.offset,
            valid=self.valid if own.valid is None else own.valid,
        )
