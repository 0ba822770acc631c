"""State: the columns of a run, allocated once and written in place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from twin.errors import ModelError

Column = npt.NDArray[np.float64]
Batch = dict[str, npt.NDArray[np.float64]]


class Queue:
    """Batches of records that a model publishes and others take, each at its own pace."""

    def __init__(self, name: str, fields: tuple[str, ...]) -> None:
        self.name = name
        self.fields = fields
        self._batches: list[Batch] = []
        self._cursors: dict[str, int] = {}

    def subscribe(self, reader: str) -> None:
        """Keep every batch from now on until this reader has taken it."""
        self._cursors[reader] = 0

    def publish(self, records: Mapping[str, npt.ArrayLike]) -> None:
        """Add a batch; without a reader it is forgotten.

        Raises
        ------
        ModelError
            Fields missing, unknown or of different lengths.
        """
        if set(records) != set(self.fields):
            raise ModelError(
                f"event {self.name!r} got the fields {sorted(records)}",
                allowed=str(sorted(self.fields)),
            )
        batch = {key: np.array(records[key], dtype=np.float64) for key in self.fields}
        if len({len(values) for values in batch.values()}) > 1:
            raise ModelError(f"event {self.name!r}: its fields differ in length")
        if self._cursors:
            self._batches.append(batch)

    def take(self, reader: str) -> Batch:
        """All records that this reader has not taken yet, field by field."""
        fresh = self._batches[self._cursors[reader] :]
        self._cursors[reader] = len(self._batches)
        done = min(self._cursors.values())
        if done:
            del self._batches[:done]
            self._cursors = {key: position - done for key, position in self._cursors.items()}
        if len(fresh) == 1:
            return fresh[0]
        empty = np.empty(0, dtype=np.float64)
        return {key: np.concatenate([empty, *(b[key] for b in fresh)]) for key in self.fields}


class State:
    """Columns and queues by port name."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.queues: dict[str, Queue] = {}

    def __getitem__(self, port: str) -> Column:
        return self.columns[port]
