"""Scenarios: what a city, a period, models, events and policies are put together from."""

from twin.scenario.scenario import Scenario

__all__ = ["Scenario"]
