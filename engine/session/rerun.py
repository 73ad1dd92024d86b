"""Composes the music of a recorded session again from its inputs: emotions, orders and seed.

The same pipeline is called at the recorded times, so the notes must be the same; a difference is a
fault of the generator.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.errors import InputError, SessionError
from engine.events import EmotionState
from engine.midi.output import NoteOutput
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.pipeline.step import Inputs, Step
from engine.session.content import Session, TimedNote
from engine.session.events_file import (
    add_line,
    encode_control,
    encode_cut,
    encode_frame,
    encode_note,
    read_session,
)
from engine.session.folder import EVENTS_NAME
from engine.session.turn_log import FrameLog, Order, decode_turns
from engine.settings.performance import Performance
from engine.settings.resume import Resume
from engine.settings.run import LiveConfig
from engine.sync.source import InternalSync

__all__ = ["describe_inputs", "rerun"]


def describe_inputs(config: LiveConfig, origin_s: float) -> dict[str, Any]:
    """Return what a session's header must hold for `rerun`, as JSON values."""
    others = {
        "another clock": config.sync != "internal",
        "a keyboard": bool(config.keys_in),
        "pictures": bool(config.video),
    }
    return {
        "origin_s": origin_s,
        "performance": config.performance.to_json(),
        "curve": [list(point) for point in config.curve],
        "resume": None if config.resume is None else config.resume.to_json(),
        "others": [name for name, there in others.items() if there],
    }


def rerun(folder: str | Path) -> Session:
    """Return the session with its music made anew.

    Raises
    ------
    SessionError
        There is no session, or it was recorded by a version that did not keep what this takes.
    InputError
        Others shaped the music too: a clock, a keyboard, pictures, or bars changed by hand. Their
        part is not recorded.
    """
    recorded = read_session(folder)
    run = recorded.info.run
    if not run:
        raise SessionError(f"{folder} does not hold what it takes to make its music again")
    if run.get("others"):
        raise InputError(
            f"{folder} cannot be made again: {' and '.join(run['others'])} shaped it as well"
        )
    try:
        again = _Rerun(recorded)
        for event in _events(Path(folder) / EVENTS_NAME):
            again.take(event)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SessionError(f"{folder} cannot be made again: {error!r} in its events") from error
    return again.session


def _events(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what shaped the music, emotions always before the turns that had heard them."""
    emotions: dict[float, dict[str, Any]] = {}
    with path.open("rb") as stream:
        lines = [line for line in stream if line.startswith(_WANTED)]
    for line in lines:
        if line.startswith(_EMOTION):
            emotion = _parsed(line)
            if emotion is not None:
                emotions[emotion["time_s"]] = emotion
    for line in lines:
        event = None if line.startswith(_EMOTION) else _parsed(line)
        if event is None:
            continue
        heard = event.get("heard")
        if heard is not None:
            yield emotions.pop(heard, {"event": "heard before", "time_s": heard})
        yield event


_EMOTION = b'{"event":"emotion"'
_WANTED = (_EMOTION, b'{"event":"turns"', b'{"event":"order"')


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None  # torn by the crash that ended the session
    return event if isinstance(event, dict) else None


class _Rerun:
    """The pipeline as it was, and what it plays now."""

    def __init__(self, recorded: Session) -> None:
        info, run = recorded.info, recorded.info.run
        self.session = Session(info, recorded.emotion, log=recorded.log, complete=recorded.complete)
        self._origin_s = float(run["origin_s"])
        self._resume = Resume.from_mapping(run["resume"])
        performance = Performance.from_mapping(run["performance"])
        self._sync = InternalSync(performance.tempo_bpm)
        curve = tuple((beat, valence, arousal) for beat, valence, arousal in run["curve"])
        clock, seed = self._sync.clock, info.seed
        # Controllers carry what was heard, as with a tracker.
        inputs = Inputs(listens=True)
        self._pipeline = Pipeline(
            performance, clock, seed, curve=curve, draft_beats=0, inputs=inputs
        )
        if self._resume is not None:
            self._pipeline.resume(self._resume)
        # Leads nowhere: what is played is taken from the steps.
        self._player = Player(
            self._pipeline, self._sync, NoteOutput(lambda frame: None), withdrawn=self._cut
        )
        self._now_s = self._origin_s
        self._frames = FrameLog()

    def take(self, event: Mapping[str, Any]) -> None:
        """Do what one event says."""
        kind = event["event"]
        if kind == "emotion":
            self._pipeline.emotion = _emotion(event)
        elif kind == "order":
            self._obey(Order(float(event["at_s"]), event["do"], event))
        elif kind == "turns":
            for at_s, pace in decode_turns(event, self._origin_s)[1]:
                self._now_s = at_s
                self._keep(self._player.turn(at_s, pace), at_s)

    def _obey(self, order: Order) -> None:
        pipeline, sync, now_s = self._pipeline, self._sync, order.at_s
        if order.do == "begin":
            sync.begin(now_s, self._resume)
        elif order.do == "freeze":
            pipeline.target.frozen = bool(order.values["frozen"])
        elif order.do == "play":
            sync.set_playing(bool(order.values["playing"]), now_s, pipeline.next_bar())
        elif order.do == "regenerate":
            pipeline.regenerate(int(order.values["seed"]))
        elif order.do == "arrange":
            pipeline.arrange(order.values["order"], now_s)
        elif order.do == "bar":  # what the draft showed then depended on the machine's speed
            raise InputError("the session cannot be made again: bars were changed by hand")
        elif order.do == "change":
            self._now_s = now_s
            wanted = Performance.from_mapping(order.values["performance"])
            if order.values["at_bar"]:
                pipeline.change_at_bar(wanted, lambda: self._follow_tempo(wanted))
            else:
                self._follow_tempo(wanted)
                pipeline.change(wanted)

    def _follow_tempo(self, wanted: Performance) -> None:
        if wanted.tempo_bpm != self._pipeline.performance.tempo_bpm:
            self._sync.set_tempo(wanted.tempo_bpm, self._now_s)

    def _keep(self, step: Step, now_s: float) -> None:
        origin_s = self._origin_s
        for note in step.notes:
            timed = TimedNote(note.note, note.on_s - origin_s, note.off_s - origin_s)
            add_line(self.session, encode_note(now_s - origin_s, timed))
        if step.frame is not None and self._frames.changed(now_s, step.frame):
            add_line(self.session, encode_frame(now_s - origin_s, step.frame))
        for change in step.controls:
            add_line(self.session, encode_control(change.at_s - origin_s, change.control))

    def _cut(self, at_s: float, ends: bool) -> None:
        add_line(self.session, encode_cut(at_s - self._origin_s, ends=ends))


def _emotion(event: Mapping[str, Any]) -> EmotionState:
    q1, q2, q3, q4 = event["quadrants"]
    return EmotionState(
        time_s=event["time_s"],
        valence=event["valence"],
        arousal=event["arousal"],
        valence_std=event["valence_std"],
        arousal_std=event["arousal_std"],
        quadrants=(q1, q2, q3, q4),
        tags=tuple(event["tags"].items()),
        key=event["key"],
        chord=event["chord"],
        loudness_db=event["loudness_db"],
        state=event["state"],
        tuning_hz=event.get("tuning_hz", 440.0),
    )
