"""Recordings of containers whose truth is known, as files."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2024, 3, 4)
Row = dict[str, str]
COLUMNS = ("site_id", "site", "collected_at", "fill_before", "fill_after", "volume_l")


def collections(
    containers: int = 30, days: int = 42, seed: int = 1, chance: float = 0.3, every: float = 48.0
) -> list[Row]:
    """Collections about every two days; filling is log-normal around each container's rate."""
    rng = np.random.default_rng(seed)
    found: list[tuple[float, Row]] = []
    for i in range(containers):
        rate = 30.0 * np.exp(rng.normal(0.0, 0.4))  # %/day
        hour = float(rng.uniform(6.0, 30.0))
        while (gap := every * rng.uniform(0.5, 1.5)) and hour + gap < 24.0 * days:
            hour += gap
            level = rate * gap / 24.0 * np.exp(rng.normal(0.0, chance))
            found.append((hour, row(f"c{i:02}", hour, min(100.0, level), size=2.0 + i)))
    return [cells for _, cells in sorted(found, key=lambda pair: pair[0])]


def row(container: str, hour: float, level: float, after: float = 0.0, size: float = 2.0) -> Row:
    """One collection, levels in whole percent."""
    moment = START + timedelta(seconds=round(hour * 3600.0))
    whole = round(level)
    cells = (container, f"Place {container}", moment.isoformat(sep=" "), str(whole), f"{after:g}")
    return dict(zip(COLUMNS, (*cells, f"{whole * size:.3f}"), strict=True))


def write(rows: list[Row], file: Path) -> Path:
    """As a CSV file, packed if its name says so."""
    lines = [",".join(rows[0]), *(",".join(cells.values()) for cells in rows)]
    text = "\n".join(lines) + "\n"
    if file.suffix == ".gz":
        file.write_bytes(gzip.compress(text.encode()))
    else:
        file.write_text(text, encoding="utf-8")
    return file
