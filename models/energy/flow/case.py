"""A grid with its loads over time, from wherever it comes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.energy.flow.network import Complex, Floats, Network, Rows
from models.energy.flow.regulation import TapChanger
from twin.errors import ConfigError, DataError

if TYPE_CHECKING:
    from twin.city.city import City

Times = npt.NDArray[np.datetime64]
Labels = npt.NDArray[Any]

QUARTER = np.timedelta64(15, "m")
SIMBENCH = "simbench:"
SOURCES = "a pandapower .json, simbench:CODE, or the folder of a bundle"


def _nothing() -> Rows:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Case:
    """A network, its loads, and the names under which results are told.

    Attributes
    ----------
    name
    network
    active, reactive : (n_bus, n_step) float64, W and var
        Loads less generation.
    times : (n_step,) datetime64
        Empty where the source knows no time: there is one step then.
    bus, line, trafo
        Names in the source's tables.
    bus_row, line_row, trafo_row : int64
        Bus or branch of each.
    trafo3w, trafo3w_row
        As these, with the branches of all high sides, then the middle ones, then the low ones.
    ext_grid, ext_grid_bus
        Names of the sources, and the position of each one's bus in ``bus``; none where unknown.
    own : (2, n, 1 or n_step) float64, W and var, or nothing
        Loads of each of ``bus`` where closed switches join some of them.
    own_shunt : (n,) complex128, W and var
        What its shunts draw at nominal voltage.
    changers, positions
        Tap changers that may keep a voltage, and where each stands.
    """

    name: str
    network: Network
    active: Floats
    reactive: Floats
    times: Times
    bus: Labels
    bus_row: Rows
    line: Labels
    line_row: Rows
    trafo: Labels
    trafo_row: Rows
    trafo3w: Labels = field(default_factory=_nothing)
    trafo3w_row: Rows = field(default_factory=_nothing)
    ext_grid: Labels = field(default_factory=_nothing)
    ext_grid_bus: Rows = field(default_factory=_nothing)
    own: Floats | None = None
    own_shunt: Complex | None = None
    changers: tuple[TapChanger, ...] = ()
    positions: Rows = field(default_factory=_nothing)

    def between(self, begin: datetime | None, end: datetime | None) -> Case:
        """The steps from one time until before another.

        Raises
        ------
        ConfigError
            The case knows no time, or has none in between.
        """
        if begin is None and end is None:
            return self
        if not len(self.times):
            raise ConfigError(
                f"{self.name} has one state of its loads, and no time",
                mend="leave --from and --until out",
            )
        chosen = np.ones(len(self.times), dtype=bool)
        if begin is not None:
            chosen &= self.times >= np.datetime64(begin)
        if end is not None:
            chosen &= self.times < np.datetime64(end)
        if not chosen.any():
            raise ConfigError(
                f"no step of {self.name} lies between --from and --until",
                allowed=f"{self.times[0]} to {self.times[-1]}",
            )
        return self.steps(np.flatnonzero(chosen))

    def steps(self, chosen: Rows | npt.NDArray[np.intp]) -> Case:
        """Some of the steps."""
        return replace(
            self,
            active=np.ascontiguousarray(self.active[:, chosen]),
            reactive=np.ascontiguousarray(self.reactive[:, chosen]),
            times=self.times[chosen] if len(self.times) else self.times,
            own=None if self.own is None else self.own[:, :, chosen],
        )

    def bus_called(self, row: int) -> str:
        """The source's name of a bus."""
        found = np.flatnonzero(self.bus_row == row)
        return f"bus {self.bus[found[0]]}" if len(found) else f"auxiliary bus {row}"


def read(source: str, begin: datetime | None = None, end: datetime | None = None) -> Case:
    """A case from a pandapower file, a simbench code or a bundle.

    Raises
    ------
    ConfigError, DataError
        What was named is none of these, or holds no grid.
    """
    path = Path(source)
    if source.startswith(SIMBENCH):
        return _simbench(source.removeprefix(SIMBENCH)).between(begin, end)
    if path.is_dir():
        from twin.city.city import City

        return from_city(City.load(path), begin, end)
    if path.suffix == ".json" and path.is_file():
        return from_net(load(path), path.stem).between(begin, end)
    what = "is not there" if not path.exists() else "is no grid that can be read"
    raise ConfigError(f"{source} {what}", allowed=SOURCES)


def from_net(net: Any, name: str) -> Case:
    """A pandapower network with the loads that it has."""
    from models.energy.flow.pandapower_buses import shunts, standing
    from models.energy.flow.pandapower_import import from_pandapower
    from models.energy.flow.pandapower_taps import changers

    found = from_pandapower(net)
    own, taps = standing(net), changers(net, found.trafo, found.network.to_bus)
    sources = net.ext_grid.index[net.ext_grid.in_service]
    return Case(
        name,
        found.network,
        found.active[:, None],
        found.reactive[:, None],
        np.empty(0, dtype="datetime64[s]"),
        net.bus.index.to_numpy(),
        found.bus[net.bus.index.to_numpy()],
        net.line.index.to_numpy(),
        found.line,
        net.trafo.index.to_numpy(),
        found.trafo,
        net.trafo3w.index.to_numpy(),
        found.trafo3w,
        sources.to_numpy(),
        net.bus.index.get_indexer(net.ext_grid.bus[sources]),
        np.stack([own.real, own.imag])[:, :, None],
        shunts(net),
        *taps,
    )


def load(path: Path) -> Any:
    """The pandapower network in a file.

    Raises
    ------
    DataError
        There is none in it.
    """
    import pandapower

    try:
        net = pandapower.from_json(str(path))
    except Exception as error:  # whatever its parser meets
        raise DataError(f"{path} is no pandapower network: {error}", allowed=SOURCES) from error
    if not isinstance(net, pandapower.pandapowerNet):
        raise DataError(f"{path} holds no pandapower network", allowed=SOURCES)
    return net


def _simbench(code: str) -> Case:
    """A simbench grid with its year of quarter-hours."""
    try:
        import simbench
    except ImportError as error:
        raise ConfigError("simbench is not installed", mend="pip install simbench") from error
    if code not in simbench.collect_all_simbench_codes():
        raise ConfigError(f"{code!r} is no simbench code", allowed="1-LV-urban6--2-sw and the like")
    net = simbench.get_simbench_net(code)
    profiles = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    from models.energy.flow.pandapower_buses import profiled

    case = from_net(net, code)
    own = profiled(net, profiles)
    active, reactive = _gathered(case, own)
    first = datetime.strptime(str(net.profiles["load"].time.iloc[0]), "%d.%m.%Y %H:%M")
    times = np.datetime64(first, "s") + QUARTER * np.arange(active.shape[1])
    return replace(case, active=active, reactive=reactive, times=times, own=own)


def profile_loads(net: Any, profiles: dict[Any, Any], case: Case) -> tuple[Floats, Floats]:
    """Loads and storages less generation by profile; both (n_bus, n_step), W and var."""
    from models.energy.flow.pandapower_buses import profiled

    return _gathered(case, profiled(net, profiles))


def _gathered(case: Case, own: Floats) -> tuple[Floats, Floats]:
    """Loads of joined buses together."""
    out = np.zeros((2, len(case.network.bus_names), own.shape[2]))
    known = case.bus_row >= 0
    for side in range(2):
        np.add.at(out[side], case.bus_row[known], own[side][known])
    return out[0], out[1]


def from_city(city: City, begin: datetime | None = None, end: datetime | None = None) -> Case:
    """The grid of a bundle under the standard load profiles of its buildings.

    Heating, panels, cars and lamps are the model's, not these profiles'.

    Parameters
    ----------
    city
    begin, end
        Local time; the second Tuesday of 2025 where not given, and a day.

    Raises
    ------
    DataError
        The bundle has no grid.
    """
    from models.energy.grid import Grid

    missing = [t for t in ("bus", "line", "transformer", "load_profile") if t not in city]
    if missing:
        raise DataError(
            f"the bundle {city.name!r} has no table {missing[0]!r}",
            mend="build it with the energy builder: twin city build",
        )
    begin = begin or datetime(2025, 1, 14)
    first = np.datetime64(begin, "s")
    last = first + np.timedelta64(1, "D") if end is None else np.datetime64(end, "s")
    times = np.arange(first, last, QUARTER)
    if not len(times):
        raise ConfigError(f"--until {end} is not after --from {begin}", allowed="a later time")
    network = Grid(city).network
    lines, units = len(city["line"]), len(city["transformer"])
    at_units = lines + np.arange(units)
    active = _profiled(city, times)
    return Case(
        city.name,
        network,
        active,
        active * np.tan(np.arccos(0.95)),
        times,
        city["bus"].ids,
        np.arange(len(network.bus_names)),
        city["line"].ids,
        np.arange(lines),
        city["transformer"].ids,
        at_units,
        changers=tuple(TapChanger(row, int(network.to_bus[row])) for row in at_units.tolist()),
        positions=np.zeros(units, dtype=np.int64),
    )


def _profiled(city: City, times: Times) -> Floats:
    """Power of the buildings at each bus; (n_bus, n_step), W."""
    from models.energy import demand
    from models.energy.profiles import Profiles

    need = demand.annual(city["building"])
    columns = ("h0", *(use.profile for use in demand.USES.values()))
    profiles = Profiles(city["load_profile"], columns, city.place.country)
    share = np.empty((len(columns), len(times)))
    for step, when in enumerate(times.tolist()):
        clock = when.hour * 3600 + when.minute * 60 + when.second
        share[:, step] = profiles.at(when.date(), clock)
    at = city.link("building", "bus").indices.astype(np.int64)
    energy = np.zeros((len(city["bus"]), len(columns)))
    there = at >= 0
    np.add.at(energy[:, 0], at[there], need.home[there])
    np.add.at(energy, (at[there], 1 + need.use[there]), need.work[there])
    power: Floats = energy @ share
    return power
