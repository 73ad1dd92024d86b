"""How MusER follows a target that moves."""

import numpy as np
import pytest

from engine.generators.muser.composing import URGENT_BEATS, Place, pushed, wanted_numbers
from engine.generators.muser.generator import MuserGenerator, load_model
from engine.generators.muser.model import shipped_model_folder
from engine.generators.muser.settings import Knobs
from engine.generators.protocol import MusicalContext

PLACE = Place(8, 4, 0.6, 0)


@pytest.fixture(scope="module")
def shipped():
    return load_model(shipped_model_folder())


def play(generator, beats, arousal):
    rest = {"tempo_bpm": 110.0, "beats_per_bar": 4, "key": "D:maj", "chord": ""}
    return [
        note
        for beat in beats
        for note in generator.extend(
            MusicalContext(beat=beat, valence=0.3, arousal=arousal, **rest)
        )
    ]


@pytest.mark.parametrize("before", [-0.9, 0.9])
def test_moved_target_is_heard_in_the_next_beat(shipped, before):
    calm, fierce = [], []
    for seed in range(8):  # each has a style of its own
        for arousal, found in ((-0.9, calm), (0.9, fierce)):
            generator = MuserGenerator(model=shipped)
            generator.reset(seed)
            play(generator, range(6), before)
            notes = play(generator, [6, 7], arousal)
            found += [generator.shape(note, 0.3, arousal).velocity for note in notes]
    assert len(fierce) > 1.2 * len(calm)  # the first beat after a leap is never empty
    assert np.mean(fierce) > np.mean(calm) + 15


def test_a_jump_is_overdone_for_some_beats():
    calm, wild = (wanted_numbers(0.5, arousal, PLACE, Knobs(), True) for arousal in (-0.8, 0.8))
    asked = [pushed(wild, calm, since) for since in range(URGENT_BEATS)]
    for name in ("rhythm", "texture", "velocity"):
        numbers = [one[name] for one in asked]
        assert numbers == sorted(numbers, reverse=True)
        beyond = (numbers[0] - wild[name]) / (wild[name] - calm[name])
        assert 0.0 < beyond < 0.5
    assert asked[0]["duration"] < wild["duration"] < calm["duration"]
    assert asked[0]["pitch"] == wild["pitch"]


def test_chords_balance_the_mode_only_where_valence_is_undecided():
    def brightness(valence, major):
        return wanted_numbers(valence, 0.0, PLACE, Knobs(), major)["chord"]

    assert brightness(0.0, True) < 0.0 < brightness(0.0, False)
    assert brightness(0.6, True) == brightness(0.6, False)
    for major in (True, False):
        assert brightness(-0.9, major) < brightness(-0.5, major) < 0.0 < brightness(0.9, major)
