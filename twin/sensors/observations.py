"""Observations: what the sensors of a run have said so far, with the quality of each reading."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from twin.core.time import Tick

GOOD, SUSPECT, BAD = 0, 1, 2
"""Quality of a reading: used as it is; used, but flagged; kept in the archive and not used."""


@dataclass(frozen=True)
class Batch:
    """Readings of one port that arrived together.

    Attributes
    ----------
    source
        Name of the sensor source.
    port
        The port that is observed.
    rows : (n,) int32
        Rows of the port's table; -1 for an entity that the city does not have.
    value : (n,) float64
        In the port's unit.
    time_observed : (n,) int64
        Tick of the measurement (may lie before the run: negative).
    time_arrived
        Tick at which the city learns of it.
    quality : (n,) int8
        ``GOOD``, ``SUSPECT`` or ``BAD``.
    """

    source: str
    port: str
    rows: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]
    time_observed: npt.NDArray[np.int64]
    time_arrived: Tick
    quality: npt.NDArray[np.int8]


@dataclass
class Latest:
    """Last good reading of each entity.

    Attributes
    ----------
    value : (n,) float64
        NaN where nothing was observed.
    time_observed : (n,) int64
        Tick of that reading.
    count
        Readings taken in so far.
    """

    value: npt.NDArray[np.float64]
    time_observed: npt.NDArray[np.int64]
    count: int = 0


@dataclass
class Quality:
    """Account of every reading of a source: nothing is dropped silently."""

    received: int = 0
    suspect: int = 0
    bad: int = 0
    unknown_entity: int = 0
    late: int = 0
    duplicate: int = 0


@dataclass
class Observations:
    """The readings of a run.

    Attributes
    ----------
    archive
        Every batch, in the order of arrival.
    quality
        Counters by source.
    """

    archive: list[Batch] = field(default_factory=list)
    quality: dict[str, Quality] = field(default_factory=dict)
    _latest: dict[str, Latest] = field(default_factory=dict)

    def open(self, port: str, entities: int) -> None:
        """Make room for the readings of a port; called once for each observed port."""
        if port not in self._latest:
            self._latest[port] = Latest(
                np.full(entities, np.nan), np.full(entities, np.iinfo(np.int64).min, dtype=np.int64)
            )

    def __contains__(self, port: str) -> bool:
        return port in self._latest

    def latest(self, port: str) -> Latest:
        """The last good reading of each entity of a port; KeyError if no sensor observes it."""
        return self._latest[port]

    def take(self, batch: Batch) -> None:
        """Take in a batch: newer good readings replace older ones, everything is counted."""
        account = self.quality.setdefault(batch.source, Quality())
        latest = self._latest[batch.port]
        known = batch.rows >= 0
        usable = known & (batch.quality < BAD) & np.isfinite(batch.value)
        account.received += len(batch.rows)
        account.suspect += int(np.count_nonzero(batch.quality == SUSPECT))
        account.bad += int(np.count_nonzero(known & ~usable))
        account.unknown_entity += int(np.count_nonzero(~known))
        # Oldest first, so that the newest reading of an entity in one batch is the one that stays.
        order = np.flatnonzero(usable)
        order = order[np.argsort(batch.time_observed[order], kind="stable")]
        before = latest.time_observed[batch.rows[order]]
        account.late += int(np.count_nonzero(batch.time_observed[order] < before))
        account.duplicate += int(np.count_nonzero(batch.time_observed[order] == before))
        fresh = order[batch.time_observed[order] > before]
        latest.value[batch.rows[fresh]] = batch.value[fresh]
        latest.time_observed[batch.rows[fresh]] = batch.time_observed[fresh]
        latest.count += len(fresh)
        self.archive.append(batch)
