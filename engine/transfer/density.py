"""The element density: accompaniment is thinned out, or filled with what already sounds."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from engine.music.draws import Draws
from engine.transfer.notes import Sounded, onset_groups

__all__ = ["fill", "thin"]

_WINDOW_S: Final = 2.0
"""Notes are taken out evenly: each window gives its share [s]."""
_NEW_ONSETS: Final = 0.6
"""Share of the missing onsets that is added: more would drown the tune's own rhythm."""
_NARROWEST_S: Final = 0.16
"""No onset is put into a shorter gap [s]."""
_RECENT_S: Final = 1.2
"""Pitches heard so long ago still fit the harmony [s]."""
_SOFTER: Final = 5
"""Added notes are so much softer than their neighbours."""
_MOST_ADDED: Final = 4
"""Notes added to one onset at most."""
_LOWEST: Final = 28


def thin(
    notes: Sequence[Sounded], melody: frozenset[int], keep: float, draws: Draws
) -> list[Sounded]:
    """Return the notes without as many accompanying ones as it takes to keep the share `keep`.

    Inner voices go first, then whole onsets of the accompaniment; the lowest note of a window and
    the melody stay.
    """
    pitched = [note for note in notes if not note.drums]
    gone: set[int] = set()
    owed = 0.0
    for window in _windows(pitched):
        owed += (1.0 - keep) * len(window)
        ranked = sorted(_importance(window, melody, draws).items(), key=lambda item: item[1])
        take = min(int(owed), len(ranked))
        gone.update(number for number, _ in ranked[:take])
        owed = min(owed - take, float(len(window)))
    return [note for note in notes if note.number not in gone]


def _windows(notes: Sequence[Sounded]) -> list[list[Sounded]]:
    found: list[list[Sounded]] = []
    end = float("-inf")
    for note in sorted(notes, key=lambda note: note.onset_s):
        if note.onset_s >= end:
            found.append([])
            end = note.onset_s + _WINDOW_S
        found[-1].append(note)
    return found


def _importance(
    window: Sequence[Sounded], melody: frozenset[int], draws: Draws
) -> dict[int, float]:
    """Return how much each note that may go would be missed, by number."""
    lowest = min(window, key=lambda note: (note.pitch, note.onset_s)).number
    centre = sum(note.pitch for note in window) / len(window)
    values = {}
    for group in onset_groups(window):
        for note in group:
            if note.number in melody or note.number == lowest:
                continue
            value = note.velocity / 127.0 + min(note.length_s, 2.0) / 2.0
            value += 0.02 * abs(note.pitch - centre)
            # Inside a chord only a voice is lost; the top or a lone note is the onset itself.
            value += 1.5 if note is group[-1] else 0.0
            values[note.number] = value + 0.3 * draws.uniform("thin", note.number)
    return values


def fill(
    notes: Sequence[Sounded],
    melody: frozenset[int],
    more_notes: float,
    more_onsets: float,
    draws: Draws,
) -> list[Sounded]:
    """Return the notes with others added: new onsets in the widest gaps, the rest as doublings.

    Parameters
    ----------
    more_notes, more_onsets : float
        Factors on the number of notes and of onsets, >= 1.
    """
    pitched = [note for note in notes if not note.drums]
    groups = onset_groups(pitched)
    extra = round((more_notes - 1.0) * len(pitched))
    onsets = min(round(_NEW_ONSETS * (more_onsets - 1.0) * len(groups)), extra)
    added = _between(groups, melody, onsets, draws)
    added += _fuller(groups, extra - len(added), draws)
    return sorted([*notes, *added], key=lambda note: (note.onset_s, note.pitch))


def _between(
    groups: Sequence[Sequence[Sounded]], melody: frozenset[int], count: int, draws: Draws
) -> list[Sounded]:
    """Return up to `count` notes on new onsets; a gap is halved, then perhaps quartered."""
    starts = np.array([group[0].onset_s for group in groups])
    if starts.size < 2 or count < 1:
        return []
    gaps = np.diff(starts)
    # Long gaps first, but a rest is a rest: four times the usual gap is left alone.
    usual = float(np.median(gaps))
    worth = np.where(gaps > 4.0 * usual, 0.0, gaps)
    order = [int(index) for index in np.argsort(-worth, kind="stable")]
    places: list[tuple[float, float, int]] = []
    for parts in (2, 4):
        for index in order:
            width = float(gaps[index]) / parts
            if width >= _NARROWEST_S and worth[index] > 0.0:
                odd = range(1, parts, 2)
                places += [(float(starts[index]) + k * width, width, index) for k in odd]
    added = []
    for at_s, width, index in places[:count]:
        note = _filler(groups, index, melody, draws)
        added.append(replace(note, number=0, onset_s=at_s, length_s=max(0.9 * width, 0.05)))
    return added


def _filler(
    groups: Sequence[Sequence[Sounded]], index: int, melody: frozenset[int], draws: Draws
) -> Sounded:
    """Return a recent accompanying note to strike again, below the melody of the moment."""
    at_s = groups[index][0].onset_s
    recent: list[Sounded] = []
    for back in range(index, -1, -1):
        if at_s - groups[back][0].onset_s > _RECENT_S:
            break
        recent += [note for note in groups[back] if note.number not in melody]
    if not recent:  # the melody is alone: an octave below it
        top = groups[index][-1]
        pitch = top.pitch - 12 if top.pitch - 12 >= _LOWEST else top.pitch
        return replace(top, pitch=pitch, velocity=max(top.velocity - _SOFTER, 1))
    recent.sort(key=lambda note: note.pitch)
    upper = recent[-2:]
    chosen = upper[int(draws.uniform("fill", round(1000 * at_s)) * len(upper))]
    return replace(chosen, velocity=max(chosen.velocity - _SOFTER, 1))


def _fuller(groups: Sequence[Sequence[Sounded]], count: int, draws: Draws) -> list[Sounded]:
    """Return up to `count` notes struck along with others: thin onsets first, below their tops.

    They are what the accompaniment played of late, or octaves of what is struck; those nearest to
    the middle of the piece come first, so that the register stays.
    """
    if not groups:
        return []
    centre = float(np.mean([note.pitch for group in groups for note in group]))
    options: list[tuple[float, Sounded]] = []
    recent: deque[Sounded] = deque()
    for index, group in enumerate(groups):
        at_s, top = group[0].onset_s, group[-1]
        while recent and at_s - recent[0].onset_s > _RECENT_S:
            recent.popleft()
        pitches = {note.pitch for note in recent if note.end_s <= at_s}
        pitches |= {note.pitch + step for note in group for step in (-12, 12)}
        pitches -= {note.pitch for note in (*group, *recent) if note.end_s > at_s}
        fitting = [pitch for pitch in pitches if _LOWEST <= pitch < top.pitch]
        fitting.sort(key=lambda pitch: abs(pitch - centre))
        soft = max(top.velocity - _SOFTER, 1)
        for place, pitch in enumerate(fitting[:_MOST_ADDED]):
            rank = len(group) + place + draws.uniform("fuller", index, pitch)
            added = replace(top, number=0, pitch=pitch, velocity=soft, length_s=group[0].length_s)
            options.append((rank, added))
        recent.extend(group)
    options.sort(key=lambda option: option[0])
    return [note for _, note in options[: max(count, 0)]]
