"""The power flow of a city's grid: its tables as a network, and what a step needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.energy.flow.network import LINE, TRANSFORMER, Complex, Flags, Network
from models.energy.flow.regulation import Regulator, TapChanger
from models.energy.flow.result import Result
from models.energy.flow.solve import PowerFlow, Want
from twin.city.city import City
from twin.errors import ConfigError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

BASE_POWER = 1e6
"""Base of the impedances, VA."""
PHASE_SHIFT = 150.0
"""The low voltage lags by this angle in a transformer Dyn5, degrees."""


@dataclass(frozen=True)
class Flow:
    """Result of a power flow.

    Attributes
    ----------
    voltage : (n_bus,) float64, per unit
        0 where a bus is without supply.
    line_loading, transformer_loading : (n_line,), (n_transformer,) float64, 1
        Current over ampacity, apparent power over rated power; of the end that carries more.
    infeed, losses : float, W
        Power from the sources, and how much of it reaches no load.
    """

    voltage: Floats
    line_loading: Floats
    transformer_loading: Floats
    infeed: float
    losses: float


class Grid:
    """The grid of a city, built once; loads, switches and taps change.

    Its sources are the buses of the kind ``source``; where the city has none, each transformer's
    medium-voltage bus is one. Lines with ``normally_open`` are tie lines, open at first.

    Parameters
    ----------
    city
        With the tables ``bus``, ``line`` and ``transformer``.
    source_voltage
        Voltage of the sources, per unit.
    tap_positions, tap_step, tap_target, tap_deadband, tap_delay
        Of the transformers that :meth:`regulate` names: positions on either side of the middle, and
        the rest as in :class:`models.energy.flow.regulation.TapChanger`.

    Raises
    ------
    DataError
        The tables do not make a grid.
    """

    def __init__(
        self,
        city: City,
        source_voltage: float = 1.0,
        *,
        tap_positions: int = 4,
        tap_step: float = 0.025,
        tap_target: float = 1.0,
        tap_deadband: float = 0.02,
        tap_delay: int = 0,
    ) -> None:
        self._city = city
        self._lines, self._transformers = len(city["line"]), len(city["transformer"])
        sources = _sources(city)
        self._own_source = not len(sources)
        slack = sources if len(sources) else np.unique(_rows(city["transformer"]["mv_bus"]))
        self.network = network_of(city, slack, source_voltage)
        self._flow = PowerFlow(self.network)
        units = range(self._lines, self._lines + self._transformers)
        low_voltage = self.network.to_bus
        self._regulator = Regulator(
            self._flow,
            [
                TapChanger(
                    row,
                    int(low_voltage[row]),
                    lowest=-tap_positions,
                    highest=tap_positions,
                    step=tap_step,
                    target=tap_target,
                    deadband=tap_deadband,
                    delay=tap_delay,
                )
                for row in units
            ],
        )

    @property
    def supplied(self) -> Flags:
        """Buses that a source reaches; (n_bus,) bool."""
        return self._flow.supplied

    @property
    def radial(self) -> bool:
        """Whether each supplied bus is reached on one way only."""
        return self._flow.radial

    @property
    def normally_closed(self) -> Flags:
        """Lines that are closed in normal operation; (n_line,) bool."""
        return self.network.closed[: self._lines]

    @property
    def ratio(self) -> Floats:
        """Ratio of each transformer over the nominal one; (n_transformer,) float64.

        More than 1 lowers the voltage behind it. Setting it changes taps by hand: regulators move
        around what was set.
        """
        return np.abs(self._flow.ratio[self._lines :])

    @ratio.setter
    def ratio(self, ratio: Floats) -> None:
        self._regulator.recentre(np.asarray(ratio, dtype=np.complex128) * _turn())

    @property
    def positions(self) -> Rows:
        """Tap positions of the transformers; (n_transformer,) int64, 0 in the middle."""
        return self._regulator.positions

    def aim(self, target: float, deadband: float) -> None:
        """Voltage that regulated transformers keep, and how far it may be off; per unit.

        Raises
        ------
        ConfigError
            The band is narrower than a tap.
        """
        self._regulator.aim(target, deadband)

    def regulate(self, regulated: Flags) -> None:
        """Let these transformers keep their voltage; (n_transformer,) bool.

        The others go to their neutral position.
        """
        self._regulator.choose(regulated)

    def switch(self, on: Flags, closed: Flags | None = None) -> None:
        """Set the transformers, and the lines' switches.

        Parameters
        ----------
        on : (n_transformer,) bool
            Connected to the medium voltage.
        closed : (n_line,) bool
            Normal operation where not given.
        """
        on = np.asarray(on, dtype=bool)
        lines = self.normally_closed if closed is None else np.asarray(closed, dtype=bool)
        if on.shape != (self._transformers,) or lines.shape != (self._lines,):
            raise ConfigError(
                f"switches of {len(on)} transformers and {len(lines)} lines",
                allowed=f"{self._transformers} and {self._lines}",
            )
        live = None
        if self._own_source:
            live = np.isin(self.network.slack, self.network.from_bus[self._lines :][on])
        self._flow.switch(np.concatenate([lines, on]), live)

    def solve(self, active: Floats, reactive: Floats) -> Flow:
        """Power flow for one moment; the taps move until the regulated voltages are in their band.

        Parameters
        ----------
        active, reactive : (n_bus,) float64, W and var

        Raises
        ------
        ModelError
            A load is not finite, or the power flow finds no voltage that carries the loads.
        """
        result = self._regulator.solve(active, reactive)
        loading = result.loading()
        losses = float(result.total_losses())
        return Flow(
            voltage=result.voltage,
            line_loading=loading[: self._lines],
            transformer_loading=loading[self._lines :],
            infeed=losses + float(active[result.supplied].sum()),
            losses=losses,
        )

    def solve_many(self, active: Floats, reactive: Floats, *, want: Want = "complex") -> Result:
        """Power flow for many moments with the taps as they stand; (n_bus, n_step) W and var.

        Moments that do not converge are flagged, and their voltages are NaN. ``want``: as in
        :meth:`models.energy.flow.solve.PowerFlow.solve`.
        """
        return self._flow.solve(active, reactive, want=want)


def network_of(city: City, slack: Rows, source_voltage: float = 1.0) -> Network:
    """The tables of a city as a network: its lines, then its transformers.

    A line is a π of its ``r``, ``x`` and, where the table has it, its susceptance ``b`` (S); a
    transformer is a π of its short-circuit impedance with half of its magnetising admittance at
    each end.

    Parameters
    ----------
    city
    slack : (n_slack,) int64
    source_voltage : float, per unit
    """
    bus, line, transformer = city["bus"], city["line"], city["transformer"]
    nominal = bus["voltage"].astype(np.float64)
    ends = [
        np.concatenate([_rows(line[a]), _rows(transformer[b])])
        for a, b in (("from_bus", "mv_bus"), ("to_bus", "lv_bus"))
    ]
    is_line = np.arange(len(line) + len(transformer)) < len(line)
    line_series, line_shunt = _line(city, nominal)
    unit_series, unit_shunt = _transformer(city)
    shunt = np.concatenate([line_shunt, unit_shunt])
    open_line = line["normally_open"] if "normally_open" in line else np.zeros(len(line), bool)
    return Network(
        bus_names=bus.ids,
        nominal_voltage=nominal,
        base_power=BASE_POWER,
        branch_names=np.concatenate([line.ids, transformer.ids]),
        from_bus=ends[0],
        to_bus=ends[1],
        kind=np.where(is_line, LINE, TRANSFORMER),
        series=np.concatenate([line_series, unit_series]),
        from_shunt=shunt,
        to_shunt=shunt,
        ratio=np.where(is_line, 1.0, _turn()),
        rating=np.concatenate([line["ampacity"], transformer["rated_power"]]).astype(np.float64),
        closed=np.concatenate([~open_line.astype(bool), np.ones(len(transformer), bool)]),
        shunt=np.zeros(len(bus), complex),
        slack=slack,
        slack_voltage=np.full(len(slack), source_voltage, complex),
        constant_current=np.zeros(len(bus)),
        constant_impedance=np.zeros(len(bus)),
    )


def _sources(city: City) -> Rows:
    bus = city["bus"]
    return np.flatnonzero(bus["kind"] == "source") if "kind" in bus else np.empty(0, np.int64)


def _rows(column: npt.NDArray[np.int32]) -> Rows:
    return column.astype(np.int64)


def _turn() -> complex:
    return complex(np.exp(1j * np.deg2rad(PHASE_SHIFT)))


def _line(city: City, nominal: Floats) -> tuple[Complex, Complex]:
    """Series impedances, and half of the susceptances; per unit."""
    line = city["line"]
    ohm = nominal[_rows(line["from_bus"])] ** 2 / BASE_POWER
    susceptance = line["b"] if "b" in line else np.zeros(len(line))
    return _complex(line["r"] / ohm, line["x"] / ohm), _complex(0.0, 0.5 * susceptance * ohm)


def _transformer(city: City) -> tuple[Complex, Complex]:
    """Series impedances, and half of the magnetising admittances; per unit.

    Short-circuit voltage and no-load current give magnitudes, copper and iron losses the real
    parts.
    """
    unit = city["transformer"]
    size = unit["rated_power"] / BASE_POWER
    reactance = np.sqrt(np.maximum(unit["impedance"] ** 2 - unit["resistance"] ** 2, 0.0))
    iron = unit["iron_losses"] / unit["rated_power"]
    magnetising = np.sqrt(np.maximum(unit["no_load_current"] ** 2 - iron**2, 0.0))
    series = _complex(unit["resistance"] / size, reactance / size)
    return series, _complex(0.5 * iron * size, -0.5 * magnetising * size)


def _complex(real: Floats | float, imaginary: Floats) -> Complex:
    return (real + 1j * imaginary).astype(np.complex128)
