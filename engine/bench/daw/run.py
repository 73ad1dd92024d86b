"""Minutes of music recorded by Ardour, following its clock and leading it."""

import bisect
import contextlib
import math
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import mido

from engine.bench.daw.ardour import TEMPO_BPM, Ardour
from engine.bench.midi_out.figures import Lateness
from engine.bench.midi_out.load import concert
from engine.bench.midi_out.receiver import FrameReceiver
from engine.bench.midi_out.run import private_server
from engine.bench.orders import free_udp_port, send_order
from engine.bench.our_program import PORT, live_program
from engine.bench.soak.jack_rig import JackServer, until
from engine.choices import check_range
from engine.errors import DeviceError
from engine.session.events_file import read_session

__all__ = ["TOLERANCE_BEATS", "measure_daw", "record"]

TOLERANCE_BEATS = 4.0 / 64.0
"""A sixty-fourth note."""

_PERIOD = 256
_READY_S = 60.0
_SETTLE_S = 2.0
_ATTEMPTS = 4
_FIRST_BEATS = 1.0  # of a start: told apart, see docs/sync.md
_BEAT_MS = 60e3 / TEMPO_BPM
_START, _CLOCK = 0xFA, 0xF8
_CLOCKS_PER_BEAT = 24

Role = Literal["follows", "leads"]


def measure_daw(minutes: float = 1.0) -> dict[str, Any]:
    """Let Ardour record, once while we follow its clock and once while it follows ours.

    Parameters
    ----------
    minutes : float
        Length of each recording, 0.1..60.

    Returns
    -------
    dict
        For each role the distance of notes recorded from where they were meant [beats, ms], the
        share within a sixty-fourth note, and the drift [parts per million].

    Raises
    ------
    InputError
        `minutes` is out of range.
    DeviceError
        jackd or Ardour is missing, or does not do its part.
    """
    check_range("minutes", minutes, 0.1, 60.0)
    figures: dict[str, Any] = {}
    roles: tuple[Role, Role] = ("follows", "leads")
    for role in roles:
        with private_server(_PERIOD) as server, tempfile.TemporaryDirectory() as scratch:
            figures[role] = record(server, Path(scratch), role, 60.0 * minutes)
    return figures


def record(server: JackServer, folder: Path, role: Role, seconds: float) -> dict[str, Any]:
    """Make one recording and judge it; Ardour that records nothing gets another chance.

    It compares itself with the JACK transport by the frame, and gives up for good if the server
    lost a period in the moment of starting.
    """
    for number in range(_ATTEMPTS - 1):
        with contextlib.suppress(DeviceError):
            return _record(server, folder / f"attempt-{number}", role, seconds)
    return _record(server, folder / "attempt-last", role, seconds)


def _record(server: JackServer, folder: Path, role: Role, seconds: float) -> dict[str, Any]:
    home = folder / "ardour"
    home.mkdir(parents=True)
    ardour = Ardour(server, home, "send" if role == "follows" else "follow")
    session = folder / "session"
    options = ["--record", str(session)]
    try:
        if role == "follows":
            options += ["--sync", "midi", "--midi-in", ardour.clock_out]
            with concert(server, folder) as heard, live_program(server, heard, *options):
                until(lambda: server.connections(ardour.clock_out), "our clock input", _READY_S)
                ardour.say(f"arm {PORT}")
                ardour.say("roll")
                time.sleep(seconds)
                ardour.say("stop")
        else:
            orders = free_udp_port()
            options += ["--sync", "jack", "--tempo", str(TEMPO_BPM), "--clock-out"]
            options += ["--osc-in", str(orders)]
            with (
                concert(server, folder) as heard,
                live_program(server, heard, *options),
                FrameReceiver(server, "bench-receiver", ("ours",)) as receiver,
            ):
                server.connect(PORT, receiver.port("ours"))
                ardour.say(f"arm {PORT}")  # last: Ardour disarms when connections change
                time.sleep(_SETTLE_S)
                send_order(orders, "/stimmung/act", "play")
                time.sleep(_SETTLE_S)
                ardour.say("check")
                time.sleep(max(0.0, seconds - _SETTLE_S))
                ardour.say("check")
                send_order(orders, "/stimmung/act", "play")
                time.sleep(_SETTLE_S)
                heard_there = receiver.finish().messages("ours")
        recorded = ardour.save()
    finally:
        ardour.stop()
    if not any(message.type == "note_on" for _, message in recorded):
        raise DeviceError(f"Ardour recorded nothing: {ardour.last_words()}")
    figures = _judge(recorded, session)
    if role == "leads":
        figures.update(_judge_clock(heard_there, session))
    return figures


def _judge(recorded: list[tuple[float, mido.Message]], session: Path) -> dict[str, Any]:
    """Compare each note recorded with the nearest of its kind in our own plan."""
    notes = [(beat, m) for beat, m in recorded if m.type == "note_on" and m.velocity]
    planned = _planned(session)
    errors: list[tuple[float, float]] = []  # where, and how far off [beats]
    unexpected = 0
    for there, message in notes:
        meant = planned.get((message.channel, message.note))
        if not meant:
            unexpected += 1
            continue
        errors.append((there, min((there - beat for beat in meant), key=abs)))
    if not errors:
        return {"notes": len(notes)}
    begin = errors[0][0]
    later = [(beat, off) for beat, off in errors if beat > begin + _FIRST_BEATS]
    slope, low, high = _slope(later)
    return {
        "notes": len(notes),
        "unexpected": unexpected,
        "off": asdict(Lateness.of(abs(off) * _BEAT_MS / 1e3 for _, off in later)),
        "first_beat_ms": round(
            max(abs(off) for beat, off in errors if beat <= begin + _FIRST_BEATS) * _BEAT_MS, 3
        ),
        "within": round(sum(abs(off) <= TOLERANCE_BEATS for _, off in errors) / len(errors), 5),
        "drift_ppm": round(slope * 1e6, 2),
        "drift_low_ppm": round(low * 1e6, 2),
        "drift_high_ppm": round(high * 1e6, 2),
    }


def _judge_clock(heard: list[tuple[float, bytes]], session: Path) -> dict[str, Any]:
    """Compare the notes a receiver heard with the MIDI clocks that came along on the same port."""
    starts = [at for at, (_, data) in enumerate(heard) if data[0] == _START]
    if not starts:
        return {"clock_off": {"missing": "no Start was heard"}}
    begin = starts[-1]  # a transport that waits for Ardour may start twice
    clocks = [at_s for at_s, data in heard[begin:] if data[0] == _CLOCK]
    planned = _planned(session)
    off_s = []
    for at_s, data in heard[begin:]:
        if data[0] & 0xF0 != 0x90 or not clocks[0] < at_s < clocks[-1]:
            continue
        after = bisect.bisect_right(clocks, at_s)
        share = (at_s - clocks[after - 1]) / (clocks[after] - clocks[after - 1])
        beat = (after - 1 + share) / _CLOCKS_PER_BEAT
        meant = planned[data[0] & 15, data[1]]
        if meant and beat > _FIRST_BEATS:
            nearest = min((beat - there for there in meant), key=abs)
            off_s.append(abs(nearest) * _BEAT_MS / 1e3)
    return {"clock_off": asdict(Lateness.of(off_s))}


def _planned(session: Path) -> dict[tuple[int, int], list[float]]:
    """Return channel and pitch → beats at which such a note was meant."""
    planned: dict[tuple[int, int], list[float]] = defaultdict(list)
    for played in read_session(session).notes:
        planned[played.note.channel, played.note.pitch].append(played.note.onset)
    return planned


def _slope(points: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return slope of a straight line and its 95 % interval (least squares)."""
    if len(points) < 3:
        return math.nan, math.nan, math.nan
    fit = statistics.linear_regression([x for x, _ in points], [y for _, y in points])
    rest = [y - fit.intercept - fit.slope * x for x, y in points]
    mean = statistics.fmean(x for x, _ in points)
    spread = sum((x - mean) ** 2 for x, _ in points)
    error = math.sqrt(sum(value * value for value in rest) / (len(points) - 2) / spread)
    return fit.slope, fit.slope - 1.96 * error, fit.slope + 1.96 * error
