"""The page on adding a model is true: its package installs, and its scenario runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "adding-a-model.md"


def blocks() -> dict[str, str]:
    """Files of the page by name."""
    text = PAGE.read_text(encoding="utf-8")
    return dict(re.findall(r"`([\w/.]+\.(?:toml|py))`:?\s*\n\n```\w+\n(.*?)```", text, flags=re.S))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's package installed in ``site`` and its scenario beside."""
    folder = tmp_path_factory.mktemp("third-party")
    for name, content in blocks().items():
        place = folder / "street-noise" / name if name != "noisy.toml" else folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
    ]
    subprocess.run(
        [*install, "--target", str(folder / "site"), str(folder / "street-noise")], check=True
    )
    return folder


def twin(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twin.cli", *arguments],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package / "site")},
        capture_output=True,
        text=True,
    )


def test_the_page_shows_a_model_of_about_sixty_lines() -> None:
    assert len(blocks()["street_noise/__init__.py"].splitlines()) <= 70


def test_a_third_partys_model_runs_by_its_name(package: Path) -> None:
    done = twin(
        package, "run", "noisy.toml", "--set", "period.duration=10m", "--set", "period.from=07:30"
    )
    assert done.returncode == 0, done.stderr
    assert "noise.loud_streets" in done.stdout or "Loud streets" in done.stdout


def test_its_parameters_are_checked(package: Path) -> None:
    done = twin(package, "validate", "noisy.toml", "--set", "model.noise.loud=very")
    assert done.returncode == 2
    assert "model.noise.loud" in done.stderr
