"""Troubles are named with cause and cure; counts can be reset."""

import pytest
from gui_samples import look

from engine.snapshot import AudioHealth, MidiHealth, SyncHealth
from gui import texts
from gui.state.health import Counts, device_news, judge, worst
from gui.texts import wording


def named(items):
    return {item.name: item for item in items}


def test_all_well():
    items = judge(look(), Counts())
    assert worst(items) is None
    assert [item.name for item in items] == list(texts.HEALTH_TITLES)
    assert not any(item.advice for item in items)


@pytest.mark.parametrize(
    ("name", "level", "values"),
    [
        ("audio", "bad", {"audio": AudioHealth("mic", False, -120.0, 0, "device lost")}),
        ("audio", "caution", {"audio": AudioHealth("a.wav", False, -120.0, 0, None)}),
        ("overruns", "caution", {"audio": AudioHealth("mic", True, -20.0, 2, None)}),
        ("midi", "bad", {"midi": MidiHealth("x", False, 0, 0, 0, 0.0, 0.0, 0)}),
        ("lateness", "caution", {"midi": MidiHealth("x", True, 9, 0, 0, 7.0, 9.0, 0)}),
        ("lateness", "bad", {"midi": MidiHealth("x", True, 9, 0, 0, 25.0, 90.0, 0)}),
        ("dropped", "caution", {"midi": MidiHealth("x", True, 9, 0, 4, 0.1, 0.2, 0)}),
        ("restarts", "caution", {"midi": MidiHealth("x", True, 9, 0, 0, 0.1, 0.2, 1)}),
        ("load", "caution", {"tracker_load": 0.6}),
        ("load", "bad", {"tracker_load": 0.95}),
        ("missed", "caution", {"missed_beats": 1}),
        ("sync", "caution", {"sync": SyncHealth("link", False, 0, "", 0.0, "nobody there")}),
    ],
)
def test_trouble_is_said_with_a_cure(name, level, values):
    items = judge(look(**values), Counts())
    item = named(items)[name]
    assert item.level == level and len(item.advice) > 40
    assert worst(items) == item


def test_a_device_that_goes_and_comes_back_is_noted_once_each():
    well = judge(look(), Counts())
    lost = judge(look(midi=MidiHealth("x", False, 0, 0, 0, 0.0, 0.0, 0)), Counts())
    (gone,) = device_news(well, lost)
    assert gone.startswith("MIDI out: lost. ") and named(lost)["midi"].advice in gone
    assert device_news(lost, well) == ("MIDI out: back again.",)
    assert device_news(lost, lost) == device_news((), lost) == device_news(lost, ()) == ()


def test_the_worst_comes_first():
    items = judge(look(missed_beats=3, tracker_load=0.95), Counts())
    assert worst(items).name == "load"


def test_reset_counts_from_now_on():
    troubled = look(missed_beats=3)
    assert worst(judge(troubled, Counts.of(troubled))) is None
    assert named(judge(look(missed_beats=5), Counts.of(troubled)))["missed"].value == "2"


def test_every_mood_has_a_word_and_opposites_differ():
    words = {wording.mood_word(v / 10, a / 10) for v in range(-10, 11) for a in range(-10, 11)}
    assert len(words) == 17
    assert wording.mood_word(0.7, 0.7) == "joyful" and wording.mood_word(-0.7, -0.7) == "sad"


@pytest.mark.parametrize(
    ("key", "words"), [("F#:min", "F♯ minor"), ("Bb:maj", "B♭ major"), ("", "–")]
)
def test_keys_in_words(key, words):
    assert wording.key_words(key) == words


@pytest.mark.parametrize(("chord", "words"), [("A:min", "Am"), ("G:maj", "G"), ("N", "–")])
def test_chords_in_words(chord, words):
    assert wording.chord_words(chord) == words


def test_only_likely_tags_are_named():
    tags = (("calmness", 0.5), ("joyful_activation", 0.4), ("sadness", 0.35))
    assert wording.tag_words(tags) == "calmness, joyful activation"
    assert wording.tag_words((("power", 0.1),)) == ""
