"""Where a result comes from: versions, code, inputs."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from twin.city.city import City
from twin.core.registry import Group, available, find
from twin.scenario.scenario import Scenario

PACKAGES = ("citytwin", "eclipse-sumo", "libsumo", "simpy", "mesa", "numpy", "numba", "scipy")


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def _folder(package: str) -> Path | None:
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


@cache
def code_digest() -> str:
    """Hash of the framework's and the shipped models' source, and of third parties' versions.

    A result is only reused by code that would have made the same.
    """
    digest = hashlib.blake2b(digest_size=8)
    for package in ("twin", "models"):
        root = _folder(package)
        for file in sorted(root.rglob("*.py")) if root else []:
            if root is not None and "report" not in file.relative_to(root).parts:
                digest.update(str(file.relative_to(root)).encode())
                digest.update(file.read_bytes())
    for group in get_args(Group):
        for point in available(group).values():
            dist = point.dist
            digest.update(f"{point.name}={point.value}@{dist.version if dist else ''}".encode())
    return digest.hexdigest()


@cache
def git_commit() -> str:
    """Commit of the source tree with ``+`` when it has changes, or an empty text outside of one."""
    root = _folder("twin")
    if root is None or not (root.parent / ".git").exists():
        return ""
    git = ["git", "-C", str(root.parent)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
        dirty = subprocess.run(
            [*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
    return head + ("+" if dirty else "")


def inputs(scenario: Scenario, city: City) -> dict[str, str]:
    """Hashes of everything that a run reads: files of bundle, items and models."""
    # As they are now: a table may have been corrected in a GIS since the bundle was made.
    folder, files = city.folder, city.manifest.get("files", {})
    found = {f"city/{name}": sha256(folder / name) for name in sorted(files)} if folder else {}
    data = scenario.data
    for kind, items in (("sensor", data.sensor), ("policy", data.policy), ("event", data.event)):
        for item in items:
            file = item.parameters.get("file")
            if isinstance(file, str) and Path(file).is_file():
                found[f"{kind}/{Path(file).name}"] = sha256(Path(file))
    for name, parameters in scenario.data.model.items():
        for key, file in parameters.items():
            if key.endswith("_file") and isinstance(file, str) and Path(file).is_file():
                found[f"model/{name}/{Path(file).name}"] = sha256(Path(file))
    return found


def parts_digest(scenario: Scenario) -> str:
    """Hash of the source files of every class that a scenario names, whoever wrote it."""
    data = scenario.data
    named: list[tuple[Any, str]] = [("models", name) for name in data.model]
    named += [("policies", item.use) for item in data.policy]
    named += [("events", item.use) for item in data.event]
    named += [("sensors", item.use) for item in data.sensor]
    digest = hashlib.blake2b(digest_size=8)
    for group, name in named:
        file = sys.modules[find(group, name).__module__].__file__
        digest.update(name.encode() + (Path(file).read_bytes() if file else b""))
    return digest.hexdigest()


def run_key(scenario: Scenario, city: City, seed: int) -> str:
    """Names a run by all that it depends on; equal keys have equal results."""
    digest = hashlib.blake2b(digest_size=6)
    parts: list[Any] = [scenario.digest(), seed, code_digest(), sorted(versions().items())]
    parts += [parts_digest(scenario), sorted(inputs(scenario, city).items())]
    digest.update(repr(parts).encode())
    return digest.hexdigest()
