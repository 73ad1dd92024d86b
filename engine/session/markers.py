"""Where the music of a session turned, and how its mood went."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from engine import words
from engine.events import EmotionState
from engine.mapping.sections import SectionWatch, TurnWatch
from engine.session.content import SETTLED, EmotionTrack

__all__ = ["markers", "turning_points"]

_STAYED_S: Final = 4.0
"""A mood that goes by sooner gets no marker [s]."""


def turning_points(track: EmotionTrack) -> list[tuple[int, str]]:
    """Return rows of the track and kinds (``section``, ``build``, ``drop``, ``silence``)."""
    sections, watch = SectionWatch(), TurnWatch()
    turns: list[tuple[int, str]] = []
    for row, state in enumerate(_states(track)):
        sections.hear(state)
        silent = state.state == "silence"
        for kind in watch.update(sections.section, sections.build, sections.drop, silent):
            turns.append((row, kind))
    return turns


def markers(track: EmotionTrack) -> list[tuple[float, str]]:
    """Return times since the session's start [s] and words.

    Sections by number, other turning points, and moods that stay.
    """
    heard_s = track.heard_s
    found: list[tuple[float, str]] = []
    section = 1
    for row, kind in turning_points(track):
        section += kind == "section"
        found.append(
            (heard_s[row], f"Section {section}" if kind == "section" else kind.capitalize())
        )
    moods = [
        (at_s, words.mood_word(state.valence, state.arousal).capitalize())
        for at_s, state in zip(heard_s, _states(track), strict=True)
        if state.state in SETTLED
    ]
    changes = moods[:1] + [after for before, after in pairwise(moods) if before[1] != after[1]]
    ends_s = [at_s for at_s, _ in changes[1:] + moods[-1:]]
    said = ""
    for (at_s, mood), end_s in zip(changes, ends_s, strict=True):
        if mood != said and end_s - at_s >= _STAYED_S:
            found.append((at_s, mood))
            said = mood
    return sorted(found)


def _states(track: EmotionTrack) -> Iterator[EmotionState]:
    columns = track.columns
    for row, state in enumerate(track.states):
        values = {name: column[row] for name, column in columns.items()}
        yield EmotionState(
            time_s=values["time_s"],
            valence=values["valence"],
            arousal=values["arousal"],
            valence_std=values["valence_std"],
            arousal_std=values["arousal_std"],
            quadrants=(values["q1"], values["q2"], values["q3"], values["q4"]),
            tags=(),
            key=track.keys[row],
            chord=track.chords[row],
            loudness_db=values["loudness_db"],
            state=state,  # type: ignore[arg-type]
            tuning_hz=values["tuning_hz"],
        )
