"""Which policy acts on which signals, and when: two that would undo each other are refused."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.time import DailyWindow
from twin.core.world import World
from twin.errors import ConfigError

CLAIMS = "traffic.signals"
"""Where the policies of signals find one another."""


@dataclass(frozen=True)
class Claim:
    """What a policy takes for itself.

    Attributes
    ----------
    policy
        Its name.
    signals
        Ids of the signals that it acts on.
    hours
        When it does.
    installs
        What it puts into the streets, of which there can be one; empty for nothing.
    """

    policy: str
    signals: frozenset[str]
    hours: DailyWindow
    installs: str = ""


def claim(world: World, mine: Claim) -> None:
    """Announce a claim.

    Raises
    ------
    ConfigError
        Another policy of the scenario installs the same, or acts on one of the signals at an hour
        that both hold.
    """
    others: list[Claim] = world.announced.setdefault(CLAIMS, [])
    for other in others:
        if mine.installs and mine.installs == other.installs:
            raise ConfigError(
                f"{other.policy} already brings what {mine.policy} would",
                where=f"policy {mine.policy}",
                allowed="one of them in a scenario; it can act at several signals",
                mend="leave one of them out",
            )
        shared = sorted(mine.signals & other.signals)
        if shared and mine.hours.overlaps(other.hours):
            raise ConfigError(
                f"{other.policy} acts at the same hours on {len(shared)} of its signals: "
                + ", ".join(shared[:8])
                + (" ..." if len(shared) > 8 else ""),
                where=f"policy {mine.policy}",
                mend="give each policy its own `signals`, or other hours (from, until)",
            )
    others.append(mine)
