"""One life of a toy city: wires, order, controls, events, sensors, errors."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.toys import WIRE, Tap, toy, toy_city
from twin.core.engine import Engine
from twin.core.outcome import Outcome
from twin.core.time import minutes
from twin.errors import ConfigError, ModelError, TwinError, WiringError
from twin.scenario import Scenario

TAP = "tests.twin.toys:Tap"


def live(raw: dict[str, object], seed: int = 1) -> Outcome:
    with Engine(Scenario.from_dict(raw), toy_city(), seed) as engine:
        return engine.run()


def values(outcome: Outcome) -> dict[str, float]:
    return {indicator.name: value for indicator, value in outcome.indicators}


def test_a_wire_sums_through_the_link() -> None:
    out = live(
        toy(
            "Tap",
            "Main",
            wire=WIRE,
            record={"every": "5m", "ports": ["tap.draw", "main.pressure"]},
            model={TAP: {"rate": 1.0}, "tests.twin.toys:Main": {}},
        )
    )
    # At tick 0 the interval mean of the flow is the first step itself.
    draw, pressure = out.series["tap.draw"][0], out.series["main.pressure"][0]
    np.testing.assert_allclose(pressure, [5 - draw[0] - draw[1], 5 - draw[2]], rtol=1e-6)


def test_the_writer_steps_before_the_reader_whatever_the_order_in_the_file() -> None:
    first = live(toy("Tap", "Main", wire=WIRE))
    second = live(toy("Main", "Tap", wire=WIRE))
    assert values(first) == values(second)


def test_an_entity_that_no_wire_reaches_is_told() -> None:
    out = live(toy("Tap", "Main", wire=WIRE))
    assert out.warnings == ["wire tap.draw -> main.load: 1 of 4 house rows have no street"]


def test_same_seed_same_values_other_seed_others() -> None:
    assert values(live(toy("Tap"))) == values(live(toy("Tap")))
    assert values(live(toy("Tap"))) != values(live(toy("Tap"), seed=2))


def test_a_policy_acts_on_what_its_sensor_saw_and_not_before() -> None:
    sensor = {"use": "virtual", "port": "tap.draw", "period": "1m", "delay": "2m"}
    out = live(toy("Tap", sensor=[sensor], policy=[{"use": "tests.twin.toys:Save"}]))
    free = live(toy("Tap"))
    draw, unsaved = out.series["tap.draw"], free.series["tap.draw"]
    np.testing.assert_array_equal(draw[:5], unsaved[:5])  # first decision with a reading: minute 5
    np.testing.assert_allclose(draw[5:], unsaved[5:] * 0.5, rtol=1e-6)


def test_a_policy_without_a_sensor_is_refused_unless_it_is_an_oracle() -> None:
    with pytest.raises(WiringError, match="no sensor sees"):
        live(toy("Tap", policy=[{"use": "tests.twin.toys:Save"}]))
    out = live(toy("Tap", policy=[{"use": "tests.twin.toys:Save", "oracle": True}]))
    assert [row[2] for row in out.log] == ["tap.valve"]


def test_an_event_changes_its_rows_for_its_time_only() -> None:
    out = live(toy("Tap", event=[{"use": "tests.twin.toys:Drought"}]))
    free = live(toy("Tap"))
    dry = np.flatnonzero(out.series["tap.draw"][:, 0] == 0.0)
    np.testing.assert_array_equal(dry, [2, 3])
    np.testing.assert_array_equal(out.series["tap.draw"][:, 1:], free.series["tap.draw"][:, 1:])


def test_a_control_out_of_bounds_names_port_value_and_bounds() -> None:
    with pytest.raises(ModelError, match=r"tap\.valve.*1\.5") as caught:
        live(toy("Tap", policy=[{"use": "tests.twin.toys:TooFar"}]))
    assert "0 to 1" in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        (
            toy("Tap", "Main", wire=[{"from": "tap.drew", "to": "main.load"}]),
            WiringError,
            "tap.drew",
        ),
        (
            toy("Tap", "Main", wire=[{"from": "tap.draw", "to": "main.lood"}]),
            WiringError,
            "main.lood",
        ),
        (
            toy("Wrong", "Main", wire=[{"from": "wrong.draw", "to": "main.load"}]),
            WiringError,
            "'m3' does not fit 'l'",
        ),
        (toy("Tap", "Main", wire=[*WIRE, *WIRE]), WiringError, "is there twice"),
        (toy("Hen", "Egg"), WiringError, "wait for one another: 'egg' <- "),
        (toy("Reader"), WiringError, "nothing in this scenario writes it"),
        (toy("Tap", model={TAP: {"rate": "fast"}}), ConfigError, "rate = 'fast'"),
        (toy("Tap", model={TAP: {"rat": 1.0}}), ConfigError, "unknown key"),
        (toy("Tap", model={"trafic": {}}), ConfigError, "did you mean 'traffic'"),
        (toy("Tap", policy=[{"use": "nobody.knows"}]), ConfigError, "nobody.knows"),
        (toy("Tap", constants={"tap.draw": 1.0}), ConfigError, "a model writes"),
        (toy("Tap", record={"ports": ["tap.flow"]}), ConfigError, "tap.flow"),
    ],
)
def test_what_does_not_fit_fails_before_the_run(
    raw: dict[str, object], kind: type[TwinError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        Engine(Scenario.from_dict(raw), toy_city(), 1)
    assert words in str(caught.value)


def test_a_constant_gives_a_port_that_nobody_writes() -> None:
    out = live(toy("Reader", constants={"weather.rain": 3.5}))
    assert (out.series["reader.rain"] == 3.5).all()


def test_a_failing_process_says_whose_and_when() -> None:
    with pytest.raises(
        ModelError, match=r"'failing' failed at 2025-03-04 06:03:00\+01:00: ValueError"
    ):
        live(toy("Failing"))


def test_a_flow_is_recorded_as_the_mean_of_its_interval() -> None:
    fine = live(toy("Tap", record={"every": "1m"})).series["tap.draw"]
    coarse = live(toy("Tap", record={"every": "5m"})).series["tap.draw"]
    np.testing.assert_allclose(coarse[1], fine[1:6].mean(axis=0), rtol=1e-6)


def test_steps_fall_on_their_period_and_on_the_last_tick() -> None:
    seen: list[int] = []

    class Watched(Tap):
        def step(self, now: int) -> None:
            seen.append(now)
            super().step(now)

    Watched.__module__ = "tests.twin.toys"
    import tests.twin.toys as toys

    toys.Watched = Watched  # type: ignore[attr-defined]
    live(toy("Watched"))
    assert seen == [minutes(m) for m in range(11)]


def test_one_tick_has_one_order_events_policies_steps_processes() -> None:
    from tests.twin.toys import Order

    second = {"use": "tests.twin.toys:Second", "oracle": True}
    live(toy("Order", event=[{"use": "tests.twin.toys:Raise"}], policy=[second]))
    # The event raises the flag to 1, the policy doubles it and adds 1, then the model steps.
    assert Order.seen == ["step with flag 3", "process"]


def test_a_slower_reader_gets_the_mean_of_a_flow_since_its_last_step() -> None:
    fine = live(toy("Tap", "Main", wire=WIRE))
    draw, pressure = fine.series["tap.draw"], fine.series["main.pressure"]
    np.testing.assert_allclose(pressure[5, 1], 5 - draw[1:6, 2].mean(), rtol=1e-5)


def test_a_model_left_out_takes_its_wires_and_sensors_with_it() -> None:
    sensor = {"use": "virtual", "port": "tap.draw"}
    raw = toy("Tap", "Main", wire=WIRE, sensor=[sensor], without=[TAP])
    assert set(values(live(raw))) == {"main.lowest"}


def test_minutes_that_a_model_does_not_live_are_told() -> None:
    period = {"date": "2025-03-04", "from": "06:00", "duration": "12m"}
    assert live(toy("Main", period=period)).warnings == [
        "main steps every 5 min: the last 2 min of the run are not in its numbers"
    ]


def test_an_event_after_the_end_is_told() -> None:
    period = {"date": "2025-03-04", "from": "06:00", "duration": "1m"}
    out = live(toy("Tap", period=period, event=[{"use": "tests.twin.toys:Drought"}]))
    assert any("after the end of the run" in warning for warning in out.warnings)
