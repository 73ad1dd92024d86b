"""How child processes are started: one of our modules, run as a program.

From a source tree or an installed package that is ``python -P -m MODULE``. A frozen bundle holds
no Python to call: there the program calls itself with `CHILD` and the name of the module, and its
entry (`run_if_child`) runs that module instead of the command line.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["CHILD", "child_command", "child_environment", "run_if_child", "external_environment"]

CHILD: Final = "--child"
"""First argument of a frozen program that is to be a child."""

_ROOT = Path(__file__).resolve().parents[2]
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def child_command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs one of our modules as a program."""
    if _frozen():
        return [sys.executable, CHILD, module, *arguments]
    # -P: a folder named "engine" where the musician happens to stand is not ours.
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment(**more: str) -> dict[str, str]:
    """Return the environment in which a child finds this very installation, and ``more``."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, **more}


def external_environment() -> dict[str, str]:
    """Return the environment for other programs.

    A frozen program finds its own libraries by a search path that others must not inherit.
    """
    environment = dict(os.environ)
    if _frozen():
        for name in _LIBRARY_PATHS:
            environment.pop(name, None)
            if (original := environment.get(f"{name}_ORIG")) is not None:
                environment[name] = original
    return environment


def run_if_child(arguments: Sequence[str]) -> None:
    """Run the module that was asked for and leave; return if no child was.

    Parameters
    ----------
    arguments : sequence of str
        ``sys.argv``.
    """
    if len(arguments) < 3 or arguments[1] != CHILD:
        return
    import runpy

    sys.argv = list(arguments[2:])
    runpy.run_module(arguments[2], run_name="__main__", alter_sys=True)
    sys.exit(0)


def _frozen() -> bool:
    return bool(getattr(sys, "frozen", False))
