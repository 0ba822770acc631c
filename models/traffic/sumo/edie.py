"""Flow, density and speed by Edie's definitions, from SUMO's own sums of time and distance.

SUMO adds up, vehicle by vehicle and step by step, the time that is spent and the distance that is
driven on each edge (``edgeData``). A file of these would be an open output, which a fork must not
share, and is written late; a socket to ourselves brings each interval as soon as it is over.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.traffic.kernels import Floats
from twin.errors import ModelError

MOST = 40_000
"""Edges whose sums fit between two readings into the buffers of a local socket."""
_EDGE = re.compile(rb'<edge id="([^"]*)" (?:density="([^"]*)" )?[^>]*?distance="([^"]*)"')
_CLOSED = b"</interval>"

_reading: EdgeData | None = None


class EdgeData:
    """SUMO's sums of each edge over each interval.

    Parameters
    ----------
    edges
        SUMO edge ids, in the order of the city's table.
    length : (n,) float64, m
    period
        Length of an interval, s.
    file
        Where to write what SUMO is to load.

    Raises
    ------
    ModelError
        The network is too large for a socket.
    """

    def __init__(self, edges: Sequence[str], length: Floats, period: float, file: Path) -> None:
        if len(edges) > MOST:
            raise ModelError(
                f"{len(edges)} edges are too many for measures = 'edie'",
                allowed=f"{MOST} edges",
                mend='measures = "sampled"',
            )
        self._row = {edge.encode(): row for row, edge in enumerate(edges)}
        self._length = length
        self._period = period
        self._door = socket.create_server(("127.0.0.1", 0))
        self._from: socket.socket | None = None
        self._into = -1
        self._text = b""
        port = self._door.getsockname()[1]
        file.write_text(
            f'<additional><edgeData id="citytwin" period="{period:g}" excludeEmpty="true" '
            f'writeAttributes="density distance" file="127.0.0.1:{port}"/></additional>\n',
            encoding="utf-8",
        )

    def connect(self) -> None:
        """Take SUMO's connection, once it has started.

        Raises
        ------
        ModelError
            It does not come.
        """
        global _reading
        self._door.settimeout(10.0)
        try:
            self._from, _ = self._door.accept()
        except TimeoutError:
            raise ModelError(
                "SUMO does not send its edge data: it was started without what we ask of it",
                allowed='measures = "edie" with a SUMO that the run starts itself',
                mend='measures = "sampled"',
            ) from None
        self._from.setblocking(False)
        self._door.close()
        self._into = _descriptor_towards(self._from.getsockname())
        _reading = self

    def read(self) -> tuple[Floats, Floats]:
        """Seconds spent and metres driven on each edge in the intervals that are over; (n,) each.

        Raises
        ------
        ModelError
            SUMO has not sent an interval.
        """
        self._receive()
        whole, mark, rest = self._text.rpartition(_CLOSED)
        if not mark:
            raise ModelError("SUMO has not sent its edge data", mend='measures = "sampled"')
        self._text = rest
        seconds, metres = np.zeros(len(self._length)), np.zeros(len(self._length))
        for edge, spent, driven in _EDGE.findall(whole):
            row = self._row.get(edge)
            if row is not None:
                # SUMO's density is of the fronts of vehicles; its sampledSeconds are also those in
                # which only their backs are on the edge.
                seconds[row] += float(spent or 0.0) * self._length[row] * self._period / 1000.0
                metres[row] += float(driven)
        return seconds, metres

    def _receive(self) -> None:
        assert self._from is not None
        parts = [self._text]
        while True:
            try:
                parts.append(self._from.recv(1 << 20))
            except BlockingIOError:
                break
            if not parts[-1]:
                break
        self._text = b"".join(parts)

    def renew(self) -> None:
        """In a forked child: a connection of our own in place of the one shared with the parent."""
        if self._into < 0:
            return
        here, there = socket.socketpair()
        os.dup2(there.fileno(), self._into)
        there.close()
        if self._from is not None:
            self._from.close()
        here.setblocking(False)
        self._from = here

    def close(self) -> None:
        """Let the connection go."""
        global _reading
        if _reading is self:
            _reading = None
        if self._from is not None:
            self._from.close()
        self._door.close()


def edie(seconds: Floats, metres: Floats, length: Floats, period: float, free: Floats) -> Floats:
    """Flow, density and speed.

    Parameters
    ----------
    seconds : (n,) float64, s
        Time spent on each edge by all vehicles together.
    metres : (n,) float64, m
        Distance driven.
    length : (n,) float64, m
    period
        s
    free : (n,) float64, m/s
        Speed of an empty edge.

    Returns
    -------
    (3, n) float64
        veh/h, veh/km and m/s.

    Notes
    -----
    Of the region of an edge and an interval, area A = length x period: flow d(A)/|A|, density
    t(A)/|A|, speed d(A)/t(A) (Edie 1963, Discussion of traffic stream measurements and
    definitions). A vehicle is where its front is, so that flow = density x speed. SUMO's attributes
    ``flow``, ``density`` and ``traveltime`` (length / speed) are these; its ``speed`` is that of
    the bodies of vehicles, which are longer on an edge than their fronts.
    """
    area = length * period
    speed = free.copy()
    np.divide(metres, seconds, out=speed, where=seconds > 0.0)
    return np.array([metres / area * 3600.0, seconds / area * 1000.0, speed])


def _descriptor_towards(address: object) -> int:
    """Descriptor in this process of the socket whose peer has this address; -1 without one."""
    there = Path("/proc/self/fd")
    for entry in sorted(there.iterdir()) if there.is_dir() else []:
        try:
            with socket.fromfd(int(entry.name), socket.AF_INET, socket.SOCK_STREAM) as one:
                if one.getpeername() == address:
                    return int(entry.name)
        except OSError:
            continue
    return -1


def _renew() -> None:
    if _reading is not None:
        _reading.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
