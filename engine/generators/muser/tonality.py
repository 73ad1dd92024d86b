"""Key, mode and chord of a beat: what valence, the key lock and the performer make of them.

With the tonic locked, valence chooses major or minor on it; with the scale locked, it chooses
between the scale's major key and its relative minor.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.grammar import PitchRules
from engine.generators.muser.model import CodeTable
from engine.generators.muser.vocabulary import MODES, chord_label
from engine.generators.protocol import KeyLock
from engine.music.chords import QUALITIES, Chord
from engine.music.keys import Key, scale_pitch_classes
from engine.music.listen import Hearing
from engine.music.reading.harmony import NO_ROOT, QUALITY_NAMES

__all__ = [
    "agrees",
    "chord_code",
    "chord_costs",
    "chord_mask",
    "chord_of_code",
    "half_bar",
    "home_key",
    "mode_index",
    "pitch_rules",
    "wants_major",
]

_CLEAR: Final = 0.5
"""Valence from which on all phrases are in major; in minor below its opposite."""
_EDGE: Final = 0.08
_FOREIGN: Final = {"maj": (3, 8), "min": (4, 9)}
"""Steps above the tonic, third and sixth, that tell the other mode."""
_LEADING: Final = {"maj": "ionian", "min": "harmonic_minor"}
_OUTSIDE: Final = 0.7
_OTHER_MODE: Final = 2.0
"""What each note of a chord costs outside the key, and if it tells the other mode [nats]."""
_AGREES: Final = 8.0
"""What a chord gains that holds all of what somebody plays [nats]."""
_AGREED: Final = 0.4
_HALVES: Final = {4: 2, 5: 3, 6: 3, 7: 4, 8: 4}
"""Beats per bar → beat on which its second half starts; other bars have one half."""


def half_bar(position: int, beats_per_bar: int) -> bool:
    """Return whether a half bar starts on this beat of the bar: chords may change here."""
    return position == 0 or position == _HALVES.get(beats_per_bar, 0)


def wants_major(valence: float, before: Key | None, brightness: float) -> bool:
    """Return whether a phrase is to be in a major key.

    The share of phrases in major rises with valence; beyond `_CLEAR` all are, or none.

    Parameters
    ----------
    before : Key or None
        In which the music has been: it stays where the phrase is on the edge.
    brightness : float
        From which share on the phrase is in major, see `phrases.brightness`.
    """
    beyond = 0.5 + 0.5 * valence / _CLEAR - brightness
    if before is not None and abs(beyond) < _EDGE:
        return before.mode == "maj"
    return beyond > 0.0


def home_key(key: Key, major: bool, lock: KeyLock) -> Key:
    """Return the key to play in: parallel keys share the tonic, relative keys the scale."""
    if (key.mode == "maj") == major:
        return key
    return key.relative if lock == "scale" else key.parallel


def pitch_rules(key: Key, lock: KeyLock, chord: Chord | None, heard: Chord | None) -> PitchRules:
    """Return the pitch classes of a beat.

    Parameters
    ----------
    key : Key
        From `home_key`.
    lock : {'tonic', 'scale'}
        A locked scale is never left.
    chord : Chord or None
        The one the beat's code stands for.
    heard : Chord or None
        The performer's; only its notes within what is allowed can be agreed with.
    """
    scale = frozenset(key.pitch_classes)
    own = frozenset(chord.pitch_classes) if chord else frozenset()
    theirs = frozenset(heard.pitch_classes) if heard else frozenset()
    usual = scale | own | theirs
    if key.mode == "min":
        usual |= frozenset(scale_pitch_classes(key.tonic, "harmonic_minor"))
    allowed = scale if lock == "scale" else frozenset(range(12))
    bound = theirs & allowed
    return PitchRules(
        allowed,
        usual & allowed,
        bound if len(bound) >= 2 else frozenset(),
        frozenset((key.tonic + step) % 12 for step in _FOREIGN[key.mode]) - own - theirs,
        own & allowed,
        frozenset() if chord is None else frozenset(chord.pitch_classes[::2][:2]) & allowed,
    )


def chord_of_code(table: CodeTable, code: int, tonic: int) -> Chord | None:
    """Return the chord a code stands for; None for "no chord"."""
    root, quality = table.labels[code]
    return None if root == NO_ROOT else Chord((root + tonic) % 12, QUALITY_NAMES[quality])


def chord_code(table: CodeTable, chord: Chord, tonic: int) -> int:
    """Return the code nearest to a chord: its own, else the one that shares most notes."""
    root = (chord.root - tonic) % 12
    if chord.quality in QUALITY_NAMES:
        label = chord_label(root, QUALITY_NAMES.index(chord.quality))
        if label in table.of_label:
            return table.of_label[label]
    wanted = {(root + step) % 12 for step in QUALITIES[chord.quality]}
    scores = []
    for code, (code_root, quality) in enumerate(table.labels):
        if code_root == NO_ROOT or table.share[code] == 0.0:
            scores.append(-1.0)
            continue
        notes = {(code_root + step) % 12 for step in QUALITIES[QUALITY_NAMES[quality]]}
        overlap = len(wanted & notes) / len(wanted | notes)
        scores.append(overlap + (0.1 if code_root == root else 0.0))
    return int(np.argmax(scores))


def agrees(chord: Chord | None, hearing: Hearing) -> bool:
    """Return whether a chord may stay beside what somebody plays; else it may change at once."""
    return hearing.silent or bool(hearing.agreement([chord])[0] >= _AGREED)


def chord_costs(table: CodeTable, key: Key, timid: float, hearing: Hearing) -> NDArray[np.float32]:
    """Return what each chord costs, float32, (n_codes,) [nats].

    For its notes beside the key, times `timid`, and for those beside what somebody plays.
    """
    chords = [chord_of_code(table, code, key.tonic) for code in range(len(table.labels))]
    usual = {*key.pitch_classes, *scale_pitch_classes(key.tonic, _LEADING[key.mode])}
    foreign = {(key.tonic + step) % 12 for step in _FOREIGN[key.mode]}
    costs = -_AGREES * hearing.agreement(chords)
    for code, chord in enumerate(chords):
        for tone in chord.pitch_classes if chord else ():
            costs[code] += timid * _OUTSIDE if tone not in usual else 0.0
            costs[code] += timid * _OTHER_MODE if tone in foreign else 0.0
    found: NDArray[np.float32] = costs.astype(np.float32)
    return found


def chord_mask(table: CodeTable, key: Key, lock: KeyLock) -> NDArray[np.bool_]:
    """Return which chord codes may be drawn, shape (n_codes,): used ones, in a locked scale."""
    mask = table.share > 0.0
    if lock == "scale":
        scale = set(key.pitch_classes)
        for code in range(len(mask)):
            chord = chord_of_code(table, code, key.tonic)
            mask[code] &= chord is None or set(chord.pitch_classes) <= scale
    return mask if mask.any() else table.share > 0.0


def mode_index(key: Key) -> int:
    """Return the index of a key's mode in `MODES`."""
    return MODES.index(key.mode)
