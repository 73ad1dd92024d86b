"""The voices that sound, as one table: a row for each, a column for each thing known of it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio.ring import FloatArray
from engine.instrument.channel import Channel
from engine.instrument.soundfont import Region

__all__ = ["MOST", "Voices"]

MOST: Final = 96
"""Voices at once; then the quietest ends."""

_FLOOR: Final = 3e-5  # -90 dB: quieter is silent
_CUT_S: Final = 0.02
_LEAST_RELEASE_S: Final = 0.05
_SOON_S: Final = 0.003  # an attack shorter than this begins at full level
_FIELDS: Final = (
    "channel key group base step position start end loop_start loop_length loops_to_release gain "
    "left right send delay attack hold decay sustain_db age released release level vibrato "
    "vibrato_hz vibrato_delay channel_gain"
).split()
_PLACE: Final = {name: place for place, name in enumerate(_FIELDS)}
Column = NDArray[np.float64]


class Voices:
    """Starts, releases and renders voices.

    Parameters
    ----------
    sample_rate : int
        [Hz]
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self.count = 0
        """How many sound."""
        self._table = np.zeros((MOST, len(_FIELDS)))

    def start(
        self,
        channel: int,
        key: int,
        velocity: int,
        region: Region,
        place: tuple[int, int],
        offset: int,
    ) -> None:
        """Begin to play a region, ``offset`` samples into the next block.

        ``place`` is where its sample begins in the pool, and its length.
        """
        if region.group:
            same = self._column("group") == region.group
            self._end(same & (self._column("channel") == channel), _CUT_S)
        if self.count == MOST:
            self._keep(np.arange(MOST) != int(np.argmin(self._column("level"))))
        semitones = (key - region.root) * region.scale
        step = region.rate / self._rate * 2.0 ** (semitones / 12.0)
        end = min(region.end, place[1]) if region.end > 0 else place[1]
        loop = min(region.loop_end, place[1]) - region.loop_start
        angle = (region.pan + 1.0) * np.pi / 4.0
        gain = region.gain * (velocity / 127.0) ** 2
        at_once = region.attack_s + region.delay_s < _SOON_S
        row = {
            "channel": channel,
            "key": key,
            "group": region.group,
            "base": place[0],
            "step": step,
            "position": region.start - offset * step,
            "start": region.start,
            "end": end,
            "loop_start": region.loop_start,
            "loop_length": loop if region.loops and loop > 1 else 0,
            "loops_to_release": region.loops_to_release,
            "gain": gain,
            "left": np.cos(angle),
            "right": np.sin(angle),
            "send": region.reverb,
            "delay": region.delay_s,
            "attack": region.attack_s,
            "hold": region.hold_s * 2.0 ** ((60 - key) * region.hold_cents / 1200.0),
            "decay": region.decay_s * 2.0 ** ((60 - key) * region.decay_cents / 1200.0),
            "sustain_db": region.sustain_db,
            "age": -offset / self._rate,
            "released": 0,
            "release": max(region.release_s, _LEAST_RELEASE_S),
            "level": gain if at_once else 0.0,
            "vibrato": region.vibrato_cents,
            "vibrato_hz": region.vibrato_hz,
            "vibrato_delay": region.vibrato_delay_s,
            "channel_gain": 1.0,
        }
        self._table[self.count] = [float(row[name]) for name in _FIELDS]
        self.count += 1

    def release(self, channel: int, key: int | None) -> None:
        """Release a key of a channel, or all its keys."""
        which = (self._column("channel") == channel) & (self._column("released") == 0.0)
        if key is not None:
            which &= self._column("key") == key
        self._end(which, None)

    def cut(self, channel: int | None) -> None:
        """End all voices of a channel, or of all, within some milliseconds."""
        everything = np.ones(self.count, bool)
        chosen = everything if channel is None else self._column("channel") == channel
        self._end(chosen, _CUT_S)

    def render(self, n: int, pool: FloatArray, channels: Sequence[Channel]) -> FloatArray:
        """Return left, right and the share of the room, float32, shape (3, n)."""
        if not self.count:
            return np.zeros((3, n), np.float32)
        channel = self._column("channel").astype(np.int64)
        controls = np.zeros((16, 5))
        for number in set(channel.tolist()):
            controls[number] = channels[number].controls()
        gain, pan, room, bent, vibrato = controls[channel].T
        heard = self._samples(n, pool, self._steps(bent, vibrato))
        heard *= self._ramp(n, gain)
        left = self._column("left") * np.minimum(1.0, 1.0 - pan)
        right = self._column("right") * np.minimum(1.0, 1.0 + pan)
        room = room + self._column("send")
        mixed: FloatArray = np.stack([left, right, room]).astype(np.float32) @ heard
        over = self._column("position") >= self._column("end")
        quiet = (self._column("released") == 1.0) & (self._column("level") < _FLOOR)
        self._keep(~(over & (self._column("loop_length") == 0.0) | quiet))
        return mixed

    # ------------------------------------------------------------------ table

    def _column(self, name: str) -> Column:
        return self._table[: self.count, _PLACE[name]]

    def _keep(self, which: NDArray[np.bool_]) -> None:
        kept = self._table[: self.count][which]
        self._table[: len(kept)] = kept
        self.count = len(kept)

    def _end(self, which: NDArray[np.bool_], within_s: float | None) -> None:
        self._column("released")[which] = 1.0
        if within_s is not None:
            self._column("release")[which] = within_s
        drops = which & (self._column("loops_to_release") == 1.0)
        self._column("loop_length")[drops] = 0.0

    # ------------------------------------------------------------------ one block

    def _ramp(self, n: int, channel_gain: Column) -> FloatArray:
        """Move levels to the end of the block; return the way there, shape (voices, n)."""
        level, age = self._column("level"), self._column("age")
        before = level * np.where(age <= 0.0, channel_gain, self._column("channel_gain"))
        self._column("channel_gain")[:] = channel_gain
        age += n / self._rate
        attack, since = self._column("attack"), age - self._column("delay")
        risen = np.clip(since / np.maximum(attack, 1e-4), 0.0, 1.0)
        falls = np.maximum(since - attack - self._column("hold"), 0.0)
        fallen_db = np.minimum(
            100.0 * falls / np.maximum(self._column("decay"), 1e-3), self._column("sustain_db")
        )
        held = self._column("gain") * risen * 10.0 ** (-fallen_db / 20.0)
        fading = level * 10.0 ** (-5.0 * n / self._rate / self._column("release"))
        released = self._column("released") == 1.0
        level[:] = np.where(released, np.minimum(fading, np.maximum(held, level)), held)
        after = level * channel_gain
        line = np.arange(1, n + 1, dtype=np.float32) / np.float32(n)
        rise = (after - before).astype(np.float32)
        return before.astype(np.float32)[:, None] + rise[:, None] * line

    def _samples(self, n: int, pool: FloatArray, steps: Column) -> FloatArray:
        """Return what each voice plays at full level, shape (voices, n), and move on."""
        position = self._column("position")
        places = position[:, None] + steps[:, None] * np.arange(n + 1)
        length = self._column("loop_length")
        start, end = self._column("start"), self._column("end")
        looped = (length > 0.0) & (places[:, n] >= self._column("loop_start") + length)
        if looped.any():
            first = self._column("loop_start")[looped, None]
            last = first + length[looped, None]
            there = places[looped]
            inside = first + (there - first) % (last - first)
            places[looped] = np.where(there >= last, inside, there)
        position[:] = places[:, n]
        places = places[:, :n]
        outside = (places[:, 0] < start) | (places[:, n - 1] >= end) & ~looped
        if outside.any():
            silent = np.zeros(places.shape, bool)
            silent[outside] = (places[outside] < start[outside, None]) | (
                places[outside] >= end[outside, None]
            )
            np.clip(places, start[:, None], end[:, None], out=places)
        whole = places.astype(np.int64)
        x = (places - whole).astype(np.float32)
        whole += self._column("base").astype(np.int64)[:, None]
        # Cubic interpolation through four samples (Catmull and Rom).
        a, b, c, d = (pool.take(whole + shift) for shift in (-1, 0, 1, 2))
        heard: FloatArray = (
            b
            + np.float32(0.5)
            * x
            * (c - a + x * (2.0 * a - 5.0 * b + 4.0 * c - d + x * (3.0 * (b - c) + d - a)))
        ).astype(np.float32, copy=False)
        if outside.any():
            heard[silent] = 0.0
        return heard

    def _steps(self, bent: Column, vibrato_cents: Column) -> Column:
        """Return how many samples each voice moves on for one of ours."""
        depth = vibrato_cents + self._column("vibrato")
        if depth.any():
            since = np.maximum(self._column("age") - self._column("vibrato_delay"), 0.0)
            swing = np.sin(2.0 * np.pi * self._column("vibrato_hz") * since)
            bent = bent + depth * swing / 100.0
        steps: Column = self._column("step") * 2.0 ** (bent / 12.0)
        return steps
