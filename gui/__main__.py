"""``python -m gui``: the window, or one line that says why no window can be shown.

With ``--check`` only that line is printed, for ``stimmung doctor``. ``--start`` plays at once with
the settings of last time.
"""

import os
import sys
from pathlib import Path

from gui import texts
from gui.display import missing_library, screen_problem, xcb_problem

__all__ = ["main", "window_problem"]


def main() -> int:
    """Open the window; return the exit code, 2 if there can be none."""
    problem = window_problem()
    if "--check" in sys.argv[1:]:
        print(problem)
        return 0
    if problem:
        print(problem, file=sys.stderr)
        return 2
    from gui.app import run

    return run(start="--start" in sys.argv[1:])


def window_problem() -> str:
    """Return why there can be no window, in one line, or ``""``."""
    return screen_problem(sys.platform, os.environ) or _qt_problem()


def _qt_problem() -> str:
    """Return what Qt lacks, in one line, or ``""``."""
    try:
        from PyQt6.QtCore import QLibraryInfo
        from PyQt6.QtWidgets import QApplication  # noqa: F401 (loads the libraries)
    except ModuleNotFoundError:
        return texts.NO_PYQT
    except ImportError as error:
        return texts.NO_QT.format(reason=missing_library(str(error)))
    plugins = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath))
    return xcb_problem(sys.platform, os.environ, plugins)


if __name__ == "__main__":
    sys.exit(main())
