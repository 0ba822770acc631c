"""What coupling costs: a whole run of Bologna with every model, beside plain SUMO.

Both sides are whole programs, from their start to their end, on the same scenario, period and
seed: `sumo -c run.sumocfg`, and `twin run bologna/baseline`. They take turns; of each the fastest
repetition counts, so that what else the machine does at a moment counts least. The bundle is built
and the kernels are compiled before the clock starts, as they are for every run but the first.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench._plain_sumo import Cost, measure, sumo_command
from bench._report import Bench, alternate

SEED = 42
SCENARIO = "bologna/baseline"
ROOT = Path(__file__).parents[1]


def data() -> Path:
    """Folder of the recorded SUMO scenario.

    Raises
    ------
    SystemExit
        It is not there: nothing is measured, which is no failure.
    """
    root = Path(os.environ.get("CITYTWIN_DATA", ROOT.parent / "shared" / "data"))
    found = root / "traffic" / "bologna"
    if not found.is_dir():
        print(
            f"skipped: there is no {found}; set CITYTWIN_DATA to the folder of the recorded data",
            file=sys.stderr,
        )
        sys.exit(0)
    os.environ["CITYTWIN_DATA"] = str(root)
    return found


def main() -> None:
    bench = Bench.from_arguments("Coupling: every model on Bologna, beside plain SUMO")
    minutes, repetitions = (10, 2) if bench.quick else (80, 3)
    folder = data()
    with tempfile.TemporaryDirectory() as name:
        outputs = Path(name)
        # A copy, since SUMO writes its detectors' files beside the scenario.
        own = Path(shutil.copytree(folder, outputs / "plain"))
        own.chmod(0o755)
        plain = sumo_command(SEED, minutes * 60.0)
        ours = _twin(minutes, outputs)
        measure(_twin(1, outputs), ROOT)
        sides = alternate(
            repetitions,
            lambda: measure(plain, own),
            lambda: measure(ours, ROOT),
            progress=_say,
        )
    report(bench, *sides)


def report(bench: Bench, plain: list[Cost], ours: list[Cost]) -> None:
    """Add the figures and finish."""
    wall = min(c.wall for c in ours), min(c.wall for c in plain)
    work = min(c.processor for c in ours), min(c.processor for c in plain)
    memory = max(c.memory for c in ours), max(c.memory for c in plain)
    bench.figure("wall_over_plain_sumo", wall[0], "s", wall[1], note="ratio at most 1.10")
    bench.figure("processor_over_plain_sumo", work[0], "s", work[1])
    more = memory[0] - memory[1]
    bench.figure("memory_over_plain_sumo", more, "MB", 0.0, note="at most 400 more")
    bench.figure("memory", memory[0], "MB", memory[1])
    bench.finish()


def _twin(minutes: int, outputs: Path) -> list[str]:
    program = Path(sys.executable).with_name("twin")
    change = f"period.duration={minutes}m"
    return [
        *(str(program), "run", SCENARIO, "--seed", str(SEED), "--set", change),
        *("--results", str(outputs / "results")),
    ]


def _say(side: int, repetition: int, cost: Cost) -> None:
    name = ("plain SUMO", "twin")[side]
    print(f"  {repetition + 1}. {name}: {cost.wall:.1f} s, {cost.memory:.0f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
