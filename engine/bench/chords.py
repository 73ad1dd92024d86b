"""The engine `amt` measured: cost of a step, voices, agreement with a performer."""

import time
from itertools import pairwise
from typing import Any, Final

import numpy as np

from engine.bench.core import one_core, quantile_ms
from engine.events import NoteEvent
from engine.generators.amt.conditioning import Conditioning
from engine.generators.amt.generator import AmtGenerator
from engine.generators.amt.model import AmtModel, AmtState, Foresight
from engine.generators.amt.vocabulary import N_CHORDS, to_chord
from engine.generators.protocol import MusicalContext
from engine.music.arrange.voices import lead_voices
from engine.music.chords import Chord, parse_chord
from engine.music.draws import Draws
from engine.music.keys import Key
from engine.music.voicing import motion

__all__ = ["measure_amt"]

_TEMPO_BPM = 100.0
_BEATS_PER_BAR = 4
_CORNERS: Final = ((0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8), (0.8, -0.8))
_WARM_UP = 8
_LAGS_S: Final = (0.0, 0.3)
_LEAD_BEATS: Final = 0.25
"""How long before a beat the pipeline asks for it, about, at this tempo."""


class _Timed(AmtModel):
    """Notes how long each step takes."""

    def __init__(self) -> None:
        super().__init__()
        self.took: list[float] = []

    def foresee(
        self,
        chord_id: int,
        conditioning: Conditioning | np.ndarray,
        state: AmtState,
        guidance: float = 1.0,
    ) -> tuple[Foresight, AmtState]:
        began = time.perf_counter()
        found = super().foresee(chord_id, conditioning, state, guidance)
        self.took.append(time.perf_counter() - began)
        return found


def measure_amt(bars: int = 32) -> dict[str, Any]:
    """Return milliseconds per step and beat, semitones moved per voice, and shares.

    Every quadrant is played for so many bars of four at 100 BPM, alone; then three times as long
    to a performer, whose chord is known at once or after a lag. Agreement is the share of beats
    with the chord last known when the beat was asked for (``heard``), and with the one the
    performer then plays (``sounding``), which may be new. Wrong pitch classes are counted over the
    whole vocabulary, voiced in a random order, and over everything played.
    """
    model = _Timed()
    beats: list[float] = []
    moved: list[float] = []
    wrong = notes = 0
    with one_core():
        for seed, (valence, arousal) in enumerate(_CORNERS):
            generator = AmtGenerator(model=model)
            generator.reset(seed)
            voicing: tuple[int, ...] = ()
            for beat in range(_WARM_UP + bars * _BEATS_PER_BAR):
                model.took = model.took if beat >= _WARM_UP or seed else []
                began = time.perf_counter()
                written = generator.extend(_context(beat, valence, arousal))
                if beat >= _WARM_UP:
                    beats.append(time.perf_counter() - began)
                following = generator.snapshot().arranger.voicing
                if voicing and following != voicing:
                    moved.append(motion(voicing, following) / len(following))
                voicing = following
                wrong += _wrong(written, generator.chord)
                notes += len(written)
    missed, of_all = _vocabulary_faults()
    agreed = {lag_s: _agreement(model, 3 * bars, lag_s) for lag_s in _LAGS_S}
    return {
        "step_p50_ms": quantile_ms(model.took, 0.5),
        "step_p99_ms": quantile_ms(model.took, 0.99),
        "beat_p50_ms": quantile_ms(beats, 0.5),
        "beat_p99_ms": quantile_ms(beats, 0.99),
        "semitones_per_voice_per_change": round(float(np.mean(moved)), 3),
        "wrong_notes_of_chords": f"{wrong} of {notes}",
        "wrongly_voiced_chords": f"{missed} of {of_all}",
        **{
            f"agreement_{what}_lag_{lag_s:g}_s": round(share, 3)
            for lag_s, shares in agreed.items()
            for what, share in zip(("heard", "sounding"), shares, strict=True)
        },
    }


def _context(beat: int, valence: float, arousal: float, chord: str = "") -> MusicalContext:
    return MusicalContext(beat, _TEMPO_BPM, _BEATS_PER_BAR, "C:maj", chord, valence, arousal)


def _wrong(notes: list[NoteEvent], chord: str) -> int:
    """Count notes of chords and pad that are not in the chord."""
    named = parse_chord(chord) if chord else None
    members = set(named.pitch_classes) if named is not None else set()
    return sum(n.role in ("chords", "pad") and n.pitch % 12 not in members for n in notes)


def _vocabulary_faults() -> tuple[int, int]:
    """Return how many chords have a wrong or missing pitch class, and how many there are."""
    chords = [chord for chord in map(to_chord, range(N_CHORDS)) if chord is not None]
    draws = Draws(0)
    order = sorted(range(len(chords)), key=lambda index: draws.uniform("order", index))
    voicing: tuple[int, ...] = ()
    faults = 0
    for one, other in pairwise([*order, order[0]]):
        voicing = lead_voices(chords[one], chords[other], voicing, 60.0, Key(0, "maj"))
        faults += {pitch % 12 for pitch in voicing} != set(chords[one].pitch_classes)
    return faults, len(chords)


def _agreement(model: AmtModel, bars: int, lag_s: float) -> tuple[float, float]:
    """Return the shares of beats that agree with what was heard, and with what then sounds.

    A performer repeats a progression; half bars and bars of one chord alternate between its turns.
    """
    names = "C:maj A:min F:maj G:maj E:min A:min D:min7 G:7 C:maj E:7 A:min D:7 G:maj C:maj7"
    progression: list[Chord | None] = [parse_chord(name) for name in names.split()]
    turn = [c for c in progression for _ in range(2)] + [c for c in progression for _ in range(4)]
    heard = sounding = 0
    generator = AmtGenerator("scale", model)
    generator.reset(0)
    behind = _LEAD_BEATS + lag_s * _TEMPO_BPM / 60.0
    for beat in range(bars * _BEATS_PER_BAR):
        when_asked = turn[int(max(0.0, beat - behind)) % len(turn)]
        generator.extend(_context(beat, 0.2, 0.0, str(when_asked)))
        heard += generator.chord == str(when_asked)
        sounding += generator.chord == str(turn[beat % len(turn)])
    return heard / (bars * _BEATS_PER_BAR), sounding / (bars * _BEATS_PER_BAR)
