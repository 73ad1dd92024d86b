import numpy as np
import pytest

from engine.bench.clips import FPS, encode, frames_of, make_clip
from engine.bench.video import correspondence, cut_scores, sign_flip
from engine.video.film_score import ScoreRequest, score_course, watch


def test_cuts_are_counted_once_each():
    scores = cut_scores([((1.0, 2.0, 3.0), (1.05, 1.08, 3.3)), ((), ()), ((4.0,), (4.0,))])
    assert scores["cuts"] == 4
    assert scores["cut recall"] == pytest.approx(2 / 4)
    assert scores["cut precision"] == pytest.approx(2 / 4)
    assert scores["cut F1"] == pytest.approx(2 * 2 / 8)


def test_sign_flip_tells_gain_from_chance():
    random = np.random.default_rng(1)
    noise = random.standard_normal(24)
    assert sign_flip(noise - noise.mean()) > 0.2
    assert sign_flip(noise - noise.mean() + 1.0) < 0.001


def test_clips_are_as_they_say(tmp_path):
    clip = make_clip(3, [(0.5, 0.8), (-0.6, -0.7)], 6.0)
    assert clip == make_clip(3, [(0.5, 0.8), (-0.6, -0.7)], 6.0)
    assert clip.length_s == pytest.approx(12.0)
    assert sum(1 for _ in frames_of(clip)) == 12 * FPS
    assert clip.mood(0.0, 6.0)[0] > 0.2 > -0.2 > clip.mood(6.0, 12.0)[0]
    encode(tmp_path / "clip.mp4", frames_of(clip))
    states, course = watch(tmp_path / "clip.mp4")
    assert course.end_s == pytest.approx(12.0, abs=0.05)
    before, after = states[40], states[110]
    assert before.valence > after.valence
    assert before.motion > after.motion


def test_music_fits_the_film_it_was_written_for_better_than_others(tmp_path):
    moods = [(0.8, 0.8), (-0.8, 0.8), (0.8, -0.8), (-0.8, -0.8)]
    films = [make_clip(index, [mood], 8.2) for index, mood in enumerate(moods)]
    scores = []
    for index, film in enumerate(films):
        path = tmp_path / f"{index}.mp4"
        encode(path, frames_of(film))
        scores.append(score_course(watch(path)[1], ScoreRequest("rules", key="C:maj")))
    figures = correspondence(films, scores)
    assert figures["fit to own film"] > figures["fit to other films"]
    assert figures["r arousal, own"] > 0.5
