"""The one check before a commit: ``python tests/check.py``, or with ``--all`` what CI runs.

Without a word it takes seconds: lint, form, types, import rules. ``pytest`` runs the same table
(`TOOLS`), types among the proofs.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TOOLS = (
    (sys.executable, "-m", "ruff", "check", "."),
    (sys.executable, "-m", "ruff", "format", "--check", "."),
    (sys.executable, "-m", "mypy"),
    (str(Path(sys.executable).with_name("lint-imports")),),
)
"""What finds faults without running anything."""

TESTS = (
    (sys.executable, "-m", "pytest"),
    (sys.executable, "-m", "pytest", "-m", "proof"),
)
"""The suite, and the proofs that take minutes."""


def main() -> int:
    """Run what was asked for, all of it; return 1 if anything found a fault."""
    everything = "--all" in sys.argv[1:]
    # As in CI, nothing may be skipped then.
    environment = {**os.environ, "CI": "true"} if everything else None
    faults = [
        command
        for command in (*TOOLS, *(TESTS if everything else ()))
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    ]
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
