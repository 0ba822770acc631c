"""The log of a run: what happened, to whom, decided by whom."""

from __future__ import annotations

import json
from typing import Any

from twin.core.time import Tick


class Log:
    """Rows ``(time, kind, subject, detail)``; ``detail`` is JSON with sorted keys."""

    def __init__(self) -> None:
        self.rows: list[tuple[Tick, str, str, str]] = []

    def add(self, now: Tick, kind: str, subject: str = "", **detail: Any) -> None:
        """Write that something of this ``kind`` happened to ``subject``."""
        self.rows.append((now, kind, subject, json.dumps(detail, sort_keys=True)))
