"""Keys: names, scales, relatives, and the signatures a MIDI file accepts."""

import mido
import pytest

from engine.errors import InputError
from engine.music.keys import (
    KEY_NAMES,
    SCALES,
    Key,
    parse_key,
    parse_pitch_class,
    pitch_class_name,
    scale_pitch_classes,
)


def test_all_24_keys_survive_writing_and_reading() -> None:
    assert len(KEY_NAMES) == 24
    for name in KEY_NAMES:
        assert str(parse_key(name)) == name


def test_enharmonic_spellings_are_the_same_key() -> None:
    assert parse_key("C#:maj") == parse_key("Db:maj")
    assert parse_key("A#:min") == parse_key("Bb:min")
    assert parse_key("Cb:maj") == parse_key("B:maj")


@pytest.mark.parametrize("name", ["", "C", "H:maj", "c:maj", "C:major", "C##:maj", "C:maj ", "N"])
def test_other_key_names_are_refused_with_the_allowed_form(name: str) -> None:
    with pytest.raises(InputError, match="A to G") as caught:
        parse_key(name)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_key_signature_is_one_a_midi_file_can_hold() -> None:
    for name in KEY_NAMES:
        signature = parse_key(name).signature
        assert mido.MetaMessage("key_signature", key=signature).key == signature


def test_relative_keys_share_their_notes_and_parallel_keys_their_tonic() -> None:
    for name in KEY_NAMES:
        key = parse_key(name)
        assert set(key.relative.pitch_classes) == set(key.pitch_classes)
        assert key.relative.relative == key
        assert key.parallel.tonic == key.tonic
        assert key.parallel.mode != key.mode
    assert str(parse_key("C:maj").relative) == "A:min"


def test_church_modes_each_lower_one_more_note() -> None:
    ladder = list(SCALES)[:7]
    for bright, dark in zip(ladder[:-1], ladder[1:], strict=True):
        assert sum(SCALES[bright]) - sum(SCALES[dark]) == 1


def test_scale_pitch_classes_start_at_the_tonic_and_refuse_unknown_scales() -> None:
    assert scale_pitch_classes(2, "dorian") == (2, 4, 5, 7, 9, 11, 0)
    with pytest.raises(InputError, match="ionian"):
        scale_pitch_classes(0, "jonian")


def test_note_names_survive_writing_and_reading() -> None:
    assert [parse_pitch_class(pitch_class_name(note)) for note in range(12)] == list(range(12))


def test_key_refuses_a_tonic_or_mode_out_of_range() -> None:
    with pytest.raises(InputError):
        Key(12, "maj")
    with pytest.raises(InputError):
        Key(0, "dur")  # type: ignore[arg-type]
