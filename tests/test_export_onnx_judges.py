"""The judges: statistics on notes written by hand, learning on a tiny synthetic set."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.events import NoteEvent
from engine.midi.file import write_midi_file
from engine.music.profile import key_correlations, major_minus_minor
from export_onnx.judges.judge import quadrant_of
from export_onnx.judges.notes import Notes, from_file
from export_onnx.judges.plain import PlainJudge, Rater, fit_plain, fit_rater
from export_onnx.judges.sequence import SequenceConfig, SequenceJudge, fit_sequence
from export_onnx.judges.statistics import STATISTICS, describe, describe_all, polyphony, tempo_bpm
from export_onnx.judges.train import load_bench

TINY = SequenceConfig(hidden=8, window=24, epochs=12, networks=2, batch_size=8, dropout=0.0)


def value(notes, name):
    return describe(notes)[STATISTICS.index(name)]


def chords(thirds, velocity=64, gap_s=0.5, length_s=0.4, count=16):
    """Triads on C with the given third, one every `gap_s`."""
    return Notes.of(
        (place * gap_s, place * gap_s + length_s, 60 + step, velocity)
        for place in range(count)
        for step in (0, thirds, 7)
    )


def test_statistics_of_triads_by_hand():
    notes = chords(4)
    assert len(STATISTICS) == len(describe(notes))
    assert value(notes, "log_onsets_per_s") == pytest.approx(np.log(2.0))
    assert value(notes, "log_notes_per_s") == pytest.approx(np.log(6.0))
    assert value(notes, "notes_per_onset") == 3
    assert value(notes, "polyphony") == pytest.approx(3.0)
    assert value(notes, "log_note_s") == pytest.approx(np.log(0.4))
    assert value(notes, "log_gap_s") == pytest.approx(np.log(0.5))
    assert value(notes, "pitch_range") == 7 and value(notes, "pitch_classes") == 3
    assert value(notes, "velocity") == 64 and value(notes, "velocity_sd") == 0
    assert value(notes, "chord_major") == 1.0 and value(notes, "major_minus_minor") > 0.05


def test_mode_shows_in_key_and_chords():
    minor = chords(3)
    assert value(minor, "chord_minor") == 1.0 and value(minor, "major_minus_minor") < -0.05
    assert value(minor, "degree_b3") > 0 == value(minor, "degree_3")


def test_key_correlations_turn_with_the_tonic():
    scale = np.bincount([0, 2, 4, 5, 7, 9, 11, 0, 7], minlength=12).astype(float)
    for tonic in range(12):
        assert int(key_correlations(np.roll(scale, tonic)).argmax()) == tonic
    assert not key_correlations(np.ones(12)).any()
    assert major_minus_minor(scale) > 0 > major_minus_minor(np.eye(12)[[0, 3, 7]].sum(0))


def test_polyphony_counts_only_time_in_which_something_sounds():
    notes = Notes.of([(0.0, 2.0, 60, 64), (1.0, 2.0, 64, 64), (5.0, 6.0, 67, 64)])
    assert polyphony(notes) == pytest.approx((1 + 2 + 1) / 3)


def test_hands_are_not_machines():
    notes = Notes.of([(0.0, 1, 60, 64), (0.02, 1, 64, 64), (0.034, 1, 67, 64), (0.5, 1, 72, 64)])
    assert notes.onset_groups().tolist() == [0, 0, 0, 1]
    assert notes.onsets_s().tolist() == [0.0, 0.5]


def test_note_struck_again_ends_there():
    notes = Notes.of([(0.0, 3.0, 60, 64), (1.0, 2.0, 60, 64)])
    assert notes.end_s.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("bpm", [72.0, 96.0, 120.0])
def test_tempo_of_a_steady_pulse(bpm):
    assert tempo_bpm(np.arange(40) * 60.0 / bpm) == pytest.approx(bpm, rel=0.03)


def test_nothing_is_not_described():
    assert not describe(Notes.of([])).any()
    assert not describe(Notes.of([(0.0, 1.0, 60, 64)])).any()


def test_file_is_read_in_seconds_without_drums(tmp_path):
    notes = [NoteEvent(1, 2.0, 1.0, 60, 80, 0, "lead"), NoteEvent(2, 0.0, 1.0, 38, 99, 9, "drums")]
    write_midi_file(tmp_path / "a.mid", notes, [], tempo_bpm=60, key="C:maj", beats_per_bar=4)
    read = from_file(tmp_path / "a.mid")
    assert (read.start_s.tolist(), read.end_s.tolist()) == ([2.0], [3.0])
    assert (read.pitch.tolist(), read.velocity.tolist()) == ([60], [80])


def tiny_set():
    """Clips whose loudness and speed carry arousal and whose third carries valence."""
    rng = np.random.default_rng(3)
    clips, quadrants = [], []
    for number in range(32):
        quadrant = number % 4
        high, bright = quadrant < 2, quadrant in (0, 3)
        clips.append(
            chords(
                4 if bright else 3,
                velocity=int(rng.integers(80, 100) if high else rng.integers(40, 60)),
                gap_s=float(rng.uniform(0.2, 0.3) if high else rng.uniform(0.7, 0.9)),
                count=12,
            )
        )
        quadrants.append(quadrant)
    return clips, np.array(quadrants)


def test_plain_judge_learns_is_deterministic_and_survives_the_disk(tmp_path):
    clips, quadrants = tiny_set()
    statistics = describe_all(clips)
    judge = fit_plain(statistics, quadrants)
    again = fit_plain(statistics, quadrants)
    assert np.array_equal(judge.weights, again.weights)
    judge.save(tmp_path / "plain.npz")
    opinion = PlainJudge.load(tmp_path / "plain.npz").judge(clips)
    assert (opinion.quadrant == quadrants).all()
    assert ((opinion.arousal > 0) == (quadrants < 2)).all()
    assert opinion.quadrants.sum(1) == pytest.approx(np.ones(len(clips)))


def test_sequence_judge_learns_is_deterministic_and_survives_the_disk(tmp_path):
    clips, quadrants = tiny_set()
    judge = fit_sequence(clips, quadrants, TINY)
    again = fit_sequence(clips, quadrants, TINY)
    opinion, repeated = judge.judge(clips), again.judge(clips)
    assert np.array_equal(opinion.quadrants, repeated.quadrants)
    assert ((opinion.arousal > 0) == (quadrants < 2)).all()
    judge.save(tmp_path / "sequence.pt")
    loaded = SequenceJudge.load(tmp_path / "sequence.pt").judge(clips)
    assert np.array_equal(opinion.valence, loaded.valence)


def test_rater_gives_numbers_on_the_scale_of_its_labels(tmp_path):
    clips, quadrants = tiny_set()
    labels = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])[quadrants] * 0.6
    fit_rater(describe_all(clips), labels).save(tmp_path / "rater.npz")
    rated = Rater.load(tmp_path / "rater.npz").rate(clips)
    assert np.abs(rated - labels).mean() < 0.1


def test_untrained_judges_are_asked_for_by_command(tmp_path):
    with pytest.raises(InputError, match="train judges"):
        load_bench(tmp_path)


def test_quadrants_of_points():
    assert [quadrant_of(*p) for p in ((0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5), (0.5, -0.5))] == [
        *range(4)
    ]
