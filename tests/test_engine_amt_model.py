"""The shipped chord model and the shipped density and loudness networks."""

import numpy as np
import pytest

from engine.errors import InputError, ModelError
from engine.generators.amt.conditioning import WIDTH, Conditioning, to_vector
from engine.generators.amt.dynamics import Dynamics
from engine.generators.amt.model import AmtModel
from engine.generators.amt.vocabulary import END, N_CHORDS, PAD, parse_chord_id

PHRASE = [parse_chord_id(name) for name in ("C", "E:min", "A:min", "F", "D:min", "C", "F", "G")]


@pytest.fixture(scope="module")
def model():
    return AmtModel()


def listen(model, chords, **known):
    """Return what is foreseen after the chords, two slots to each."""
    state, heard = model.initial_state(), END
    for slot, chord in enumerate([c for c in chords for _ in range(2)]):
        told = Conditioning(mode="maj", slot_in_bar=slot % 2, **known)
        _, state = model.foresee(heard, told, state)
        heard = chord
    last, _ = model.foresee(heard, Conditioning(mode="maj", slot_in_bar=0, **known), state)
    return last


def test_it_says_what_it_is(model):
    assert model.metadata["licence"] == "CC BY-NC-SA 4.0"
    assert "readers" in model.metadata and model.metadata["commit"]


def test_a_phrase_heard_twice_is_continued(model):
    for length in (3, 5, 7):
        seen = listen(model, [*PHRASE, *PHRASE, *PHRASE[:length]])
        assert int(np.argmax(seen.change)) == PHRASE[length]
        assert seen.stay < 0.5  # each chord lasted two slots
        assert np.exp(seen.slot).sum() == pytest.approx(1.0, abs=1e-3)


def test_first_chords_are_those_of_the_key_and_fill_is_never_foreseen(model):
    told = Conditioning(mode="maj", slot_in_bar=0)
    logs, _ = model.step(END, told, model.initial_state())
    in_key = {parse_chord_id(n) for n in ("N", "C", "F", "G", "A:min", "E:min", "D:min", "C:sus2")}
    assert {int(i) for i in np.argsort(logs)[-3:]} <= in_key
    assert logs[PAD] < -10 and logs[:N_CHORDS].max() > -3


def test_valence_shifts_chords_between_minor_and_major(model):
    def minor(valence):
        state, heard, share = model.initial_state(), END, 0.0
        for slot in range(8):
            told = Conditioning(valence=valence, slot_in_bar=slot % 2)
            logs, state = model.step(heard, told, state, guidance=3.0)
            share += float(np.exp(logs[parse_chord_id("A:min")]))
            heard = parse_chord_id("F")
        return share

    assert minor(-0.8) > minor(0.8)


def test_arousal_raises_density_and_loudness():
    live, whole = Dynamics("live"), Dynamics("whole")

    def level(arousal):
        told = to_vector(Conditioning(arousal=arousal, tempo_bpm=100.0, slot_in_bar=0))
        state = live.initial_state()
        for _ in range(8):
            density, loudness, state = live.step(told, state)
        piece = whole.whole(np.tile(told, (8, 1)))[-1]
        return np.array([density, loudness]), piece

    for calm, lively in zip(level(-0.8), level(0.8), strict=True):
        assert (lively > calm).all()
        assert 0.0 <= calm[0] <= 16.0 and 0.0 <= calm[1] <= 1.0


def test_wrong_shapes_are_refused(model):
    with pytest.raises(InputError, match="conditioning"):
        model.step(END, np.zeros(3, np.float32), model.initial_state())
    with pytest.raises(InputError, match=str(WIDTH)):
        Dynamics("whole").whole(np.zeros((0, WIDTH), np.float32))
    with pytest.raises(ModelError, match="not found"):
        AmtModel("nowhere.onnx")
