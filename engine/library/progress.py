"""What is done already, kept beside the output, so that an interrupted run goes on."""

import hashlib
import json
import os
import shutil
from pathlib import Path

from engine.library.rows import Job, Outcome
from engine.models.checksums import read_table

__all__ = ["Store"]


class Store:
    """Rows of finished files in a folder beside the output.

    A file counts as done where path, size, time of change, options and models are the same.

    Parameters
    ----------
    output : Path
        The table that is being made.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(f".{output.name}.tracked")
        models = read_table()
        self._models = [models[name] for name in sorted(models) if name.startswith("tracker")]

    def _place(self, job: Job) -> Path:
        try:
            found = os.stat(job.path)
            about = [found.st_size, found.st_mtime_ns]
        except OSError:
            about = []
        told = json.dumps([os.path.abspath(job.path), about, job.settings, self._models])
        return self.folder / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.json"

    def find(self, job: Job) -> Outcome | None:
        """Return what came of a job before; None if it is yet to be done."""
        try:
            kept = json.loads(self._place(job).read_text(encoding="utf-8"))
            return Outcome(kept["lines"], tuple(kept["warnings"]))
        except (OSError, ValueError, KeyError):
            return None

    def keep(self, job: Job, outcome: Outcome) -> None:
        """Keep what came of a job; a failure is tried again next time."""
        if outcome.error:
            return
        self.folder.mkdir(exist_ok=True)
        place = self._place(job)
        partial = place.with_suffix(f".{os.getpid()}")
        kept = {"lines": outcome.lines, "warnings": outcome.warnings}
        partial.write_text(json.dumps(kept), encoding="utf-8")
        os.replace(partial, place)

    def clear(self) -> None:
        """Forget everything: the table is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)
