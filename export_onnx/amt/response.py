"""How the chord model responds to its conditioning: swapped inputs, and commanded progressions.

Realised valence and arousal are read off the chords alone by fixed rules that no model was trained
on: valence as the share of chords with a major third less those with a minor one, arousal as how
often the chord changes plus how tense the chords are.
"""

from collections.abc import Sequence

import numpy as np

from engine.generators.amt.conditioning import MASKS, SLICES, Conditioning
from engine.generators.amt.model import AmtModel
from engine.generators.amt.vocabulary import END, N_CHORDS, to_chord
from engine.music.chords import chord_tension
from export_onnx.amt.songs import Song, condition
from export_onnx.training.metrics import Score, bootstrap

__all__ = ["command_response", "generate", "realised", "swap_cost", "swapped"]

_OWN = ("mode", "tempo", "phase")
_SLOTS = 48


def swapped(song: Song, other: Song) -> np.ndarray:
    """Conditioning of `song` with all that is intended taken from `other`, stretched to fit."""
    told, theirs = condition(song), condition(other)
    place = np.linspace(0, len(other) - 1, len(song)).round().astype(int)
    mixed = np.array(theirs[place])
    for name in _OWN:
        mixed[:, SLICES[name]] = told[:, SLICES[name]]
        mixed[:, MASKS[name]] = told[:, MASKS[name]]
    return mixed


def swap_cost(
    songs: Sequence[Song], own: Sequence[np.ndarray], other: Sequence[np.ndarray]
) -> Score:
    """Rise of the surprise per slot [nats] when the conditioning is another song's.

    ``own`` and ``other`` are the probabilities of every slot, (n, SIZE), under both.
    """
    rises = []
    for song, right, wrong in zip(songs, own, other, strict=True):
        rows = np.arange(1, len(song))
        target = song.chord[1:].astype(np.int64)
        ratio = np.log(right[rows, target] + 1e-9) - np.log(wrong[rows, target] + 1e-9)
        rises.append(ratio.mean())
    names = [f"{song.dataset}/{song.group}" for song in songs]
    return bootstrap(lambda x: float(x.mean()), [np.array(rises)], names)


def generate(
    model: AmtModel, told: Sequence[Conditioning], guidance: float, seed: int
) -> list[int]:
    """Sample a progression, one chord per conditioning; never END."""
    rng = np.random.default_rng(seed)
    state, chord, chords = model.initial_state(), END, []
    for known in told:
        logs, state = model.step(chord, known, state, guidance)
        weights = np.exp(logs[1:N_CHORDS].astype(np.float64))
        chord = 1 + int(rng.choice(N_CHORDS - 1, p=weights / weights.sum()))
        chords.append(chord)
    return chords


def realised(chords: Sequence[int]) -> tuple[float, float]:
    """Valence and arousal read off a progression, see the module's docstring."""
    thirds, tension = [], []
    for identity in chords:
        chord = to_chord(identity)
        if chord is None:
            continue
        steps = {(pitch - chord.root) % 12 for pitch in chord.pitch_classes}
        thirds.append(float(4 in steps) - float(3 in steps))
        tension.append(chord_tension(chord.quality))
    changes = np.mean(np.diff(chords) != 0)
    return float(np.mean(thirds)), float(changes + np.mean(tension))


def _ranks(values: np.ndarray) -> np.ndarray:
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(float)
    for value in np.unique(values):
        order[values == value] = order[values == value].mean()
    return order


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    if np.ptp(first) < 1e-9 or np.ptp(second) < 1e-9:
        return 0.0
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def command_response(
    model: AmtModel, guidance: float, levels: int = 5, repeats: int = 4, seed: int = 7
) -> dict[str, Score]:
    """Spearman correlation of commanded and realised valence and arousal over a grid of both.

    The mode is not told: the model may choose the relative minor.
    """
    grid = np.linspace(-0.8, 0.8, levels)
    asked: list[tuple[float, float]] = []
    got, names = [], []
    for repeat in range(repeats):
        for valence in grid:
            for arousal in grid:
                told = [
                    Conditioning(
                        valence=float(valence),
                        arousal=float(arousal),
                        tempo_bpm=96.0,
                        slot_in_bar=slot % 2,
                    )
                    for slot in range(_SLOTS)
                ]
                chords = generate(model, told, guidance, seed + len(asked))
                asked.append((float(valence), float(arousal)))
                got.append(realised(chords))
                names.append(f"{repeat}/{valence}/{arousal}")
    command, found = np.array(asked), np.array(got)
    return {
        name: bootstrap(_spearman, [command[:, i], found[:, i]], names)
        for i, name in enumerate(("valence", "arousal"))
    }
