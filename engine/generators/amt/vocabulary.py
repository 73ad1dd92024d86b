"""The chords of the Affective Multimodal Transformer: 157 of them, END and PAD, as numbers.

Id 0 is "no chord"; ``1 + 13 * root + quality`` is a chord, root 0..11 from C, the thirteen
qualities in the published order, which is also the order of `engine.music.chords.QUALITIES`;
157 ends a song, 158 fills up a batch. Chords are stored as if the song stood in C major or A minor.

References
----------
Kang, Poria, Herremans: Video2Music: suitable music generation from videos using an Affective
Multimodal Transformer model. arXiv 2311.00968.
"""

from typing import Final

from engine.errors import InputError
from engine.music.chords import NO_CHORD, Chord
from engine.music.keys import Key, parse_pitch_class

__all__ = [
    "AMT_QUALITIES",
    "END",
    "NO_CHORD_ID",
    "N_CHORDS",
    "N_QUALITY_TOKENS",
    "N_ROOT_TOKENS",
    "PAD",
    "QUALITY_OF",
    "REDUCED_QUALITIES",
    "ROOT_OF",
    "SIZE",
    "chord_id",
    "chord_name",
    "from_chord",
    "parse_chord_id",
    "pitch_classes",
    "to_chord",
    "to_song_key",
    "transpose",
]

AMT_QUALITIES: Final[tuple[str, ...]] = (
    "maj",
    "dim",
    "sus4",
    "min7",
    "min",
    "sus2",
    "aug",
    "dim7",
    "maj6",
    "hdim7",
    "7",
    "min6",
    "maj7",
)
"""Quality of each quality number, in the published order."""

NO_CHORD_ID: Final = 0
N_CHORDS: Final = 1 + 12 * len(AMT_QUALITIES)
"""Chords with "no chord": 157."""
END: Final = N_CHORDS
PAD: Final = N_CHORDS + 1
SIZE: Final = N_CHORDS + 2
"""Ids in all: 159."""

N_ROOT_TOKENS: Final = 15
"""Root tokens as published: 0 no chord, 1..12 C to B, 13 END, 14 PAD."""
N_QUALITY_TOKENS: Final = 16
"""Quality tokens as published: 0 no chord, 1..13 the qualities, 14 END, 15 PAD."""

REDUCED_QUALITIES: Final[dict[str, str]] = {
    **{quality: quality for quality in AMT_QUALITIES},
    "": "maj",
    "M": "maj",
    "5": "maj",
    "1": "maj",
    "6": "maj6",
    "add9": "maj",
    "9": "7",
    "11": "7",
    "13": "7",
    "7b9": "7",
    "7#9": "7",
    "maj9": "maj7",
    "maj11": "maj7",
    "maj13": "maj7",
    "m": "min",
    "minadd9": "min",
    "minmaj7": "min",
    "m7": "min7",
    "min9": "min7",
    "min11": "min7",
    "min13": "min7",
    "m7b5": "hdim7",
    "7sus4": "sus4",
    "sus4(b7)": "sus4",
    "sus": "sus4",
    "aug7": "aug",
}
"""Quality as other vocabularies write it → nearest of the thirteen: triad and seventh decide, what
lies above the seventh is left to the arrangement."""

_QUALITY_NUMBER: Final = {quality: number for number, quality in enumerate(AMT_QUALITIES)}

ROOT_OF: Final[tuple[int, ...]] = (
    0,
    *(1 + root for root in range(12) for _ in AMT_QUALITIES),
    N_ROOT_TOKENS - 2,
    N_ROOT_TOKENS - 1,
)
"""Root token of each id."""

QUALITY_OF: Final[tuple[int, ...]] = (
    0,
    *(1 + number for _ in range(12) for number in range(len(AMT_QUALITIES))),
    N_QUALITY_TOKENS - 2,
    N_QUALITY_TOKENS - 1,
)
"""Quality token of each id."""


def chord_id(root: int, quality: str) -> int:
    """Return the id of a chord.

    Parameters
    ----------
    root : int
        Pitch class 0..11, 0 = C.
    quality : str
        A key of `REDUCED_QUALITIES`.

    Raises
    ------
    InputError
        The root or the quality is none of these.
    """
    if not 0 <= root <= 11:
        raise InputError(f"chord root must be 0..11; got {root}")
    if quality not in REDUCED_QUALITIES:
        allowed = ", ".join(name for name in REDUCED_QUALITIES if name)
        raise InputError(f"chord quality must be one of {allowed}; got {quality!r}")
    number = _QUALITY_NUMBER[REDUCED_QUALITIES[quality]]
    return 1 + len(AMT_QUALITIES) * root + number


def from_chord(chord: Chord | None) -> int:
    """Return the id of a chord, extended qualities reduced; None is "no chord"."""
    return NO_CHORD_ID if chord is None else chord_id(chord.root, chord.quality)


def to_chord(identity: int) -> Chord | None:
    """Return the chord of an id; None for "no chord".

    Raises
    ------
    InputError
        The id is END, PAD or out of range.
    """
    if not 0 <= identity < N_CHORDS:
        raise InputError(f"chord id must be 0..{N_CHORDS - 1}; got {identity}")
    if identity == NO_CHORD_ID:
        return None
    root, number = divmod(identity - 1, len(AMT_QUALITIES))
    return Chord(root, AMT_QUALITIES[number])


def pitch_classes(identity: int) -> tuple[int, ...]:
    """Return the pitch classes of an id, root first; empty for "no chord".

    Raises
    ------
    InputError
        The id is END, PAD or out of range.
    """
    chord = to_chord(identity)
    return () if chord is None else chord.pitch_classes


def transpose(identity: int, semitones: int) -> int:
    """Return the id of the chord so many semitones higher; "no chord", END and PAD stay."""
    if not 1 <= identity < N_CHORDS:
        return identity
    width = len(AMT_QUALITIES)
    root, number = divmod(identity - 1, width)
    return 1 + width * ((root + semitones) % 12) + number


def to_song_key(key: Key) -> int:
    """Return the semitones from the vocabulary's C major or A minor up to a key, 0..11.

    ``transpose(model_id, to_song_key(key))`` sounds in the song's key;
    ``transpose(song_id, -to_song_key(key))`` is what the model reads.
    """
    return key.tonic if key.mode == "maj" else key.relative.tonic


def parse_chord_id(name: str) -> int:
    """Read a chord symbol as POP909, MuVi-Sync and our tracker write it.

    ``"N"``, ``"C"``, ``"A:min7"``, ``"F#:maj7/5"``, ``"D:sus4(b7)"``: the bass after the slash is
    left out, the quality is looked up in `REDUCED_QUALITIES`.

    Raises
    ------
    InputError
        The root is no note name or the quality is unknown.
    """
    if name == NO_CHORD:
        return NO_CHORD_ID
    root, _, quality = name.partition("/")[0].partition(":")
    return chord_id(parse_pitch_class(root), quality)


def chord_name(identity: int) -> str:
    """Return an id as the rest of Stimmung writes chords (``"A:min"``, ``"N"``)."""
    if identity in (END, PAD):
        return "END" if identity == END else "PAD"
    chord = to_chord(identity)
    return NO_CHORD if chord is None else str(chord)
