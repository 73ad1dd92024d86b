"""From a film to its music: watch, spot, compose, write."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from engine.choices import AUTO_KEY, check_range
from engine.generators.protocol import Generator
from engine.generators.registry import create_generator
from engine.midi.file import write_midi_file
from engine.music.song_map import SongMap
from engine.settings.curve import Points
from engine.settings.performance import Performance
from engine.video.analyser import Picture
from engine.video.course import Course, course_of
from engine.video.film import Film, watch_film
from engine.video.mood import Calibration
from engine.video.score import Score, compose_score, suggest_key, suggest_tempo
from engine.video.semantic import PERIOD_S, Meaning, Reader
from engine.video.spotting import Spotting, spot
from engine.video.state import VideoState

__all__ = ["FilmScore", "ScoreRequest", "score_course", "watch"]

_MET_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """What is asked of the music.

    Attributes
    ----------
    engine : str
        Generator, a name in `engine.generators.registry.GENERATORS`.
    tempo_bpm : float or None
        Wanted tempo [quarter notes per minute]; None takes it from the film's mood.
    tempo_range : float
        Largest deviation from it, as a share, 0..0.5.
    beats_per_bar : int
        Usual bar, 2..7.
    key : str
        A key, or ``"auto"``: C major or A minor by the film's mood.
    seed : int
        Fixes every choice.
    parts : tuple of str
        Parts that sound, among `engine.choices.PARTS`.
    settings : mapping of str to float
        The engine's own settings, see `engine.generators.shared.settings`.
    curve : tuple of (float, float, float)
        Points (position, valence, arousal) that replace the film's mood; may be empty.
    curve_in_beats : bool
        Whether positions are beats of the finished music rather than seconds.
    """

    engine: str
    tempo_bpm: float | None = None
    tempo_range: float = 0.1
    beats_per_bar: int = 4
    key: str = AUTO_KEY
    seed: int = 0
    parts: tuple[str, ...] = Performance().parts
    settings: Mapping[str, float] = field(default_factory=dict)
    curve: Points = ()
    curve_in_beats: bool = False

    def __post_init__(self) -> None:
        self.performance(100.0 if self.tempo_bpm is None else self.tempo_bpm, self.key)
        check_range("tempo_range", self.tempo_range, 0.0, 0.5)
        check_range("seed", self.seed, 0, 2**31 - 1)

    def performance(self, tempo_bpm: float, key: str) -> Performance:
        """Return the request as a performance at a tempo, in a key.

        Raises
        ------
        InputError
            A value is out of range.
        """
        return Performance(
            engine=self.engine,
            tempo_bpm=tempo_bpm,
            beats_per_bar=self.beats_per_bar,
            key=key,
            parts=self.parts,
            settings=self.settings,
        )


@dataclass(frozen=True, slots=True)
class FilmScore:
    """Finished music, and how it lies under the film."""

    course: Course
    spotting: Spotting
    score: Score
    performance: Performance

    @property
    def met(self) -> int:
        """Cuts within 50 ms of a bar line."""
        return sum(self.spotting.distance(cut)[0] <= _MET_S for cut in self.course.cuts_s)

    @property
    def near(self) -> int:
        """Cuts within one beat of a bar line."""
        return sum(self.spotting.distance(cut)[1] <= 1.0 for cut in self.course.cuts_s)

    def song_map(self) -> SongMap:
        """Return tempi, bar lengths and a marker at every cut."""
        tempos, meters = [], []
        bar = self.spotting.beats_per_bar
        tempo = self.performance.tempo_bpm
        for section in self.spotting.sections:
            if section.tempo_bpm != tempo:
                tempo = section.tempo_bpm
                tempos.append((float(section.start_beat), tempo))
            beat = section.start_beat
            for length in section.bars:
                if length != bar:
                    bar = length
                    meters.append((float(beat), float(bar)))
                beat += length
        markers = [
            (self.spotting.beat_at(cut), f"Cut {number} {_clock(cut)}")
            for number, cut in enumerate(self.course.cuts_s, 1)
        ]
        return SongMap(tuple(tempos), tuple(meters), markers=tuple(markers))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the MIDI file; its time 0 is the film's first frame.

        Raises
        ------
        InputError
            It cannot be written.
        """
        write_midi_file(
            path,
            self.score.notes,
            self.score.controls,
            tempo_bpm=self.performance.tempo_bpm,
            key=self.performance.key,
            beats_per_bar=self.performance.beats_per_bar,
            song_map=self.song_map(),
        )


def watch(
    path: str | os.PathLike[str],
    calibration: Calibration | None = None,
    reader: Reader | None = None,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> tuple[list[VideoState], Course]:
    """Return the features of a film and its course.

    Raises
    ------
    InputError
        It cannot be read, or is shorter than a second.
    """
    states: list[VideoState] = []
    meanings: list[Meaning] = []

    def read(picture: Picture) -> None:
        if reader is not None and picture.time_s >= len(meanings) * PERIOD_S:
            meanings.append(reader.read(picture.frame.square(reader.size), picture.time_s))

    with Film(path) as film:
        for state in watch_film(film, calibration, read):
            states.append(state)
            progress(state.time_s)
        return states, course_of(states, film.end_s, calibration, meanings)


def score_course(
    course: Course,
    request: ScoreRequest,
    generator: Generator | None = None,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> FilmScore:
    """Write music for a film's course.

    ``generator`` is the engine asked for, fresh or reset; None makes one.

    Raises
    ------
    InputError
        A request cannot be met.
    """
    if request.curve and not request.curve_in_beats:
        course = replace(course, override=request.curve)
    wanted = suggest_tempo(course) if request.tempo_bpm is None else request.tempo_bpm
    spotting = spot(
        course.cuts_s,
        course.end_s,
        tempo_bpm=wanted,
        tempo_range=request.tempo_range,
        beats_per_bar=request.beats_per_bar,
    )
    if request.curve and request.curve_in_beats:
        timed = tuple((spotting.time_at(beat), v, a) for beat, v, a in request.curve)
        course = replace(course, override=timed)
    key = suggest_key(course) if request.key == AUTO_KEY else request.key
    performance = request.performance(spotting.sections[0].tempo_bpm, key)
    if generator is None:
        generator = create_generator(request.engine, request.seed)
    generator.adjust(performance.settings)
    score = compose_score(course, spotting, generator, performance, progress=progress)
    return FilmScore(course, spotting, score, performance)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60.0)
    return f"{int(minutes)}:{rest:05.2f}"
