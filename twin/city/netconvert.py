"""Turns the roads of an extract into a SUMO network with netconvert."""

from __future__ import annotations

import gzip
import re
import subprocess
import tempfile
from pathlib import Path

from twin.city.city import Place
from twin.city.osm import Extract, write_roads
from twin.city.place import drives_left, utm_definition
from twin.errors import DataError

OPTIONS = (
    "--geometry.remove",
    "--ramps.guess",
    "--junctions.join",
    "--tls.guess-signals",
    "--tls.discard-simple",
    "--tls.join",
    "--tls.default-type=actuated",
    "--keep-edges.by-vclass=passenger",
    "--keep-edges.components=1",
    "--output.original-names",
    "--output.street-names",
    "--ignore-errors",
    "--no-warnings",
)


def convert(extract: Extract, place: Place, network: Path) -> None:
    """Write the network of an extract to ``network`` (``.net.xml.gz``).

    Signals, one-ways and turn restrictions are kept, joined where netconvert sees one junction, and
    only the largest connected component remains.

    Raises
    ------
    DataError
        netconvert made no network of the roads.
    """
    with tempfile.TemporaryDirectory(prefix="citytwin-") as folder:
        roads, plain = Path(folder) / "roads.osm.xml", Path(folder) / "network.net.xml"
        write_roads(extract, roads)
        said = _run(_command(roads, plain, place))
        if not plain.is_file() or b'<edge id="' not in plain.read_bytes():
            raise DataError(
                f"netconvert made no network of the roads: {said}",
                where=str(extract.file),
                mend="check that the extract holds connected roads, not a single street",
            )
        network.write_bytes(gzip.compress(_without_comments(plain.read_bytes()), mtime=0))


def _command(roads: Path, network: Path, place: Place) -> list[str]:
    import sumo
    import sumolib

    types = Path(sumo.SUMO_HOME) / "data" / "typemap" / "osmNetconvert.typ.xml"
    return [
        sumolib.checkBinary("netconvert"),
        f"--osm-files={roads}",
        f"--type-files={types}",
        f"--output-file={network}",
        f"--proj={utm_definition(place.crs)}",
        *OPTIONS,
        *(["--lefthand"] if drives_left(place.country) else []),
    ]


def _run(command: list[str]) -> str:
    """Run netconvert; its errors as one line."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    return "; ".join(errors[:3]) or f"it ended with code {done.returncode}"


def _without_comments(xml: bytes) -> bytes:
    # The header names the moment and the temporary files: the same map must give the same bytes.
    return re.sub(rb"<!--.*?-->\s*", b"", xml, flags=re.DOTALL)
