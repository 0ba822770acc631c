"""One SUMO simulation: started quietly, driven alike in-process and over TraCI, always closed."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from models.traffic.engine import EngineName
from twin.errors import ModelError

Options = dict[str, str]

_reading: list[str] = []
"""Route files that SUMO reads on in this process."""
_running: Simulation | None = None
"""libsumo holds one simulation a process."""


class Simulation:
    """A running SUMO.

    Parameters
    ----------
    engine
        ``libsumo`` runs SUMO inside this process; ``traci`` and ``sumo-gui`` start it beside.
    options
        SUMO's options without the dashes; an empty value is a switch that is on.
    scratch
        Folder for SUMO's messages while it loads.
    remote
        ``host:port`` of a SUMO that waits for a client, with ``traci``; it is told to load what we
        would have started it with, so it must see the same files.

    Raises
    ------
    ModelError
        SUMO refuses its input, or one is running in this process already.
    """

    def __init__(
        self, engine: EngineName, options: Mapping[str, str], scratch: Path, remote: str = ""
    ) -> None:
        global _running
        if engine == "libsumo" and _running is not None:
            raise ModelError(
                "a SUMO simulation is running in this process already",
                allowed="one at a time with libsumo",
                mend='close the other run first, or set engine = "traci"',
            )
        os.environ.setdefault("SUMO_HOME", home())
        self._owner = os.getpid()
        self._in_process = engine == "libsumo"
        self.api: Any = _start(engine, _command(engine, options), scratch, remote)
        if self._in_process:
            _running = self
            _reading[:] = filter(None, options.get("route-files", "").split(","))
        self.begin = float(self.api.simulation.getTime())
        self.time = self.begin

    def advance(self, seconds: float) -> None:
        """Run on to ``seconds`` after the beginning.

        Raises
        ------
        ModelError
            SUMO stopped with an error; carries its message.
        """
        self.time = self.begin + seconds
        try:
            self.api.simulationStep(self.time)
        except self.errors as error:
            raise ModelError(
                f"SUMO stopped at {self.time:.0f} s: {error}",
                mend="see SUMO's message; a wrong route or network is the usual cause",
            ) from None

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What SUMO raises when it cannot do what it was asked."""
        found: tuple[type[Exception], ...] = (self.api.TraCIException, self.api.FatalTraCIError)
        return found

    def number(self, name: str) -> float:
        """One of SUMO's own totals, such as ``stats.teleports.total``."""
        return float(self.api.simulation.getParameter("", name))

    def close(self) -> None:
        """End SUMO; safe to call again, and nothing in a forked child."""
        global _running
        api, self.api = self.api, None
        if self._in_process and _running is self:
            _running = None
            _reading.clear()
        if api is None or os.getpid() != self._owner:
            return
        with _silence(None), suppress(Exception):
            api.close()


def can_fork_while_reading() -> bool:
    """Whether a forked child can be given files of its own in place of those that SUMO reads."""
    return Path("/proc/self/fd").is_dir() and hasattr(os, "register_at_fork")


def _open_files(names: Sequence[str]) -> list[int]:
    """Descriptors of some files that are open in this process."""
    there = Path("/proc/self/fd")
    wanted = {os.path.realpath(name) for name in names}
    listed = [entry for entry in there.iterdir() if entry.exists()]
    return [int(entry.name) for entry in listed if os.path.realpath(entry) in wanted]


def _reopen() -> None:
    """In a forked child: read the route files through descriptors of our own.

    A descriptor that came through the fork shares its position with the parent: the child's reading
    would move the parent's.
    """
    for descriptor in _open_files(_reading) if _reading else []:
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        own = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
        os.lseek(own, position, os.SEEK_SET)
        os.dup2(own, descriptor)
        os.close(own)


if can_fork_while_reading():
    os.register_at_fork(after_in_child=_reopen)


def home() -> str:
    """Folder of the installed SUMO."""
    import sumo

    return str(sumo.SUMO_HOME)


def _command(engine: EngineName, options: Mapping[str, str]) -> list[str]:
    program = "sumo-gui" if engine == "sumo-gui" else "sumo"
    command = [program if engine == "libsumo" else str(Path(home(), "bin", program))]
    for name, value in options.items():
        command += [f"--{name}", value] if value else [f"--{name}"]
    if engine == "sumo-gui":
        command += ["--start", "--quit-on-end"]
    return command


def _start(engine: EngineName, command: Sequence[str], scratch: Path, remote: str) -> Any:
    """The started module or connection; SUMO's complaint in the error where it refuses."""
    descriptor, name = tempfile.mkstemp(suffix=".log", dir=scratch)
    os.close(descriptor)
    log = Path(name)
    try:
        with _silence(log):
            return _connect(engine, list(command), remote)
    except Exception as error:
        said = [line for line in log.read_text(errors="replace").splitlines() if "rror" in line]
        raise ModelError(
            "SUMO does not start: " + ("; ".join(said) or str(error)),
            where=" ".join(command),
            mend="`twin doctor` says which SUMO is installed; check the network and the demand",
        ) from None
    finally:
        log.unlink()


def _connect(engine: EngineName, command: list[str], remote: str) -> Any:
    if engine == "libsumo":
        library = importlib.import_module("libsumo")
        library.start(command)
        return library
    traci = importlib.import_module("traci")
    label = f"citytwin-{os.getpid()}-{id(command)}"
    if remote:
        host, _, port = remote.rpartition(":")
        traci.init(int(port), numRetries=5, host=host, label=label)
    else:
        traci.start(command, label=label, stdout=None)
    connection = traci.getConnection(label)
    if remote:
        connection.load(command[1:])
    connection.TraCIException = traci.TraCIException
    connection.FatalTraCIError = traci.FatalTraCIError
    return connection


@contextmanager
def _silence(log: Path | None) -> Iterator[None]:
    """Send what SUMO prints, also from C++ and from a child process, to a file or to nowhere."""
    kept = [(stream, os.dup(stream)) for stream in (1, 2)]
    target = os.open(str(log) if log else os.devnull, os.O_WRONLY | os.O_APPEND)
    try:
        for stream, _ in kept:
            os.dup2(target, stream)
        yield
    finally:
        for stream, copy in kept:
            os.dup2(copy, stream)
            os.close(copy)
        os.close(target)
