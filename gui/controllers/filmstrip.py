"""``python -m gui.controllers.filmstrip VIDEO STRIP.png``: a few pictures of a film side by side.

A process of its own: a file that upsets the decoder does not take the window with it.
"""

import sys
from itertools import islice
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from PyQt6.QtGui import QImage, QPainter

from engine.audio.decoder import open_container

__all__ = ["HEIGHT_PX", "PICTURES", "draw_strip", "main"]

PICTURES: Final = 6
HEIGHT_PX: Final = 72


def draw_strip(video: Path, strip: Path) -> bool:
    """Draw pictures from evenly spread moments into a PNG; return whether there was any."""
    with open_container(video) as container:
        images = [image for share in range(PICTURES) if (image := _picture(container, share))]
    if not images:
        return False
    whole = QImage(sum(i.width() for i in images), HEIGHT_PX, QImage.Format.Format_RGB888)
    painter = QPainter(whole)
    left = 0
    for image in images:
        painter.drawImage(left, 0, image)
        left += image.width()
    painter.end()
    return whole.save(str(strip))


def _picture(container: InputContainer, number: int) -> QImage | None:
    """Return the picture of the middle of a share of the film, or None."""
    if container.duration:
        at = int((number + 0.5) / PICTURES * container.duration)
        container.seek(at, backward=True, any_frame=False)
    for frame in islice(container.decode(video=0), 1):
        width = max(1, round(HEIGHT_PX * frame.width / max(1, frame.height)))
        pixels = frame.to_ndarray(format="rgb24", width=width, height=HEIGHT_PX)
        row = pixels.strides[0]
        return QImage(pixels.tobytes(), width, HEIGHT_PX, row, QImage.Format.Format_RGB888).copy()
    return None


def main() -> int:
    """Draw; return 0 if there is a strip."""
    video, strip = map(Path, sys.argv[1:3])
    try:
        return 0 if draw_strip(video, strip) else 1
    except (av.FFmpegError, OSError, ValueError, IndexError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
