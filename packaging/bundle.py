"""The one program of the frozen bundle: the command line, the window, and every child process.

Started without a word, as by a click on its icon, it opens the window.
"""

import sys

from engine.cli import main
from engine.process.child import run_if_child

if __name__ == "__main__":
    run_if_child(sys.argv)
    sys.exit(main(sys.argv[1:] or ["gui"]))
