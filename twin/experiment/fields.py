"""What runs recorded over time, put together: curves, and one value a row for the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.report.data import Curve
from twin.results.store import Run

Floats = npt.NDArray[np.float64]


class Fields:
    """Recorded fields of a scenario's runs: curves over time, and one value a row for the map."""

    def __init__(self, runs: Sequence[Run]) -> None:
        import zarr

        self.groups = [zarr.open_group(str(run.folder / "series.zarr"), mode="r") for run in runs]

    def names(self) -> list[str]:
        """Ports that were recorded."""
        if not self.groups:
            return []
        return sorted(name for name, array in self.groups[0].arrays() if "unit" in array.attrs)

    def attributes(self, name: str) -> dict[str, Any]:
        """Unit, kind, table and the like of a port."""
        array = self.groups[0][name]
        return {**dict(array.attrs), "table": array.metadata.dimension_names[1]}

    def times(self) -> Floats:
        """Seconds from the start, (n_samples,)."""
        found: Floats = np.asarray(self.groups[0]["time"][:], dtype=np.float64)
        return found

    def curve(self, name: str, how: str) -> Curve:
        """The port over time; flows at the first tick have no interval behind them."""
        add = np.nanmean if how == "mean" else np.nansum
        rows = np.array(
            [add(g[name][:].astype(np.float64), axis=1) for g in self.groups if name in g]
        )
        many = len(rows) > 1
        return Curve(
            rows.mean(axis=0),
            rows.min(axis=0) if many else None,
            rows.max(axis=0) if many else None,
        )

    def shown(self, name: str) -> Floats:
        """What a map shows of the port: its mean over time, or what it was in the end."""
        # The first sample has no interval behind it, unless it is the only one.
        first = min(1, len(self.times()) - 1)
        if self.attributes(name).get("profile") == "last":
            first = len(self.times()) - 1
        means = [g[name][first:].astype(np.float64).mean(axis=0) for g in self.groups if name in g]
        found: Floats = np.mean(means, axis=0)
        return found

    def has(self, name: str) -> bool:
        """Whether every run recorded the port."""
        return bool(self.groups) and all(name in g for g in self.groups)


def common(fields: Sequence[Fields]) -> list[str]:
    """Ports that every scenario recorded, in order."""
    return [name for name in fields[0].names() if all(f.has(name) for f in fields)]
