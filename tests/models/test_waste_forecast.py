import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.waste.forecast import evaluate, forecast, kernels, learn, read_recording, rolling
from models.waste.forecast.outlook import moment
from tests.data import shared
from tests.models.waste_recordings import collections, row, write
from twin.cli import app
from twin.errors import ConfigError, DataError

EDINBURGH = "sensors/waste/edinburgh_bins_2016.csv.gz"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    file = tmp_path_factory.mktemp("recording") / "collections.csv"
    return read_recording(write(collections(), file))


@pytest.fixture(scope="module")
def filling(recording):
    return learn(recording)


# -- kernels -----------------------------------------------------------------------------------


@given(
    st.floats(0.0, 5000.0), st.floats(0.0, 400.0), st.lists(st.floats(0.1, 3.0), min_size=168,
    max_size=168),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_exposure_is_the_integral_of_the_profile(begin, length, weights):
    hours = np.array(weights)
    profile = np.concatenate(([0.0], np.cumsum(hours * 168.0 / hours.sum())))
    grid = np.linspace(begin, begin + length, 20001)
    middle = (grid[1:] + grid[:-1]) / 2.0
    weight = np.diff(profile)[((middle + 72.0) % 168.0).astype(int)]
    expected = weight.mean() * length
    assert kernels.exposure(profile, begin, begin + length) == pytest.approx(
        expected, rel=1e-3, abs=0.02
    )


@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=20), st.floats(0.0, 0.5))
@settings(max_examples=60, deadline=None)
def test_the_filter_is_the_kalman_filter_where_nothing_is_full(steps, drift):
    """Beside the textbook's scalar filter, without terms of the city."""
    n = len(steps) + 1
    hour = 48.0 * np.arange(n)
    level = np.concatenate(([50.0], 50.0 * np.exp(0.5 * np.array(steps))))
    spread, between, mean = 0.5, 0.6, 3.5
    par = np.array(
        [0.7, spread, between, mean, drift, 0.0, 24.0, 0.0, 0.0, 0.0, 0.0, 1e9, 0.0, 0.0, 1e9]
    )
    profile = np.arange(169.0)
    par[kernels.TYPICAL] = np.log(48.0)
    state = np.zeros((1, kernels.COLUMNS))
    state[0, :3] = mean, between**2, 0.0
    state[0, [kernels.BEGAN, kernels.SEEN]] = np.nan
    state[0, kernels.EXPOSED] = np.log(48.0)
    out = [np.empty(n) for _ in range(5)]
    kernels.filter_levels(
        np.zeros(n, dtype=np.int64), hour, level, np.zeros(n), np.inf, False, profile, par, state,
        np.zeros(5), *out,
    )  # fmt: skip
    usual, variance = mean, between**2
    for k in range(1, n):
        variance += drift**2 * 48.0 / 168.0
        total = variance + spread**2
        assert out[0][k] == pytest.approx(usual)
        assert out[1][k] == pytest.approx(np.sqrt(total))
        x = (np.log(level[k]) - usual) / np.sqrt(total)
        if abs(x) > kernels.HELD:
            return
        usual += variance / total * (np.log(level[k]) - usual)
        variance *= 1.0 - variance / total
    assert state[0, 0] == pytest.approx(usual)


def test_a_full_container_says_at_least_full():
    """The moments of the truncated normal, beside a sum over a grid."""
    from scipy.stats import norm

    par = np.array(
        [1.0, 0.5, 0.6, 4.0, 0.0, 0.0, 24.0, 0.0, 0.0, 0.0, np.log(48.0), 100.0, 0.0, 0.0, 1e9]
    )
    state = np.zeros((1, kernels.COLUMNS))
    state[0, :3] = 4.0, 0.36, 0.0
    state[0, [kernels.BEGAN, kernels.SEEN]] = np.nan
    state[0, kernels.EXPOSED] = np.log(48.0)
    out = [np.empty(2) for _ in range(5)]
    kernels.filter_levels(
        np.zeros(2, dtype=np.int64), np.array([0.0, 48.0]), np.array([50.0, 100.0]), np.zeros(2),
        np.inf, False, np.arange(169.0), par, state, np.zeros(5), *out,
    )  # fmt: skip
    grid = np.linspace(0.0, 8.0, 20001)
    weight = norm.pdf(grid, 4.0, 0.6) * norm.sf(np.log(100.0), grid, 0.5)
    weight /= weight.sum()
    assert state[0, 0] == pytest.approx(float((grid * weight).sum()), abs=1e-3)
    assert out[3][1] == pytest.approx(norm.logsf(np.log(100.0), 4.0, np.hypot(0.6, 0.5)), abs=1e-6)


# -- forecasts ---------------------------------------------------------------------------------


def test_intervals_cover_what_comes_from_the_process_itself(tmp_path):
    file = write(collections(containers=80, days=70, seed=3), tmp_path / "all.csv")
    whole = read_recording(file)
    begin = float(whole.hour[0])
    cut = begin + 35.0 * 24.0
    found = evaluate(whole.between(begin, cut), whole.between(cut, np.inf))
    for known in ("now", "last emptying", "origin"):
        assert found["filter", known].coverage == pytest.approx(0.9, abs=0.03)
        assert found["filter", known].mae < found["last rate", known].mae
    assert found["filter", "origin"].full == pytest.approx(
        found["filter", "origin"].was_full, abs=0.05
    )


def test_a_forecast_uses_nothing_that_comes_later(tmp_path):
    """Later rows with other levels, volumes, places, ids and years change no figure before them."""
    rows = collections()
    rows = [r | {"site": f"Street {r['site_id']}", "volume_l": "100"} for r in rows]
    rows[20] |= {"site": rows[21]["site"]}
    cut = rows[len(rows) // 2]["collected_at"]
    past = [r for r in rows if r["collected_at"] <= cut]
    later = [r for r in rows if r["collected_at"] > cut]
    ids = [r["site_id"] for r in later]
    changed = [
        [],
        [r | {"fill_before": "1"} for r in later],
        [r | {"fill_after": r["fill_before"]} for r in later],
        [r | {"volume_l": "900"} for r in later],
        [r | {"site": f"Street {cid}"} for r, cid in zip(later, ids[::-1], strict=True)],
        [r | {"site_id": cid} for r, cid in zip(later, ids[::-1], strict=True)],
        [r | {"collected_at": r["collected_at"].replace("2024", "2029")} for r in later],
    ]
    whole = read_recording(write(rows, tmp_path / "whole.csv"))
    at = float((np.datetime64(cut, "s") - np.datetime64(0, "s")).astype(float) / 3600.0)
    expected = forecast(whole, at)
    for number, other in enumerate(changed):
        found = forecast(read_recording(write(past + other, tmp_path / f"{number}.csv")), at)
        assert found.rows() == expected.rows()
        assert found.quality.counts() == expected.quality.counts()


def test_a_week_is_judged_by_what_was_known_before_it(tmp_path):
    rows = collections(days=28)
    begin = min(r["collected_at"] for r in rows)
    split = str(np.datetime64(begin, "s") + np.timedelta64(21, "D")).replace("T", " ")
    late = [r | {"volume_l": "900"} if r["collected_at"] > split else r for r in rows]
    one, other = (
        rolling(read_recording(write(given, tmp_path / "weeks.csv"))) for given in (rows, late)
    )
    assert one.by_week[0] == other.by_week[0]
    assert [week.known for week in one.by_week] == ["week 1", "week 2"]


def test_an_old_recording_is_said_to_be_old(recording, filling):
    assert forecast(recording, float(recording.hour[-1]), filling).warnings() == []
    found = forecast(recording, float(recording.hour[-1]) + 400.0 * 24.0, filling)
    assert "400 days before" in found.warnings()[0]


def test_levels_rise_until_full_and_the_moment_fits(recording, filling):
    at = float(recording.hour[-1])
    times = at + np.arange(1.0, 240.0, 12.0)
    found = [forecast(recording, float(time), filling) for time in times]
    levels = np.array([f.level for f in found])
    assert np.all(np.diff(levels, axis=0) >= -1e-9)
    last = found[-1]
    assert np.all((last.low <= last.level) & (last.level <= last.high))
    assert np.all((last.full_from <= last.full_at) & (last.full_at <= last.full_to))
    assert np.all(last.full_from >= last.emptied)


def test_a_reading_within_the_cycle_is_where_the_forecast_starts(tmp_path):
    rows = collections(containers=10)
    last = max(r["collected_at"] for r in rows if r["site_id"] == "c03")
    hour = (np.datetime64(last) - np.datetime64("2024-03-04T00:00:00")) / np.timedelta64(1, "h")
    half = row("c03", float(hour) + 5.0, 80.0, after=80.0, size=5.0)
    before = read_recording(write(rows, tmp_path / "before.csv"))
    rows = sorted([*rows, half], key=lambda cells: cells["collected_at"])
    after = read_recording(write(rows, tmp_path / "after.csv"))
    at = float(before.hour[before.container == 3][-1]) + 6.0
    model = learn(before)
    one, other = forecast(before, at, model), forecast(after, at, model)
    assert one.level[3] < 60.0
    assert 74.0 <= other.low[3] <= 80.0 <= other.level[3] <= other.high[3]
    assert other.full_at[3] < one.full_at[3]


def test_a_container_never_seen_before_gets_the_city_s_forecast(tmp_path):
    rows = collections(containers=20)
    first = read_recording(write([r for r in rows if r["site_id"] != "c05"], tmp_path / "a.csv"))
    second = read_recording(write(rows, tmp_path / "b.csv"))
    cut = float(second.hour[0]) + 21.0 * 24.0
    found = evaluate(first.between(-np.inf, cut), second.between(cut, np.inf))
    assert found["filter", "origin"].levels > 100


def test_edinburgh_weeks_not_seen():
    """Learnt on the first weeks of June 2016, judged on those after, beside simple forecasts."""
    recording = read_recording(shared(EDINBURGH))
    cut = float(recording.hour[0]) + 28.0 * 24.0
    found = evaluate(recording.between(-np.inf, cut), recording.between(cut, np.inf))
    for known in ("now", "last emptying", "origin"):
        ours = found["filter", known]
        assert 0.86 <= ours.coverage <= 0.94
        for name in ("site mean", "mean rate", "last rate"):
            assert ours.mae < 0.9 * found[name, known].mae
            assert ours.pinball < found[name, known].pinball
        assert ours.full == pytest.approx(ours.was_full, abs=0.03)


def test_too_short_recordings_are_refused_with_what_is_needed(recording):
    begin = float(recording.hour[0])
    with pytest.raises(DataError, match="weeks"):
        rolling(recording.between(begin, begin + 10.0 * 24.0))
    with pytest.raises(DataError, match="nothing was recorded"):
        forecast(recording, begin - 1.0)
    with pytest.raises(DataError, match="does not begin before"):
        evaluate(recording, recording)


# -- the command -------------------------------------------------------------------------------


def test_the_command_writes_every_container(tmp_path):
    file = write(collections(containers=12), tmp_path / "collections.csv.gz")
    out, account = tmp_path / "forecast.csv", tmp_path / "quality.csv"
    given = ["waste", "forecast", str(file), "--at", "2024-04-10T06:00", "-o", str(out)]
    result = CliRunner().invoke(app, [*given, "--quality", str(account)])
    assert result.exit_code == 0, result.output
    lines = out.read_text("utf-8").splitlines()
    assert len(lines) == 13
    assert lines[0].startswith("container,at,level,level_low,level_high,probability_full")
    assert "2024-04-10T06:00" in lines[1]
    assert account.read_text("utf-8").startswith("line,container,flag")


def test_the_command_judges_two_files(tmp_path):
    rows = collections(containers=12)
    first = write(rows[: len(rows) // 2], tmp_path / "first.csv")
    second = write(rows[len(rows) // 2 :], tmp_path / "second.csv")
    result = CliRunner().invoke(app, ["waste", "evaluate", str(first), str(second)])
    assert result.exit_code == 0, result.output
    assert "last rate" in result.output


def test_a_wrong_moment_is_refused(tmp_path):
    file = write(collections(containers=3), tmp_path / "collections.csv")
    result = CliRunner().invoke(app, ["waste", "forecast", str(file), "--at", "tomorrow"])
    assert isinstance(result.exception, ConfigError)


def test_moments_are_on_the_clock_of_the_file(recording):
    assert moment(float(recording.hour[0])).startswith("2024-03-0")
