"""What an installed package carries, and that it works away from its source."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    program = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(program, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("citytwin-*.whl"))


def _tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "twin", "models", "scenarios"], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip("needs the repository")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_wheel_carries_every_file_of_the_packages(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    tracked = _tracked()
    assert not set(tracked) - inside
    for needed in (
        "twin/py.typed",
        "models/energy/types.toml",
        "models/lighting/messages.toml",
        "scenarios/common/models.toml",
        "scenarios/helsinki/city.toml",
    ):
        assert needed in inside
    assert {Path(name).suffix for name in inside} >= {".css", ".js"}


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    places = {name.split("/")[0] for name in names}
    assert {place for place in places if not place.endswith(".dist-info")} == {
        "twin",
        "models",
        "scenarios",
    }
    assert not [name for name in names if "__pycache__" in name or name.endswith((".nbi", ".nbc"))]


def test_the_wheel_registers_every_part(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    inside = set(archive.namelist())
    text = archive.read(next(n for n in inside if n.endswith("entry_points.txt"))).decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "[console_scripts]\ntwin = twin.cli:main" in text
    for group, points in project["entry-points"].items():
        assert f"[{group}]" in text
        for name, target in points.items():
            assert f"{name} = {target}" in text
            assert target.split(":")[0].replace(".", "/") + ".py" in inside


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment with this wheel and this environment's dependencies."""
    folder = tmp_path_factory.mktemp("away") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    subprocess.run([*install, "--no-index", "--quiet", str(wheel)], check=True, capture_output=True)
    # A path line, unlike a site folder, does not obey the .pth file of an editable install.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def _away(place: Path, *words: str | Path) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in words], cwd=place, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_package_is_complete_away_from_its_source(
    installed: Path, bundles: Path, tmp_path: Path
) -> None:
    imported = _away(
        tmp_path,
        installed / "python",
        "-c",
        "import twin; from twin import City, Scenario, compare; print(twin.__file__)",
    )
    assert imported.strip().startswith(str(installed.parent))
    assert "helsinki/baseline" in _away(tmp_path, installed / "twin", "list")
    said = _away(tmp_path, installed / "twin", "validate", "helsinki/baseline")
    assert "everything fits" in said
    assert not any(tmp_path.iterdir())
