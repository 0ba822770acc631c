"""The pages of a model (NAME.md, NAME-subject.md) name all that can be set and is measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from twin.core.registry import Group, available, find

PAGES = Path(__file__).parents[1] / "docs" / "models"
GROUPS: tuple[Group, ...] = ("models", "policies", "events")
CASES = [(group, name) for group in GROUPS for name in available(group)]


@pytest.mark.parametrize(("group", "name"), CASES, ids=lambda value: str(value))
def test_a_page_names_parameters_and_indicators(group: Group, name: str) -> None:
    service = name.split(".")[0]
    pages = [PAGES / f"{service}.md", *sorted(PAGES.glob(f"{service}-*.md"))]
    page = "\n".join(file.read_text("utf-8") for file in pages)
    found = find(group, name)
    names = [field.alias or key for key, field in found.Parameters.model_fields.items()]
    if group == "models":
        names += [indicator.name.split(".")[1] for indicator in found.indicators]
    else:
        names.append(name)
    assert [word for word in names if not re.search(rf"\b{re.escape(word)}\b", page)] == []
