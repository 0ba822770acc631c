"""Dependencies point one way, and the framework knows no service."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODELS = sorted(p.name for p in (ROOT / "models").iterdir() if (p / "__init__.py").is_file())
SERVICE_WORDS = re.compile(
    r"\b(lamps?|luminaires?|bins|litter|voltages?|garbage|trucks?)\b", re.IGNORECASE
)


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("file", sources("twin"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_framework_knows_no_model(file: Path) -> None:
    assert not {name for name in imports(file) if name.split(".")[0] in ("models", "scenarios")}
    assert not SERVICE_WORDS.findall(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", sources("models"), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_model_imports_another(file: Path) -> None:
    own = file.relative_to(ROOT / "models").parts[0]
    others = {f"models.{name}" for name in MODELS if name != own}
    assert not {n for n in imports(file) if any(n == o or n.startswith(o + ".") for o in others)}
    assert not {n for n in imports(file) if n.split(".")[0] == "scenarios"}
