"""What is taken from the model's foresight, and what a performer is heard to play."""

import numpy as np
import pytest

from engine.events import NoteEvent
from engine.generators.amt.choice import Leaning, choose
from engine.generators.amt.model import Foresight
from engine.generators.amt.slots import slot_at
from engine.generators.amt.vocabulary import (
    END,
    N_CHORDS,
    NO_CHORD_ID,
    SIZE,
    chord_id,
    pitch_classes,
    to_chord,
)
from engine.music.chords import Chord
from engine.music.keys import Key
from engine.music.listen import Hearing, hear

PRESENT = chord_id(0, "maj")


def foresight(seed=0, stay=0.5):
    scores = np.random.default_rng(seed).normal(0.0, 2.0, SIZE)
    scores[PRESENT] = -30.0
    change = (scores - np.log(np.exp(scores).sum())).astype(np.float32)
    slot = change + np.log1p(-stay)
    slot[PRESENT] = np.log(stay)
    return Foresight(slot, change, stay)


def drawn(told, leaning, temperature=1.0, mode="maj", present=PRESENT, run=1, points=400):
    return [
        choose(told, leaning, mode, present, run, temperature, (i + 0.5) / points)
        for i in range(points)
    ]


def test_what_is_drawn_is_always_a_chord():
    for seed in range(5):
        chosen = drawn(foresight(seed), Leaning(0.0), 1.5)
        assert all(0 < identity < N_CHORDS for identity in chosen)
        assert NO_CHORD_ID not in chosen and len(set(chosen)) > 5


def test_low_temperature_keeps_to_the_likely():
    told = foresight(3)
    spread = [len(set(drawn(told, Leaning(0.0), t))) for t in (0.5, 1.0, 1.5)]
    assert spread == sorted(spread) and spread[0] < spread[-1]
    best = int(np.argmax(told.change[1:N_CHORDS])) + 1
    assert drawn(told, Leaning(0.0), 0.0, run=9, points=3) == [best] * 3
    assert drawn(foresight(3, stay=0.9), Leaning(0.0), 0.0, points=3) == [PRESENT] * 3


def test_valence_moves_the_quality_from_minor_to_major():
    def major(valence):
        chosen = [i for seed in range(4) for i in drawn(foresight(seed, 1e-6), Leaning(valence))]
        return np.mean(
            [4 in {(p - pcs[0]) % 12 for p in pcs} for pcs in map(pitch_classes, chosen)]
        )

    shares = [major(v) for v in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    assert shares == sorted(shares) and shares[-1] > shares[0] + 0.3


def test_the_scale_lock_leaves_the_key_alone():
    scale = set(Key(0, "maj").pitch_classes)
    for identity in drawn(foresight(1), Leaning(-1.0, inside=True), 1.5):
        assert set(pitch_classes(identity)) <= scale


def test_cadences_ask_for_rest_or_for_the_dominant():
    for mode, rest, pull in (("maj", 0, 7), ("min", 9, 4)):
        for leaning, root in ((Leaning(0.0, tonic=9.0), rest), (Leaning(0.0, dominant=9.0), pull)):
            roots = [to_chord(i).root for i in drawn(foresight(2), leaning, mode=mode)]
            assert roots.count(root) > 0.9 * len(roots)


def test_whether_the_chord_stays_is_the_models_affair_whatever_the_valence():
    for valence in (-1.0, 0.0, 1.0):
        stayed = drawn(foresight(4, stay=0.6), Leaning(valence)).count(PRESENT) / 400
        assert stayed == pytest.approx(0.6, abs=0.06)
    moved = [drawn(foresight(4), Leaning(0.0, arousal)).count(PRESENT) for arousal in (-1.0, 1.0)]
    assert moved[0] > moved[1] + 40


def test_a_chord_that_lasted_two_bars_has_to_change_and_a_first_one_cannot_stay():
    told = foresight(4, stay=0.999)
    assert set(drawn(told, Leaning(0.0), run=3)) == {PRESENT}
    assert PRESENT not in drawn(told, Leaning(0.0), run=4)
    assert len(set(drawn(told, Leaning(0.0), present=END))) > 5


@pytest.mark.parametrize(
    ("beats", "starts"),
    [(2, [0]), (3, [0]), (4, [0, 2]), (5, [0, 3]), (6, [0, 3]), (7, [0, 4])],
)
def test_slots_tile_the_bars(beats, starts):
    slots = [slot_at(beat, beats) for beat in range(4 * beats)]
    assert sorted({slot.start % beats for slot in slots}) == starts
    assert [slot.index for slot in slots] == sorted(slot.index for slot in slots)
    for beat, slot in enumerate(slots):
        assert slot.start <= beat < slot.end
        assert slot_at(slot.end, beats).index == slot.index + 1
        assert 0 <= slot.in_bar < slot.per_bar


def notes(*pitches, duration=1.0):
    return [NoteEvent(0, 0.0, duration, pitch, 80, 0, "lead") for pitch in pitches]


@pytest.mark.parametrize("quality", ["maj", "min", "7", "min7", "maj7", "sus4", "dim", "hdim7"])
def test_a_chord_struck_is_heard_in_every_key(quality):
    for root in range(12):
        chord = Chord(root, quality)
        pitches = [48 + root, *(60 + member for member in chord.pitch_classes)]
        assert hear(Hearing(), notes(*pitches), 0).chord == chord


def test_a_new_chord_replaces_the_old_one_and_an_arpeggio_adds_up():
    hearing = hear(Hearing(), notes(60, 64, 67), 0)
    hearing = hear(hearing, notes(55, 59, 62), 1)
    assert hearing.chord == Chord(7, "maj")
    hearing = Hearing()
    for beat, pitch in enumerate((45, 60, 64, 69)):
        hearing = hear(hearing, notes(pitch), beat)
    assert hearing.chord == Chord(9, "min")


def test_a_held_chord_counts_for_a_while_and_scales_are_no_chord():
    hearing = hear(Hearing(), notes(60, 64, 67), 0)
    assert hear(hearing, [], 3).chord == Chord(0, "maj")
    assert hear(hearing, [], 9).chord is None
    assert hear(Hearing(), notes(60, 62, 64, 65, 67, 69), 0).chord is None
    assert hear(Hearing(), notes(60), 0).chord is None
