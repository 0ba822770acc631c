"""Forecasts from level sensors: noisy readings at any moment, emptyings told or seen."""

import numpy as np
import pytest

from models.waste.forecast import forecast, learn, read_recording

START = np.datetime64("2025-01-06T00:00", "s")
CUT = 24 * 28
HEAD = "id,dateObserved,fillingLevel,dateLastEmptying"


def hours(moment) -> float:
    return float((np.datetime64(moment, "s") - np.datetime64(0, "s")).astype(float) / 3600.0)


def sensors(every, noise=3.0, containers=60, seed=1):
    """Lines of a recording, and the true level of each container at each hour, %."""
    rng = np.random.default_rng(seed)
    lines, truth = [], {}
    for number in range(containers):
        rate = rng.lognormal(np.log(25.0 / 24.0), 0.4)
        more = rng.gamma(rate / 2.0, 2.0, CUT + 48)
        level, emptied, due = np.zeros(CUT + 49), [], rng.uniform(24.0, 72.0)
        for hour in range(CUT + 48):
            begin = level[hour]
            if due <= hour < CUT - 6:
                emptied.append(hour)
                begin, due = 0.0, hour + rng.choice([48, 72])
            level[hour + 1] = begin + more[hour]
        truth[f"c{number:02}"] = level
        for hour in range(int(rng.integers(0, every)), CUT + 1, every):
            read = np.clip(level[hour] + rng.normal(0.0, noise), 0.0, 119.0) / 100.0
            before = [moment for moment in emptied if moment < hour]
            last = START + np.timedelta64(before[-1], "h") if before else ""
            at = START + np.timedelta64(hour, "h")
            lines.append((hour, f"c{number:02},{at},{read:.3f},{last}"))
    return [line for _, line in sorted(lines)], truth


def written(lines, file, head=HEAD):
    file.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    return file


@pytest.mark.parametrize("every", [1, 6])
def test_intervals_hold_with_noisy_readings(every, tmp_path):
    """Nine of ten true levels and moments of being full, at once and a day and a half ahead."""
    inside = {ahead: [] for ahead in (0, 3, 6, 12, 24, 36)}
    full = []
    for seed in (1, 2):
        lines, truth = sensors(every, seed=seed)
        recording = read_recording(written(lines, tmp_path / "sensors.csv"))
        at = hours(START) + CUT
        model = learn(recording)
        assert model.parameters.noise == pytest.approx(3.0, abs=0.5)
        for ahead, found in inside.items():
            o = forecast(recording, at + ahead, model)
            true = np.minimum([truth[cid][CUT + ahead] for cid in o.ids], 100.0)
            found.extend((true >= o.low - 1e-9) & (true <= o.high + 1e-9))
        now = forecast(recording, at, model)
        for row, cid in enumerate(now.ids):
            later = np.flatnonzero(truth[cid][CUT:] >= 100.0)
            if len(later) and later[0] > 0:
                moment = at + later[0]
                full.append(now.full_from[row] - 1.0 <= moment <= now.full_to[row])
    for ahead, found in inside.items():
        assert 0.83 <= np.mean(found) <= 0.97, ahead
    assert np.mean(full) >= 0.83


def test_many_noisy_readings_tell_the_level_better_than_one(tmp_path):
    lines, truth = sensors(1, seed=4)
    recording = read_recording(written(lines, tmp_path / "sensors.csv"))
    found = forecast(recording)
    true = np.minimum([truth[cid][CUT] for cid in found.ids], 100.0)
    assert np.mean(np.abs(found.level - true)) < 0.8 * 3.0 * np.sqrt(2.0 / np.pi)


def test_a_single_reading_grows_by_the_rate_that_is_shown(tmp_path):
    for noise in (1.0, 3.0):
        recording = read_recording(
            written(["a,2025-01-20T06:00,0.5,", "b,2025-01-20T06:00,0.2,"], tmp_path / "one.csv")
        )
        at = float(recording.hour[0])
        model = learn(recording, noise)
        now, later = forecast(recording, at, model), forecast(recording, at + 6.0, model)
        assert now.level[0] == pytest.approx(50.0, abs=0.5)
        assert now.high[0] - now.low[0] == pytest.approx(2.0 * 1.645 * noise, rel=0.1)
        grown = later.level[0] - now.level[0]
        assert grown == pytest.approx(now.rate[0] / 4.0, rel=0.25)


def test_rates_without_an_emptying_are_those_of_the_readings(tmp_path):
    """Containers that nobody has emptied yet: the rise of the readings, not a prior, counts."""
    rng = np.random.default_rng(5)
    lines = []
    for number in range(20):
        for hour in range(0, 100, 4):
            level = 0.005 * hour + rng.normal(0.0, 0.01)
            lines.append(f"c{number},{START + np.timedelta64(hour, 'h')},{max(level, 0.0):.3f},")
    recording = read_recording(written(lines, tmp_path / "sensors.csv"))
    found = forecast(recording, hours(START) + 120.0)
    assert np.median(found.level) == pytest.approx(60.0, abs=3.0)
    assert np.median(found.full_at) == pytest.approx(hours(START) + 200.0, abs=12.0)


def test_one_wrong_reading_is_mended_by_the_next(tmp_path):
    lines, _ = sensors(6, seed=3, containers=20)
    wrong = [
        line.replace(line.split(",")[2], "1.100") if line.startswith("c07,2025-02-02T0") else line
        for line in lines
    ]
    one, other = (
        forecast(read_recording(written(given, tmp_path / "sensors.csv")))
        for given in (lines, wrong)
    )
    assert wrong != lines
    assert other.level[7] == pytest.approx(one.level[7], abs=5.0)


def test_a_cycle_cut_short_does_not_make_a_container_faster(tmp_path):
    """All are emptied at the end; half of them for the second time within hours."""
    lines, end = [], 24 * 14
    for number in range(30):
        level, emptied = 3 * number, 0
        for hour in range(end):
            twice = number % 2 == 0 and hour == end - 7
            if level >= 90 or twice or hour == end - 2:
                level, emptied = 0, hour
            level += 1 + (hour + number) % 3 // 2
            at, last = (START + np.timedelta64(h, "h") for h in (hour, emptied))
            lines.append((hour, f"c{number:02},{at},{level / 100:.3f},{last if emptied else ''}"))
    given = [line for _, line in sorted(lines)]
    recording = read_recording(written(given, tmp_path / "sensors.csv"))
    later = forecast(recording, hours(START) + end + 24.0)
    assert np.median(later.level[1::2]) == pytest.approx(35.0, abs=8.0)
    assert np.median(later.level[::2]) == pytest.approx(np.median(later.level[1::2]), rel=0.1)
