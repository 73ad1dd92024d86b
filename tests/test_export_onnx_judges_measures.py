"""Likeness, flaws, memorisation, response, transfer and the trial: each finds what was planted."""

import shutil

import numpy as np
import pytest

from engine.errors import InputError
from engine.events import NoteEvent
from engine.midi.file import write_midi_file
from export_onnx.__main__ import make_parser
from export_onnx.datasets import Item
from export_onnx.judges.judge import quadrant_of
from export_onnx.judges.likeness import FEATURES, likeness, overlap, sample
from export_onnx.judges.material import Plan, grid_requests, make, quadrant_requests, step_requests
from export_onnx.judges.memory import longest_shared
from export_onnx.judges.notes import Notes
from export_onnx.judges.plain import fit_plain, fit_rater
from export_onnx.judges.real_features import _repetition
from export_onnx.judges.response import AFTER, BEFORE, pooled_beats, reached, read_response
from export_onnx.judges.sequence import SequenceConfig, fit_sequence
from export_onnx.judges.statistics import describe_all
from export_onnx.judges.train import Bench
from export_onnx.judges.transfer import Moved, contour, drift, keeps_tune, transfer_all
from export_onnx.judges.verdict import accuracies, control
from export_onnx.muser.evaluate import EvaluateOptions
from export_onnx.training.options import read_options


def line(pitches, gap_s=0.25, velocity=64, length_s=0.2):
    return Notes.of(
        (place * gap_s, place * gap_s + length_s, int(pitch), velocity)
        for place, pitch in enumerate(pitches)
    )


def random_line(seed, count=120, gap_s=0.25):
    return line(np.random.default_rng(seed).integers(40, 90, count), gap_s)


def test_equal_sets_are_alike():
    clips = [random_line(seed) for seed in range(4)]
    for row in likeness(clips, clips):
        assert row.distance == pytest.approx(0.0, abs=1e-9)
        assert row.overlap == pytest.approx(1.0)


def test_distance_is_the_shift_and_clips_weigh_the_same():
    soft, loud = line([60] * 10, velocity=50), line([60] * 200, velocity=70)
    wavering = [line([60] * 10, velocity=velocity) for velocity in (69, 71)]
    (apart,) = (row for row in likeness([soft], wavering) if row.feature == "velocity")
    assert apart.distance == pytest.approx(20)
    assert overlap(sample([soft], "velocity"), sample([loud], "velocity")) == 0.0
    assert sample([soft, loud], "velocity").mean == pytest.approx(60)
    assert set(FEATURES) == {row.feature for row in likeness([soft], [loud])}


def test_planted_loop_is_found():
    motif = [60, 64, 67, 72, 71]
    looped = line([*random_line(1, 40).pitch, *(motif * 12), *random_line(2, 40).pitch])
    free = random_line(3, 140)
    assert _repetition(looped, 8) > 0.3
    assert _repetition(free, 8) == 0.0


@pytest.mark.parametrize("rhythm", [False, True])
def test_planted_copy_is_found_in_any_key_and_tempo(rhythm):
    training = [random_line(seed) for seed in range(5)]
    copied = training[3].pitch[30:51] + 5
    clip = line([*random_line(77, 30).pitch, *copied, *random_line(78, 30).pitch], gap_s=0.4)
    found = longest_shared([clip, random_line(79)], training, rhythm=rhythm)
    assert 20 <= found[0] <= 22 and found[1] < 6


def test_rhythm_tells_a_copy_from_the_same_notes_played_otherwise():
    rng = np.random.default_rng(5)
    pitches, gaps = rng.integers(40, 90, 60), rng.choice([0.2, 0.4, 0.8], 60)
    starts = np.cumsum(gaps)
    training = Notes.of(zip(starts, starts + 0.1, pitches, [64] * 60, strict=True))
    assert longest_shared([line(pitches)], [training], rhythm=False)[0] == 59
    assert longest_shared([line(pitches)], [training], rhythm=True)[0] < 15


def test_step_response_is_read_off_a_synthetic_step():
    beats = np.arange(-BEFORE, AFTER)
    at_once, slow = np.where(beats >= 0, 3.0, -1.0), -1.0 + 4.0 * (1 - np.exp(-(beats + 1) / 3.0))
    slow[beats < 0] = -1.0
    curve, change = read_response(at_once)
    assert change == pytest.approx(4.0) and reached(curve, 0.9) == 1.0
    curve, _ = read_response(slow)
    assert reached(curve, 0.63) == pytest.approx(3.0)
    assert reached(curve, 0.9) == pytest.approx(7.0)
    assert reached(read_response(np.zeros(BEFORE + AFTER))[0], 0.5) == float("inf")


def test_windows_across_the_step_do_not_count_as_old():
    levels = np.where(np.arange(-BEFORE, AFTER) >= -3, 1.0, 0.0)  # 4-beat windows of a clean step
    curve, change = read_response(levels, window=4)
    assert change == pytest.approx(1.0) and reached(curve, 0.9, window=4) == 4.0


def test_beats_of_all_runs_are_pooled_in_step():
    runs = [line([60] * 40 + [72] * 40, gap_s=0.5), line([60] * 36 + [72] * 44, gap_s=0.5)]
    pooled = pooled_beats(runs, [40, 36], 0.5)
    assert [set(beat.pitch) for beat in pooled] == [{60}] * BEFORE + [{72}] * AFTER
    assert all(len(beat) == 2 for beat in pooled)


def test_tune_survives_accompaniment_and_time():
    tune = random_line(9, 60)
    slower = line(tune.pitch + 3, gap_s=0.31)
    assert np.corrcoef(contour(tune), contour(slower))[0, 1] > 0.95
    backwards = line(tune.pitch[::-1])
    kept = keeps_tune([Moved("a", "a", 0, 1, tune, slower), Moved("b", "b", 0, 1, tune, slower)])
    lost = keeps_tune([Moved("a", "a", 0, 1, tune, backwards)])
    assert kept[0][1].value > 0.95 and lost[0][1].value < 0.5


@pytest.mark.parametrize(("label", "factor"), [("on", 0.8), ("off", 0.0), ("wrong", -0.8)])
def test_transfer_is_told_the_label_and_asked_for_every_other_quadrant(tmp_path, label, factor):
    told = []

    def copy(source, output, valence, arousal, elements):
        told.append((valence, arousal))
        shutil.copyfile(source, output)

    write_midi_file(
        tmp_path / "a.mid",
        [NoteEvent(n, n / 2, 0.5, 60 + n, 80, 0, "lead") for n in range(8)],
        [],
        tempo_bpm=120,
        key="C:maj",
        beats_per_bar=4,
    )
    item = Item("emopia", "a", "val", "song", tmp_path, "a.mid", quadrant=2)
    moved = transfer_all([item], level=0.8, label=label, transfer=copy)
    assert [(one.source, one.target) for one in moved] == [(2, 0), (2, 1), (2, 3)]
    assert told == [(factor, factor), (-factor, factor), (factor, -factor)]
    assert len(moved[0].after) == 8


def test_drift_names_only_what_was_not_touched():
    clips = [random_line(seed, gap_s=0.2 + 0.02 * seed) for seed in range(6)]
    louder = [
        Moved(str(i), str(i), 2, 1, clip, line(clip.pitch, 0.2 + 0.02 * i, velocity=100))
        for i, clip in enumerate(clips)
    ]
    found = drift(louder, ("velocity",))
    assert "velocity" not in found and found["pitch"] == pytest.approx(0.0)


def test_material_is_what_was_asked_for():
    plan = Plan("rules", per_quadrant=2, responses=8)
    assert len(quadrant_requests(plan)) == 8 and len(grid_requests(plan)) == 100
    assert len({request.seed for request in grid_requests(plan)}) == 4
    steps = step_requests(plan, "arousal", True, 32)
    assert sorted({request.curve[2][0] for request in steps}) == [31.5, 32.5, 33.5, 34.5]
    assert {request.curve[0][1] for request in steps} == {0.8, -0.8}
    made = make(plan, quadrant_requests(plan)[0])
    assert made.performed.seconds == pytest.approx(38.4)
    assert len(made.notes) == len(made.performed.notes) > 50


def test_grid_is_read_by_everybody_who_gives_numbers():
    plan = Plan("rules", steps=3, seeds=1)
    made = [make(plan, request) for request in grid_requests(plan)]
    clips = [one.notes for one in made]
    labels = np.array([(one.request.valence, one.request.arousal) for one in made])
    quadrants = np.array([quadrant_of(*point) for point in labels])
    statistics = describe_all(clips)
    tiny = SequenceConfig(hidden=4, window=64, epochs=2, networks=1)
    bench = Bench(
        fit_plain(statistics, quadrants),
        fit_sequence(clips, quadrants, tiny),
        fit_rater(statistics, labels),
    )
    rows = {(who, measure): score.value for who, measure, score in control(bench, made)}
    assert rows["plain statistics", "arousal R2"] > 0.9
    assert rows["linear rater", "valence R2"] > 0.9
    assert ("sequence network", "valence Spearman") in rows
    accuracy = {(w, m): s.value for w, m, s in accuracies(bench, made)}
    assert accuracy["plain statistics", "quadrant accuracy"] == 1.0


def test_trial_names_what_it_does_not_know():
    words = ["evaluate", "muser", "--data", ".", "--sections", "grid,colour"]
    parsed = make_parser().parse_args(words)
    with pytest.raises(InputError, match="colour"):
        read_options(EvaluateOptions, parsed)
