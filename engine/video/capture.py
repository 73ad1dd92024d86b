"""The video process: the only place where a live engine decodes pictures.

``python -m engine.video.capture REQUEST`` (JSON: ``video``, a file or a camera; ``neutral``, the
fields of `engine.video.mood.Calibration`; ``clip``, a model file or null) watches until standard
input closes, a file in real time, and writes one JSON object per line to standard output:

- ``{"is": "open", "video": name}`` or ``{"is": "error", "message": text}``, once;
- ``{"is": "state", ...}`` ten times a second, the fields of `engine.video.state.VideoState`;
- ``{"is": "meaning", ...}`` at most once a second, those of `engine.video.semantic.Meaning`;
- ``{"is": "end"}`` after the last picture of a file.

The process ends with status `LOST` when a camera stops delivering.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from engine.errors import StimmungError
from engine.process.child_pipe import LOST
from engine.video.analyser import Picture, VideoAnalyser
from engine.video.camera import Camera
from engine.video.film import Film
from engine.video.mood import Calibration
from engine.video.semantic import MeaningWorker
from engine.video.state import ANALYSIS_FPS, VideoState

__all__ = ["main", "means_file"]

_PERIOD_S: Final = 1.0 / ANALYSIS_FPS

Send = Callable[..., None]


def means_file(video: str) -> bool:
    """Return whether ``--video`` names a file rather than a camera."""
    return os.path.isfile(video) or (
        Path(video).suffix != "" and not video.startswith("/dev/") and not video.isdecimal()
    )


def main(arguments: list[str]) -> int:
    """Watch what the request asks for and return the exit status."""
    # FFmpeg writes to both standard streams: the pipe is moved to a descriptor of its own.
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    send = _sender(pipe)
    try:
        return _watch(json.loads(arguments[0]), send)
    except StimmungError as error:
        send("error", message=str(error))
        return 2
    except BrokenPipeError:
        return 0


def _end_with_parent() -> None:
    os.read(0, 1)  # returns when the engine closes the pipe, or dies
    os._exit(0)  # a driver that hangs in a read would never see a flag


def _sender(pipe: BinaryIO) -> Send:
    lock = threading.Lock()

    def send(kind: str, **values: Any) -> None:
        line = json.dumps({"is": kind, **values}).encode() + b"\n"
        with lock:
            view = memoryview(line)
            while view:
                view = view[pipe.write(view) :]

    return send


def _watch(request: dict[str, Any], send: Send) -> int:
    video = str(request["video"])
    is_file = means_file(video)
    worker = MeaningWorker(Path(request["clip"]), send) if request.get("clip") else None
    analyser = VideoAnalyser(Calibration(**request.get("neutral") or {}))
    if is_file:
        film = Film(video)
        send("open", video=film.path.name)
        _in_real_time(film.pictures(), analyser, worker, send)
        _send_states(send, analyser.finish(film.end_s))
        if worker is not None:
            worker.finish()
        send("end")
        return 0
    camera = Camera(video)
    send("open", video=video)
    for picture in camera.pictures():
        _show(picture, analyser, worker, send)
    return LOST


def _in_real_time(
    pictures: Iterator[Picture],
    analyser: VideoAnalyser,
    worker: MeaningWorker | None,
    send: Send,
) -> None:
    """Show each picture of a file at its time; between distant ones, what is held."""
    began_s = time.perf_counter()
    for picture in pictures:
        while (wait_s := began_s + picture.time_s - time.perf_counter()) > 0.0:
            time.sleep(min(wait_s, _PERIOD_S))
            if wait_s > _PERIOD_S:
                _send_states(send, analyser.hold(time.perf_counter() - began_s))
        _show(picture, analyser, worker, send)


def _show(
    picture: Picture, analyser: VideoAnalyser, worker: MeaningWorker | None, send: Send
) -> None:
    _send_states(send, analyser.push(picture))
    if worker is not None:
        worker.show(picture)


def _send_states(send: Send, states: list[VideoState]) -> None:
    for state in states:
        send("state", **state.to_json())


if __name__ == "__main__":
    import signal

    # Control-C reaches the whole process group; the engine decides when watching ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main(sys.argv[1:]))
