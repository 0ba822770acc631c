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
        What it puts into the streets, of which a signal has one; empty for nothing.
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
        Another policy of the scenario installs the same at one of the signals, or acts on one at an
        hour that both hold.
    """
    others: list[Claim] = world.announced.setdefault(CLAIMS, [])
    for other in others:
        shared = sorted(mine.signals & other.signals)
        alike = mine.installs != "" and mine.installs == other.installs
        if shared and (alike or mine.hours.overlaps(other.hours)):
            how = "brings the same for" if alike else "acts at the same hours on"
            raise ConfigError(
                f"{other.policy} {how} {len(shared)} of its signals: "
                + ", ".join(shared[:8])
                + (" ..." if len(shared) > 8 else ""),
                where=f"policy {mine.policy}",
                mend="give each policy its own `signals`"
                + ("" if alike else ", or other hours (from, until)"),
            )
    others.append(mine)
