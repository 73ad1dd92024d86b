"""A film or a camera beside the live engine: watched in a process of its own, found again."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from engine.errors import DeviceError
from engine.process.child import child_command
from engine.process.child_pipe import ChildPipe
from engine.process.restarts import search
from engine.video.capture import means_file
from engine.video.mood import Calibration
from engine.video.semantic import Meaning
from engine.video.state import VideoState

__all__ = ["Seen", "VideoInput"]

_OPEN_TIMEOUT_S: Final = 20.0
_SILENT_S: Final = 2.0
"""A process silent for this long hangs inside a driver and is ended."""
_WATCH_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """A state and when it arrived, on the engine's clock [s]."""

    state: VideoState
    at_s: float


class VideoInput:
    """Pictures from a file (in real time, once) or a camera.

    When a camera vanishes the input says so in `error` and looks for it until it is back; the
    engine goes on meanwhile.

    Parameters
    ----------
    video : str
        A file, or a camera as `engine.video.camera.Camera` understands it.
    neutral : Calibration
        What counts as neutral.
    clip : Path or None
        Model for `engine.video.semantic`.
    """

    def __init__(
        self, video: str, neutral: Calibration | None = None, clip: Path | None = None
    ) -> None:
        self.name = video
        self._is_file = means_file(video)
        self._request = {
            "video": video,
            "neutral": asdict(neutral or Calibration()),
            "clip": None if clip is None else str(clip),
        }
        self._watcher: _Watcher | None = None
        self._supervisor: threading.Thread | None = None
        self._stopped = threading.Event()
        self._error: str | None = None
        self._seen: Seen | None = None
        self._cut_at_s: float | None = None
        self._meaning: Meaning | None = None
        self.restarts = 0
        """How often a camera was lost and found again."""

    @property
    def seen(self) -> Seen | None:
        """The newest state, or None before the first and while nothing is seen."""
        seen = self._seen
        return seen if seen and time.perf_counter() - seen.at_s < _SILENT_S else None

    @property
    def cut_at_s(self) -> float | None:
        """When the last cut was shown, on the engine's clock [s]."""
        return self._cut_at_s

    @property
    def meaning(self) -> Meaning | None:
        """What CLIP said last, if it is there."""
        return self._meaning

    @property
    def ended(self) -> bool:
        """Whether nothing more will be seen."""
        return self._stopped.is_set()

    @property
    def error(self) -> str | None:
        """What is wrong now, in one line, or None."""
        return self._error

    def start(self) -> None:
        """Open the file or camera.

        Raises
        ------
        DeviceError
            It cannot be opened.
        """
        watcher = self._watcher = _Watcher(self._request, self._keep)
        self._supervisor = threading.Thread(
            target=self._supervise, args=(watcher,), name="video-supervisor", daemon=True
        )
        self._supervisor.start()

    def stop(self) -> None:
        """Stop watching; may be called twice."""
        self._stopped.set()
        if self._supervisor is not None:
            self._supervisor.join()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()

    def _keep(self, message: dict[str, Any]) -> None:
        kind = message.pop("is")
        now_s = time.perf_counter()
        if kind == "state":
            state = VideoState(**message)
            if state.cut_s is not None:
                self._cut_at_s = now_s - (state.time_s - state.cut_s)
            self._seen = Seen(state, now_s)
        elif kind == "meaning":
            self._meaning = Meaning(
                message["time_s"],
                message["valence"],
                message["arousal"],
                tuple(message["probabilities"]),
                tuple(message["embedding"]),
            )

    def _supervise(self, watcher: "_Watcher") -> None:
        while not self._stopped.wait(_WATCH_S):
            if not watcher.gone:
                continue
            watcher.close()
            self._meaning = None
            if self._is_file:
                if not watcher.finished:
                    self._error = f"video '{self.name}' lost: {watcher.reason}"
                self._stopped.set()
                return
            self._error = f"camera '{self.name}' lost: {watcher.reason}"
            found = self._search()
            if found is None:
                return
            watcher = self._watcher = found
        watcher.close()

    def _search(self) -> "_Watcher | None":
        """Return the camera opened again, or None when the input is stopped meanwhile."""

        def failed(reason: str) -> None:
            self._error = f"camera '{self.name}' lost, still looking: {reason}"

        watcher = search(lambda: _Watcher(self._request, self._keep), self._stopped, failed)
        if watcher is not None:
            self.restarts += 1
            self._error = None
        return watcher


class _Watcher(ChildPipe):
    """One run of the video process, read line by line."""

    def __init__(self, request: dict[str, Any], keep: Callable[[dict[str, Any]], None]) -> None:
        self.finished = False
        self._keep = keep
        super().__init__(
            child_command("engine.video.capture", json.dumps(request)),
            "watching",
            patience_s=_OPEN_TIMEOUT_S,
            silent_s=_SILENT_S,
        )
        if self.answer.get("is") != "open":
            self.close()
            why = "the video process ended" if self.answered else "its driver does not answer"
            raise DeviceError(self.answer.get("message", f"video '{request['video']}': {why}"))

    def _follow(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._heard()
            message = json.loads(line)
            if message["is"] == "end":
                self.finished = True
            else:
                self._keep(message)
