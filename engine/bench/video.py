"""How well films are read, and whether the music written for them fits them.

Everything is measured on films made of numbers (`engine.bench.clips`), whose cuts, movement and
moods are known. Music is described by its notes alone: loudness and onsets per second for
arousal, the share of major for valence; nothing of the engine that wrote it is used.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.bench.clips import Clip, encode, frames_of, make_clip
from engine.bench.control import describe
from engine.video.course import Course
from engine.video.film_score import FilmScore, ScoreRequest, score_course, watch

__all__ = ["ENGINES", "correspondence", "cut_scores", "measure_video", "sign_flip"]

ENGINES: Final = ("rules", "amt")
"""Engines that are compared: the baseline and the one made for films."""

_CLIPS: Final = 24
_SEED: Final = 1000
_MATCH_S: Final = 0.1  # a cut found within that of a true one counts
_MET_S: Final = 0.05
_WINDOW_S: Final = 8.0
_SCENES: Final = 3
_FLIPS: Final = 20_000


def measure_video(
    clips: int = _CLIPS, engines: Sequence[str] = ENGINES, *, long_s: float = 180.0
) -> dict[str, Any]:
    """Return figures of cuts, spotting, correspondence and speed.

    ``long_s`` is the length of the film whose scoring is timed [s].
    """
    random = np.random.default_rng(_SEED)
    films = [
        make_clip(_SEED + index, [tuple(mood) for mood in random.uniform(-0.9, 0.9, (_SCENES, 2))])
        for index in range(clips)
    ]
    with tempfile.TemporaryDirectory(prefix="stimmung-bench-") as folder:
        courses = [
            _watched(Path(folder) / f"{index}.mp4", film) for index, film in enumerate(films)
        ]
        figures: dict[str, Any] = {"films": clips} | cut_scores(
            [(film.cuts_s, course.cuts_s) for film, course in zip(films, courses, strict=True)]
        )
        for engine in engines:
            scores = [
                score_course(course, ScoreRequest(engine, seed=index, key="C:maj"))
                for index, course in enumerate(courses)
            ]
            if engine == engines[0]:  # spotting is the same for all
                figures |= _alignment(films, scores)
            fit = correspondence(films, scores)
            figures[engine] = fit
        spent = _speed(Path(folder) / "long.mp4", engines, long_s)
    for engine in engines:
        figures[engine]["composing_s"] = spent.pop(engine)
    return figures | spent


def cut_scores(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> dict[str, Any]:
    """Return precision, recall and F1 of cuts, given (true, found) times of each film [s]."""
    true = found = hits = 0
    for wanted, got in pairs:
        left = list(wanted)
        for cut in got:
            near = [other for other in left if abs(other - cut) <= _MATCH_S]
            if near:
                left.remove(min(near, key=lambda other: abs(other - cut)))
                hits += 1
        true, found = true + len(wanted), found + len(got)
    return {
        "cuts": true,
        "cut precision": round(hits / max(1, found), 4),
        "cut recall": round(hits / max(1, true), 4),
        "cut F1": round(2 * hits / max(1, true + found), 4),
    }


def correspondence(films: Sequence[Clip], scores: Sequence[FilmScore]) -> dict[str, Any]:
    """Return how well music fits its own film, and how well the other films.

    Films and music are described in windows of 8 s by valence and arousal, each standardised
    over all windows. A film and a piece correspond by minus the mean absolute difference. For
    each film, its own music is compared with the music of all others (their mean); the
    differences are tested by flipping their signs at random.
    """
    painted = _standard(np.array([_painted(film) for film in films]))
    played = _standard(np.array([_played(score) for score in scores]))
    fit = -np.abs(painted[:, None] - played[None]).mean((2, 3))  # film × music
    count = len(films)
    own = fit.diagonal()
    others = (fit.sum(1) - own) / (count - 1)
    gain = own - others
    random = np.random.default_rng(0)
    means = random.choice(gain, (10_000, count)).mean(1)
    flat_painted, flat_played = painted.reshape(-1, 2), played.reshape(-1, 2)
    swapped = np.roll(played, 1, 0).reshape(-1, 2)
    figures: dict[str, Any] = {
        "fit to own film": round(float(own.mean()), 3),
        "fit to other films": round(float(others.mean()), 3),
        "gain, 95 % low": round(float(np.quantile(means, 0.025)), 3),
        "gain, 95 % high": round(float(np.quantile(means, 0.975)), 3),
        "gain, p": sign_flip(gain),
        "films with gain": f"{int((gain > 0).sum())} of {count}",
    }
    for axis, name in enumerate(("valence", "arousal")):
        for title, music in (("own", flat_played), ("swapped", swapped)):
            r = float(np.corrcoef(flat_painted[:, axis], music[:, axis])[0, 1])
            figures[f"r {name}, {title}"] = round(r, 3)
    return figures


def sign_flip(differences: NDArray[np.float64], seed: int = 0) -> float:
    """Return the one-sided p of a paired permutation test that the mean is above 0."""
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), (_FLIPS, len(differences)))
    means = (signs * differences).mean(1)
    return float((1 + (means >= differences.mean()).sum()) / (_FLIPS + 1))


def _watched(path: Path, film: Clip) -> Course:
    encode(path, frames_of(film))
    return watch(path)[1]


def _alignment(films: Sequence[Clip], scores: Sequence[FilmScore]) -> dict[str, Any]:
    """Return how near true cuts are to bar lines."""
    away = np.array(
        [
            score.spotting.distance(cut)
            for film, score in zip(films, scores, strict=True)
            for cut in film.cuts_s
        ]
    )
    tempi = np.array(
        [
            section.tempo_bpm / score.spotting.sections[0].tempo_bpm - 1.0
            for score in scores
            for section in score.spotting.sections
        ]
    )
    return {
        "cuts within a beat of a bar line": round(float((away[:, 1] <= 1.0).mean()), 3),
        "cuts within 50 ms of a bar line": round(float((away[:, 0] <= _MET_S).mean()), 3),
        "tempo, largest change from the first section": round(float(np.abs(tempi).max()), 3),
    }


def _windows(length_s: float) -> list[tuple[float, float]]:
    count = int(length_s / _WINDOW_S)
    return [(index * _WINDOW_S, (index + 1) * _WINDOW_S) for index in range(count)]


def _painted(film: Clip) -> list[tuple[float, float]]:
    return [film.mood(*window) for window in _windows(film.length_s)]


def _played(score: FilmScore) -> list[tuple[float, float]]:
    """Return valence and arousal of the notes in each window, in arbitrary units."""
    rows = []
    for start_s, end_s in _windows(score.course.end_s):
        first, last = score.spotting.beat_at(start_s), score.spotting.beat_at(end_s)
        notes = [note for note in score.score.notes if first <= note.onset < last]
        if len({note.pitch % 12 for note in notes}) < 2:
            rows.append((0.0, -1.0))  # hardly any music: calm, neither major nor minor
            continue
        velocity, log_rate, major, _, _ = describe(notes, end_s - start_s)
        rows.append((major, velocity / 25.0 + log_rate))
    return rows


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standardise shape (films, windows, 2) over films and windows."""
    return np.asarray((values - values.mean((0, 1))) / np.maximum(values.std((0, 1)), 1e-9))


def _speed(path: Path, engines: Sequence[str], long_s: float) -> dict[str, Any]:
    """Return what it takes to score a long film of 1280 × 720 at 25 frames a second."""
    moods = np.random.default_rng(_SEED).uniform(-0.9, 0.9, (max(1, round(long_s / 16.0)), 2))
    film = make_clip(_SEED, [(float(v), float(a)) for v, a in moods], long_s / len(moods))

    def large() -> Iterator[NDArray[np.uint8]]:
        for frame in frames_of(film):
            yield frame.repeat(8, 0).repeat(8, 1)

    encode(path, large())
    figures: dict[str, Any] = {"long_s": long_s}
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    _, course = watch(path)
    figures["watching_s"] = round(time.perf_counter() - began_s, 1)
    figures["watching_processor_s"] = round(time.process_time() - began_cpu_s, 1)
    for engine in engines:
        began_s = time.perf_counter()
        score_course(course, ScoreRequest(engine))
        figures[engine] = round(time.perf_counter() - began_s, 1)
    return figures
