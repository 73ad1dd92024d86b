"""MIDI files of the kinds that programs really write, made byte by byte."""

import struct
from pathlib import Path

Events = list[tuple[int, bytes]]


def length(number: int) -> bytes:
    """Return a number as MIDI files write lengths."""
    found = [number & 127]
    while number := number >> 7:
        found.append(number & 127 | 128)
    return bytes(reversed(found))


def track(events: Events, *, end: bool = True, more: bytes = b"") -> bytes:
    """Return a track chunk of events (tick, bytes) in the order given."""
    body, now = b"", 0
    for tick, data in events:
        body += length(tick - now) + data
        now = tick
    body += (b"\0\xff\x2f\0" if end else b"") + more
    return b"MTrk" + struct.pack(">I", len(body)) + body


def file(
    *tracks: bytes,
    kind: int = 1,
    division: int = 480,
    count: int | None = None,
    between: bytes = b"",
) -> bytes:
    """Return a file; `between` stands after the header."""
    head = struct.pack(">IHHH", 6, kind, len(tracks) if count is None else count, division)
    return b"MThd" + head + between + b"".join(tracks)


def on(pitch: int, velocity: int = 80, channel: int = 0) -> bytes:
    return bytes((0x90 | channel, pitch, velocity))


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes((0x80 | channel, pitch, 64))


def control(number: int, value: int, channel: int = 0) -> bytes:
    return bytes((0xB0 | channel, number, value))


def tempo(bpm: float) -> bytes:
    return b"\xff\x51\x03" + round(6e7 / bpm).to_bytes(3, "big")


def metre(beats: int, unit: int = 4) -> bytes:
    return b"\xff\x58\x04" + bytes((beats, unit.bit_length() - 1, 24, 8))


def key(sharps: int, minor: int = 0) -> bytes:
    return b"\xff\x59\x02" + bytes((sharps & 255, minor))


def meta(kind: int, content: bytes) -> bytes:
    return bytes((0xFF, kind)) + length(len(content)) + content


def sysex(content: bytes, status: int = 0xF0) -> bytes:
    return bytes((status,)) + length(len(content)) + content


def scale(channel: int = 0, base: int = 60, count: int = 32, step: int = 240) -> Events:
    events: Events = []
    for index in range(count):
        pitch = base + (0, 2, 4, 5, 7, 9, 11, 12)[index % 8]
        events += [(index * step, on(pitch, 80, channel))]
        events += [(index * step + step - 20, off(pitch, channel))]
    return events


HEAD: Events = [(0, tempo(100)), (0, metre(4))]


def later(events: Events, ticks: int) -> Events:
    return [(tick + ticks, data) for tick, data in events]


def chord(tick: int, end: int, pitches: tuple[int, ...], channel: int = 1) -> Events:
    return [(tick, on(p, 70, channel)) for p in pitches] + [(end, off(p, channel)) for p in pitches]


def doubled() -> bytes:
    events: Events = []
    for beat in range(8):
        at = 480 * beat
        events += [(at, on(64))] * 2 + [(at + 400, off(64))] * 2
    return file(track([*HEAD, *events]))


def doubled_and_touching() -> bytes:
    events: Events = [(0, on(64))] * 2
    for beat in range(1, 16):
        events += [(480 * beat, on(64))] * 2 + [(480 * beat, off(64))] * 2
    return file(track([*HEAD, *events, (480 * 16, off(64)), (480 * 16, off(64))]))


def repeat_on_before_off() -> bytes:
    events: Events = [(0, on(64))]
    for index in range(1, 32):
        events += [(240 * index, on(64)), (240 * index, off(64))]
    bass: Events = []
    for bar in range(8):
        bass += chord(960 * bar, 960 * bar + 900, (48, 55))
    return file(track(HEAD), track([*events, (240 * 32, off(64))]), track(sorted(bass)))


def touching() -> bytes:
    """Return E and E flat that touch: each start is written before the other's end."""
    events: Events = []
    for bar in range(8):
        at = 1920 * bar
        events += [(at, on(p, 70)) for p in (48, 52, 55, 60)] + [(at, on(64))]
        events += [(at + 960, on(63)), (at + 960, off(64)), (at + 1440, off(63))]
        events += [(at + 1440, on(67)), (at + 1900, off(67))]
        events += [(at + 1900, off(p)) for p in (48, 52, 55, 60)]
    return file(track([*HEAD, *events]))


def unison(held: bool = False) -> bytes:
    """Return two tracks on one channel: the same tune, or a long note struck by the other."""
    other = scale() if not held else [(0, on(60)), (7680, off(60))]
    return file(track(HEAD), track([(0, meta(3, b"Violin")), *scale()]), track(other))


def staccato_over_pads() -> bytes:
    tune: Events = []
    for index in range(64):
        pitch = 72 + (0, 2, 4, 7)[index % 4]
        tune += [(240 * index, on(pitch)), (240 * index + 40, off(pitch))]
    pads: Events = []
    for bar, pitches in enumerate([(48, 55, 64), (53, 57, 60), (55, 59, 62), (48, 52, 55)] * 2):
        pads += chord(1920 * bar, 1920 * bar + 1900, pitches)
    return file(track(HEAD), track(tune), track(pads))


def drum_track(channel: int) -> Events:
    events: Events = []
    for index in range(64):
        pitch = (36, 42, 38, 42)[index % 4]
        events += [(240 * index, on(pitch, 90, channel)), (240 * index + 100, off(pitch, channel))]
    return events


XG_ON = sysex(bytes.fromhex("43104c00007e00f7"))
GM2_ON = sysex(bytes.fromhex("7e7f0903f7"))
GS_ON = sysex(bytes.fromhex("411042124000 7f0041f7".replace(" ", "")))
GS_PART_11 = sysex(bytes.fromhex("4110421240 1a 15 01 10f7".replace(" ", "")))
XG_PART_12 = sysex(bytes.fromhex("43104c080b0702f7"))

DRUMS = {
    "gm": (9, [], []),
    "xg bank 127": (10, [(0, XG_ON)], [(0, control(0, 127, 10)), (0, b"\xca\x00")]),
    "xg bank without reset": (10, [], [(0, control(0, 127, 10)), (0, b"\xca\x00")]),
    "xg part mode": (11, [(0, XG_ON), (0, XG_PART_12)], []),
    "gm2 bank 120": (4, [(0, GM2_ON)], [(0, control(0, 120, 4)), (0, b"\xc4\x00")]),
    "gs part": (10, [(0, GS_ON), (0, GS_PART_11)], []),
    "gs part in packets": (
        10,
        [
            (0, GS_ON),
            (0, sysex(bytes.fromhex("4110421240"))),
            (1, sysex(bytes.fromhex("1a150110f7"), 0xF7)),
        ],
        [],
    ),
}
"""How a kit comes onto a channel: the channel, what is said before, what its track begins with."""


def drums(name: str) -> bytes:
    channel, said, setup = DRUMS[name]
    return file(
        track([*HEAD, *said]),
        track([*setup, *later(drum_track(channel), 480)]),
        track(scale(count=64)),
    )


def mpe() -> bytes:
    events: Events = [(0, control(101, 0)), (0, control(100, 6)), (0, control(6, 15))]
    for index in range(60):
        channel, pitch = 1 + index % 15, 60 + (0, 4, 7, 12)[index % 4]
        events += [(240 * index, bytes((0xE0 | channel, 0, 64)))]
        events += [(240 * index, on(pitch, 80, channel)), (240 * index + 220, off(pitch, channel))]
    return file(track([*HEAD, *events]))


def key_signature_c() -> bytes:
    chords: Events = []
    for bar in range(8):
        chords += chord(1920 * bar, 1920 * bar + 1900, (48, 52, 55))
    return file(track([*HEAD, (0, key(0))]), track(scale(count=64)), track(chords))


PACKETS = [sysex(b"\x43\x12\x00"), sysex(b"\x43\x12\x00\x43", 0xF7), sysex(b"\x12\x00\xf7", 0xF7)]
WRAPPED = b"\x8f\xff\xff\xff\x00" + on(60) + length(200) + off(60) + b"\0\xff\x2f\0"
WRAPPED_TRACK = b"MTrk" + struct.pack(">I", len(WRAPPED)) + WRAPPED
PLAIN = file(track([*HEAD, *scale()]))

GOOD: dict[str, bytes] = {
    "plain": PLAIN,
    "doubled": doubled(),
    "doubled and touching": doubled_and_touching(),
    "repeat, on before off": repeat_on_before_off(),
    "touching": touching(),
    "unison": unison(),
    "held and struck": unison(held=True),
    "staccato over pads": staccato_over_pads(),
    "mpe": mpe(),
    "key signature C": key_signature_c(),
    **{f"drums: {name}": drums(name) for name in DRUMS},
    "sysex in packets": file(track([*HEAD, *enumerate(PACKETS), *later(scale(), 480)])),
    "sysex escape": file(track([*HEAD, (0, sysex(b"\xf3\x01", 0xF7)), *scale()])),
    "type 0 with two tracks": file(track(HEAD), track(scale()), kind=0),
    "type 2": file(track([*HEAD, *scale()]), track([(0, tempo(60)), *scale(1, 40)]), kind=2),
    "seconds": file(track(scale(step=20 * 12)), division=0xE728),
    "one tick a beat": file(
        track([(tick // 240, data) for tick, data in [*HEAD, *scale()]]), division=1
    ),
    "fine ticks": file(
        track([(68 * tick, data) for tick, data in [*HEAD, *scale()]]), division=32767
    ),
    "many tracks": file(track(HEAD), *(track(scale(i % 9, 40 + i % 40, 4)) for i in range(300))),
    "no end of track": file(track([*HEAD, *scale()], end=False)),
    "notes after the end of track": file(
        track([*HEAD, *scale()], more=b"\0" + on(72) + b"\x60" + off(72))
    ),
    "more tracks than said": file(track(HEAD), track(scale()), track(scale(1, 48)), count=2),
    "a long header": PLAIN[:4] + struct.pack(">I", 8) + PLAIN[8:14] + b"\0\0" + PLAIN[14:],
    "only drums": file(track([*HEAD, *scale(9, 36)])),
    "text of any bytes": file(
        track(
            [
                *HEAD,
                (0, meta(3, "ピアノ".encode("shift_jis"))),
                (0, meta(1, b"\xff\xfe\x80")),
                *scale(),
            ]
        )
    ),
    "unknown meta events": file(
        track([*HEAD, (0, meta(0x60, b"\x80x")), (0, meta(0x7F, b"\x43"))] + scale())
    ),
    "notes of no length": file(
        track(
            [*HEAD, *((240 * i, x) for i in range(32) for x in (on(60 + i % 12), off(60 + i % 12)))]
        )
    ),
    "stray ends": file(
        track(
            [
                *HEAD,
                *((240 * i, x) for i in range(32) for x in (off(61), on(60), off(61))),
                (7680, off(60)),
            ]
        )
    ),
    "no ends at all": file(track([*HEAD, *((240 * i, on(60 + i % 12)) for i in range(24))])),
    "a note at the very end": file(track([*HEAD, *scale(), (7660, on(72)), (7660, off(72))])),
    "track length too small": PLAIN.replace(
        struct.pack(">I", len(PLAIN) - 22), struct.pack(">I", 100), 1
    ),
    "track length too large": file(track(HEAD), track(scale())).replace(
        struct.pack(">I", len(track(HEAD)) - 8), struct.pack(">I", 4000), 1
    ),
    "RIFF": b"RIFF"
    + struct.pack("<I", len(PLAIN) + 12)
    + b"RMIDdata"
    + struct.pack("<I", len(PLAIN))
    + PLAIN,
}
"""Files that follow the standard, or that every program reads."""

DAMAGED: dict[str, tuple[bytes, str]] = {
    "key signature": (
        file(track([*HEAD, (0, key(0, 255)), *scale()])),
        "a key signature with bad content",
    ),
    "eight sharps": (
        file(track([*HEAD, (0, key(8)), *scale()])),
        "a key signature with bad content",
    ),
    "controller value": (
        file(track([*HEAD, (0, control(7, 200)), *scale()])),
        "a value above 127 was read as 127",
    ),
    "controller number": (
        file(track([*HEAD, (0, control(200, 1)), (1, control(201, 1)), *later(scale(), 1)])),
        r"a message with a number above 127 was left out \(2 times\)",
    ),
    "short time signature": (
        file(track([(0, tempo(100)), (0, meta(0x58, b"\x03\x02")), *scale()])),
        "a time signature without its clicks was completed",
    ),
    "short tempo": (
        file(track([(0, meta(0x51, b"\x07\xa1")), *scale()])),
        "a tempo with bad content",
    ),
    "tempo zero": (file(track([(0, meta(0x51, b"\0\0\0")), *scale()])), "a tempo with bad content"),
    "bar of nothing": (file(track([(0, metre(0)), *scale()])), "a time signature with bad content"),
    "clock in a track": (
        file(track([*HEAD, (0, b"\xf8"), *scale()])),
        "a system message, which no file may hold",
    ),
    "broken SysEx": (
        file(track([*HEAD, (0, sysex(b"\x43\x90\xf7")), *scale()])),
        "a SysEx message with a byte above 127",
    ),
    "alien chunk": (
        file(track([*HEAD, *scale()]), between=b"XFIH\0\0\0\4abcd"),
        "a chunk XFIH was left out",
    ),
    "rubbish before": (b"\0" * 128 + PLAIN, "128 bytes before the header"),
    "rubbish after": (PLAIN + b"\0rubbish", "8 bytes between or after tracks"),
    "an end days later": (
        file(track(HEAD), track(scale(), end=False, more=b"\xff\xff\xff\x7f\xff\x2f\0")),
        "a pause of days before the end of a track",
    ),
    "cut short": (PLAIN[:-30], "track 1 is damaged from its byte"),
}
"""Files with one bad thing in them, and what is said of it."""

REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty"),
    "no header": (b"MThd nothing", "is not a MIDI file: its header is cut short"),
    "another file": (b"\x89PNG" * 50, "it does not begin with a MIDI header"),
    "no ticks": (file(track(scale()), division=0), "0 ticks per beat"),
    "no notes": (file(track(HEAD)), "holds no notes"),
    "no tracks": (file(), "holds no notes"),
    "wrapped time": (
        file(track([*HEAD, *scale()]), WRAPPED_TRACK, division=96),
        "track 2 reaches beat 44739241",
    ),
    "a pause of days": (
        file(track([*HEAD, *scale(), (0x0FFFFFFF, on(60)), (0x0FFFFFFF + 9, off(60))])),
        "a piece of music has at most 100000",
    ),
}
"""Files that are refused, and why."""


def write(folder: Path, data: bytes) -> Path:
    path = folder / "in.mid"
    path.write_bytes(data)
    return path
