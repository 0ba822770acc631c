"""The store and comparisons: whole or absent, the same bytes, resumed, failures kept apart."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.twin.toys import WIRE, toy, toy_city
from twin.core.engine import Engine
from twin.errors import ConfigError, DataError
from twin.experiment.compare import Comparison, compare, variant
from twin.experiment.live import run
from twin.results.store import Run, write_run
from twin.results.tables import read_parquet, write_tables
from twin.scenario import Scenario

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the toy city in it, where workers can import the toys."""
    (tmp_path / "none.net.xml").write_text("<net/>")
    city = toy_city()
    city.network = tmp_path / "none.net.xml"
    city.save(tmp_path / "toy")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def base() -> Scenario:
    return Scenario.from_dict(toy("Tap", "Main", wire=WIRE))


def test_a_run_is_stored_whole_and_read_back(here: Path) -> None:
    found = run(base(), seed=3)
    again = Run.open(found.folder)
    assert set(again.values) == {"tap.total", "main.lowest"}
    assert again.ledger["payer"].tolist() == ["households"]
    assert again.series["tap.draw"].dims == ("time", "house")
    assert str(again.series["time"].values[0]).startswith("2025-03-04T06:00")
    assert again.manifest["seed"] == 3
    assert not list(found.folder.parent.glob(".*"))


def test_what_is_not_a_number_stays_so(here: Path) -> None:
    write_tables(here, {"a": {"value": np.array([1.0, np.nan, 3.0])}})
    np.testing.assert_array_equal(read_parquet(here / "a.parquet")["value"], [1.0, np.nan, 3.0])


def test_same_seed_same_bytes_here_and_in_a_worker(here: Path) -> None:
    alone = contents(run(base(), seed=1, results="a").folder)
    worker = contents(compare(base(), seeds=1, jobs=2, results="b").runs[0][1].folder)
    assert alone.keys() == worker.keys()
    assert alone == worker
    assert contents(run(base(), seed=2, results="a").folder) != alone


def test_a_comparison_pairs_seeds_and_resumes(here: Path) -> None:
    saving = base().with_policy("tests.twin.toys:Save", oracle=True, share=0.25)
    first = compare(base(), saving, seeds=3, jobs=2)
    result = next(r.result for r in first.rows() if r.indicator == "tap.total")
    assert result.pairs == 3
    assert result.high < 0
    stamps = [r.folder.stat().st_mtime_ns for runs in first.runs for r in runs.values()]
    second = compare(base(), saving, seeds=3, jobs=2)
    assert [r.folder.stat().st_mtime_ns for runs in second.runs for r in runs.values()] == stamps
    assert [r.result for r in Comparison.open(second.folder or "").rows()] == [
        r.result for r in first.rows()
    ]


@pytest.mark.parametrize("model", ["Failing", "Dying"])
def test_a_failing_run_does_not_take_the_others_with_it(here: Path, model: str) -> None:
    raw = toy("Tap")
    bad = Scenario.from_dict(
        {**raw, "name": "bad", "model": {**raw["model"], f"tests.twin.toys:{model}": {}}}
    )  # type: ignore[dict-item]
    found = compare(Scenario.from_dict(raw), bad, seeds=2, jobs=2)
    assert sorted(found.failed) == [(1, 1), (1, 2)]
    assert sorted(found.runs[0]) == [1, 2]
    words = "three minutes are enough" if model == "Failing" else "ended with code 11"
    assert words in found.failed[1, 1]
    assert Comparison.open(found.folder or "").failed == found.failed


def test_numbers_are_of_the_seeds_that_every_scenario_finished(here: Path) -> None:
    saving = base().with_policy("tests.twin.toys:Save", oracle=True, share=0.25)
    whole = compare(base(), saving, seeds=3, jobs=1)
    first, second = whole.runs
    cut = dataclasses.replace(
        whole, runs=[first, {s: second[s] for s in (1, 3)}], failed={(1, 2): "it broke"}
    )
    told = cut.data(drawn=False)
    row = next(r for r in told.indicators if r.indicator.name == "tap.total")
    kept = cut.values(0, "tap.total")[[0, 2]]
    assert row.base == pytest.approx(kept.mean())
    assert row.effects[0].mean - row.effects[0].difference == pytest.approx(row.base)
    assert any("seed 2" in note for note in told.limits)


def test_a_killed_run_leaves_nothing_that_looks_finished(here: Path) -> None:
    raw = toy(
        "Tap",
        period={"date": "2025-03-04", "from": "06:00", "duration": "20d"},
        record={"every": "1m"},
    )
    Path("long.json").write_text(json.dumps(raw))
    code = (
        "import json; from twin.scenario import Scenario; from twin.experiment.live import run;"
        "say = lambda now, end: print(now, flush=True);"
        "run(Scenario.from_dict(json.load(open('long.json'))), 1, progress=say)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not list(Path("results").rglob("manifest.json"))


def test_a_failure_while_writing_leaves_the_old_run(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(run(base()).folder)
    scenario, city = base(), toy_city()
    with Engine(scenario, city, 1) as engine:
        outcome = engine.run()
    outcome.ledger.append(("not a row",))  # type: ignore[arg-type]
    folder = next(Path("results").glob("*/seed-1"))
    with pytest.raises(ValueError, match="not a row"):
        write_run(folder, outcome, scenario, city, 1)
    assert contents(folder) == before
    assert not list(folder.parent.glob(".*"))


def test_what_is_not_a_run_is_refused(here: Path) -> None:
    with pytest.raises(DataError, match="not a finished run"):
        Run.open(here)


def test_different_periods_are_not_compared(here: Path) -> None:
    other = base().changed({"period.duration": "20m"})
    with pytest.raises(ConfigError, match=r"period\.duration"):
        compare(base(), other, seeds=1)


def test_a_policy_with_parameters_is_a_variant() -> None:
    listed = variant(base(), "traffic.toll:area=[11.2, 44.4, 11.5, 44.6],price=3")
    toll = listed.data.policy[0].parameters
    assert (toll["area"], toll["price"]) == ([11.2, 44.4, 11.5, 44.6], 3)
    found = variant(base(), "lighting.by_traffic:minimum=0.3,oracle=true")
    assert found.data.policy[-1].parameters == {"minimum": 0.3}
    assert found.data.policy[-1].oracle


def test_unpaired_noise_is_unsure_and_a_constant_shift_is_sure() -> None:
    from twin.experiment.statistics import paired

    chance = np.random.default_rng(1).normal(size=8)
    shifted = paired(chance, chance + 0.1)
    assert shifted.sure
    assert shifted.difference == pytest.approx(0.1)
    assert not paired(chance, chance[::-1]).sure
    assert np.isnan(paired(chance[:1], chance[:1]).low)
    # Student's t with 2 degrees of freedom: 4.303 x s / sqrt(3)
    known = paired(np.zeros(3), np.array([1.0, 2.0, 3.0]))
    assert known.high - known.difference == pytest.approx(4.30265 / np.sqrt(3), rel=1e-4)


@pytest.mark.parametrize(
    ("base", "policy", "clear"),
    [
        ([16_747.2, 16_676.8], [17_360.0, 17_289.6], False),  # a count of fares, twice alike
        ([0.0, 0.0], [1500.0, 1500.0], True),  # a sum that no chance touches
        ([10.3, 10.3], [12.85, 12.85], True),  # a fixed price
        ([500.0, 520.0], [499.0, 519.0], False),  # one vehicle less, twice
        ([500.0, 520.0, 490.0], [499.0, 519.0, 489.0], False),
        ([500.0, 520.0, 490.0] * 2, [499.0, 519.0, 489.0] * 2, True),  # six agree
        ([0.0, 0.0], [1.0, 1.0], False),  # a rare event may come twice
        ([0.1 + 0.2, 5.0] * 3, [0.1 + 0.2 + 0.7, 5.7] * 3, True),  # equal but for rounding
    ],
)
def test_equal_differences_are_clear_where_they_are_no_coincidence(
    base: list[float], policy: list[float], clear: bool
) -> None:
    from twin.experiment.statistics import paired

    found = paired(np.array(base), np.array(policy))
    assert found.sure == clear
    if clear:
        assert found.low == found.high == pytest.approx(found.difference)
    else:
        assert np.isnan(found.low)


def test_no_difference_in_any_pair_is_no_change() -> None:
    from twin.experiment.statistics import paired

    same = paired(np.array([1.5, 2.5]), np.array([1.5, 2.5]))
    assert (same.low, same.high, same.sure) == (0.0, 0.0, False)


def test_a_results_folder_that_cannot_be_written_is_refused_before_the_run(here: Path) -> None:
    Path("afile").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        run(base(), results="afile")
    with pytest.raises(DataError, match="cannot be written"):
        compare(base(), seeds=1, results="afile")
