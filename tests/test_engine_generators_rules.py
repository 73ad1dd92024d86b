"""The rules generator plays in key, in time and in range, and can be undone exactly."""

from itertools import product

import pytest

from engine.errors import InputError
from engine.events import NoteEvent
from engine.generators.protocol import MusicalContext
from engine.generators.registry import create_generator
from engine.generators.rules import RulesGenerator
from engine.music.chords import parse_chord
from engine.music.keys import parse_key

CORNERS = [(v, a) for v in (-1.0, 0.0, 1.0) for a in (-1.0, 0.0, 1.0)]


def at(beat, valence=0.3, arousal=0.2, *, tempo=100.0, beats=4, key="C:maj", chord=""):
    return MusicalContext(beat, tempo, beats, key, chord, valence, arousal)


def started(seed=0, key_lock="tonic"):
    generator = RulesGenerator(key_lock)
    generator.reset(seed)
    return generator


def play(generator, n_beats, valence=0.3, arousal=0.2, **context) -> list[NoteEvent]:
    """Play on from the start and return the shaped notes."""
    notes = []
    for beat in range(n_beats):
        for note in generator.extend(at(beat, valence, arousal, **context)):
            notes.append(generator.shape(note, valence, arousal))
    return notes


def test_the_table_makes_it_and_it_names_three_parts_on_their_channels():
    generator = create_generator("rules", 3)
    assert [tuple(role) for role in generator.roles] == [("lead", 0), ("chords", 1), ("bass", 2)]
    notes = play(generator, 16)
    assert {(note.role, note.channel) for note in notes} == set(generator.roles)


@pytest.mark.parametrize("beats", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("tempo", [40.0, 100.0, 220.0])
def test_notes_are_valid_sorted_and_start_within_their_beat(beats, tempo):
    for valence, arousal in CORNERS:
        generator = started(5)
        for beat in range(8 * beats):
            notes = generator.extend(at(beat, valence, arousal, tempo=tempo, beats=beats))
            assert [note.onset for note in notes] == sorted(note.onset for note in notes)
            assert len({(round(n.onset, 9), n.pitch, n.channel) for n in notes}) == len(notes)
            for note in notes:
                shaped = generator.shape(note, valence, arousal)
                assert beat <= note.onset < beat + 1
                assert note.note_id == 0
                assert shaped.duration > 0.0
                assert 21 <= shaped.pitch <= 108
                assert 20 <= shaped.velocity <= 120


def test_same_seed_same_notes_other_seed_other_notes():
    for valence, arousal in CORNERS:
        once = play(started(11), 32, valence, arousal)
        assert once == play(started(11), 32, valence, arousal)
        assert once != play(started(12), 32, valence, arousal)


def test_reset_forgets_everything():
    generator = started(4)
    fresh = play(generator, 24, -0.5, 0.5, key="G:min")
    play(generator, 13, 0.9, -0.9, key="E:maj")
    generator.reset(4)
    assert play(generator, 24, -0.5, 0.5, key="G:min") == fresh


def test_a_draft_is_undone_exactly_and_redrawn_the_same():
    generator, undisturbed = started(9), started(9)
    for beat in range(48):
        state = generator.snapshot()
        draft = [generator.extend(at(later, -0.8, 0.9)) for later in range(beat, beat + 8)]
        generator.restore(state)
        assert draft == [generator.extend(at(later, -0.8, 0.9)) for later in range(beat, beat + 8)]
        generator.restore(state)
        assert generator.extend(at(beat)) == undisturbed.extend(at(beat))


def test_restoring_anothers_state_is_refused():
    with pytest.raises(InputError):
        started().restore({"beat": 3})


def test_a_jump_and_a_change_of_metre_are_survived():
    generator = started(2)
    for beat, beats in [(0, 4), (1, 4), (97, 4), (98, 4), (12, 3), (13, 7), (13, 7), (0, 2)]:
        for note in generator.extend(at(beat, beats=beats)):
            assert beat <= note.onset < beat + 1


def test_shape_moves_loudness_and_articulation_at_once_and_nothing_else():
    generator = started()
    note = generator.extend(at(0))[0]
    soft, loud = generator.shape(note, 0.0, -1.0), generator.shape(note, 0.0, 1.0)
    assert loud.velocity > soft.velocity + 25
    assert loud.duration < soft.duration
    for shaped in (soft, loud):
        assert (shaped.onset, shaped.pitch, shaped.channel, shaped.role) == (
            note.onset,
            note.pitch,
            note.channel,
            note.role,
        )
    velocities = [generator.shape(note, 0.2, a / 20).velocity for a in range(-20, 21)]
    assert velocities == sorted(velocities)


def test_shape_holds_targets_outside_the_plane_at_its_edge():
    generator = started()
    note = generator.extend(at(0))[0]
    assert generator.shape(note, 3.0, 9.0) == generator.shape(note, 1.0, 1.0)


def rate(notes, first, last):
    return sum(first <= note.onset < last for note in notes) / (last - first)


def test_density_and_register_move_at_the_next_beat():
    calm = excited = low = high = 0.0
    for seed in range(12):
        for valence, arousal in ((0.0, -0.9), (0.0, 0.9), (-0.9, 0.0), (0.9, 0.0)):
            generator = started(seed)
            play(generator, 18, 0.0, 0.0)
            notes = generator.extend(at(18, valence, arousal))
            mean = sum(note.pitch for note in notes) / max(1, len(notes))
            calm += len(notes) * (arousal < 0)
            excited += len(notes) * (arousal > 0)
            low += mean * (valence < 0)
            high += mean * (valence > 0)
    assert excited > 2 * calm
    assert high / 12 > low / 12 + 1.5


@pytest.mark.parametrize(("beats", "half"), [(2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (7, 4)])
def test_harmony_moves_only_at_half_bars_and_mode_at_the_next_one(beats, half):
    for seed in range(6):
        generator = started(seed)
        chord = ""
        for beat in range(12 * beats):
            generator.extend(at(beat, 0.9, 0.5, beats=beats))
            if beat % beats not in (0, half):
                assert generator.chord == chord
            chord = generator.chord
        before = generator.snapshot()
        bright = before.harmony.place
        for beat in (12 * beats, 12 * beats + half):
            generator.extend(at(beat, -0.95, 0.5, beats=beats))
            assert generator.snapshot().harmony.place < 2 < bright
            generator.restore(before)


def test_phrases_end_in_cadences():
    closes = opens = phrases = 0
    for seed in range(10):
        generator = started(seed)
        for beat in range(128):
            generator.extend(at(beat, 0.9, 0.0))
            if beat % 32 == 12:
                opens += parse_chord(generator.chord).root in (7, 10, 11)
            if beat % 32 == 28:
                closes += generator.chord == "C:maj"
                phrases += 1
    assert closes == phrases
    assert opens == phrases


@pytest.mark.parametrize("key", ["C:maj", "F#:min", "Bb:maj", "E:min"])
def test_the_scale_lock_never_leaves_the_notes_of_the_key(key):
    notes_of_key = set(parse_key(key).pitch_classes)
    for seed, (valence, arousal) in product(range(3), CORNERS):
        notes = play(started(seed, "scale"), 32, valence, arousal, key=key)
        assert {note.pitch % 12 for note in notes} <= notes_of_key


@pytest.mark.parametrize("key", ["C:maj", "F#:min", "Bb:maj"])
def test_the_tonic_lock_keeps_the_tonic_and_lets_valence_choose_the_third(key):
    tonic = parse_key(key).tonic

    def thirds(valence):
        major = minor = 0.0
        for seed in range(3):
            for note in play(started(seed), 64, valence, 0.0, key=key):
                major += note.duration * (note.pitch % 12 == (tonic + 4) % 12)
                minor += note.duration * (note.pitch % 12 == (tonic + 3) % 12)
        return major, minor

    major, minor = thirds(1.0)
    assert minor == 0.0 and major > 0.0
    major, minor = thirds(-1.0)
    assert major == 0.0 and minor > 0.0


def test_chords_and_bass_grounds_play_the_notes_of_the_chord():
    for seed, (valence, arousal) in product(range(3), CORNERS):
        generator = started(seed)
        for beat in range(64):
            notes = generator.extend(at(beat, valence, arousal))
            members = set(parse_chord(generator.chord).pitch_classes)
            assert {note.pitch % 12 for note in notes if note.role == "chords"} <= members
            if beat % 4 == 0:
                first = next(note for note in notes if note.role == "bass")
                assert first.pitch % 12 in members


def test_every_chord_has_a_voicing_with_exactly_its_notes():
    for seed, (valence, arousal) in product(range(3), CORNERS):
        generator = started(seed)
        for beat in range(48):
            generator.extend(at(beat, valence, arousal, key="F#:min", tempo=170.0))
            voicing = generator.snapshot().chords.voicing
            members = set(parse_chord(generator.chord).pitch_classes)
            assert {pitch % 12 for pitch in voicing} == members


def test_a_fitting_chord_of_the_performer_is_joined_at_the_next_half_bar():
    generator = started(1, "scale")
    play(generator, 1, 0.5, 0.0)
    generator.extend(at(1, 0.5, 0.0, chord="A:min"))
    assert generator.chord != "A:min"
    generator.extend(at(2, 0.5, 0.0, chord="A:min"))
    assert generator.chord == "A:min"
    generator.extend(at(3, 0.5, 0.0, chord="F:maj"))
    assert generator.chord == "A:min"
    generator.extend(at(4, 0.5, 0.0, chord="F:maj"))
    assert generator.chord == "F:maj"


def test_a_chord_that_does_not_fit_the_key_is_not_joined():
    generator = started(1, "scale")
    generator.extend(at(0, chord="F#:maj"))
    assert generator.chord != "F#:maj"
    generator.extend(at(2, chord="N"))


def test_no_key_yet_means_the_last_one():
    generator = started(1, "scale")
    for beat in range(8):
        generator.extend(at(beat, key="E:maj" if beat < 4 else ""))
    allowed = set(parse_key("E:maj").pitch_classes)
    for beat in range(8, 24):
        assert {note.pitch % 12 for note in generator.extend(at(beat, key=""))} <= allowed


@pytest.mark.parametrize(
    "context",
    [
        at(-1),
        at(0, beats=0),
        at(0, tempo=0.0),
        at(0, tempo=float("nan")),
        at(0, tempo=float("inf")),
        at(0, key="H:dur"),
        at(0, chord="C:foo"),
        at(0, valence=float("nan")),
    ],
)
def test_bad_contexts_are_refused(context):
    with pytest.raises(InputError):
        started().extend(context)


def test_an_unknown_key_lock_is_refused():
    with pytest.raises(InputError, match="tonic"):
        RulesGenerator("free")
