"""MusER's plan of phrases, voice leading, hands and pedal."""

from dataclasses import replace

import numpy as np
import pytest

from engine.events import NoteEvent
from engine.generators.muser.composing import Place
from engine.generators.muser.leading import Line
from engine.generators.muser.phrases import (
    MEMORY_BARS,
    brightness,
    chord_stays,
    groove,
    loudness_arc,
    source_of,
)
from engine.generators.muser.recall import moved_pitches
from engine.generators.muser.style import style_of
from engine.generators.muser.tokens import Token
from engine.generators.muser.tonality import wants_major
from engine.generators.muser.touch import pedalled, play, rubato, spread
from engine.generators.muser.vocabulary import PITCHES
from engine.music.chords import parse_chord
from engine.music.draws import Draws
from engine.music.form import locate
from engine.music.keys import parse_key
from engine.music.rhythm import TICKS

PLAIN = replace(
    style_of(0, 4, 0.0, 0.0, Draws(0)),
    numbers={"velocity": 0.0},
    rolled=0.4,
    apart=1.0,
    lead_s=0.0,
    high=0.0,
    long=0.0,
)
NOWHERE = np.zeros(len(PITCHES), np.float32)


def note(onset: float, pitch: int = 60, duration: float = 0.5, velocity: int = 70) -> NoteEvent:
    return NoteEvent(0, onset, duration, pitch, velocity, 0, "lead")


def place(beat: int, tempo_bpm: float = 100.0) -> Place:
    return Place(beat, 4, 60.0 / tempo_bpm, 0)


def test_a_phrase_states_varies_contrasts_and_closes():
    draws = Draws(3)
    first = [source_of(4 * bar, 4, draws) for bar in range(4)]
    assert [one.back for one in first] == [16, 4, 8, 0]
    assert not any(one.chords for one in first)


def test_material_that_was_heard_comes_back_less_faithful_in_the_cadence():
    draws = Draws(3)
    for beat in range(16, 4 * MEMORY_BARS):
        source, here = source_of(beat, 4, draws), locate(beat, 4, draws)
        if source.chords and source.back:
            assert locate(beat - source.back, 4, draws).material == here.material
    returns = [
        (here.bar_in_phrase, source_of(beat, 4, draws))
        for beat in range(0, 4 * MEMORY_BARS, 4)
        if (here := locate(beat, 4, draws)).phrase > 0
    ]
    faiths = {bar: source.faith for bar, source in returns if source.chords}
    assert faiths[0] > faiths[1] > faiths[2] > faiths[3] > 0.0


def test_loudness_breathes_around_nothing_and_without_jumps():
    draws = Draws(5)
    at = np.arange(0.0, 4096.0, 0.25)
    arc = np.array([loudness_arc(float(onset), 4, draws) for onset in at])
    assert abs(arc.mean()) < 1.0 and 2.0 < arc.std() < 6.0
    assert np.abs(np.diff(arc)).max() < 3.0


def test_players_differ_as_those_of_emopia_do_and_are_heard_as_the_same_emotion():
    styles = [style_of(0, 4, 0.5, 0.5, Draws(seed)) for seed in range(400)]
    numbers = {name: np.array([s.numbers[name] for s in styles]) for name in styles[0].numbers}
    assert 3.0 < numbers["velocity"].std() < 9.0 and 2.0 < numbers["pitch"].std() < 6.0
    louder, longer = numbers["velocity"], numbers["duration"]
    assert np.corrcoef(louder, longer)[0, 1] > 0.2  # short as well, it would be heard as livelier
    assert 0.3 < np.std([np.log(one.apart) for one in styles]) < 0.8
    assert np.mean([one.lead_s > 0.0 for one in styles]) > 0.6  # tunes mostly lead
    calm = [style_of(0, 4, 0.5, -0.8, Draws(seed)) for seed in range(400)]
    assert np.mean([s.apart for s in calm]) > np.mean([s.apart for s in styles])
    assert np.mean([groove(beat, 4, Draws(2)) for beat in range(512)]) == pytest.approx(
        1.0, abs=0.1
    )


def test_sections_of_a_piece_share_part_of_their_player():
    pieces = [
        [style_of(64 * section, 4, 0.0, 0.0, Draws(seed)) for section in (0, 1)]
        for seed in range(300)
    ]
    pitch = np.array([[one.numbers["pitch"] for one in piece] for piece in pieces])
    assert 0.4 < np.corrcoef(pitch.T)[0, 1] < 0.8
    assert style_of(63, 4, 0.0, 0.0, Draws(1)).lead_s == style_of(0, 4, 0.0, 0.0, Draws(1)).lead_s


def test_density_moves_slowly_around_that_of_its_section():
    draws = Draws(2)
    bars = [style_of(4 * bar, 4, 0.0, 0.0, draws).numbers["rhythm"] for bar in range(16)]
    assert bars[0] == bars[1] and len(set(bars)) == 8
    plain = style_of(0, 4, 0.0, 0.0, draws)
    assert np.std(bars) > 0.05 and abs(np.mean(bars) - plain.numbers["rhythm"]) < 1.0


def test_hands_drift_but_are_never_early():
    late = np.array([rubato(beat / 12, Draws(5)) for beat in range(12 * 400)])
    assert late.min() >= 0.0 and late.max() <= 0.09 and 0.015 < late.std() < 0.035
    assert np.abs(np.diff(late)).max() < 0.008
    plain = play([note(7.0, 48), note(7.5)], place(7), PLAIN, 0.0, False, Draws(4))
    assert [one.onset for one in plain] == [7.0, 7.5]
    assert all(
        play([note(beat)], place(beat), PLAIN, 1.0, True, Draws(4))[0].onset < beat + 0.05
        for beat in range(40)
    )


def test_lengths_spread_around_the_one_wanted():
    notes = [note(0.0, 60, length) for length in (0.25, 1.0, 4.0)]
    wide = spread(notes, 0.0, replace(PLAIN, spread=1.5))
    assert [one.duration for one in wide] == pytest.approx([0.125, 1.0, 8.0])
    assert spread(notes, 0.0, replace(PLAIN, spread=1.0)) == notes


def test_chords_stay_in_second_halves_alone_and_never_in_the_cadence():
    draws = Draws(2)
    stays = [beat for beat in range(512) if chord_stays(beat, 4, draws, 0.5)]
    assert stays
    for beat in stays:
        here = locate(beat, 4, draws)
        assert here.second_half and not here.last_bar


@pytest.mark.parametrize(
    ("then", "now", "third"), [("C", "F", 5), ("C", "A:min", -4), ("F", "F", 0), ("C", "D:min", 1)]
)
def test_figures_move_by_steps_of_the_scale(then, now, third):
    moved = moved_pitches(parse_chord(then), parse_chord(now), parse_key("C:maj"))
    assert moved.get(4, 0) == third
    scale = set(parse_key("C:maj").pitch_classes)
    assert all((tone + moved.get(tone, 0)) % 12 in scale for tone in scale)
    assert all(-7 <= step <= 7 for step in moved.values())


def test_figures_take_on_the_mode_they_come_back_in():
    chord = parse_chord("C")
    for name, foreign, own in (("C:maj", (3, 8), (4, 9)), ("C:min", (4, 9), (3, 8))):
        moved = moved_pitches(chord, chord, parse_key(name))
        assert tuple(one + moved[one] for one in foreign) == own
        assert all(moved[one] == 0 for one in (0, 2, 5, 7, *own))


def test_the_tune_prefers_steps_and_what_is_below_the_chord():
    line = Line(72.0, np.float32(np.array(PITCHES) % 2), 1.0)
    cost = dict(zip(PITCHES, line.cost(0), strict=True))
    assert cost[71] == cost[74] < cost[75] < cost[79] < cost[84]
    assert cost[50] == 0.0 < cost[51]
    assert not Line(72.0, NOWHERE, 0.0).cost(0).any()
    assert not Line(None, NOWHERE, 1.0).cost(0).any()


def test_the_tune_is_where_the_last_onset_left_it():
    line = Line(72.0, NOWHERE, 1.0)
    for pitch in (60, 67, 76):
        line.wrote(Token(0, PITCHES.index(pitch), 5, 10))
    cost = dict(zip(PITCHES, line.cost(3), strict=True))
    assert cost[77] == min(cost.values())


def test_hands_keep_order_and_beat_and_part_the_notes_of_a_chord():
    draws, gaps, loud = Draws(4), [], []
    for beat in range(200):
        chord = [note(beat + at, pitch) for at in (0.0, 0.5) for pitch in (48, 55, 64)]
        played = play(chord, place(beat), PLAIN, 1.0, False, draws)
        assert all(beat <= one.onset < beat + 1 for one in played)
        assert {round((one.onset - beat) * TICKS) // 6 for one in played} == {0, 1}
        late = [one.onset for one in played if one.onset > beat + 0.3]
        gaps.append((max(late) - min(late)) * 0.6)
        loud += [one.velocity for one in played]
    assert 0.002 < np.median(gaps) < 0.012 and max(gaps) > 0.015
    assert abs(np.mean(loud) - 70.0) < 4.0
    again = play([note(7.5, pitch) for pitch in (48, 55)], place(7), PLAIN, 1.0, False, Draws(4))
    assert again == play(
        [note(7.5, pitch) for pitch in (48, 55)], place(7), PLAIN, 1.0, False, Draws(4)
    )


def test_most_long_notes_end_with_the_pedal_and_short_ones_where_they_do():
    draws, ends = Draws(4), []
    for beat in range(400):
        long, short = pedalled(
            [note(beat + 0.25, 60, 1.4), note(beat, 72, 0.2)], place(beat), draws
        )
        ends.append(long.onset + long.duration)
        assert short.duration == 0.2 and long.duration >= 0.25
    share = np.mean([abs(end / 2.0 - round(end / 2.0)) < 1e-9 for end in ends])
    assert 0.7 < share < 0.9


@pytest.mark.parametrize(
    ("valence", "major"), [(-0.6, 0), (-0.28, 1), (0.0, 2), (0.28, 3), (0.6, 4)]
)
def test_the_share_of_phrases_in_major_rises_with_valence(valence, major):
    draws = Draws(8)
    for section in range(20):
        phrases = [brightness(64 * section + 16 * phrase, 4, draws) for phrase in range(4)]
        assert sorted(phrases) == [0.125, 0.375, 0.625, 0.875]
        assert sum(wants_major(valence, None, share) for share in phrases) == major


def test_on_the_edge_the_mode_stays_as_it_is():
    for name in ("C:maj", "C:min"):
        key = parse_key(name)
        assert wants_major(0.12, key, 0.625) == (key.mode == "maj")
    assert wants_major(0.3, parse_key("C:min"), 0.625)
