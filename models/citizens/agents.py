"""The agents: households, and the people of each gateway, who decide over shared columns.

An agent is a slice of the columns. The clock calls it at its decision moments only: the start of a
day (``decide_day``), a departure (``set_off``) and an alert (``react``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.citizens import kernels, planning
from models.citizens.build import Population
from models.citizens.columns import Choice, Day, Ground, Now, People, Tally
from models.citizens.light_mesa import AgentSet, mesa

Rows = npt.NDArray[np.int32]


class Society(mesa.Model):  # type: ignore[misc]
    """All agents and the columns that they share.

    Attributes
    ----------
    people, ground, tally
        Columns over persons, over places, and what is counted.
    day, choice, now
        The kind of day, the coefficients, and what a decision meets at present.
    members
        Agents in the order of their slices.
    """

    def __init__(
        self, population: Population, ground: Ground, tally: Tally, rng: np.random.Generator
    ) -> None:
        super().__init__(rng=rng)
        self.people: People = population.people
        self.ground = ground
        self.tally = tally
        self.day: Day
        self.choice: Choice
        self.now: Now
        start = population.start.tolist()
        kinds: list[type[Deciders]] = [Household] * population.households
        kinds += [Gateway] * (len(start) - 1 - population.households)
        self.members = [
            kind(self, first, last)
            for kind, first, last in zip(kinds, start, start[1:], strict=False)
        ]
        self.agent_of = np.repeat(np.arange(len(self.members)), np.diff(population.start))

    def live_day(self, until: float) -> None:
        """Every agent decides its day, and lives it up to ``until`` (seconds since 03:00)."""
        self.agents.do("decide_day", until)

    def set_off(self, rows: Rows) -> None:
        """Call the agents of the persons who are due, each with its own."""
        self._each(rows, "set_off")

    def react(self, rows: Rows, now: float) -> None:
        """Call the agents of the persons whom a new alert reaches away from home."""
        self._each(rows, "react", now)

    def _each(self, rows: Rows, method: str, *args: Any) -> None:
        owners = self.agent_of[rows]
        cuts = np.flatnonzero(np.diff(owners)) + 1
        called = [self.members[i] for i in owners[np.concatenate([[0], cuts])]] if len(rows) else []
        for agent, some in zip(called, np.split(rows, cuts), strict=False):
            agent.waiting = some
        AgentSet(called, random=self.random).do(method, *args)


class Deciders(mesa.Agent):  # type: ignore[misc]
    """People who decide together: persons ``first`` to ``last`` (not included)."""

    def __init__(self, society: Society, first: int, last: int) -> None:
        super().__init__(society)
        self.first = first
        self.last = last
        self.waiting: Rows = np.empty(0, np.int32)

    def decide_day(self, until: float) -> None:
        """Plan the day of each member; then live the hours that are past already."""
        s = self.model
        planning.decide_day(s.people, s.ground, s.day, self.first, self.last)
        if until > 0.0:
            kernels.replay(
                s.people, s.ground, s.day, s.choice, s.now, s.tally, self.first, self.last, until
            )

    def set_off(self) -> None:
        """Members leave: they choose whether, and how, from what they meet now."""
        s = self.model
        kernels.set_off_many(s.people, s.ground, s.day, s.choice, s.now, s.tally, self.waiting)

    def react(self, now: float) -> None:
        """Members who are out for pleasure and heed an alert go home."""
        s = self.model
        kernels.go_home(s.people, s.ground, s.now.alert, s.day.number, now, self.waiting)


class Household(Deciders):
    """People who live together."""


class Gateway(Deciders):
    """Commuters and visitors who come from outside by one gateway."""
