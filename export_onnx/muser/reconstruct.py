"""Human clips through MusER's codes and back, to measure the loss of the autoencoder alone."""

from collections.abc import Sequence

import numpy as np

from engine.generators.muser.composing import Place
from engine.generators.muser.grammar import Grammar, PitchRules
from engine.generators.muser.leading import Line
from engine.generators.muser.model import MuserModel, Told
from engine.generators.muser.recall import Recall
from engine.generators.muser.tokens import Beat, notes_of
from engine.generators.muser.vocabulary import PITCHES, TEMPOS
from engine.generators.muser.writing import write_notes
from engine.music.draws import Draws
from export_onnx.datasets import Item
from export_onnx.judges.notes import Notes
from export_onnx.muser.prepare import read_piece

__all__ = ["reconstruct", "reconstruct_all"]

_ANYTHING = PitchRules(frozenset(range(12)), frozenset(range(12)))


def reconstruct(model: MuserModel, beats: Sequence[Beat], seed: int) -> Notes:
    """Return what the decoder makes of the codes of a piece's beats, at its tempo.

    Its own notes are the decoder's past, none of the piece's. Hands add nothing.
    """
    draws, state = Draws(seed), model.decoder_start()
    anywhere = np.zeros(len(PITCHES), np.float32)
    rows: list[tuple[float, float, int, int]] = []
    ends: list[float] = []
    bar = 0
    for number, beat in enumerate(beats):
        header = beat.header
        bar += header.position == 0
        beat_s = 60.0 / TEMPOS[header.tempo]
        place = Place(bar * header.beats_per_bar + header.position, header.beats_per_bar, beat_s, 0)
        codes = tuple(int(code) for code in model.encode_beat(beat))
        told = Told.of(codes, place.beat, place.phase)
        ends = [end for end in ends if end > number]
        grammar = Grammar(number, beat_s, 0, _ANYTHING, ends)
        recall, line = Recall((), {}, 0.0), Line(None, anywhere, 0.0)
        tokens, state = write_notes(
            model, told, place, grammar, state, 1.0, 1.0, recall, line, draws
        )
        for note in notes_of(tokens, number, 0):
            end = note.onset + note.duration
            ends.append(end)
            rows.append((note.onset * beat_s, end * beat_s, note.pitch, note.velocity))
    return Notes.of(rows)


def reconstruct_all(model: MuserModel, items: Sequence[Item], seed: int = 1) -> list[Notes]:
    """Reconstruct clips of a data set (see `read_piece`)."""
    return [
        reconstruct(model, read_piece(item)[1].beats, seed + number)
        for number, item in enumerate(items)
    ]
