"""One file to its rows; the same function wherever the work is done."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from engine.emotion.columns import EMOTION_COLUMNS
from engine.emotion.heard import Heard
from engine.emotion.quadrants import quadrant_masses
from engine.emotion.tracker import Tracker
from engine.errors import StimmungError
from engine.events import EmotionState
from engine.settings.performance import Performance

__all__ = ["ROW_COLUMNS", "Job", "Outcome", "Row", "track_file", "work"]

ROW_COLUMNS: Final = EMOTION_COLUMNS

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A file and what of the listening options differs from the defaults."""

    path: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of a job: rows as JSON lines, what was odd, or why it failed.

    It crosses processes and machines as plain text.
    """

    lines: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""

    def rows(self) -> list[Row]:
        """Return the rows."""
        return [json.loads(line) for line in self.lines.splitlines()]


_own: dict[str, Tracker] = {}
"""The tracker of this process: loading it takes longer than a short file."""


def work(job: Job) -> Outcome:
    """Track a file; what is wrong with it is in the outcome, not raised."""
    if "tracker" not in _own:
        _own["tracker"] = Tracker()
    warnings: list[str] = []
    asked = Performance().changed(job.settings)
    try:
        rows = list(track_file(Path(job.path), _own["tracker"], asked, warnings.append))
    except StimmungError as error:
        return Outcome(warnings=tuple(warnings), error=str(error))
    return Outcome("".join(json.dumps(row) + "\n" for row in rows), tuple(warnings))


def track_file(
    path: Path, tracker: Tracker, asked: Performance, warn: Callable[[str], None]
) -> Iterator[Row]:
    """Yield one row per hop: `ROW_COLUMNS` and the tags.

    Raises
    ------
    InputError
        The file cannot be read, or is too short.
    """
    from engine.audio import mono_blocks
    from engine.errors import InputError

    tracker.reset()
    heard = Heard()
    state: EmotionState | None = None
    for block in mono_blocks(path, tracker.sample_rate, report=warn):
        for state in tracker.push(block):
            heard.hear(state, asked.recentre, asked.smoothing_s, asked.hysteresis, asked.venue)
            yield _row(_as_asked(state, heard))
    if state is None:
        least_s = tracker.hop_length / tracker.sample_rate
        raise InputError(f"{path} is shorter than {least_s:.3f} s, the least that can be tracked")


def _as_asked(state: EmotionState, heard: Heard) -> EmotionState:
    """Put what the listening options make of a state in its place, quadrants too."""
    if state.state == "silence" or heard.point is None:
        return state
    valence, arousal = (min(1.0, max(-1.0, value)) for value in heard.point)
    return replace(
        state,
        valence=valence,
        arousal=arousal,
        quadrants=quadrant_masses(valence, arousal, state.valence_std, state.arousal_std),
    )


def _row(state: EmotionState) -> Row:
    numbers = {
        "time_s": state.time_s,
        "valence": state.valence,
        "arousal": state.arousal,
        "valence_std": state.valence_std,
        "arousal_std": state.arousal_std,
        **dict(zip(("q1", "q2", "q3", "q4"), state.quadrants, strict=True)),
    }
    return {name: round(float(value), 4) for name, value in numbers.items()} | {
        "key": state.key,
        "chord": state.chord,
        "state": state.state,
        "loudness_db": round(float(state.loudness_db), 1),
        "tuning_hz": round(float(state.tuning_hz), 1),
        "tags": {name: round(share, 4) for name, share in state.tags},
    }
