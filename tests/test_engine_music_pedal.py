"""The pedal is up while harmonies change, down while they last, and never left behind."""

import pytest

from engine.generators.protocol import MusicalContext
from engine.generators.rules import RulesGenerator
from engine.music.chords import parse_chord
from engine.music.pedal import pedal_moves
from engine.pipeline.offline import compose
from engine.settings.performance import Performance


def moves(beat=4, *, down, wanted=True, fresh=True, beat_s=0.6):
    found, after = pedal_moves(
        beat, beat_s, down=down, wanted=wanted, fresh=fresh, channel=1, role="chords"
    )
    assert {(move.control, move.channel, move.role) for move in found} <= {(64, 1, "chords")}
    return [(move.beat, move.value) for move in found], after


def test_it_is_lifted_on_the_beat_of_a_new_chord_and_pressed_once_that_sounds():
    assert moves(down=True) == ([(4.0, 0), (4.15, 127)], True)
    assert moves(down=False) == ([(4.15, 127)], True)
    assert moves(down=True, fresh=False) == ([], True)


def test_it_goes_up_and_stays_up_where_none_is_wanted():
    assert moves(down=True, wanted=False, fresh=False) == ([(4.0, 0)], False)
    assert moves(down=False, wanted=False) == ([], False)


def test_short_beats_still_have_the_press_within_them():
    assert moves(down=True, beat_s=0.2)[0] == [(4.0, 0), (4.45, 127)]


def pedalled(arousal, beats=64, seed=3):
    """Return the moves of `rules`, and the beats at which its chord changed."""
    generator = RulesGenerator()
    generator.reset(seed)
    found, changes, chord = [], [], None
    for beat in range(beats):
        context = MusicalContext(beat, 100.0, 4, "C:maj", "", 0.2, arousal)
        generator.extend(context)
        found += generator.pedal(context)
        if parse_chord(generator.chord) != chord:
            changes.append(beat)
        chord = parse_chord(generator.chord)
    return found, changes


@pytest.mark.parametrize("arousal", [-0.8, 0.0])
def test_rules_pedals_anew_with_every_chord(arousal):
    found, changes = pedalled(arousal)
    assert [move.value for move in found] == [127, *[0, 127] * (len(found) // 2)]
    assert set(changes[1:]) <= {move.beat for move in found if not move.pressed}


def test_rules_takes_no_pedal_where_it_is_lively():
    assert pedalled(0.9)[0] == []


def test_a_part_that_is_muted_takes_no_pedal():
    plain = Performance(mode="manual", key="C:maj", arousal=-0.5)
    found = compose(plain, bars=4, seed=1).controls
    assert {timed.control.role for timed in found if timed.control.control == 64} == {"chords"}
    muted = compose(plain.changed({"parts": ("lead", "bass")}), bars=4, seed=1).controls
    assert not [timed for timed in muted if timed.control.control == 64]
