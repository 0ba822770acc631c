"""Drivers who choose before a run see what the others chose: rounds of choices and queues.

The method of successive averages (Sheffi 1985, ch. 5): in round *k* each driver reconsiders with
probability 1/*k*, at the travel times that the queue engine finds for the choices so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.traffic.engine import Floats, Setting
from models.traffic.signals import installed
from models.traffic.toll.answer import DIVERTS, GIVES_UP, Answers, Drivers, Travellers
from models.traffic.toll.own import OwnDemand
from twin.core.random import Streams, uniforms
from twin.core.time import Tick

if TYPE_CHECKING:
    from models.traffic.queue.demand import Own

ROUNDS = 6


class Expected:
    """Travel times that a SUMO scenario's drivers have when they do as they answered.

    Parameters
    ----------
    setting
        Of the run, whose own demand is driven.
    own, begin, end
        The vehicles that answer, SUMO's time at tick 0 (s), and the last tick.
    """

    def __init__(self, setting: Setting, own: OwnDemand, begin: float, end: Tick) -> None:
        from models.traffic.queue.demand import read_own
        from models.traffic.queue.network import read_streets

        self._setting, self._begin, self._end = setting, begin, end
        self._streets = read_streets(
            setting.city, setting.parameters.queue, own=True,
            brought=installed.additional(setting.scratch),
            bus_lanes="traffic.bus_lane" in setting.controlled,
        )  # fmt: skip
        self._all = read_own(setting.city, Streams(setting.seed))
        rows = {str(name): row for row, name in enumerate(own.names)}
        self._answering = [rows.get(name, -1) for name in self._all.names]
        self._empty = self._streets.layout.length / self._streets.limit
        self._quiet = _filled(self._live(self._all), self._empty)

    def times(self, answers: Answers | None) -> Floats:
        """Mean time to pass each edge; (n_edges,) float64, s.

        Where nobody passes, that of a day without a price; where nobody passes then either, the
        usual ratio of the others to the time on an empty street.
        """
        if answers is None:
            return self._quiet
        times = self._live(self._changed(answers))
        found: Floats = np.where(np.isfinite(times), np.maximum(times, self._empty), self._quiet)
        return found

    def _live(self, own: Own) -> Floats:
        from models.traffic.queue.engine import QueueEngine

        engine = QueueEngine(self._setting, self._streets, own)
        engine.advance(self._end)
        return engine.mean_times()

    def _changed(self, answers: Answers) -> Own:
        """The demand in which everybody does as they answered."""
        own = self._all
        depart, route = list(own.depart), list(own.route)
        given, stops = list(own.given), list(own.stops)
        for number, row in enumerate(self._answering):
            if row < 0:
                continue
            depart[number] = self._begin + float(answers.depart[row]) / 1000.0
            if answers.choice[row] == DIVERTS:
                route[number], given[number] = tuple(answers.ways[row]), True
                stops[number] = []
        gone = [row >= 0 and answers.choice[row] == GIVES_UP for row in self._answering]
        kept = [number for number in range(len(depart)) if not gone[number]]
        kept.sort(key=lambda number: depart[number])
        return replace(
            own,
            names=[own.names[number] for number in kept],
            depart=[depart[number] for number in kept],
            route=[route[number] for number in kept],
            given=[given[number] for number in kept],
            kind=[own.kind[number] for number in kept],
            stops=[stops[number] for number in kept],
        )


def settle(
    drivers: Drivers, travellers: Travellers, times: Callable[[Answers | None], Floats]
) -> Answers:
    """What everybody does when each has seen what the others do.

    Parameters
    ----------
    times
        Travel times of all edges for some answers, None for those of a day without a price;
        (n_edges,) float64, s.
    """
    answers = drivers.ask(travellers, times(None))
    for number in range(2, ROUNDS + 1):
        fresh = drivers.ask(travellers, times(answers))
        again = uniforms(travellers.keys, np.uint64(20 + number)) < 1.0 / number
        ways = {row: way for row, way in answers.ways.items() if not again[row]}
        answers = Answers(
            np.where(again, fresh.choice, answers.choice),
            np.where(again, fresh.depart, answers.depart),
            np.where(again, fresh.kind, answers.kind),
            np.where(again, fresh.lost, answers.lost),
            ways | {row: way for row, way in fresh.ways.items() if again[row]},
        )
    return answers


def _filled(times: Floats, free: Floats) -> Floats:
    seen = np.isfinite(times)
    usual = float(np.median(times[seen] / free[seen])) if seen.any() else 1.0
    found: Floats = np.where(seen, np.maximum(times, free), max(1.0, usual) * free)
    return found
