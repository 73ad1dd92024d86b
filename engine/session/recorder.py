"""Writes a session while it is played: append-only, so that a crash costs at most a second."""

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import SessionError
from engine.events import ControlEvent, EmotionState, NoteEvent, TargetState
from engine.pipeline.step import Step
from engine.session.appender import LineAppender
from engine.session.background import recover_in_background
from engine.session.content import SessionInfo, TimedNote
from engine.session.events_file import (
    encode_control,
    encode_cut,
    encode_emotion,
    encode_header,
    encode_log,
    encode_note,
)
from engine.session.folder import EVENTS_NAME, make_session_folder
from engine.session.recover import recover
from engine.session.sound import SoundRecorder
from engine.session.turn_log import Order, TurnLog
from engine.snapshot import LogEntry

__all__ = ["SessionRecorder"]

_END = b'{"event":"end","at_s":%.5f}\n'


class SessionRecorder:
    """One session folder.

    Events are queued when they happen and written by a thread: they reach the operating system
    within a quarter of a second and the disk within about one. `close` writes the final files from
    the events file, as `engine.session.recover` does after a crash. `error` reports a disk that is
    full or missing; playing goes on.

    Parameters
    ----------
    folder : str or Path
        Where to record; see `engine.session.folder.make_session_folder` for one that is in use.
    info : SessionInfo
        What is played with.
    now : callable
        The caller's clock [s]; all times given to the methods are on it.
    origin_s : float or None
        The session's start on that clock; None: the moment the recorder is made.
    sound_rate : int or None
        Rate of the sound that is to be kept too [Hz]; None keeps none.

    Attributes
    ----------
    folder : Path
        The folder really used.

    Raises
    ------
    SessionError
        The folder cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        info: SessionInfo,
        *,
        now: Callable[[], float] = time.perf_counter,
        origin_s: float | None = None,
        sound_rate: int | None = None,
    ) -> None:
        self.folder = make_session_folder(folder)
        self.info = info
        self._now = now
        self._origin_s = now() if origin_s is None else origin_s
        self._appender = LineAppender(self.folder / EVENTS_NAME, encode_header(info))
        self._sound = None if sound_rate is None else SoundRecorder(self.folder, sound_rate)
        self._turns = TurnLog(self._origin_s, self._appender.put)
        self._product_error: str | None = None
        self._closed = False

    @property
    def error(self) -> str | None:
        """Why the recording is not safe at this moment, in one line, or None."""
        problem, lost = self._appender.error, self._appender.dropped
        if lost:
            return f"{problem or 'recording fell behind'}; {lost} events lost"
        return problem or (self._sound and self._sound.error) or self._product_error

    @property
    def dropped(self) -> int:
        """Events lost for good."""
        return self._appender.dropped

    def start(self) -> None:
        """Start writing in the background."""
        self._appender.start()
        if self._sound is not None:
            self._sound.start()

    def sound(self, samples: NDArray[np.float32]) -> None:
        """Record sound, mono, shape (n,), if that was asked for."""
        if self._sound is not None:
            self._sound.put(samples)

    def emotion(self, state: EmotionState, target: TargetState) -> None:
        """Record one hop; ``state.time_s`` counts from the session's start."""
        self._appender.put(encode_emotion(self._elapsed(), state, target))

    def note(self, note: NoteEvent, on_s: float, off_s: float) -> None:
        """Record a note, when it is handed to the sender, with its deadlines."""
        timed = TimedNote(note, on_s - self._origin_s, off_s - self._origin_s)
        self._appender.put(encode_note(self._elapsed(), timed))

    def turn(self, now_s: float, step: Step) -> None:
        """Record that the player made a turn; all of one thread, as `order`."""
        self._turns.turn(now_s, step)

    def order(self, order: Order) -> None:
        """Record an order that is carried out before the next turn."""
        self._turns.order(order)

    def control(self, control: ControlEvent, at_s: float) -> None:
        """Record a controller change with its deadline."""
        self._appender.put(encode_control(at_s - self._origin_s, control))

    def cut(self, at_s: float, *, ends: bool) -> None:
        """Record that notes from then on were withdrawn; with ``ends``, what sounded ended."""
        self._appender.put(encode_cut(at_s - self._origin_s, ends=ends))

    def log(self, entry: LogEntry) -> None:
        """Record what happened; entries of the kind ``late`` are counted in the log's summary."""
        self._appender.put(encode_log(self._elapsed(), entry))

    def since_start(self, at_s: float) -> float:
        """Return a time of the player's clock as seconds since the session's start."""
        return at_s - self._origin_s

    def close(self, *, in_background: bool = False, leave: Collection[str] = ()) -> list[Path]:
        """Finish the file, write the final products but those of ``leave``, and return them.

        With ``in_background`` another process writes all of them, and none is returned. A failure
        is only reported in `error`.
        """
        if self._closed:
            return []
        self._closed = True
        self._turns.flush()
        if self._sound is not None:
            self._sound.close()
        self._appender.put(_END % self._elapsed())
        if not self._appender.close():
            return []
        try:
            if in_background:
                recover_in_background(self.folder)
                return []
            return recover(self.folder, leave).files
        except SessionError as error:
            self._product_error = str(error)
            return []

    def _elapsed(self) -> float:
        return self._now() - self._origin_s

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close."""
        self.close()
