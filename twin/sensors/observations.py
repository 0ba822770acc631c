"""Observations: what the sensors of a run have said so far, with the quality of each reading."""

from __future__ import annotations

from collections.abc import Mapping
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
    account
        What else the source knows of its readings, by field of :class:`Quality`: added to the
        account when the batch is taken in.
    """

    source: str
    port: str
    rows: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]
    time_observed: npt.NDArray[np.int64]
    time_arrived: Tick
    quality: npt.NDArray[np.int8]
    account: Mapping[str, int] = field(default_factory=dict)


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
    """Account of every reading of a source: nothing is dropped silently.

    Attributes
    ----------
    received
        Readings that arrived in the run.
    suspect, bad
        Those of them that were flagged; bad ones were not used.
    unknown_entity
        Those of an entity that the city does not have.
    late, duplicate
        Those not newer than what was known: older, or of the same time.
    missing, out_of_range, stale, stuck
        Why readings were flagged: no number (bad), outside the valid range (bad), too old when they
        arrived (bad), the same value too often (suspect).
    out_of_order
        Readings that stand in the file after a newer one of the same entity.
    untimed, outside
        Readings of the file that did not arrive: without a readable time, or outside the run.
    lost
        Readings of a simulated sensor that did not get through.
    battery, outage
        Those that it did not send because its battery was empty, or that met an outage.
    """

    received: int = 0
    suspect: int = 0
    bad: int = 0
    unknown_entity: int = 0
    late: int = 0
    duplicate: int = 0
    missing: int = 0
    out_of_range: int = 0
    stale: int = 0
    stuck: int = 0
    out_of_order: int = 0
    untimed: int = 0
    outside: int = 0
    lost: int = 0
    battery: int = 0
    outage: int = 0


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
        for reason, count in batch.account.items():
            setattr(account, reason, getattr(account, reason) + count)
        # By entity and time, so that the newest of an entity stays, and the first of equal times.
        order = np.flatnonzero(usable)
        order = order[np.lexsort((batch.time_observed[order], batch.rows[order]))]
        rows, times = batch.rows[order], batch.time_observed[order]
        before = latest.time_observed[rows]
        again = np.zeros(len(order), dtype=np.bool_)
        again[1:] = (rows[1:] == rows[:-1]) & (times[1:] == times[:-1])
        account.late += int(np.count_nonzero(times < before))
        account.duplicate += int(np.count_nonzero(again | (times == before)))
        fresh = order[(times > before) & ~again]
        latest.value[batch.rows[fresh]] = batch.value[fresh]
        latest.time_observed[batch.rows[fresh]] = batch.time_observed[fresh]
        latest.count += len(fresh)
        self.archive.append(batch)
