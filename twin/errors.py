"""The errors of the twin: each says what was wrong, where, what was allowed and how to mend it."""

from __future__ import annotations


class TwinError(Exception):
    """Root of every error that the twin raises on purpose.

    Parameters
    ----------
    what
        What is wrong, with the value.
    where
        The file and key, the port, the row: where it is wrong.
    allowed
        What would have been right.
    mend
        What the person can do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        allowed: str | None = None,
        mend: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.allowed = allowed
        self.mend = mend
        lines = [what]
        lines += [f"  where:   {where}"] if where else []
        lines += [f"  allowed: {allowed}"] if allowed else []
        lines += [f"  mend:    {mend}"] if mend else []
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders in experiments; keyword arguments do not survive the default.
        return (_rebuild, (type(self), self.what, self.where, self.allowed, self.mend))


def _rebuild(
    kind: type[TwinError], what: str, where: str | None, allowed: str | None, mend: str | None
) -> TwinError:
    return kind(what, where=where, allowed=allowed, mend=mend)


class ConfigError(TwinError):
    """A scenario, or a parameter in it, is wrong."""


class WiringError(TwinError):
    """Ports do not fit together: unknown, of another unit or table, in a cycle."""


class DataError(TwinError):
    """A file is missing, damaged, or not what it should be."""


class ModelError(TwinError):
    """A model could not go on."""


class ClockError(TwinError):
    """Time was asked to do what it cannot."""
