"""What a person needs to know when something does not work: versions, SUMO, fork, cores."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    ok: bool = True


def findings() -> list[Finding]:
    """Look at everything; a bad finding says what is missing."""
    return [*_machine(), *_packages(), _sumo(), _libsumo(), _browser()]


def _machine() -> list[Finding]:
    return [
        Finding("python", platform.python_version()),
        Finding("machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
        Finding("fork", "available" if hasattr(os, "fork") else "absent: futures are fresh runs"),
    ]


def _packages() -> list[Finding]:
    try:
        wanted = requires("citytwin") or []
    except PackageNotFoundError:
        return [
            Finding(
                "citytwin", "not installed; pip install it, so that its models are found", False
            )
        ]
    names = [line.split(";")[0] for line in wanted if "extra ==" not in line]
    return [_package("citytwin"), *(_package(_name(line)) for line in names)]


def _name(requirement: str) -> str:
    for sign in "<>=!~[ ":
        requirement = requirement.split(sign)[0]
    return requirement


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "absent", ok=False)


def _sumo() -> Finding:
    spec = find_spec("sumo")
    if spec is None or spec.origin is None:
        return Finding("sumo", "absent: pip install eclipse-sumo", ok=False)
    binary = Path(spec.origin).parent / "bin" / "sumo"
    try:
        out = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("sumo", f"does not start: {error}", ok=False)
    return Finding("sumo", out.splitlines()[0])


def _libsumo() -> Finding:
    if find_spec("libsumo") is None:
        return Finding("libsumo in-process", "absent: pip install libsumo", ok=False)
    try:
        import libsumo

        return Finding("libsumo in-process", str(libsumo.getVersion()[1]))
    except (ImportError, RuntimeError) as error:
        return Finding("libsumo in-process", f"does not load: {error}", ok=False)


def _browser() -> Finding:
    from shutil import which

    found = which("chromium") or which("google-chrome") or which("chromium-browser")
    return Finding("browser for tests", found or "none (only tests of pages need it)")
