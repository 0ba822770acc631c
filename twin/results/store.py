"""The store of a run: one folder, written under another name and renamed when it is whole."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from twin.city.city import City
from twin.core.outcome import Outcome
from twin.errors import DataError
from twin.results.provenance import code_digest, git_commit, inputs, run_key, versions
from twin.results.tables import Columns, read_parquet, write_tables
from twin.scenario.scenario import Scenario

FORMAT = 1


def check_writable(root: Path) -> None:
    """Refuse a results folder that cannot be written, before anything is lived.

    Raises
    ------
    DataError
        It cannot be made, or nothing can be written in it.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"x")
    except OSError as error:
        raise DataError(
            f"results cannot be written to {root}: {error.strerror or error}",
            allowed="a folder that you may write to, on a disk that is not full",
            mend="--results FOLDER",
        ) from None


MANIFEST = "manifest.json"


def write_run(folder: Path, outcome: Outcome, scenario: Scenario, city: City, seed: int) -> Path:
    """Write a run; the folder appears whole or not at all, and replaces an older one."""
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        write_tables(partial, _tables(outcome, city, seed))
        _write_series(partial / "series.zarr", outcome, scenario, city)
        manifest = _manifest(outcome, scenario, city, seed)
        (partial / MANIFEST).write_text(
            json.dumps(manifest, indent=1, sort_keys=True, default=str), encoding="utf-8"
        )
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return folder


def _column(rows: Sequence[Sequence[Any]], position: int, dtype: Any) -> np.ndarray:
    return np.array([row[position] for row in rows], dtype=dtype)


def _tables(outcome: Outcome, city: City, seed: int) -> dict[str, Columns]:
    """The tables of a run by name."""
    known, log, ledger = outcome.indicators, outcome.log, outcome.ledger
    return {
        "indicators": {
            "run": np.array([f"seed-{seed}"] * len(known), dtype=object),
            "indicator": np.array([i.name for i, _ in known], dtype=object),
            "entity": np.array(["city"] * len(known), dtype=object),
            "value": np.array([value for _, value in known], dtype=np.float64),
            "unit": np.array([i.unit for i, _ in known], dtype=object),
            "better": np.array([i.better for i, _ in known], dtype=object),
            "stakeholder": np.array([i.stakeholder for i, _ in known], dtype=object),
            "headline": np.array([i.headline for i, _ in known], dtype=np.bool_),
        },
        "events": {
            "tick": _column(log, 0, np.int64),
            "kind": _column(log, 1, object),
            "subject": _column(log, 2, object),
            "detail": _column(log, 3, object),
        },
        "ledger": {
            "tick": _column(ledger, 0, np.int64),
            "payer": _column(ledger, 1, object),
            "payee": _column(ledger, 2, object),
            "amount": _column(ledger, 3, np.float64),
            "category": _column(ledger, 4, object),
        },
        "observations": _observations(outcome, city),
    }


def _observations(outcome: Outcome, city: City) -> Columns:
    """The archive of readings, one row each."""
    batches = outcome.observations
    tables = {name: port.table for name, port in outcome.ports.items()}

    def repeat(values: Iterable[Any], dtype: Any) -> np.ndarray:
        parts = [np.full(len(b.rows), v, dtype=dtype) for b, v in zip(batches, values, strict=True)]
        return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)

    def join(name: str, dtype: Any) -> np.ndarray:
        parts = [np.asarray(getattr(b, name), dtype=dtype) for b in batches]
        return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)

    entities = [
        np.where(b.rows >= 0, city[tables[b.port]].ids[b.rows], "?").astype(object)
        if b.port in tables
        else b.rows.astype(str).astype(object)
        for b in batches
    ]
    return {
        "source": repeat((b.source for b in batches), object),
        "port": repeat((b.port for b in batches), object),
        "entity": np.concatenate(entities) if entities else np.empty(0, dtype=object),
        "time_observed": join("time_observed", np.int64),
        "time_arrived": repeat((b.time_arrived for b in batches), np.int64),
        "value": join("value", np.float64),
        "quality": join("quality", np.int8),
    }


def _write_series(path: Path, outcome: Outcome, scenario: Scenario, city: City) -> None:
    """One zarr array a port, named dimensions, so that xarray opens the folder as a dataset."""
    import zarr

    group = zarr.open_group(str(path), mode="w", attributes={"scenario": scenario.name})
    seconds = np.array(outcome.times, dtype=np.int64) // 1000
    group.create_array(
        "time",
        data=seconds,
        dimension_names=("time",),
        attributes={
            "units": f"seconds since {scenario.data.period.start.isoformat(' ')}",
            "calendar": "proleptic_gregorian",
            "timezone": city.place.timezone,
        },
    )
    shown = [name for name in outcome.series if outcome.series[name].size]
    for table in sorted({outcome.ports[name].table for name in shown}):
        ids = city[table].ids.astype(np.dtypes.StringDType())
        group.create_array(table, data=ids, dimension_names=(table,))
    for name in shown:
        port = outcome.ports[name]
        group.create_array(
            name,
            data=outcome.series[name],
            dimension_names=("time", port.table),
            attributes={
                "unit": port.unit,
                "kind": port.kind,
                "profile": port.profile or "",
                "ranked": port.ranked or "",
            },
        )


def _manifest(outcome: Outcome, scenario: Scenario, city: City, seed: int) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "scenario": scenario.raw,
        "name": scenario.name,
        "slug": scenario.slug,
        "file": str(scenario.file) if scenario.file else None,
        "digest": scenario.digest(),
        "seed": seed,
        "key": run_key(scenario, city, seed),
        "city": {
            "name": city.name,
            "folder": str(city.folder) if city.folder else None,
            "source": city.manifest.get("source"),
            "licence": city.manifest.get("licence"),
            "timezone": city.place.timezone,
        },
        "start": scenario.data.period.start.isoformat(),
        "duration_seconds": scenario.data.period.duration / 1000,
        "versions": versions(),
        "code": code_digest(),
        "commit": git_commit(),
        "inputs": inputs(scenario, city),
        "wall_seconds": {k: round(v, 3) for k, v in outcome.wall_seconds.items()},
        "quality": {name: asdict(account) for name, account in outcome.quality.items()},
        "units": {name: port.unit for name, port in sorted(outcome.ports.items())},
        "warnings": outcome.warnings,
    }


@dataclass(frozen=True)
class Run:
    """A finished run on disk.

    Attributes
    ----------
    folder
        Where it is.
    """

    folder: Path

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Open a run.

        Raises
        ------
        DataError
            Not a run, or one that another version of the store wrote.
        """
        run = cls(Path(folder))
        if not (run.folder / MANIFEST).is_file():
            raise DataError(
                f"{folder} is not a finished run",
                allowed=f"a folder with {MANIFEST}",
                mend="twin run",
            )
        try:
            found = run.manifest.get("format")
        except ValueError as error:
            raise DataError(
                f"{folder}: its manifest is damaged: {error}", mend="run it again"
            ) from None
        if found != FORMAT:
            raise DataError(
                f"{folder} has the format {found!r}", allowed=str(FORMAT), mend="run it again"
            )
        return run

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the run was and came from."""
        found: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        return found

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.manifest["seed"])

    @cached_property
    def indicators(self) -> Columns:
        """Columns ``indicator, value, unit, better, stakeholder, headline``."""
        return read_parquet(self.folder / "indicators.parquet")

    @property
    def values(self) -> dict[str, float]:
        """Value of each indicator."""
        table = self.indicators
        return {str(k): float(v) for k, v in zip(table["indicator"], table["value"], strict=True)}

    @cached_property
    def ledger(self) -> Columns:
        """Columns ``tick, payer, payee, amount, category``."""
        return read_parquet(self.folder / "ledger.parquet")

    @cached_property
    def events(self) -> Columns:
        """Columns ``tick, kind, subject, detail``."""
        return read_parquet(self.folder / "events.parquet")

    @cached_property
    def observations(self) -> Columns:
        """Every reading: ``source, port, entity, time_observed, time_arrived, value, quality``."""
        return read_parquet(self.folder / "observations.parquet")

    @cached_property
    def series(self) -> Any:
        """The recorded fields as an ``xarray.Dataset``."""
        import xarray

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return xarray.open_zarr(str(self.folder / "series.zarr"), consolidated=False)


def finished(folder: Path, key: str) -> bool:
    """Whether this folder holds the finished run of this key."""
    try:
        return bool(Run.open(folder).manifest.get("key") == key)
    except DataError:
        return False
