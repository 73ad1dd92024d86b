"""MusER's engine: nothing illegal can be written, nothing depends on when it is asked.

A wild model, whose logits are noise, may try anything: what comes out legal from it comes out
legal from any weights. What needs sense is asked of the shipped model.
"""

import random
import zlib
from dataclasses import asdict, replace

import numpy as np
import pytest

from engine.errors import InputError
from engine.events import NoteEvent
from engine.generators.muser.generator import MuserGenerator, load_model
from engine.generators.muser.grammar import Grammar, PitchRules, event_limit
from engine.generators.muser.memory import DecoderState
from engine.generators.muser.model import CodeTable, shipped_model_folder
from engine.generators.muser.sampling import expected, guided, pick, tilted
from engine.generators.muser.settings import Knobs
from engine.generators.muser.vocabulary import (
    CODEBOOKS,
    ELEMENTS,
    END_TICK,
    FIELDS,
    TEMPOS,
)
from engine.generators.muser.voices import Voices, split_voices
from engine.generators.protocol import MusicalContext
from engine.generators.shared.settings import SETTINGS
from engine.music.chords import parse_chord
from engine.music.keys import parse_key
from engine.music.reading.harmony import QUALITY_NAMES


class WildModel:
    """Answers with noise that depends on the call alone, as far as it goes beyond all bounds."""

    def __init__(self, spread: float = 6.0) -> None:
        self.spread = spread
        rng = np.random.default_rng(0)
        self.codes = {}
        for name in ELEMENTS:
            count = CODEBOOKS[name]
            labels: tuple[tuple[int, ...], ...] = ()
            of_label = {}
            if name == "chord":
                labels = tuple((code % 13, code % len(QUALITY_NAMES)) for code in range(count))
                of_label = {root * len(QUALITY_NAMES) + q: c for c, (root, q) in enumerate(labels)}
            elif name in ("tempo", "mode"):
                size = len(TEMPOS) if name == "tempo" else 2
                labels = tuple((code,) for code in range(count))
                of_label = {index: index % count for index in range(size)}
            values = np.sort(rng.normal(1.0, 2.0, count)).astype(np.float32)
            self.codes[name] = CodeTable(values, np.ones(count, np.float32), labels, of_label)

    def prior_start(self):
        return np.zeros((1, 1, 4), np.float32)

    def decoder_start(self):
        return DecoderState(self.prior_start())

    def _noise(self, count, *arrays):
        seed = zlib.crc32(b"".join(array.tobytes() for array in arrays))
        return np.random.default_rng(seed).normal(0.0, self.spread, count).astype(np.float32)

    def prior_step(self, past, phase, condition, state):
        following = self._noise(4, past, phase, condition, state).reshape(1, 1, 4)
        return following[0], following

    def code_logits(self, context, condition, codes, element):
        count = CODEBOOKS[ELEMENTS[element]]
        return self._noise(count, context, condition, codes[:, :element])

    def decoder_step(self, event, told, state):
        following = self._noise(4, event, told.codes, told.phase, state.recurrent)
        return following[None], DecoderState(following.reshape(1, 1, 4))

    def field_logits(self, context, codes, event, field):
        return self._noise(FIELDS[field].size, context, codes, event[:, :field])

    def encode_beat(self, beat):
        return np.array([len(beat.notes) % CODEBOOKS[name] for name in ELEMENTS], np.int64)

    @staticmethod
    def event_row(token):
        if token is None:
            return np.array([[field.size for field in FIELDS]], np.int64)
        return np.array([[token.onset, token.pitch, token.duration, token.velocity]], np.int64)


WILD = WildModel()


@pytest.fixture(scope="module")
def shipped():
    return load_model(shipped_model_folder())


def context(beat, valence=0.3, arousal=0.2, **values):
    given = {"tempo_bpm": 110.0, "beats_per_bar": 4, "key": "D:maj", "chord": ""} | values
    return MusicalContext(beat=beat, valence=valence, arousal=arousal, **given)


def play(generator, beats, **values):
    return [note for beat in beats for note in generator.extend(context(beat, **values))]


EXTREMES = [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0), (0.0, 0.0)]


@pytest.mark.parametrize("beats_per_bar", range(2, 8))
@pytest.mark.parametrize("tempo_bpm", [20.0, 97.0, 300.0])
def test_wild_model_stays_within_the_grammar(beats_per_bar, tempo_bpm):
    for seed, (valence, arousal) in enumerate(EXTREMES):
        generator = MuserGenerator(model=WILD)
        generator.reset(seed)
        generator.adjust({"temperature": 1.5, "adventurousness": 1.0, "guidance": 4.0})
        ends: list[float] = []
        for beat in range(2 * beats_per_bar):
            now = context(beat, valence, arousal, tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar)
            notes = generator.extend(now)
            assert len(notes) <= event_limit(60.0 / tempo_bpm)
            assert notes == sorted(notes, key=lambda n: (n.onset, n.channel, n.pitch))
            for note in notes:
                assert beat <= note.onset < beat + 1
                assert 21 <= note.pitch <= 108
                assert 1 <= note.velocity <= 127
                shaped = generator.shape(note, valence, arousal)
                assert 1 <= shaped.velocity <= 127
                assert shaped.duration > 0.0
                assert (shaped.onset, shaped.pitch) == (note.onset, note.pitch)
                ends.append(note.onset + shaped.duration)


def test_onsets_are_as_far_apart_as_fingers_need():
    generator = MuserGenerator(model=WILD)
    generator.adjust({"humanise": 0.0})
    for beat in range(60):
        notes = generator.extend(context(beat, tempo_bpm=240.0))
        ticks = sorted({round(12 * (note.onset - beat)) for note in notes})
        assert all(later - tick >= 2 for tick, later in zip(ticks, ticks[1:], strict=False))


@pytest.mark.parametrize("key", ["C:maj", "F#:min", "Bb:maj"])
@pytest.mark.parametrize("valence", [-1.0, 1.0])
def test_locked_scale_is_never_left(key, valence):
    generator = MuserGenerator("scale", model=WILD)
    generator.adjust({"adventurousness": 1.0, "temperature": 1.5})
    scale = set(parse_key(key).pitch_classes)
    notes = play(generator, range(24), valence=valence, key=key)
    assert notes
    assert {note.pitch % 12 for note in notes} <= scale


@pytest.mark.parametrize("chord", ["G:maj", "A:min7", "E:7"])
def test_bass_and_beat_agree_with_the_performers_chord(chord):
    generator = MuserGenerator(model=WILD)
    members = set(parse_chord(chord).pitch_classes)
    for beat in range(24):
        for note in generator.extend(context(beat, chord=chord)):
            if note.pitch < 52 or note.onset - beat < 0.02:
                assert note.pitch % 12 in members


def test_unusual_notes_need_adventurousness():
    counts = []
    for courage in (0.0, 1.0):
        generator = MuserGenerator(model=WildModel(2.0))
        generator.adjust({"adventurousness": courage})
        notes = play(generator, range(60), valence=1.0)
        scale = set(parse_key("D:maj").pitch_classes)
        counts.append(sum(note.pitch % 12 not in scale for note in notes) / len(notes))
    assert counts[0] < 0.5 * counts[1]


def test_silence_does_not_last():
    class Mute(WildModel):
        def field_logits(self, context, codes, event, field):
            logits = super().field_logits(context, codes, event, field)
            if field == 0:
                logits[-1] += 200.0  # always wants to end the beat
            return logits

    generator = MuserGenerator(model=Mute())
    empty = longest = 0
    for beat in range(64):
        empty = 0 if generator.extend(context(beat, tempo_bpm=120.0)) else empty + 1
        longest = max(longest, empty)
    assert 1 <= longest * 0.5 <= 2.0


def test_a_full_keyboard_may_rest():
    rules = PitchRules(frozenset(range(12)), frozenset(range(12)))
    grammar = Grammar(8, 0.5, 0, rules, sounding=[99.0] * 12, silence=False)
    assert np.flatnonzero(grammar.onsets()).tolist() == [END_TICK]


@pytest.mark.parametrize("model", ["wild", "shipped"])
def test_same_seed_same_music(model, shipped):
    chosen = WILD if model == "wild" else shipped
    runs = []
    for seed in (5, 5, 6):
        generator = MuserGenerator(model=chosen)
        generator.reset(seed)
        runs.append(play(generator, range(16)))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_drafts_leave_no_trace(shipped):
    plain = MuserGenerator(model=shipped)
    expected_notes = play(plain, range(12), valence=0.6, arousal=0.4)
    drafting = MuserGenerator(model=shipped)
    notes = []
    for beat in range(12):
        notes += drafting.extend(context(beat, 0.6, 0.4))
        if beat % 5 == 0:
            state = drafting.snapshot()
            play(drafting, range(beat + 1, beat + 5), valence=-0.9, arousal=-0.9, key="Eb:min")
            drafting.restore(state)
    assert notes == expected_notes


def test_what_was_drafted_is_what_comes(shipped):
    generator = MuserGenerator(model=shipped)
    play(generator, range(4))
    state = generator.snapshot()
    draft = play(generator, range(4, 12))
    generator.restore(state)
    assert play(generator, range(4, 12)) == draft


def test_foreign_state_is_refused():
    with pytest.raises(InputError, match="snapshot"):
        MuserGenerator(model=WILD).restore(object())


def test_mode_follows_valence_on_the_tonic(shipped):
    thirds = {}
    for valence in (-0.9, 0.9):
        generator = MuserGenerator(model=shipped)
        generator.reset(2)
        notes = play(generator, range(24), valence=valence, key="C:maj")
        minor = sum(note.pitch % 12 == 3 for note in notes)
        major = sum(note.pitch % 12 == 4 for note in notes)
        thirds[valence] = minor / max(minor + major, 1)
    assert thirds[-0.9] > 0.7
    assert thirds[0.9] < 0.3


def test_density_fits_the_tempo(shipped):
    rates = []
    for tempo_bpm in (60.0, 180.0):
        generator = MuserGenerator(model=shipped)
        notes = play(generator, range(32), arousal=0.0, tempo_bpm=tempo_bpm)
        onsets = {round(12 * note.onset) for note in notes}
        rates.append(len(onsets) / (32 * 60.0 / tempo_bpm))
    assert 0.5 < rates[0] / rates[1] < 1.6


def test_shape_is_neutral_for_the_emotion_it_was_written_for():
    generator = MuserGenerator(model=WILD)
    quiet, loud = [], []
    for note in play(generator, range(8)):
        assert generator.shape(note, 0.1, 0.1) == generator.shape(note, 0.1, 0.1)
        quiet.append(generator.shape(note, 0.0, -1.0))
        loud.append(generator.shape(note, 0.0, 1.0))
    assert np.mean([n.velocity for n in loud]) > np.mean([n.velocity for n in quiet]) + 10
    assert np.mean([n.duration for n in loud]) < np.mean([n.duration for n in quiet])
    order = np.argsort([note.velocity for note in quiet], kind="stable")
    assert (np.diff(np.array([note.velocity for note in loud])[order]) >= -2).all()


def performed(beat, rng, low=60):
    """Two notes a beat, in C minor, and one still held."""
    scale = (0, 2, 3, 5, 7, 8, 10)
    return tuple(
        NoteEvent(0, beat + at, 0.45, low + rng.choice(scale), 90, 0, "lead") for at in (0.02, 0.51)
    )


def test_listens_without_playing_and_goes_on(shipped):
    results = []
    for heard in (True, False):
        rng = random.Random(4)
        generator = MuserGenerator(model=shipped)
        before = ()
        for beat in range(16):
            now = context(beat, key="C:min", performed=before if heard else (), listening=True)
            assert generator.extend(now) == []
            before = performed(beat, rng)
        taken = replace(context(16, key="C:min"), performed=before if heard else ())
        results.append(generator.extend(taken) + play(generator, range(17, 24), key="C:min"))
    assert results[0]
    assert results[0] != results[1]


def test_goes_on_in_the_performers_register(shipped):
    means = []
    for low in (40, 76):
        found = []
        for seed in range(3):
            rng = random.Random(seed)
            generator = MuserGenerator(model=shipped)
            generator.reset(seed)
            before = ()
            for beat in range(16):
                generator.extend(context(beat, key="C:min", performed=before, listening=True))
                before = performed(beat, rng, low)
            taken = replace(context(16, key="C:min"), performed=before)
            notes = generator.extend(taken) + play(generator, range(17, 20), key="C:min")
            found += [note.pitch for note in notes]
        means.append(np.mean(found))
    assert means[1] > means[0] + 3


def test_late_notes_are_taken_in_with_their_beat():
    """A note told one beat late counts as if it had been told in time."""
    early = NoteEvent(0, 2.1, 0.5, 60, 80, 0, "lead")
    late = NoteEvent(0, 2.9, 0.5, 64, 80, 0, "lead")
    states = []
    for told in ([(early, late), ()], [(early,), (late,)]):
        generator = MuserGenerator(model=WILD)
        for beat in range(3):
            generator.extend(context(beat, listening=True))
        for beat, notes in zip((3, 4), told, strict=True):
            generator.extend(context(beat, listening=True, performed=notes))
        states.append(play(generator, [5, 6, 7]))
    assert states[0] == states[1]


def test_relocation_goes_on_anywhere():
    generator = MuserGenerator(model=WILD)
    for beat in (0, 1, 7, 3, 100, 101):
        for note in generator.extend(context(beat)):
            assert beat <= note.onset < beat + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"beat": -1},
        {"tempo_bpm": 0.0},
        {"tempo_bpm": float("nan")},
        {"valence": float("nan")},
        {"key": "H:maj"},
        {"chord": "X"},
        {"beats_per_bar": 0},
    ],
)
def test_bad_contexts_are_refused(wrong):
    with pytest.raises(InputError):
        MuserGenerator(model=WILD).extend(replace(context(0), **wrong))


def test_untouched_knobs_stand_where_the_table_says():
    assert {setting.name: setting.default for setting in SETTINGS["muser"]} == asdict(Knobs())
    assert Knobs().changed({"density": 0.5, "swing": 1.0}) == replace(Knobs(), density=0.5)


def test_missing_model_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"muser_prior\.onnx"):
        load_model(tmp_path)


def test_lock_is_checked():
    with pytest.raises(InputError, match="tonic"):
        MuserGenerator("mode", model=WILD)


def test_parts_cover_the_texture():
    def chord(onset, *pitches):
        return [NoteEvent(0, onset, 0.5, pitch, 80, 0, "lead") for pitch in pitches]

    notes = [*chord(0.0, 40, 55, 60, 76), *chord(0.5, 55), *chord(1.0, 43, 79), *chord(1.5, 77)]
    split, voices = split_voices(notes, Voices())
    roles = [(note.pitch, note.role) for note in split]
    assert roles == [
        (40, "bass"),
        (55, "chords"),
        (60, "chords"),
        (76, "lead"),
        (55, "chords"),
        (43, "bass"),
        (79, "lead"),
        (77, "lead"),
    ]
    assert (voices.tune, voices.bass) == (77.0, 43.0)
    assert {note.role: note.channel for note in split} == {"lead": 0, "chords": 1, "bass": 2}


def test_tilt_reaches_the_mean_and_changes_nothing_else():
    logits = np.array([0.3, -1.0, 2.0, 0.1], np.float32)
    values = np.array([1.0, 2.0, 3.0, 6.0], np.float32)
    for mean in (1.5, 3.0, 5.0):
        assert expected(tilted(logits, values, mean), values) == pytest.approx(mean, abs=1e-3)
    same = tilted(logits, values, expected(logits, values))
    assert np.allclose(same - same[0], logits - logits[0], atol=1e-3)


def test_guidance_and_picks():
    known, blind = np.array([1.0, 0.0], np.float32), np.array([0.0, 0.0], np.float32)
    assert np.allclose(guided(known, blind, 1.0), known)
    assert guided(known, blind, 3.0)[0] == 3.0
    logits = np.log(np.array([0.5, 0.3, 0.2], np.float32))
    picks = [pick(logits, point) for point in np.linspace(0.0, 0.999, 1000)]
    assert np.bincount(picks, minlength=3) / 1000 == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    assert {pick(logits, p, top_p=0.6) for p in (0.0, 0.5, 0.999)} == {0, 1}
    assert pick(logits, 0.7, mask=np.array([False, False, True])) == 2
