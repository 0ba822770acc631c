"""Grids from files, results in pandapower's tables, the commands ``twin grid``, EN 50160."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from models.energy.flow.case import from_city, from_net, read
from models.energy.flow.cli import app
from models.energy.flow.export import tables, write
from models.energy.flow.quality import voltage_quality
from models.energy.flow.solve import PowerFlow
from tests.models.energy_life import built
from twin.errors import ConfigError, DataError

pandapower = pytest.importorskip("pandapower")
networks = pytest.importorskip("pandapower.networks")


def solved(case):
    return PowerFlow(case.network).solve(case.active, case.reactive)


@pytest.mark.parametrize(
    "name",
    ["create_cigre_network_lv", "create_cigre_network_mv", "create_kerber_vorstadtnetz_kabel_1"],
)
def test_exported_tables_are_pandapowers_own(name):
    net = getattr(networks, name)()
    case = from_net(net, name)
    found = tables(case, solved(case))
    pandapower.runpp(net, tolerance_mva=1e-10, calculate_voltage_angles=True, numba=False)
    joined = len(case.bus_row) - len(np.unique(case.bus_row))
    for table, frame in found.items():
        theirs = net[table]
        assert frame.index.equals(theirs.index)
        for column in frame:
            if table == "res_bus" and column in ("p_mw", "q_mvar") and joined:
                assert frame[column].sum() == pytest.approx(theirs[column].sum(), abs=1e-6)
                continue
            ours, other = frame[column].to_numpy(), theirs[column].to_numpy()
            assert np.abs(ours - other).max() <= 1e-5 * max(1.0, np.abs(other).max()), column


def test_what_is_written_is_read_again(tmp_path):
    net = networks.create_cigre_network_lv()
    file = tmp_path / "cigre.json"
    pandapower.to_json(net, str(file))
    case = read(str(file))
    result = solved(case)
    write(case, result, tmp_path / "out.json")
    content = json.loads((tmp_path / "out.json").read_text())
    again = pd.DataFrame(**content["res_bus"])
    assert again.vm_pu.to_numpy() == pytest.approx(result.voltage[case.bus_row, 0], abs=1e-12)
    assert content["converged"] == [True]
    duckdb = pytest.importorskip("duckdb")
    for path in write(case, result, tmp_path / "out.parquet"):
        with duckdb.connect() as base:
            rows = base.execute(f"SELECT * FROM '{path}'").df()
        name = path.stem.removeprefix("out-")
        assert len(rows) == len(net[name.removeprefix("res_")])


def test_simbench_has_a_year_and_a_cut_of_it():
    pytest.importorskip("simbench")
    runner = CliRunner()
    done = runner.invoke(
        app,
        ["solve", "simbench:1-LV-urban6--2-sw", "--from", "2016-01-11", "--until", "2016-01-12"],
    )
    assert done.exit_code == 0, done.output
    assert "96 steps of 59 buses, 0 not converged" in done.output
    assert "lowest voltage" in done.output


def test_info_says_where_a_period_breaks_en_50160():
    pytest.importorskip("simbench")
    command = ["info", "simbench:1-LV-urban6--2-sw", "--until", "2016-01-15"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "EN 50160" in done.output
    assert "kept at all 59 buses" in done.output


def test_solve_says_of_a_period_what_info_says():
    pytest.importorskip("simbench")
    source = ["simbench:1-LV-urban6--2-sw", "--until", "2016-01-03"]
    said = [CliRunner().invoke(app, [command, *source]).output for command in ("info", "solve")]
    lines = [[line for line in text.splitlines() if "EN 50160" in line] for text in said]
    assert len(lines[0]) == 1
    assert lines[0] == lines[1]


def test_a_city_is_solved_under_its_standard_profiles():
    case = from_city(built(blocks=2))
    assert case.active.shape[1] == 96
    result = solved(case)
    assert result.converged.all()
    assert (result.voltage > 0.85).all()
    found = tables(case, result)
    assert found["res_line"].loc[(0, case.line[0])].loading_percent >= 0.0


def test_info_says_meshed_and_which_branch_closes_the_loop(tmp_path):
    net = networks.case33bw()
    net.line.in_service = True
    pandapower.to_json(net, str(tmp_path / "ring.json"))
    done = CliRunner().invoke(app, ["info", str(tmp_path / "ring.json")])
    assert done.exit_code == 0, done.output
    assert "meshed" in done.output
    assert "of 5 loops" in done.output
    radial = networks.case33bw()
    pandapower.to_json(radial, str(tmp_path / "tree.json"))
    done = CliRunner().invoke(app, ["info", str(tmp_path / "tree.json")])
    assert "radial" in done.output
    assert "0.9131 p.u. at bus 17" in done.output
    assert "losses 202.677 kW" in done.output


def test_sources_that_are_none_are_refused_with_what_is_allowed(tmp_path):
    with pytest.raises(ConfigError, match="simbench:CODE"):
        read(str(tmp_path / "nothing"))
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError, match="pandapower"):
        read(str(tmp_path / "bad.json"))
    case = from_net(networks.case33bw(), "case")
    with pytest.raises(ConfigError, match="parquet"):
        write(case, solved(case), tmp_path / "out.csv")


def test_ninety_five_percent_of_a_week_and_always():
    """EN 50160: 1,008 ten-minute means a week, of which 50 may leave ±10 %."""
    voltage = np.ones((5, 2016))
    voltage[0, :50] = 0.88
    voltage[1, :51] = 0.88
    voltage[2, 0] = 0.84
    voltage[3, 0] = 1.11
    voltage[4, :500] = 0.0
    found = voltage_quality(voltage, 600.0)
    assert found.inside.shape == (5, 2)
    assert found.weekly.tolist() == [True, False, True, True, True]
    assert found.always.tolist() == [True, True, False, False, True]
    assert found.kept.tolist() == [True, False, False, False, True]
    assert found.lowest[4] == 1.0


def test_minutes_are_averaged_to_ten():
    voltage = np.ones((1, 20))
    voltage[0, :5] = 0.80
    found = voltage_quality(voltage, 60.0)
    assert found.lowest[0] == pytest.approx(np.sqrt((5 * 0.64 + 5) / 10))
    with pytest.raises(ConfigError, match="ten minutes"):
        voltage_quality(voltage, 420.0)
