"""Passes sound to the beat tracker that is followed, and reports what it hears."""

import time
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.events import HeardBeat
from engine.live.observer import Observer
from engine.live.orders import Orders
from engine.pipeline.step import Step
from engine.settings.performance import Performance
from engine.snapshot import LogEntry
from engine.sync.audio import AudioSync
from engine.sync.source import SyncSource

__all__ = ["HeardBeats"]


class HeardBeats:
    """Between an `AudioSync` and the rest of the engine.

    Parameters
    ----------
    sync : AudioSync
        The source of the beat.
    orders : Orders
        Told of the length of a bar when that is heard.
    observer : Observer
        Told of every beat; its recorder, if any, keeps it.
    """

    def __init__(self, sync: AudioSync, orders: Orders, observer: Observer) -> None:
        self._sync = sync
        self._orders = orders
        self._observer = observer
        self._told = -1
        self._state = ""
        self._metre = 0  # asked for last

    @classmethod
    def of(cls, sync: SyncSource, orders: Orders, observer: Observer) -> Self | None:
        """Return one for a source that listens, None for the others."""
        return cls(sync, orders, observer) if isinstance(sync, AudioSync) else None

    def unsure(self) -> bool:
        """Return whether the beat is kept up rather than heard."""
        return self._sync.unsure

    @property
    def heard(self) -> HeardBeat | None:
        """What is heard now; None before the first sound."""
        return self._sync.heard

    def hear(self, pcm: NDArray[np.float32], waiting: int) -> None:
        """Take sound as it comes; the tracker thread's."""
        self._sync.hear(pcm, time.perf_counter(), waiting)

    def skip(self, samples: int) -> None:
        """Count sound that was left out; the tracker thread's."""
        self._sync.skip(samples)

    def turn(self, performance: Performance, step: Step) -> None:
        """Tell what is heard, and of notes handed over; the player thread's, once a turn."""
        sync = self._sync
        sync.settle(
            performance.beats_per_bar,
            performance.slowest_bpm,
            performance.fastest_bpm,
            performance.heard_metre,
        )
        for scheduled in step.notes:
            sync.sent(scheduled.on_s)
        if sync.metre not in (performance.beats_per_bar, self._metre):
            self._metre = sync.metre
            try:
                self._orders.change({"beats_per_bar": sync.metre})
            except InputError as error:
                self._orders.complain(str(error))
        heard = sync.heard
        if heard is not None:
            self._tell(heard)

    def _tell(self, heard: HeardBeat) -> None:
        recorder = self._observer.recorder
        if heard.state != self._state:
            self._state = heard.state
            self._observer.log("beat", {"what": heard.state})
        if heard.count == self._told or heard.state == "searching":
            return
        self._told = heard.count
        tempo_bpm = 60.0 / heard.period_s
        if recorder is not None:
            fields = {
                "on_s": round(recorder.since_start(heard.beat_s), 4),
                "number": heard.number,
                "metre": heard.metre,
                "tempo_bpm": round(tempo_bpm, 2),
                "confidence": round(heard.confidence, 3),
            }
            recorder.log(LogEntry("heard_beat", fields))
