"""Turns what a run recorded into a recording that scenarios can replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from twin.core.time import Calendar
from twin.errors import DataError
from twin.results.store import Run
from twin.sensors.record import PortReadings, record


def record_run(
    run: Run,
    output: Path,
    ports: Sequence[str] | None = None,
    *,
    every: int = 1,
    truth: bool = False,
) -> Path:
    """Write ports of a run as a recording, marked as synthetic.

    Parameters
    ----------
    run
        A finished run.
    output
        A ``.csv``, ``.csv.gz``, ``.csv.bz2`` or ``.parquet`` file.
    ports
        Which ports; all that sensors observed when left out.
    every
        Keep every n-th sample of the truth.
    truth
        True writes the recorded truth also where sensors observed a port.

    Raises
    ------
    DataError
        A port that was neither observed nor recorded.
    """
    archive = run.observations
    observed = {str(port) for port in archive["port"]}
    wanted = list(ports or sorted(observed))
    readings = [
        _seen(run, port) if port in observed and not truth else _truth(run, port, every)
        for port in wanted
    ]
    if not readings:
        raise DataError("no sensor observed anything in this run", mend="name ports with --port")
    calendar = Calendar.at(
        datetime.fromisoformat(run.manifest["start"]), run.manifest["city"]["timezone"]
    )
    record(output, readings, calendar, scenario=run.manifest["name"], seed=run.seed)
    return output


def _seen(run: Run, port: str) -> PortReadings:
    """What the sensors said of a port."""
    archive = run.observations
    mine = (archive["port"] == port) & (archive["entity"] != "?")
    return PortReadings(
        port,
        str(run.manifest["units"][port]),
        archive["entity"][mine].astype(np.str_),
        archive["time_observed"][mine].astype(np.int64),
        archive["value"][mine].astype(np.float64),
        archive["quality"][mine].astype(np.int8),
    )


def _truth(run: Run, port: str, every: int) -> PortReadings:
    """What the run recorded of a port."""
    import zarr

    group = zarr.open_group(str(run.folder / "series.zarr"), mode="r")
    known = sorted(name for name, array in group.arrays() if "unit" in array.attrs)
    if port not in known:
        raise DataError(f"the run did not record {port!r}", allowed=", ".join(known) or "nothing")
    table = group[port].metadata.dimension_names[1]
    ids = np.array([str(key) for key in group[table][:]], dtype=np.str_)
    times = np.asarray(group["time"][:]).astype(np.int64)[::every] * 1000
    return PortReadings.from_series(
        port, str(group[port].attrs["unit"]), times, ids, np.asarray(group[port][:])[::every]
    )
