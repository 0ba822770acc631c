"""Imports Mesa without the packages that only its charts, grids and tables use."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

UNUSED = ("networkx", "pandas", "mesa.experimental")
"""What ``import mesa`` loads beside the agents: half of its time, and 60 MB."""


class _Later(ModuleType):
    """Stands for a module until one of its attributes is asked for."""

    def __getattr__(self, name: str) -> Any:
        # Mesa's logging looks for dunder names in every module; that is no use of the module.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def put_off(*names: str) -> Iterator[None]:
    """Have imports within the block load these modules at their first use.

    Only who imports within the block holds a stand-in; others import as ever.
    """
    stand_ins = {name: _Later(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


@contextmanager
def short_stacks() -> Iterator[None]:
    """Have ``inspect.stack()`` give two frames without their source lines.

    Mesa's loggers look at no more; the whole stack of a deep import, with lines and modules looked
    up, takes longer than all the rest of ``import mesa``.
    """
    whole = inspect.stack
    setattr(inspect, "stack", lambda: [(sys._getframe(1),), (sys._getframe(2),)])  # noqa: B010
    try:
        yield
    finally:
        inspect.stack = whole


with put_off(*UNUSED), short_stacks():
    import mesa
    from mesa.agent import AgentSet

__all__ = ["AgentSet", "mesa"]
