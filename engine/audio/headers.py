"""What the headers of sound files say that FFmpeg does not pass on: lengths, ends, next streams."""

import io
import mmap
import os
import struct
from pathlib import Path
from typing import Final

__all__ = [
    "FileTail",
    "begin_behind_tag",
    "ends_as_ogg",
    "lacks_bytes",
    "lacks_index",
    "next_ogg_stream",
    "states_frames",
]

_FIRST_PAGE, _LAST_PAGE = 2, 4
"""Flags in the header of an Ogg page (RFC 3533)."""
_UNKNOWN_BYTES: Final = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
"""Lengths written by a recorder that never came to its end, or to a pipe."""
_SLOPPY_BYTES: Final = 1024
"""Headers are often wrong by less."""
_MOST_CHUNKS: Final = 1000
_ID3_HEADER: Final = 10
_FIRST_FRAME: Final = 2048


class FileTail(io.RawIOBase):
    """A file from an offset on."""

    def __init__(self, path: Path, begin: int) -> None:
        self._file = path.open("rb")
        self._begin = begin
        self.seek(0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes."""
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, and return the place."""
        begin = self._begin if whence == os.SEEK_SET else 0
        return self._file.seek(begin + offset, whence) - self._begin

    def close(self) -> None:
        """Release the file."""
        self._file.close()
        super().close()


def next_ogg_stream(path: Path, start: int) -> int | None:
    """Return where the next first page of an Ogg stream begins [bytes], None if there is none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while (start := data.find(b"OggS", start)) >= 0:
            if start + 5 < len(data) and data[start + 5] & _FIRST_PAGE:
                return start
            start += 1
    return None


def lacks_bytes(path: Path) -> bool:
    """Whether a WAV, RF64, W64, AIFF or CAF file is shorter than its header says."""
    with path.open("rb") as file:
        head = file.read(48)
        size = os.fstat(file.fileno()).st_size
        end = _stated_end(head, file)
    return end is not None and end > size + _SLOPPY_BYTES


def _stated_end(head: bytes, file: io.BufferedReader) -> int | None:
    """Where the file ends by its own header [bytes]; None if it does not say."""
    if head[:4] in (b"RIFF", b"FORM") and len(head) >= 8:
        stated = struct.unpack("<I" if head[:4] == b"RIFF" else ">I", head[4:8])[0]
    elif head[:4] == b"RF64" and head[12:16] == b"ds64" and len(head) >= 28:
        stated = struct.unpack("<Q", head[20:28])[0]
    elif head[:4] == b"riff" and len(head) >= 24:  # W64: a GUID that begins so
        stated = struct.unpack("<Q", head[16:24])[0]
    elif head[:4] == b"caff":
        return _end_of_caf(file)
    else:
        return None
    return None if stated in _UNKNOWN_BYTES else stated


def _end_of_caf(file: io.BufferedReader) -> int | None:
    """Where the last chunk ends that the chunks of a Core Audio file lead to [bytes]."""
    place = 8
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(12)
        if len(head) < 12:
            return place
        (length,) = struct.unpack(">q", head[4:])
        if length < 0:
            break
        place += 12 + length
    return None


def lacks_index(path: Path) -> bool:
    """Whether an MP4 file has no index (``moov``), as where its recorder never came to its end."""
    with path.open("rb") as file:
        size, place, kinds = os.fstat(file.fileno()).st_size, 0, set()
        for _ in range(_MOST_CHUNKS):
            file.seek(place)
            head = file.read(16)
            if len(head) < 8:
                break
            length, kind = struct.unpack(">I4s", head[:8])
            kinds.add(kind)
            if length == 1 and len(head) == 16:
                (length,) = struct.unpack(">Q", head[8:])
            place += length if length >= 8 else size
    return b"ftyp" in kinds and not kinds & {b"moov", b"moof"}


def begin_behind_tag(path: Path) -> int:
    """Return where to begin reading [bytes]: 0, or behind an ID3 tag whose length is impossible."""
    end = _end_of_tag(path)
    return _ID3_HEADER if end >= path.stat().st_size else 0


def states_frames(path: Path) -> bool:
    """Whether the first frame of an MP3 file holds the count of all frames."""
    with path.open("rb") as file:
        file.seek(_end_of_tag(path))
        first = file.read(_FIRST_FRAME)
    return any(name in first for name in (b"Xing", b"Info", b"VBRI"))


def _end_of_tag(path: Path) -> int:
    """Where an ID3 tag at the beginning says that it ends [bytes]; 0 if there is none."""
    with path.open("rb") as file:
        head = file.read(_ID3_HEADER)
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER:
        return 0
    return _ID3_HEADER + sum(
        (byte & 0x7F) << 7 * (3 - place) for place, byte in enumerate(head[6:])
    )


def ends_as_ogg(path: Path) -> bool:
    """Whether the last page of an Ogg file says that it is the last."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 131_072), os.SEEK_SET)
        end = file.read()
    last = end.rfind(b"OggS")
    return last >= 0 and len(end) > last + 5 and bool(end[last + 5] & _LAST_PAGE)
