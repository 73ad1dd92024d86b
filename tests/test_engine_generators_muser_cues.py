"""How MusER answers hits, sections and motion of a picture."""

import numpy as np
import pytest

from engine.generators.muser.composing import Place, wanted_numbers
from engine.generators.muser.cueing import cued_numbers, new_figures
from engine.generators.muser.generator import MuserGenerator, load_model
from engine.generators.muser.model import shipped_model_folder
from engine.generators.muser.settings import Knobs
from engine.generators.protocol import Cues, MusicalContext
from engine.generators.shared.context import after_cut


def context(beat=8, **cues):
    return MusicalContext(
        beat=beat,
        tempo_bpm=100.0,
        beats_per_bar=4,
        key="C:maj",
        chord="",
        valence=0.4,
        arousal=-0.3,
        cues=Cues(**cues),
    )


def numbers(**cues):
    now = context(**cues)
    wanted = wanted_numbers(now.valence, now.arousal, Place(8, 4, 0.6, 0), Knobs(), True)
    return cued_numbers(wanted, now, after_cut(now))


def test_no_cues_change_nothing():
    wanted = wanted_numbers(0.4, -0.3, Place(8, 4, 0.6, 0), Knobs(), True)
    assert numbers() == wanted


def test_what_is_known_of_the_beat_is_what_is_wanted():
    assert numbers(onset_density=3.5, motion=1.0)["rhythm"] == 3.5
    assert numbers(loudness=0.5)["velocity"] == 63.5
    assert numbers(motion=0.0)["rhythm"] < numbers()["rhythm"] < numbers(motion=1.0)["rhythm"]


def test_a_lively_section_is_thicker_than_its_calm_moments():
    calm, lively = numbers(section_energy=0.1), numbers(section_energy=0.9)
    assert calm["texture"] < lively["texture"]
    assert calm["rhythm"] == lively["rhythm"]
    assert numbers(section_energy=0.35)["texture"] == pytest.approx(numbers()["texture"])


def test_a_section_breathes_before_it_ends():
    last, early = numbers(beats_until_boundary=1.0), numbers(beats_until_boundary=2.0)
    assert last["rhythm"] < early["rhythm"] == numbers()["rhythm"]
    assert last["duration"] > early["duration"]


def test_figures_of_before_wait_for_a_bar():
    assert new_figures(context(beats_since_boundary=3.9))
    assert not new_figures(context(beats_since_boundary=4.0))
    assert not new_figures(context())


def test_a_cut_is_hit_on_the_bar_line():
    model = load_model(shipped_model_folder())
    found = {}
    for since in (None, 0.2):
        loud, first = [], []
        for seed in range(6):
            generator = MuserGenerator(model=model)
            generator.reset(seed)
            generator.extend(context(beat=7))
            notes = generator.extend(context(beats_since_boundary=since))
            first.append(notes[0].onset - 8.0 if notes else 1.0)
            opening = [note.velocity for note in notes if note.onset < 8.05]
            loud.append(np.sum(opening))
        found[since] = (max(first), np.mean(loud))
    assert found[0.2][0] < 0.05
    assert found[0.2][1] > 1.3 * found[None][1]
