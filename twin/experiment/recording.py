"""Turns what a run recorded into a recording that scenarios can replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from twin.core.time import Calendar
from twin.errors import DataError
from twin.results.store import Run
from twin.sensors.record import record


def record_run(run: Run, output: Path, ports: Sequence[str] | None = None, every: int = 1) -> Path:
    """Write recorded ports of a run as a CSV or Parquet recording, marked as synthetic.

    Parameters
    ----------
    run
        A finished run.
    output
        A ``.csv`` or ``.parquet`` file.
    ports
        Which ports; all that the run recorded when left out.
    every
        Keep every n-th sample.

    Raises
    ------
    DataError
        A port that the run did not record.
    """
    import zarr

    group = zarr.open_group(str(run.folder / "series.zarr"), mode="r")
    known = sorted(name for name, array in group.arrays() if "unit" in array.attrs)
    for name in ports or ():
        if name not in known:
            raise DataError(f"the run did not record {name!r}", allowed=", ".join(known) or "nothing")
    calendar = Calendar.at(
        datetime.fromisoformat(run.manifest["start"]), run.manifest["city"]["timezone"]
    )
    times = [calendar.local(int(t) * 1000) for t in np.asarray(group["time"][:])][::every]
    content = {
        name: (
            np.asarray(group[group[name].metadata.dimension_names[1]][:]).astype(np.str_),
            np.asarray(group[name][:])[::every].astype(np.float64),
            str(group[name].attrs["unit"]),
        )
        for name in ports or known
    }
    source = {"scenario": run.manifest["name"], "seed": run.seed, "version": run.manifest["versions"]["citytwin"]}
    return record(output, times, content, source)
