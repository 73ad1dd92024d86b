"""Music for a film: the generator plays beat by beat in the bars that `spotting` chose.

Generators know bars of one length, counted from 0. Each bar of the score is therefore one of
theirs, from its first beat; what a short bar leaves out is skipped. Their phrases have four bars:
a section begins where its last bar is a phrase's last, so that cadences lead to cuts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from engine.events import ControlEvent, NoteEvent, to_controller
from engine.generators.protocol import Cues, Generator, MusicalContext
from engine.music.form import BARS_PER_PHRASE
from engine.pipeline.emotion_controls import INTERVAL_S
from engine.settings.performance import Performance
from engine.video.course import Course
from engine.video.spotting import Section, Spotting

__all__ = ["Score", "compose_score", "suggest_key", "suggest_tempo"]

_SHORTEST: Final = 0.05  # note cut at a section's end [beats]
_MIDDLE_BPM: Final = 96.0
_TEMPO_OCTAVES: Final = 0.45


@dataclass(frozen=True, slots=True)
class Score:
    """Notes and controllers in musical time, as `engine.midi.file` writes them."""

    notes: tuple[NoteEvent, ...]
    controls: tuple[ControlEvent, ...]


def suggest_tempo(course: Course) -> float:
    """Return a tempo for a film [quarter notes per minute]: 70 if calm, 96, 131 if excited."""
    return float(_MIDDLE_BPM * 2.0 ** (_TEMPO_OCTAVES * course.mood()[1]))


def suggest_key(course: Course) -> str:
    """Return C major or A minor by the mean valence."""
    return "C:maj" if course.mood()[0] >= 0.0 else "A:min"


def compose_score(
    course: Course,
    spotting: Spotting,
    generator: Generator,
    performance: Performance,
    *,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> Score:
    """Write the music.

    Parameters
    ----------
    course : Course
        What to follow.
    spotting : Spotting
        Where bars lie.
    generator : Generator
        Fresh or reset.
    performance : Performance
        Key (a real one), parts and controllers; its tempo and mode do not matter.
    progress : callable
        Called with the seconds composed so far.
    """
    notes: list[NoteEvent] = []
    pedals: list[ControlEvent] = []
    end_beat = spotting.beat_at(spotting.end_s)
    bar = 0
    for index, section in enumerate(spotting.sections):
        bar += -(bar + len(section.bars)) % BARS_PER_PHRASE
        pedal: dict[int, ControlEvent] = {}  # last move per channel
        energy = 0.5 + 0.5 * _mood_of(course, section)[1]
        limit = min(float(section.end_beat), end_beat)
        for beat, theirs in _beats(section, bar, spotting.beats_per_bar):
            if beat >= end_beat:
                break
            now_s = spotting.time_at(beat)
            moment = course.at(now_s, section.start_s, section.start_s + section.length_s)
            context = MusicalContext(
                beat=theirs,
                tempo_bpm=section.tempo_bpm,
                beats_per_bar=spotting.beats_per_bar,
                key=performance.key,
                chord="",
                valence=moment.valence,
                arousal=moment.arousal,
                cues=Cues(
                    motion=moment.motion,
                    beats_since_boundary=float(beat - section.start_beat) if index else None,
                    beats_until_boundary=float(section.end_beat - beat),
                    section_energy=energy,
                    semantic=course.embedding(now_s),
                ),
            )
            for note in generator.extend(context):
                if note.role not in performance.parts:
                    continue
                onset = note.onset + beat - theirs
                if onset < limit:
                    shaped = generator.shape(note, moment.valence, moment.arousal)
                    length = min(shaped.duration, max(_SHORTEST, limit - onset))
                    notes.append(
                        replace(shaped, note_id=len(notes) + 1, onset=onset, duration=length)
                    )
            for move in generator.pedal(context):
                if move.role not in performance.parts:
                    continue
                pedal[move.channel] = move
                pedals.append(replace(move, beat=min(move.beat + beat - theirs, limit)))
            progress(now_s)
        pedals += [replace(move, beat=limit, value=0) for move in pedal.values() if move.value]
        bar += len(section.bars)
    controls = [*_emotion_controls(course, spotting, performance), *pedals]
    return Score(
        tuple(sorted(notes, key=lambda note: note.onset)),
        tuple(sorted(controls, key=lambda control: control.beat)),
    )


def _beats(section: Section, bar: int, beats_per_bar: int) -> Iterator[tuple[int, int]]:
    """Yield each beat of a section and the generator's beat that fills it."""
    beat = section.start_beat
    for index, length in enumerate(section.bars):
        for place in range(length):
            yield beat, (bar + index) * beats_per_bar + place
            beat += 1


def _mood_of(course: Course, section: Section) -> tuple[float, float]:
    """Return mean valence and arousal of a section."""
    middle_s = section.start_s + section.length_s / 2
    if course.override:
        moment = course.at(middle_s, section.start_s, section.start_s + section.length_s)
        return moment.valence, moment.arousal
    return course.mean(section.start_s, section.start_s + section.length_s)[:2]


def _emotion_controls(
    course: Course, spotting: Spotting, performance: Performance
) -> list[ControlEvent]:
    """Return valence and arousal as controllers, unchanged values left out."""
    controls: list[ControlEvent] = []
    sent: dict[int, int] = {}
    for tick in range(int(spotting.end_s / INTERVAL_S)):
        now_s = tick * INTERVAL_S
        section = spotting.section_at(now_s)
        moment = course.at(now_s, section.start_s, section.start_s + section.length_s)
        for control, value in (
            (performance.valence_cc, moment.valence),
            (performance.arousal_cc, moment.arousal),
        ):
            level = to_controller(value)
            if sent.get(control) != level:
                sent[control] = level
                beat = spotting.beat_at(now_s)
                controls.append(ControlEvent(beat, control, level, performance.control_channel))
    return controls
