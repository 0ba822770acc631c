"""A grid with loads that differ by phase, from a pandapower file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.energy.flow.case import Labels, load
from models.energy.flow.network import Complex, Rows
from models.energy.flow.phases.pandapower_import import (
    ImportedPhases,
    from_pandapower_phases,
    loads_by_phase,
)
from twin.errors import ConfigError


@dataclass(frozen=True)
class PhaseCase:
    """A network in three phases, its loads, and the names under which results are told.

    Attributes
    ----------
    name
    imported
        The network, its loads, and the row of each pandapower bus.
    bus, line
        Indices of pandapower's tables.
    line_row : (n_line,) int64
        Branch of each line.
    ext_grid_bus : int64
        Position in ``bus`` of each external grid in service.
    own : (n, 3) complex128, W and var
        Loads less generation of each of ``bus``.
    """

    name: str
    imported: ImportedPhases
    bus: Labels
    line: Labels
    line_row: Rows
    ext_grid_bus: Rows
    own: Complex


def read_phases(source: str) -> PhaseCase:
    """A case in three phases from a pandapower file, with the loads that it has.

    Raises
    ------
    ConfigError, DataError
        It is no pandapower file; what it holds cannot be said in three phases.
    """
    path = Path(source)
    if path.suffix != ".json" or not path.is_file():
        raise ConfigError(
            f"{source} knows no phases",
            allowed="a pandapower .json with zero-sequence impedances, for three phases",
            mend="leave --phases out",
        )
    return from_net_phases(load(path), path.stem)


def from_net_phases(net: Any, name: str) -> PhaseCase:
    """A pandapower network with the loads that it has."""
    found = from_pandapower_phases(net)
    active, reactive = loads_by_phase(net, net.bus.index.get_indexer, len(net.bus))
    sources = net.ext_grid.bus[net.ext_grid.in_service]
    return PhaseCase(
        name,
        found,
        net.bus.index.to_numpy(),
        net.line.index.to_numpy(),
        found.line,
        net.bus.index.get_indexer(sources),
        active + 1j * reactive,
    )
