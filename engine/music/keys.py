"""Keys, scales and modes as pitch classes; names of keys and of MIDI key signatures."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from engine.errors import InputError

__all__ = [
    "KEY_NAMES",
    "SCALES",
    "Key",
    "KeyMode",
    "key_number_name",
    "parse_key",
    "parse_key_number",
    "parse_pitch_class",
    "pitch_class_name",
    "scale_pitch_classes",
]

KeyMode = Literal["maj", "min"]

SCALES: Final[dict[str, tuple[int, ...]]] = {
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic_minor": (0, 2, 3, 5, 7, 9, 11),
    "harmonic_major": (0, 2, 4, 5, 7, 8, 11),
    "major_pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10),
    "whole_tone": (0, 2, 4, 6, 8, 10),
    "octatonic": (0, 1, 3, 4, 6, 7, 9, 10),
}
"""Scale name → semitones above its tonic, ascending. The first seven, from lydian to
locrian, are the church modes from bright to dark: each lowers one more degree."""

_LETTERS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS: Final = {"": 0, "#": 1, "b": -1}
_ROOT = re.compile(r"([A-G])([#b]?)")
_KEY_NUMBER = re.compile(r"([A-G][#b]?)(-?[0-9])")
_KEY = re.compile(r"([A-G])([#b]?):(maj|min)")

_MAJOR_NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
_ROOT_NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

KEY_NAMES: Final[tuple[str, ...]] = tuple(
    [f"{name}:maj" for name in _MAJOR_NAMES] + [f"{name}:min" for name in _MINOR_NAMES]
)
"""The 24 keys, each in the spelling with the fewest accidentals."""


def pitch_class_name(pitch_class: int) -> str:
    """Return a common name of a pitch class (0 = C), such as ``"Eb"``."""
    return _ROOT_NAMES[pitch_class % 12]


def parse_pitch_class(name: str) -> int:
    """Return the pitch class (0..11) of a note name such as ``"F#"`` or ``"Bb"``.

    Raises
    ------
    InputError
        The name is not a letter A to G with at most one ``#`` or ``b``.
    """
    match = _ROOT.fullmatch(name)
    if match is None:
        raise InputError(f"note name must be A to G with an optional # or b; got {name!r}")
    return (_LETTERS[match[1]] + _ACCIDENTALS[match[2]]) % 12


def parse_key_number(name: object, what: str = "key") -> int:
    """Return the MIDI number of a key on a keyboard, from ``"C4"`` (60), ``"60"`` or a number.

    ``what`` names it in the error.

    Raises
    ------
    InputError
        It is none, or outside 0..127.
    """
    match = _KEY_NUMBER.fullmatch(name.strip()) if isinstance(name, str) else None
    try:
        if match is not None:
            number = parse_pitch_class(match[1]) + 12 * (int(match[2]) + 1)
        else:
            number = round(float(name))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = -1
    if not 0 <= number <= 127:
        raise InputError(f"{what} must be a note such as C4, or from 0 to 127; got {name!r}")
    return number


def key_number_name(number: int) -> str:
    """Return the name of a key on a keyboard, such as ``"C4"`` for 60."""
    return f"{pitch_class_name(number)}{number // 12 - 1}"


def scale_pitch_classes(tonic: int, scale: str) -> tuple[int, ...]:
    """Return the pitch classes of a scale of ``SCALES`` from its tonic upwards.

    Raises
    ------
    InputError
        There is no scale of that name.
    """
    if scale not in SCALES:
        raise InputError(f"scale must be one of {', '.join(SCALES)}; got {scale!r}")
    return tuple((tonic + step) % 12 for step in SCALES[scale])


@dataclass(frozen=True, slots=True)
class Key:
    """A major or minor key.

    Attributes
    ----------
    tonic : int
        Pitch class, 0 = C .. 11 = B.
    mode : {'maj', 'min'}
        Major, or natural minor.
    """

    tonic: int
    mode: KeyMode

    def __post_init__(self) -> None:
        if not 0 <= self.tonic <= 11:
            raise InputError(f"tonic must be 0..11; got {self.tonic}")
        if self.mode not in ("maj", "min"):
            raise InputError(f"mode must be 'maj' or 'min'; got {self.mode!r}")

    def __str__(self) -> str:
        """Return the key as the rest of Stimmung writes it, such as ``"F#:min"``."""
        names = _MAJOR_NAMES if self.mode == "maj" else _MINOR_NAMES
        return f"{names[self.tonic]}:{self.mode}"

    @property
    def signature(self) -> str:
        """Name of the MIDI key signature, such as ``"Bb"`` or ``"F#m"`` (mido's spelling)."""
        names = _MAJOR_NAMES if self.mode == "maj" else _MINOR_NAMES
        return names[self.tonic] + ("" if self.mode == "maj" else "m")

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes of the major or natural minor scale, from the tonic upwards."""
        return scale_pitch_classes(self.tonic, "ionian" if self.mode == "maj" else "aeolian")

    @property
    def relative(self) -> "Key":
        """Key of the other mode with the same notes (C major ↔ A minor)."""
        if self.mode == "maj":
            return Key((self.tonic + 9) % 12, "min")
        return Key((self.tonic + 3) % 12, "maj")

    @property
    def parallel(self) -> "Key":
        """Key of the other mode on the same tonic (C major ↔ C minor)."""
        return Key(self.tonic, "min" if self.mode == "maj" else "maj")


def parse_key(name: str) -> Key:
    """Read a key such as ``"C:maj"``, ``"F#:min"`` or ``"Bb:maj"``.

    Any enharmonic spelling with at most one accidental is read; ``str`` of the result has
    the usual one.

    Raises
    ------
    InputError
        The name is not of that form.
    """
    match = _KEY.fullmatch(name)
    if match is None:
        raise InputError(
            "key must be a note A to G with an optional # or b, then :maj or :min "
            f"(such as C:maj, F#:min, Bb:maj); got {name!r}"
        )
    mode: KeyMode = "maj" if match[3] == "maj" else "min"
    return Key(parse_pitch_class(match[1] + match[2]), mode)
