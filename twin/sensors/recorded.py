"""A recorded source: replays the readings of a file on the clock of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.core.port import Port
from twin.core.time import Calendar, Tick
from twin.errors import DataError, WiringError
from twin.sensors.observations import BAD, Batch
from twin.sensors.readings import Readings, out_of_order
from twin.sensors.recording import Recording
from twin.sensors.schema import Measured, RecordedSource

_REASONS = ("missing", "out_of_range", "stuck", "stale")


class Source(Protocol):
    """What the engine asks of a source whose readings are known before the run."""

    name: str

    @property
    def ports(self) -> tuple[str, ...]:
        """Ports that are observed."""

    def prepare(self, city: City, calendar: Calendar, end: Tick, ports: Mapping[str, Port]) -> None:
        """Check everything and load what the run needs."""

    def arrivals(self) -> Iterator[tuple[Tick, Batch]]:
        """Batches with the tick at which they arrive, in that order."""


class RecordedSensor:
    """Replays a recording.

    Parameters
    ----------
    name
        Name of the sensor in the scenario.
    parameters
        What the scenario says of it.

    Attributes
    ----------
    warnings
        What a person should know of this recording; filled by :meth:`prepare`.
    """

    Parameters: ClassVar[type[RecordedSource]] = RecordedSource

    def __init__(self, name: str, parameters: RecordedSource) -> None:
        self.name = name
        self.parameters = parameters
        self.warnings: list[str] = []
        self._readings: dict[str, Readings] = {}
        self._account: dict[str, int] = {}

    @property
    def ports(self) -> tuple[str, ...]:
        """Ports that are observed."""
        return self.parameters.ports

    @property
    def where(self) -> str:
        """The sensor and its file, for messages."""
        return f"sensor {self.name!r}, {self.parameters.file}"

    def prepare(self, city: City, calendar: Calendar, end: Tick, ports: Mapping[str, Port]) -> None:
        """Read the recording, check it against the city and the run, keep what arrives in the run.

        Parameters
        ----------
        city, calendar, end
            Of the run.
        ports
            Every port of the run by name.

        Raises
        ------
        ConfigError
            A column that is not there, or entities that the city does not have.
        WiringError
            A port that is not there or has another unit.
        DataError
            The file is missing or damaged, its times are unreadable or outside of the run.
        """
        quantities = self.parameters.quantities()
        for quantity in quantities:
            self._check_port(quantity, ports)
        recording = Recording(self.parameters, self.where)
        times = recording.times(calendar, end)
        self.warnings = []
        self._readings = {}
        self._account = dict.fromkeys(("untimed", "outside", "out_of_order", *_REASONS), 0)
        for quantity in quantities:
            mine = recording.holds(quantity)
            untimed = mine & ~times.timed
            self._account["untimed"] += int(np.count_nonzero(untimed))
            found = recording.readings(quantity, ports[quantity.port], city, times)
            self._keep(quantity.port, found, calendar, end)
            lines = np.flatnonzero(mine & times.timed) + 2
            self._warn(quantity.port, "without a readable time", np.flatnonzero(untimed) + 2)
            self._warn(quantity.port, "of unknown entities", lines[found.rows < 0])
            self._warn(quantity.port, "without a number", lines[found.missing])
            self._warn(quantity.port, "outside of `valid`", lines[found.out_of_range])
        if not any(map(len, self._readings.values())):
            raise DataError("no reading of this recording arrives in the run", where=self.where)

    def arrivals(self) -> Iterator[tuple[Tick, Batch]]:
        """Batches by tick of arrival, one a port and tick; the first carries the file's account."""
        parts = list(self._readings.items())
        tick = np.concatenate([readings.arrived for _, readings in parts])
        which = np.repeat(np.arange(len(parts)), [len(readings) for _, readings in parts])
        place = np.concatenate([np.arange(len(readings)) for _, readings in parts])
        order = np.lexsort((which, tick))
        tick, which, place = tick[order], which[order], place[order]
        cuts = np.flatnonzero((tick[1:] != tick[:-1]) | (which[1:] != which[:-1])) + 1
        account = self._account
        for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
            port, readings = parts[which[begin]]
            batch = self._batch(port, readings[place[begin:end]], int(tick[begin]), account)
            yield batch.time_arrived, batch
            account = {}

    def _check_port(self, quantity: Measured, ports: Mapping[str, Port]) -> None:
        if quantity.port not in ports:
            raise WiringError(
                f"{quantity.port!r} is observed, and no model of this scenario has it",
                where=self.where,
                allowed=", ".join(sorted(ports)),
            )
        port = ports[quantity.port]
        if port.kind == "event":
            raise WiringError(
                f"{port.name!r} is an event, and a sensor gives numbers", where=self.where
            )
        if quantity.unit is not None and quantity.unit != port.unit:
            raise WiringError(
                f"the sensor gives {port.name!r} in {quantity.unit!r}",
                where=self.where,
                allowed=repr(port.unit),
                mend="convert with `scale` and `offset`, and name the unit after that",
            )

    def _keep(self, port: str, found: Readings, calendar: Calendar, end: Tick) -> None:
        """Keep what arrives in the run, and account for all of it."""
        kept = found.in_run(end, self.parameters.max_age)
        self._readings[port] = kept
        self._account["outside"] += len(found) - len(kept)
        self._account["out_of_order"] += out_of_order(found.rows, found.observed)
        for reason in _REASONS:
            self._account[reason] += int(np.count_nonzero(getattr(kept, reason)))
        usable = kept[(kept.rows >= 0) & (kept.quality < BAD)]
        if len(usable) == 0:
            self.warnings.append(f"sensor {self.name!r}: no usable reading of {port} in the run")
        elif usable.arrived[0] > 0:
            first = calendar.local(int(usable.arrived[0])).isoformat(" ", "minutes")
            self.warnings.append(f"sensor {self.name!r}: nothing is known of {port} before {first}")

    def _warn(self, port: str, what: str, lines: npt.NDArray[np.int64]) -> None:
        """Tell how many rows of the file cannot be used, and the first of them."""
        if len(lines):
            first = ", ".join(map(str, lines[:3].tolist())) + (", …" if len(lines) > 3 else "")
            self.warnings.append(
                f"sensor {self.name!r}: {len(lines)} readings of {port} {what}, not used "
                f"(lines {first})"
            )

    def _batch(self, port: str, found: Readings, tick: Tick, account: Mapping[str, int]) -> Batch:
        return Batch(
            self.name, port, found.rows, found.value, found.observed, tick, found.quality, account
        )
