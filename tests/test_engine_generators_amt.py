"""The engine `amt` plays its model's chords in time, in range, in agreement, and undoes exactly."""

from dataclasses import replace
from itertools import pairwise

import pytest

from engine.choices import PARTS
from engine.errors import InputError, ModelError
from engine.events import NoteEvent
from engine.generators.amt.generator import AmtGenerator
from engine.generators.amt.model import AmtModel
from engine.generators.amt.slots import slot_at
from engine.generators.protocol import NO_CUES, Cues, MusicalContext
from engine.generators.registry import create_generator
from engine.music.chords import parse_chord
from engine.music.keys import parse_key
from engine.pipeline.offline import compose
from engine.settings.performance import Performance

CORNERS = [(-0.9, -0.9), (-0.9, 0.9), (0.9, -0.9), (0.9, 0.9)]


@pytest.fixture(scope="module")
def model():
    return AmtModel()


@pytest.fixture
def generator(model):
    return started(model)


def started(model, seed=0, key_lock="tonic"):
    made = AmtGenerator(key_lock, model)
    made.reset(seed)
    return made


def at(beat, valence=0.3, arousal=0.2, *, tempo=100.0, beats=4, key="C:maj", chord="", **more):
    return MusicalContext(beat, tempo, beats, key, chord, valence, arousal, **more)


def play(generator, n_beats, valence=0.3, arousal=0.2, first=0, **context):
    notes = []
    for beat in range(first, first + n_beats):
        notes += generator.extend(at(beat, valence, arousal, **context))
        generator.pedal(at(beat, valence, arousal, **context))
    return notes


def chords_of(generator, n_beats, valence=0.3, arousal=0.2, **context):
    found = []
    for beat in range(n_beats):
        generator.extend(at(beat, valence, arousal, **context))
        found.append(generator.chord)
    return found


def held(*pitches, onset=0.0):
    return tuple(NoteEvent(0, onset, 1.0, pitch, 80, 0, "lead") for pitch in pitches)


def test_the_table_makes_it_and_it_names_five_parts(model):
    generator = create_generator("amt", 3)
    assert [tuple(role) for role in generator.roles] == [
        ("lead", 0),
        ("chords", 1),
        ("bass", 2),
        ("pad", 3),
        ("drums", 9),
    ]
    notes = play(generator, 16)
    assert {(note.role, note.channel) for note in notes} == set(generator.roles)


def test_drums_and_pad_sound_only_when_they_are_asked_for():
    usual = Performance(engine="amt", mode="manual", valence=0.5, arousal=0.5, key="C:maj")
    every = usual.changed({"parts": PARTS})
    heard = [
        {timed.note.role for timed in compose(performance, bars=2).notes}
        for performance in (usual, every)
    ]
    assert heard == [{"lead", "chords", "bass"}, set(PARTS)]
    pedals = {move.control.role for move in compose(usual, bars=2).controls}
    assert "pad" not in pedals


def test_without_its_model_it_says_which_file_is_missing(tmp_path):
    with pytest.raises(ModelError, match=r"none\.onnx: file not found"):
        AmtGenerator(model=AmtModel(tmp_path / "none.onnx"))


@pytest.mark.parametrize("beats", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("tempo", [20.0, 100.0, 300.0])
def test_notes_are_valid_sorted_and_start_within_their_beat(model, beats, tempo):
    for valence, arousal in ((-1.0, -1.0), (1.0, 1.0)):
        generator = started(model, 5)
        for beat in range(2 * beats + 1):
            notes = generator.extend(at(beat, valence, arousal, tempo=tempo, beats=beats))
            assert [note.onset for note in notes] == sorted(note.onset for note in notes)
            assert len({(round(n.onset, 9), n.pitch, n.channel) for n in notes}) == len(notes)
            for note in notes:
                shaped = generator.shape(note, valence, arousal)
                assert beat <= note.onset < beat + 1 and note.note_id == 0
                assert shaped.duration > 0.0
                assert 21 <= shaped.pitch <= 108 and 20 <= shaped.velocity <= 120


def test_same_seed_same_notes_other_seed_other_notes_and_reset_forgets(model):
    once = play(started(model, 11), 32)
    assert once == play(started(model, 11), 32)
    assert once != play(started(model, 12), 32)
    generator = started(model, 11)
    play(generator, 9, -0.8, 0.9, key="E:min")
    generator.reset(11)
    assert play(generator, 32) == once


def test_a_draft_is_undone_exactly_and_redrawn_the_same(model):
    generator, undisturbed = started(model, 9), started(model, 9)
    for beat in range(9):
        state = generator.snapshot()
        draft = play(generator, 5, -0.8, 0.9, first=beat)
        generator.restore(state)
        assert draft == play(generator, 5, -0.8, 0.9, first=beat)
        generator.restore(state)
        assert generator.extend(at(beat)) == undisturbed.extend(at(beat))
        assert generator.pedal(at(beat)) == undisturbed.pedal(at(beat))


def test_restoring_anothers_state_is_refused(generator):
    with pytest.raises(InputError):
        generator.restore({"beat": 3})


def test_a_jump_and_a_change_of_metre_are_survived(generator):
    for beat, beats in [
        (0, 4),
        (1, 4),
        (97, 4),
        (98, 4),
        (12, 3),
        (13, 7),
        (13, 7),
        (0, 2),
        (0, 1),
    ]:
        for note in generator.extend(at(beat, beats=beats)):
            assert beat <= note.onset < beat + 1


def test_shape_moves_loudness_and_articulation_at_once_and_nothing_else(generator):
    for note in play(generator, 4):
        soft, loud = generator.shape(note, 0.0, -1.0), generator.shape(note, 0.0, 1.0)
        assert loud.velocity > soft.velocity + 20
        assert loud.duration < soft.duration or note.role in ("pad", "drums")
        for shaped in (soft, loud):
            moved = replace(shaped, velocity=note.velocity, duration=note.duration)
            assert moved == note
    assert generator.shape(note, 3.0, 9.0) == generator.shape(note, 1.0, 1.0)


@pytest.mark.parametrize(("beats", "starts"), [(2, {0}), (3, {0}), (4, {0, 2}), (5, {0, 3})])
def test_chords_change_only_where_a_slot_begins_and_sound_until_it_ends(model, beats, starts):
    generator = started(model, 2)
    chord = None
    for beat in range(8 * beats):
        notes = generator.extend(at(beat, -0.5, 0.3, beats=beats))
        if generator.chord != chord:
            assert beat % beats in starts
        chord = generator.chord
        members = set(parse_chord(chord).pitch_classes)
        end = slot_at(beat, beats).end
        for note in notes:
            if note.role in ("chords", "pad"):
                assert note.pitch % 12 in members
                assert note.onset + note.duration <= end + 1e-6


def test_a_chord_of_the_tracker_is_joined_at_the_next_beat_in_any_key(model):
    generator = started(model, 1, "scale")
    play(generator, 1)
    for beat in range(1, 8):
        notes = generator.extend(at(beat, chord="F#:maj"))
        if beat != 4:  # a bar later the model may expect another
            assert generator.chord == "F#:maj"
            chords = {note.pitch % 12 for note in notes if note.role == "chords"}
            assert chords <= set(parse_chord("F#:maj").pitch_classes)
        for note in notes:  # the next beat may bring another chord
            if note.role in ("chords", "pad"):
                assert note.onset + note.duration <= beat + 1 + 1e-6


def test_a_performer_who_repeats_a_progression_is_met_on_time(model):
    """What is heard when a half bar is asked for is still the chord before."""
    loop = ["C:maj", "A:min", "F:maj", "E:min", "D:min", "G:maj"]
    generator = started(model, 1, "scale")
    met = []
    for beat in range(6 * 2 * len(loop)):
        heard = loop[max(beat - 1, 0) // 2 % len(loop)]
        generator.extend(at(beat, chord=heard))
        if beat % 2 == 0:
            met.append(generator.chord == loop[beat // 2 % len(loop)])
        else:
            assert generator.chord == heard
    late = met[3 * len(loop) :]
    assert sum(late) > 0.7 * len(late) > sum(met[: len(loop)])


def test_a_chord_of_the_keyboard_is_joined_at_the_next_beat_and_the_music_goes_on(model):
    generator = started(model, 4)
    play(generator, 5)
    generator.extend(at(5, performed=held(51, 67, 70, 75, onset=4.5)))
    assert generator.chord == "Eb:maj"
    for beat in range(6, 14):
        assert generator.extend(at(beat, listening=True))
        if beat == 7:
            assert generator.chord == "Eb:maj"


def test_the_scale_lock_never_leaves_the_notes_of_the_key(model):
    notes_of_key = set(parse_key("F#:min").pitch_classes)
    for valence, arousal in CORNERS:
        generator = started(model, 3, "scale")
        for chord in chords_of(generator, 24, valence, arousal, key="F#:min"):
            assert set(parse_chord(chord).pitch_classes) <= notes_of_key


def test_key_and_mode_change_only_where_a_phrase_begins(model):
    generator = started(model, 6)
    keys = []
    for beat in range(48):
        target = 0.9 if beat < 5 else -0.95
        generator.extend(at(beat, target, key="C:maj" if beat < 20 else "D:maj"))
        keys.append(str(generator.snapshot().harmony.key))
    assert keys[:16] == ["C:maj"] * 16
    assert keys[16:32] == ["C:min"] * 16
    assert keys[32:] == ["D:min"] * 16


def test_a_cut_brings_a_strong_chord_on_the_next_bar_and_may_change_the_key(model):
    def cues(beat):
        since = beat - 6.0
        return replace(NO_CUES, beats_since_boundary=since) if since >= 0 else NO_CUES

    plain, cut = started(model, 8), started(model, 8)
    for beat in range(9):
        target = -0.9 if beat >= 6 else 0.9
        before = plain.extend(at(beat, target))
        after = cut.extend(at(beat, target, cues=cues(beat)))
    assert str(cut.snapshot().harmony.key) == "C:min"
    assert str(plain.snapshot().harmony.key) == "C:maj"
    assert 49 in {note.pitch for note in after if note.role == "drums"}
    assert 49 not in {note.pitch for note in before if note.role == "drums"}


def rate(notes, roles=("chords", "bass")):
    return len({round(note.onset, 1) for note in notes if note.role in roles})


def test_density_follows_cues_settings_and_arousal_at_the_next_beat(model):
    def count(**changes):
        generator = started(model, 7)
        generator.adjust(changes.pop("settings", {}))
        return rate(play(generator, 32, **changes))

    sparse, dense = (count(cues=replace(NO_CUES, onset_density=d)) for d in (0.5, 3.0))
    assert dense > 2.5 * sparse
    assert (
        count(settings={"density": 1.0}) > 1.4 * count() > 1.96 * count(settings={"density": -1.0})
    )
    assert count(arousal=0.9) > 1.5 * count(arousal=-0.9)


def test_loudness_follows_the_cues(model):
    def mean(loudness):
        notes = play(started(model, 7), 16, cues=replace(NO_CUES, loudness=loudness))
        return sum(note.velocity for note in notes) / len(notes)

    assert mean(0.1) + 15 < mean(0.5) < mean(0.9) - 15


def test_cues_beyond_their_range_are_held_at_its_end(model):
    wild = Cues(99.0, 3.0, 7.0, 0.0, 0.0, -2.0)
    for beat in range(4):
        for note in started(model).extend(at(beat, cues=wild)):
            assert 1 <= note.velocity <= 127


def test_settings_of_other_engines_are_left_alone(model):
    generator = started(model, 7)
    plain = play(generator, 8)
    generator.reset(7)
    generator.adjust({"adventurousness": 1.0, "temperature": 1.0})
    assert play(generator, 8) == plain
    generator.reset(7)
    generator.adjust({"swing": 1.0, "humanise": 0.0, "compound": 1.0})
    assert play(generator, 8) != plain


def test_pedals_hold_the_chord_and_are_lifted_with_it(model):
    generator = started(model, 3)
    lifted, changes, before = set(), set(), None
    for beat in range(32):
        context = at(beat, 0.2, -0.5)
        generator.extend(context)
        for move in generator.pedal(context):
            assert beat <= move.beat < beat + 1 and move.role in ("chords", "pad")
            lifted |= {beat} if not move.pressed else set()
        changes |= {beat} if generator.chord != before and before else set()
        before = generator.chord
    assert changes <= lifted
    generator.reset(3)
    loud = []
    for beat in range(16):
        generator.extend(at(beat, 0.2, 0.9))
        loud += generator.pedal(at(beat, 0.2, 0.9))
    assert {move.role for move in loud} == {"pad"}


def test_voices_move_little(model):
    moved = voices = 0
    for seed, (valence, arousal) in enumerate(CORNERS):
        generator = started(model, seed)
        voicings = []
        for beat in range(32):
            generator.extend(at(beat, valence, arousal))
            voicings.append(generator.snapshot().arranger.voicing)
        for one, other in pairwise(voicings):
            if one != other:
                moved += sum(abs(a - b) for a, b in zip(one, other, strict=True))
                voices += len(one)
    assert moved / voices <= 2.5


def test_before_a_cut_the_harmony_pulls_and_after_it_rests(model):
    def counted(cut):
        pulls = rests = 0
        for seed in range(6):
            generator = started(model, seed)
            roots = []
            for beat in range(13):
                since = float(beat - 10)
                cues = replace(
                    NO_CUES,
                    beats_until_boundary=-since if cut and since < 0 else 30.0,
                    beats_since_boundary=since if cut and since >= 0 else None,
                )
                generator.extend(at(beat, 0.6, cues=cues))
                roots.append(parse_chord(generator.chord).root)
            pulls += roots[9] == 7
            rests += roots[12] == 0
        return pulls, rests

    (pulls, rests), (pulls_without, rests_without) = counted(True), counted(False)
    assert pulls > pulls_without and rests > rests_without


@pytest.mark.parametrize(
    "context",
    [
        at(-1),
        at(0, beats=0),
        at(0, tempo=0.0),
        at(0, tempo=float("nan")),
        at(0, key="H:dur"),
        at(0, chord="C:foo"),
        at(0, valence=float("nan")),
    ],
)
def test_bad_contexts_are_refused(generator, context):
    with pytest.raises(InputError):
        generator.extend(context)


def test_an_unknown_key_lock_is_refused(model):
    with pytest.raises(InputError, match="tonic"):
        AmtGenerator("free", model)
