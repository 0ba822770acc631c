"""A year of quarter-hours on simbench grids: our sweep beside power-grid-model, one thread each.

Both sides take the same admittances and the same loads and give all complex voltages, ours as
their two parts and theirs as magnitude and angle; compiling and building the models is not timed.
`year_…_magnitude` is the same with the magnitudes alone asked of both. Seconds are of the
processor, so that another program on it slows neither side. `error_…` is the largest difference of
a voltage from pandapower's Newton.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import _feeders
from bench._report import Bench, alternate
from models.energy.flow.network import Network
from models.energy.flow.pandapower_import import Imported, from_pandapower
from models.energy.flow.solve import PowerFlow

Floats = npt.NDArray[np.float64]

GRIDS = ("1-MVLV-urban-5.303-2-sw", "1-LV-urban6--2-sw", "1-MV-urban--2-sw")
EXACT = ("newton_raphson", "iterative_current")
SAMPLE = 50
"""Steps that pandapower solves."""
MONTH = 30 * 96
REPETITIONS = 5
STATIONS = 397
"""Of 252 buses each."""


def main() -> None:
    """Measure each grid."""
    bench = Bench.from_arguments("A year of quarter-hours, s")
    for code in GRIDS:
        measure(bench, code)
    city(bench)
    bench.finish()


def measure(bench: Bench, code: str) -> None:
    """The figures of one grid."""
    net, profiles, found = read(code)
    active, reactive = loads(net, profiles, found)
    if bench.quick:
        active, reactive = active[:, :MONTH].copy(), reactive[:, :MONTH].copy()
    flow = PowerFlow(found.network)
    model, update = peer(found.network, active, reactive)
    flow.solve(active[:, :200], reactive[:, :200])
    ours, *theirs = alternate(
        REPETITIONS,
        lambda: spent(lambda: flow.solve(active, reactive)),
        *(lambda m=method: spent(lambda: solve_peer(model, update, m)) for method in EXACT),
    )
    best = {method: min(times) for method, times in zip(EXACT, theirs, strict=True)}
    fastest = min(best, key=lambda method: best[method])
    own, steps = min(ours), active.shape[1]
    bench.figure(
        f"year_{code}",
        own,
        "s",
        best[fastest],
        best[fastest] / own,
        note=f"power-grid-model {fastest}; {steps} steps, {len(active)} buses; "
        + _lowest(ours, theirs[EXACT.index(fastest)]),
    )
    for method in EXACT:
        bench.figure(f"{method}_{code}", own, "s", best[method], best[method] / own)
    magnitude, theirs_too = alternate(
        REPETITIONS,
        lambda: spent(lambda: flow.solve(active, reactive, want="magnitude").voltage),
        lambda: spent(lambda: solve_peer(model, update, fastest, ("u_pu",))),
    )
    ratio = min(theirs_too) / min(magnitude)
    note = f"power-grid-model {fastest}; {_lowest(magnitude, theirs_too)}"
    bench.figure(f"year_{code}_magnitude", min(magnitude), "s", min(theirs_too), ratio, note)
    _lightsim(bench, code, net, profiles, own)
    _pandapower(bench, code, net, profiles, found, flow.solve(active, reactive).voltage, own)


def city(bench: Bench) -> None:
    """A day of quarter-hours of a city of 100,000 buses, one tree."""
    network = _feeders.grid(40 if bench.quick else STATIONS)
    active, reactive = _feeders.day(network)
    flow = PowerFlow(network)
    flow.solve(active[:, :1], reactive[:, :1])
    model, update = peer(network, active, reactive)
    ours, theirs = alternate(
        REPETITIONS,
        lambda: spent(lambda: flow.solve(active, reactive)),
        lambda: spent(lambda: solve_peer(model, update, "iterative_current")),
    )
    note = f"power-grid-model iterative_current; {active.shape[1]} steps, {len(active)} buses"
    bench.figure("city_100k", min(ours), "s", min(theirs), min(theirs) / min(ours), note)
    found = flow.solve(active, reactive).voltage
    gap = np.abs(found - solve_peer(model, update, "newton_raphson").T).max()
    bench.figure("error_city_100k", float(gap), "p.u.", note="beside power-grid-model, Newton")


def _lowest(ours: list[float], theirs: list[float]) -> str:
    """The worst repetition, as two that ran one after the other."""
    worst = min(b / a for a, b in zip(ours, theirs, strict=True))
    return f"lowest of {len(ours)} repetitions {worst:.1f}"


def spent(work: Callable[[], object]) -> float:
    """Processor time of one call, s."""
    began = time.process_time()
    work()
    return time.process_time() - began


def read(code: str) -> tuple[Any, dict[Any, Any], Imported]:
    """A simbench grid, its profiles, and the same as ours."""
    import simbench

    net = simbench.get_simbench_net(code)
    profiles = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    return net, profiles, from_pandapower(net)


def loads(net: Any, profiles: dict[Any, Any], found: Imported) -> tuple[Floats, Floats]:
    """Loads and storages less generation at each bus and step, W and var."""
    steps = len(next(iter(profiles.values())))
    out = np.zeros((2, len(found.network.bus_names), steps))
    for table, sign in (("load", 1e6), ("storage", 1e6), ("sgen", -1e6)):
        rows = found.bus[net[table].bus.to_numpy()]
        for side, key in enumerate(("p_mw", "q_mvar")):
            given = profiles.get((table, key))
            if given is None:
                power = np.repeat(net[table][key].to_numpy(float)[:, None], steps, axis=1)
            else:
                power = given[net[table].index].to_numpy(float).T
            np.add.at(out[side], rows, sign * power)
    return out[0], out[1]


def peer(network: Network, active: Floats, reactive: Floats) -> tuple[Any, Any]:
    """power-grid-model with the same branches, and the loads as its batch."""
    import power_grid_model as pgm

    buses, branches = len(network.bus_names), len(network.branch_names)
    kind = pgm.DatasetType.input
    node = pgm.initialize_array(kind, "node", buses)
    node["id"], node["u_rated"] = np.arange(buses), network.nominal_voltage
    base = network.nominal_voltage[network.to_bus] ** 2 / network.base_power
    shunt = (network.from_shunt + network.to_shunt) / base
    branch = pgm.initialize_array(kind, "generic_branch", branches)
    branch["id"] = buses + np.arange(branches)
    branch["from_node"], branch["to_node"] = network.from_bus, network.to_bus
    branch["from_status"] = branch["to_status"] = network.closed
    branch["r1"], branch["x1"] = network.series.real * base, network.series.imag * base
    branch["g1"], branch["b1"] = shunt.real, shunt.imag
    branch["k"] = np.abs(network.ratio)
    branch["theta"] = np.angle(network.ratio)
    branch["sn"] = network.base_power
    source = pgm.initialize_array(kind, "source", len(network.slack))
    source["id"] = buses + branches + np.arange(len(network.slack))
    source["node"], source["status"] = network.slack, 1
    source["u_ref"] = np.abs(network.slack_voltage)
    source["u_ref_angle"] = np.angle(network.slack_voltage)
    source["sk"] = 1e20
    load = pgm.initialize_array(kind, "sym_load", buses)
    load["id"] = 10 * (buses + branches) + np.arange(buses)
    load["node"], load["status"], load["type"] = np.arange(buses), 1, pgm.LoadGenType.const_power
    load["p_specified"] = load["q_specified"] = 0.0
    parts = {"node": node, "generic_branch": branch, "source": source, "sym_load": load}
    update = pgm.initialize_array(pgm.DatasetType.update, "sym_load", (active.shape[1], buses))
    update["id"] = load["id"]
    update["p_specified"], update["q_specified"] = active.T, reactive.T
    return pgm.PowerGridModel(parts, system_frequency=50.0), {"sym_load": update}


def solve_peer(
    model: Any, update: Any, method: str, asked: tuple[str, ...] = ("u_pu", "u_angle")
) -> Floats:
    """Voltages by power-grid-model on one thread; (n_step, n_bus) per unit."""
    import power_grid_model as pgm

    out = model.calculate_power_flow(
        update_data=update,
        symmetric=True,
        error_tolerance=1e-9,
        max_iterations=100,
        calculation_method=pgm.CalculationMethod[method],
        threading=-1,
        output_component_types={"node": list(asked)},
    )
    found: Floats = out["node"]["u_pu"]
    return found


def _lightsim(bench: Bench, code: str, net: Any, profiles: dict[Any, Any], own: float) -> None:
    """lightsim2grid's Newton, a sample of the steps one after the other, from the last solution."""
    try:
        from lightsim2grid.network import init_from_pandapower
    except ImportError:
        print("lightsim2grid is not installed: pip install 'citytwin[bench]' to see it here")
        return
    for limit in ("min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"):
        if limit in net.sgen:
            net.sgen[limit] = net.sgen[limit].astype(float)
    try:
        with warnings.catch_warnings(action="ignore"):
            model = init_from_pandapower(net)
    except (TypeError, RuntimeError, KeyError) as error:
        print(f"lightsim2grid does not read {code}: {error}")
        return
    loads = [profiles["load", key].to_numpy(float) for key in ("p_mw", "q_mvar")]
    steps = len(loads[0])
    voltage = model.dc_pf(np.ones(model.total_bus(), dtype=complex), 10, 1e-9)
    if not len(voltage):
        print(f"lightsim2grid finds no start for {code}")
        return

    def work() -> None:
        nonlocal voltage
        for step in range(SAMPLE):
            for i in range(loads[0].shape[1]):
                model.change_p_load(i, loads[0][step, i])
                model.change_q_load(i, loads[1][step, i])
            found = model.ac_pf(voltage.copy(), 20, 1e-9)
            if not len(found):
                raise RuntimeError(f"no voltages at step {step}")
            voltage = found

    try:
        whole = spent(work) / SAMPLE * steps
    except RuntimeError as error:
        print(f"lightsim2grid does not solve {code}: {error}")
        return
    note = f"{SAMPLE} steps, drawn out to all; its own reading of the grid"
    bench.figure(f"lightsim2grid_{code}", own, "s", whole, whole / own, note=note)


def _pandapower(
    bench: Bench,
    code: str,
    net: Any,
    profiles: dict[Any, Any],
    found: Imported,
    voltage: Floats,
    own: float,
) -> None:
    """pandapower's Newton on a sample of the steps: its voltages, and its time for all of them."""
    import pandapower

    steps = voltage.shape[1]
    worst, taken = 0.0, 0.0
    for step in np.linspace(0, steps - 1, SAMPLE).astype(int):
        for (table, key), values in profiles.items():
            net[table].loc[values.columns, key] = values.iloc[step].to_numpy()
        taken += spent(
            lambda: pandapower.runpp(net, tolerance_mva=1e-10, calculate_voltage_angles=True)
        )
        theirs = net.res_bus.vm_pu.to_numpy()
        gap = np.abs(voltage[found.bus[net.bus.index], step] - theirs)
        worst = max(worst, float(np.nanmax(gap)))
    whole = taken / SAMPLE * steps
    bench.figure(f"error_{code}", worst, "p.u.", note="beside pandapower, Newton")
    note = f"{SAMPLE} steps, drawn out to all"
    bench.figure(f"pandapower_{code}", own, "s", whole, whole / own, note=note)


if __name__ == "__main__":
    main()
