"""The 157 chords: numbering, names, transposition, pitch classes."""

import pytest

from engine.errors import InputError
from engine.generators.amt import vocabulary as v
from engine.music.chords import QUALITIES
from engine.music.keys import parse_key

EXPECTED = {
    "C": {0, 4, 7},
    "C:dim": {0, 3, 6},
    "C:sus4": {0, 5, 7},
    "C:min7": {0, 3, 7, 10},
    "C:min": {0, 3, 7},
    "C:sus2": {0, 2, 7},
    "C:aug": {0, 4, 8},
    "C:dim7": {0, 3, 6, 9},
    "C:maj6": {0, 4, 7, 9},
    "C:hdim7": {0, 3, 6, 10},
    "C:7": {0, 4, 7, 10},
    "C:min6": {0, 3, 7, 9},
    "C:maj7": {0, 4, 7, 11},
}


def test_numbers_are_as_published():
    assert v.AMT_QUALITIES == tuple(QUALITIES)[:13]
    assert (v.N_CHORDS, v.END, v.PAD, v.SIZE) == (157, 157, 158, 159)
    assert v.parse_chord_id("N") == 0
    assert v.parse_chord_id("C") == 1  # a bare root is major, not "no chord"
    assert v.parse_chord_id("C:maj7") == 13
    assert v.parse_chord_id("A:min") == 1 + 13 * 9 + 4
    assert v.parse_chord_id("B:maj7") == 156


def test_pitch_classes_of_all_qualities_on_all_roots():
    for name, expected in EXPECTED.items():
        for root in range(12):
            identity = v.transpose(v.parse_chord_id(name), root)
            found = v.pitch_classes(identity)
            assert set(found) == {(pitch + root) % 12 for pitch in expected}
            assert found[0] == root and len(found) == len(expected)


def test_ids_go_to_chords_and_names_and_back():
    for identity in range(v.N_CHORDS):
        assert v.from_chord(v.to_chord(identity)) == identity
        assert v.parse_chord_id(v.chord_name(identity)) == identity
    assert v.chord_name(v.END) == "END"


def test_every_quality_the_rest_of_the_product_knows_is_reduced():
    for quality in QUALITIES:
        assert 1 <= v.chord_id(3, quality) < v.END
    assert v.parse_chord_id("D:sus4(b7)") == v.parse_chord_id("D:sus4")
    assert v.parse_chord_id("F#:maj7/5") == v.parse_chord_id("Gb:maj7")
    assert v.parse_chord_id("E:min/b3") == v.parse_chord_id("E:min")


def test_tokens_of_root_and_quality_split_an_id():
    pairs = set(zip(v.ROOT_OF, v.QUALITY_OF, strict=True))
    assert len(pairs) == v.SIZE
    assert max(v.ROOT_OF) == v.N_ROOT_TOKENS - 1
    assert max(v.QUALITY_OF) == v.N_QUALITY_TOKENS - 1
    g7 = v.parse_chord_id("G:7")
    assert (v.ROOT_OF[g7], v.QUALITY_OF[g7]) == (8, 1 + v.AMT_QUALITIES.index("7"))


def test_transposition_to_the_key_and_back():
    assert v.to_song_key(parse_key("A:min")) == 0
    assert v.to_song_key(parse_key("Eb:maj")) == 3
    assert v.to_song_key(parse_key("C:min")) == 3
    tonic = v.transpose(v.parse_chord_id("A:min"), v.to_song_key(parse_key("F#:min")))
    assert v.chord_name(tonic) == "F#:min"
    for special in (v.NO_CHORD_ID, v.END, v.PAD):
        assert v.transpose(special, 5) == special


@pytest.mark.parametrize("name", ["H", "C:wrong", "", "C:maj:7"])
def test_unknown_symbols_are_named(name):
    with pytest.raises(InputError):
        v.parse_chord_id(name)


def test_specials_have_no_pitches():
    with pytest.raises(InputError, match="0..156"):
        v.pitch_classes(v.END)
    assert v.pitch_classes(v.NO_CHORD_ID) == ()
