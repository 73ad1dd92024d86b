"""SoundFonts: what they hold, and the sound of each key.

Reads SoundFont 2 files and their compressed kin (``.sf3``, samples as Ogg Vorbis). Generators are
read; modulators are left out but for the standard's own on velocity.

References
----------
SoundFont Technical Specification 2.04, sections 7 and 8.
"""

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio.ring import FloatArray
from engine.errors import InputError

__all__ = ["DRUM_BANK", "GUARD", "TABLES", "Region", "SoundFont", "read_chunks", "read_tables"]

DRUM_BANK: Final = 128
GUARD: Final = 8
"""Silent samples behind each, for interpolation."""

TABLES: Final = {
    b"phdr": np.dtype(
        [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "<u4", 3)]
    ),
    b"pbag": np.dtype([("gen", "<u2"), ("mod", "<u2")]),
    b"pgen": np.dtype([("what", "<u2"), ("amount", "<i2")]),
    b"inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    b"ibag": np.dtype([("gen", "<u2"), ("mod", "<u2")]),
    b"igen": np.dtype([("what", "<u2"), ("amount", "<i2")]),
    b"shdr": np.dtype(
        [
            ("name", "S20"),
            ("start", "<u4"),
            ("end", "<u4"),
            ("loop_start", "<u4"),
            ("loop_end", "<u4"),
            ("rate", "<u4"),
            ("key", "u1"),
            ("cents", "i1"),
            ("link", "<u2"),
            ("kind", "<u2"),
        ]
    ),
}
"""Tables of a file (section 7), but for modulators."""

# Generators (section 8.1.2).
_FILTER, _RESONANCE, _FILTER_ENVELOPE, _REVERB, _PAN = 8, 9, 11, 16, 17
_VIBRATO, _VIBRATO_DELAY, _VIBRATO_RATE = 6, 23, 24
_DELAY, _ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE = range(33, 39)
_KEY_TO_HOLD, _KEY_TO_DECAY = 39, 40
_INSTRUMENT, _KEYS, _VELOCITIES, _LOUDNESS = 41, 43, 44, 48
_COARSE, _FINE, _SAMPLE, _LOOPS, _SCALE, _CLASS, _ROOT = 51, 52, 53, 54, 56, 57, 58
_OFFSETS: Final = {"start": (0, 4), "end": (1, 12), "loop_start": (2, 45), "loop_end": (3, 50)}
_ONLY_INSTRUMENT: Final = frozenset(
    {_SAMPLE, _LOOPS, _CLASS, _ROOT, *(n for pair in _OFFSETS.values() for n in pair)}
)
_STANDARD: Final[Mapping[int, int]] = {
    _FILTER: 13500,
    _SCALE: 100,
    _ROOT: -1,
    **dict.fromkeys((_DELAY, _ATTACK, _HOLD, _DECAY, _RELEASE, _VIBRATO_DELAY), -12000),
}
_OPEN_CENTS: Final = 13490  # a filter this high lets everything pass
_COMPRESSED: Final = 0x10
_ROM: Final = 0x8000
_LEAST_RATE, _MOST_RATE = 400, 192_000
_LOUDNESS_SCALE: Final = 0.4  # as the sound cards played it that SoundFonts are made for

Generators = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Region:
    """A sample with the keys and velocities that play it.

    Attributes
    ----------
    keys, velocities : (int, int)
        Lowest and highest.
    sample : int
        Number in the file.
    rate : float
        [Hz]
    root : float
        Key at which the sample sounds as recorded, with fine tuning.
    scale : float
        Semitones for each key.
    start, end, loop_start, loop_end : int
        [samples]
    loops : bool
        Whether it is repeated while it sounds.
    loops_to_release : bool
        Whether it is played on to its end once the key is released.
    gain : float
        Factor.
    pan : float
        -1 (left) .. 1 (right).
    reverb : float
        Share that goes into the room, 0..1.
    cutoff_hz, resonance_db : float
        Low-pass filter, as far as its envelope opens it; infinite: none.
    delay_s, attack_s, hold_s, decay_s, release_s : float
        Envelope at key 60; decay and release are times for 100 dB [s].
    sustain_db : float
        Where decay ends, below the peak [dB].
    hold_cents, decay_cents : float
        How hold and decay change for each key.
    vibrato_cents, vibrato_hz, vibrato_delay_s : float
        Vibrato.
    group : int
        A key ends the others of its group; 0: none.
    """

    keys: tuple[int, int]
    velocities: tuple[int, int]
    sample: int
    rate: float
    root: float
    scale: float
    start: int
    end: int
    loop_start: int
    loop_end: int
    loops: bool
    loops_to_release: bool
    gain: float
    pan: float
    reverb: float
    cutoff_hz: float
    resonance_db: float
    delay_s: float
    attack_s: float
    hold_s: float
    decay_s: float
    release_s: float
    sustain_db: float
    hold_cents: float
    decay_cents: float
    vibrato_cents: float
    vibrato_hz: float
    vibrato_delay_s: float
    group: int


def read_chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield name and content of each RIFF chunk; some files lack the byte that pads odd ones."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield bytes(data[at : at + 4]), data[at + 8 : at + 8 + length]
        at += 8 + length
        if length % 2 and at < len(data) and data[at] == 0:
            at += 1


def read_tables(path: Path) -> dict[bytes, memoryview]:
    """Return the chunks of a file by name, those inside its lists.

    Raises
    ------
    InputError
        It cannot be read or is no SoundFont.
    """
    try:
        data = memoryview(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    found: dict[bytes, memoryview] = {}
    if bytes(data[:4]) == b"RIFF" and bytes(data[8:12]) == b"sfbk":
        for name, content in read_chunks(data[12:]):
            if name == b"LIST":
                found.update(read_chunks(content[4:]))
    if any(name not in found or len(found[name]) % TABLES[name].itemsize for name in TABLES):
        raise InputError(f"{path} is not a SoundFont (.sf2 or .sf3)")
    return found


class SoundFont:
    """A file, its tables read; samples are decoded when they are asked for.

    Raises
    ------
    InputError
        It cannot be read, is no SoundFont, or holds nothing that plays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        chunks = read_tables(path)
        self._tables = {name: np.frombuffer(chunks[name], kind) for name, kind in TABLES.items()}
        self._samples = chunks.get(b"smpl", memoryview(b""))
        heads = self._tables[b"phdr"][:-1]
        self._presets = {
            (int(head["bank"]), int(head["program"])): number for number, head in enumerate(heads)
        }
        if not self._presets or not len(self._samples):
            raise InputError(f"{path}: no instruments in it")

    @property
    def programs(self) -> list[tuple[int, int]]:
        """Bank and program of every instrument it holds."""
        return sorted(self._presets)

    def nearest(self, program: int, *, drums: bool) -> tuple[int, int]:
        """Return bank and program of the instrument that comes nearest to a General MIDI one.

        One of the same family of eight, if there is any.
        """
        bank = DRUM_BANK if drums else 0
        there = [place for place in self._presets if place[0] == bank] or list(self._presets)
        return min(
            there, key=lambda at: (not drums and at[1] // 8 != program // 8, abs(at[1] - program))
        )

    def regions(self, bank: int, program: int) -> list[Region]:
        """Return what an instrument plays.

        Raises
        ------
        InputError
            The file has a number in it that leads nowhere.
        """
        number = self._presets[bank, program]
        try:
            return list(self._regions(number))
        except IndexError:
            raise InputError(f"{self.path}: instrument {bank}:{program} is damaged") from None

    def _regions(self, preset: int) -> Iterator[Region]:
        for outer in self._zones(b"p", b"phdr", preset, _INSTRUMENT):
            for inner in self._zones(b"i", b"inst", outer[_INSTRUMENT], _SAMPLE):
                if (region := self._region(outer, inner)) is not None:
                    yield region

    def _zones(self, letter: bytes, heads: bytes, number: int, last: int) -> Iterator[Generators]:
        """Yield the generators of each zone, those of the global zone below them."""
        bags, gens = self._tables[letter + b"bag"], self._tables[letter + b"gen"]
        first, end = (int(self._tables[heads]["bag"][n]) for n in (number, number + 1))
        common: Generators = {}
        for zone in range(first, end):
            start, stop = int(bags["gen"][zone]), int(bags["gen"][zone + 1])
            own = {int(what): int(amount) for what, amount in gens[start:stop]}
            if last in own:
                yield {**common, **own}
            elif zone == first:
                common = own

    def _region(self, outer: Generators, inner: Generators) -> Region | None:
        head = self._tables[b"shdr"][inner[_SAMPLE]]
        kind = int(head["kind"])
        keys = _overlap(outer.get(_KEYS), inner.get(_KEYS))
        velocities = _overlap(outer.get(_VELOCITIES), inner.get(_VELOCITIES))
        rate = int(head["rate"])
        if kind & _ROM or keys is None or velocities is None:
            return None
        if not _LEAST_RATE <= rate <= _MOST_RATE:
            return None

        def get(what: int) -> float:
            """Return a generator; an instrument's own is moved by that of the preset."""
            moved = 0 if what in _ONLY_INSTRUMENT else outer.get(what, 0)
            return inner.get(what, _STANDARD.get(what, 0)) + moved

        first = 0 if kind & _COMPRESSED else int(head["start"])
        places = {
            name: int(head[name]) - first + int(get(fine)) + 32768 * int(get(coarse))
            for name, (fine, coarse) in _OFFSETS.items()
        }
        if kind & _COMPRESSED:
            places["start"], places["end"] = int(get(0)) + 32768 * int(get(4)), -1
        root = get(_ROOT) if get(_ROOT) >= 0 else float(head["key"])
        cents = 100.0 * get(_COARSE) + get(_FINE) + float(head["cents"])
        filter_cents = get(_FILTER) + max(0.0, get(_FILTER_ENVELOPE))  # as a note begins
        return Region(
            keys=keys,
            velocities=velocities,
            sample=inner[_SAMPLE],
            rate=float(rate),
            root=(root if root <= 127 else 60.0) - cents / 100.0,
            scale=get(_SCALE) / 100.0,
            **places,
            loops=int(get(_LOOPS)) & 1 == 1,
            loops_to_release=int(get(_LOOPS)) & 3 == 3,
            gain=10.0 ** (-_LOUDNESS_SCALE * min(1440.0, max(0.0, get(_LOUDNESS))) / 200.0),
            pan=min(1.0, max(-1.0, get(_PAN) / 500.0)),
            reverb=min(1.0, max(0.0, get(_REVERB) / 1000.0)),
            cutoff_hz=_hertz(filter_cents) if filter_cents < _OPEN_CENTS else math.inf,
            resonance_db=min(960.0, max(0.0, get(_RESONANCE))) / 10.0,
            delay_s=_seconds(get(_DELAY)),
            attack_s=_seconds(get(_ATTACK)),
            hold_s=_seconds(get(_HOLD)),
            decay_s=_seconds(get(_DECAY)),
            release_s=_seconds(get(_RELEASE)),
            sustain_db=min(1000.0, max(0.0, get(_SUSTAIN))) / 10.0,
            hold_cents=get(_KEY_TO_HOLD),
            decay_cents=get(_KEY_TO_DECAY),
            vibrato_cents=get(_VIBRATO),
            vibrato_hz=_hertz(get(_VIBRATO_RATE)),
            vibrato_delay_s=_seconds(get(_VIBRATO_DELAY)),
            group=int(get(_CLASS)),
        )

    def sample(self, region: Region) -> FloatArray:
        """Return a region's sample as far as it is played, and some silence, float32, shape (n,).

        Raises
        ------
        InputError
            It cannot be decoded.
        """
        head = self._tables[b"shdr"][region.sample]
        first, end = int(head["start"]), int(head["end"])
        if int(head["kind"]) & _COMPRESSED:
            pcm = self._decoded(first, end)
        else:
            raw = self._samples[2 * first : 2 * (first + max(region.end, 0))]
            pcm = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.float32) / 32768.0
        if math.isfinite(region.cutoff_hz):
            pcm = _low_pass(pcm, region)
        return np.pad(pcm, (0, GUARD))

    def _decoded(self, first: int, end: int) -> FloatArray:
        import soundfile

        try:
            sound: NDArray[np.float32] = soundfile.read(
                io.BytesIO(self._samples[first:end]), dtype="float32", always_2d=True
            )[0]
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise InputError(f"{self.path}: a sample cannot be decoded: {error}") from error
        return np.ascontiguousarray(sound[:, 0])


def _overlap(one: int | None, other: int | None) -> tuple[int, int] | None:
    """Return what two ranges of keys or velocities have in common, low byte first."""
    pairs = [(pair & 0x7F, pair >> 8 & 0x7F) for pair in (one, other) if pair is not None]
    low = max((pair[0] for pair in pairs), default=0)
    high = min((pair[1] for pair in pairs), default=127)
    return (low, high) if low <= high else None


def _seconds(timecents: float) -> float:
    return 0.0 if timecents <= -12000 else float(2.0 ** (min(timecents, 8000) / 1200.0))


def _hertz(cents: float) -> float:
    return float(8.176 * 2.0 ** (min(max(cents, -16000.0), 13500.0) / 1200.0))


def _low_pass(pcm: FloatArray, region: Region) -> FloatArray:
    """Return a sample behind the region's filter, at the key it was recorded with.

    The filter stands still in hertz while keys move the sample: near the root it is right.
    """
    size = 1 << (len(pcm) + 1024).bit_length()
    ratio = np.fft.rfftfreq(size, 1.0 / region.rate) / region.cutoff_hz
    damping = 10.0 ** (-region.resonance_db / 20.0) * math.sqrt(2.0)
    response = 1.0 / (1.0 - ratio**2 + 1j * damping * ratio)
    filtered = np.fft.irfft(np.fft.rfft(pcm, size) * response, size)[: len(pcm)]
    return filtered.astype(np.float32)
