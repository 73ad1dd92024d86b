"""PCM in, one `EmotionState` per hop out: the one path for live, files and tests."""

import math
from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.emotion.config import TrackerConfig
from engine.emotion.hop import Hop, level_db
from engine.emotion.model import TrackerModel
from engine.emotion.quadrants import quadrant_masses
from engine.emotion.slow_lane import SlowLane
from engine.emotion.slow_model import FAST_STATE, Opinion, SlowModel
from engine.emotion.smoothing import HeldLabel, Lead, Smoother
from engine.emotion.tuning import Retuner, TuningEstimator
from engine.errors import InputError
from engine.events import EmotionState, TrackingState

__all__ = ["Tracker"]

# Hops per model call when much audio arrives at once: long enough to be fast, and bounded memory.
_BLOCK_HOPS = 64
# Samples beyond four times full scale are a broken source; squared they would leave float range.
_SAMPLE_LIMIT = 4.0
# Deviation added at the start of a sound, and the time in which it fades [s].
_FRESH_STD = 0.9
_FRESH_TAU_S = 1.5

# Beside the slow lane: how strongly a change is anticipated; set on cuts between training clips.
_FUSED_LEAD, _FUSED_LEAD_TAU_S = 0.5, 4.0
# Hops that are heard again where other music has begun: the rest may hold what was before.
_RENEWED_HOPS = 7
# A tuning found so soon after the beginning lets the piece be heard again from there [s].
_BEGINNING_S = 4.0
# Sound so far below its recent level is fading [dB, s].
_FADING_DB, _LEVEL_TAU_S = 12.0, 4.0


class Tracker:
    """Streaming emotion tracker.

    Parameters
    ----------
    model : TrackerModel, Path, str or None
        A loaded model or the path of one; None takes the shipped model.
    config : TrackerConfig
        Smoothing and thresholds.
    slow : SlowModel or None
        A loaded slow graph; None takes the shipped one.
    beside : bool
        Run the slow graph on a thread of its own, as live does; `close` ends it. The states are the
        same either way.

    Attributes
    ----------
    invalid_samples : int
        NaN and infinite samples seen since construction or `reset`; they count as 0.
    """

    def __init__(
        self,
        model: TrackerModel | Path | str | None = None,
        config: TrackerConfig | None = None,
        slow: SlowModel | None = None,
        beside: bool = False,
    ) -> None:
        self._model = model if isinstance(model, TrackerModel) else TrackerModel(model)
        self.config = TrackerConfig() if config is None else config
        self._slow: SlowLane | None = None
        if self.config.slow_lane:
            slow = SlowModel() if slow is None else slow
            slow.check(self._model)
            self._slow = SlowLane(slow, beside)
        self._hop_s = self._model.hop_length / self._model.sample_rate
        hold = [
            max(1, round(seconds / self._hop_s))
            for seconds in (self.config.key_hold_s, self.config.chord_hold_s)
        ]
        self._key, self._chord = HeldLabel(hold[0]), HeldLabel(hold[1])
        cfg = self.config
        self._valence = Smoother(cfg.valence_tau_s, self._hop_s, cfg.dead_band, leap=0.5)
        self._arousal = Smoother(cfg.arousal_tau_s, self._hop_s, cfg.dead_band, leap=0.5)
        self._music = Smoother(cfg.music_tau_s, self._hop_s)
        self._level = Smoother(_LEVEL_TAU_S, self._hop_s)
        self._tuning = TuningEstimator(self.sample_rate, self.hop_length)
        self._retuner = Retuner()
        self._leads = (
            Lead(cfg.lead, cfg.lead_tau_s, self._hop_s),
            Lead(cfg.arousal_lead, cfg.arousal_lead_tau_s, self._hop_s),
        )
        self._fused_leads = tuple(
            Lead(_FUSED_LEAD, _FUSED_LEAD_TAU_S, self._hop_s) for _ in range(2)
        )
        self._bases = (
            Smoother(cfg.base_tau_s, self._hop_s),
            Smoother(cfg.base_tau_s, self._hop_s),
        )
        self.reset()

    @property
    def sample_rate(self) -> int:
        """Rate of the PCM that `push` expects [Hz]."""
        return self._model.sample_rate

    @property
    def hop_length(self) -> int:
        """Samples per state [samples]."""
        return self._model.hop_length

    @property
    def model(self) -> TrackerModel:
        """The loaded model."""
        return self._model

    def close(self) -> None:
        """End the thread of the slow lane, if there is one."""
        if self._slow is not None:
            self._slow.close()

    def reset(self) -> None:
        """Return to the state of a new tracker."""
        self.invalid_samples = 0
        self._rest = np.zeros(0, np.float32)
        self._hops = 0
        self._silent_s = math.inf  # before the first sound there was nothing
        self._sound_s = 0.0
        self._tuning.reset()
        self._beginning: deque[tuple[NDArray[np.float32], Hop]] = deque(
            maxlen=math.ceil(_BEGINNING_S / self._hop_s)
        )
        self._restart()
        self._last = (0.0, 0.0)
        self._tags: tuple[tuple[str, float], ...] = ()

    def _restart(self) -> None:
        """Start a new piece: the model forgets, the clock runs on."""
        self._doubtful = self._not_music = False
        parts: list[Smoother | Lead] = [self._valence, self._arousal, self._music]
        parts.append(self._level)
        parts += [*self._bases, *self._leads, *self._fused_leads]
        for part in parts:
            part.reset()
        self._fused = [0.0, 0.0]
        if self._slow is not None:
            self._slow.reset()
        self._music.push(1.0)  # taken for music until it is found out
        self._states = self._model.start()
        self._retuner.reset()
        self._retuned: list[NDArray[np.float32]] = []  # sound that the model has not heard
        self._filled = 0  # its samples
        self._newest = np.zeros((0, self.hop_length), np.float32)  # hops heard last
        self._waiting: list[tuple[Hop, int]] = []  # hops to hear, and how many are filled by then
        self._row: dict[str, NDArray[np.float32]] | None = None
        self._key.reset()
        self._chord.reset()

    def push(self, pcm: NDArray[np.float32]) -> list[EmotionState]:
        """Take audio of any length and return one state per completed hop.

        Real-time: about half a millisecond per hop; allocates.

        Parameters
        ----------
        pcm : float32 array, shape (n,)
            Mono audio at `sample_rate`, full scale 1. What does not fill a hop is kept for the
            next call: chunking does not matter.

        Raises
        ------
        InputError
            `pcm` is not one-dimensional.
        """
        sound = np.asarray(pcm, np.float32)
        if sound.ndim != 1:
            raise InputError(f"pcm of shape {sound.shape}: must be one-dimensional (mono)")
        valid = np.isfinite(sound)
        if not valid.all():
            self.invalid_samples += int(sound.size - np.count_nonzero(valid))
            sound = np.where(valid, sound, np.float32(0.0))
        sound = np.concatenate([self._rest, np.clip(sound, -_SAMPLE_LIMIT, _SAMPLE_LIMIT)])
        whole = len(sound) // self.hop_length * self.hop_length
        self._rest = sound[whole:].copy()
        hops = sound[:whole].reshape(-1, self.hop_length)
        if not len(hops):
            return []
        states: list[EmotionState] = []
        for hop, about in zip(hops, self._know(hops), strict=True):
            if about.new_piece or about.afresh or self._must_hear():
                states += self._hear()
            if about.new_piece:
                self._restart()
                self._beginning.clear()
            elif about.afresh:
                self._hear_again(about)
            self._beginning.append((hop.copy(), about))
            self._take(hop, about)
        return states + self._hear()

    def _take(self, hop: NDArray[np.float32], about: Hop) -> None:
        """Add a hop to what waits for the model."""
        # Sound at 440 Hz passes untouched until another tuning was heard.
        if about.cents or self._retuner.used:
            hop = self._retuner.push(hop, about.cents)
        self._retuned.append(hop)
        self._filled += len(hop)
        self._waiting.append((about, self._filled // self.hop_length))

    def _hear_again(self, now: Hop) -> None:
        """Hear the piece from its beginning at the tuning found now; its states are out already."""
        count = self._hops
        self._restart()
        for hop, about in self._beginning:
            if self._must_hear():
                self._hear()
            self._take(hop, replace(about, cents=now.cents, tuning_hz=now.tuning_hz))
        self._hear()
        self._hops = count

    def _must_hear(self) -> bool:
        """Whether a call of the model ends before the next hop.

        So it does with a step of the slow lane, and where it counts that other music has begun.
        """
        count = len(self._waiting)
        if self._slow is None or not count:
            return count >= _BLOCK_HOPS
        whole = self._filled // self.hop_length >= self._slow.left_in_step
        return whole or count >= self._slow.left_to_change

    def _know(self, hops: NDArray[np.float32]) -> list[Hop]:
        """Return what can be said of each hop without the model."""
        cfg = self.config
        known = []
        for hop, evidence in zip(hops, self._tuning.listen(hops), strict=True):
            loud_db = level_db(hop)
            afresh = new_piece = False
            if loud_db < cfg.silence_db:
                self._silent_s += self._hop_s
            else:
                new_piece = self._silent_s >= cfg.restart_after_s
                self._silent_s = 0.0
                if new_piece:
                    self._sound_s = 0.0
                    self._tuning.forget()
                self._sound_s += self._hop_s
                moved = self._tuning.follow(evidence)
                # What was heard at a wrong tuning so far would disturb key and valence for long.
                afresh = moved and self._sound_s < min(cfg.settle_s, _BEGINNING_S)
            known.append(
                Hop(
                    loud_db,
                    self._silent_s,
                    self._sound_s,
                    new_piece,
                    afresh,
                    self._tuning.hum,
                    self._tuning.cents,
                    self._tuning.tuning_hz,
                )
            )
        return known

    def _hear(self) -> list[EmotionState]:
        """Run both lanes over the hops that wait; return their states.

        Sound moved to A = 440 Hz has a little more or fewer hops: the newest one counts.
        """
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return []
        total = waiting[-1][1]
        sound = np.concatenate(self._retuned)
        hops = sound[: total * self.hop_length].reshape(total, self.hop_length)
        self._retuned = [sound[hops.size :]]
        self._filled = len(sound) - hops.size
        heard, steps = [self._row], []
        left = total if self._slow is None else self._slow.left_in_step
        for part in (hops[:left], hops[left:]):
            if len(part):
                outputs, self._states = self._model.step(part.reshape(-1), self._states)
                heard += _rows(outputs)
                steps.append((part, _rows(outputs), self._states[FAST_STATE]))
        self._row = heard[-1]
        states = [self._present(heard[count], about) for about, count in waiting]
        if self._slow is not None:
            for part, rows, digest in steps:
                self._slow.add(part, rows, digest)
            self._newest = np.concatenate([self._newest, hops])[-_RENEWED_HOPS:]
            # A model that has just started afresh has heard nothing and has no mood to renew.
            if self._slow.turned and len(self._newest):
                self._renew_mood(self._slow)
        return states

    def _renew_mood(self, slow: SlowLane) -> None:
        """Begin valence and arousal anew: other music plays. What is shown follows."""
        said, self._states = self._model.renew_mood(self._newest.reshape(-1), self._states)
        slow.correct(_rows(said))
        for base, lead in zip(self._bases, self._fused_leads, strict=True):
            base.reset()
            lead.reset()

    def _present(self, outputs: dict[str, NDArray[np.float32]] | None, hop: Hop) -> EmotionState:
        """Turn one row of model outputs into a state."""
        self._hops += 1
        opinion = self._slow.hop() if self._slow is not None else None
        if hop.silent_s >= self.config.silence_after_s:
            return self._silence(hop)
        if outputs is None or self._is_not_music(0.0 if hop.hum else float(outputs["presence"][0])):
            return self._unknown(hop)
        fading = hop.level_db < self._level.push(hop.level_db) - _FADING_DB
        valence = self._valence.push(self._fuse(0, float(outputs["valence"]), opinion, fading))
        arousal = self._arousal.push(self._fuse(1, float(outputs["arousal"]), opinion, fading))
        self._last = (valence, arousal)
        stds = (float(outputs["valence_std"]), float(outputs["arousal_std"]))
        if opinion is not None:
            stds = (opinion.valence_std, opinion.arousal_std)
        fresh = _FRESH_STD * math.exp(-hop.sound_s / _FRESH_TAU_S)
        valence_std, arousal_std = (math.hypot(std, fresh) for std in stds)
        ranked = sorted(
            zip(self._model.tags, outputs["tags"].tolist(), strict=True),
            key=lambda pair: -pair[1],
        )
        self._tags = tuple(ranked)
        self._key.push(self._model.keys[int(outputs["key"].argmax())])
        self._chord.push(self._model.chords[int(outputs["chord"].argmax())])
        doubtful = self._doubt(max(valence_std, arousal_std))
        return self._state(hop, valence_std, arousal_std, "uncertain" if doubtful else "tracking")

    def _fuse(self, axis: int, fast: float, opinion: Opinion | None, fading: bool) -> float:
        """Return what counts of both lanes, in [-1, 1]: the slow one's as soon as it has spoken.

        A last chord that fades says nothing new: what was said is held.
        """
        if opinion is None:
            self._bases[axis].push(fast)
            self._fused_leads[axis].push(fast)
            self._fused[axis] = self._leads[axis].push(fast)
        elif not fading:
            base = self._bases[axis].push((opinion.valence, opinion.arousal)[axis])
            self._fused[axis] = self._fused_leads[axis].push(base)
        return self._fused[axis]

    def _is_not_music(self, share: float) -> bool:
        """Whether this is speech or noise; leaving that opinion takes half as much music again."""
        limit = self.config.music_share
        self._not_music = self._music.push(share) < (1.5 * limit if self._not_music else limit)
        return self._not_music

    def _unknown(self, hop: Hop) -> EmotionState:
        """Hold the emotion heard last, without a chord: what sounds now is no music."""
        doubt = max(1.0, self.config.uncertain_std)
        self._chord.push("N")
        return self._state(hop, doubt, doubt, "uncertain")

    def _doubt(self, std: float) -> bool:
        """Whether the numbers may not be trusted; leaving doubt takes 10 % less deviation."""
        limit = self.config.uncertain_std
        self._doubtful = std > (0.9 * limit if self._doubtful else limit)
        return self._doubtful

    def _silence(self, hop: Hop) -> EmotionState:
        """Hold what was heard and let it sink; the longer, the less certain."""
        keep = math.exp(-self._hop_s / self.config.decay_tau_s)
        self._last = (self._last[0] * keep, self._last[1] * keep)
        self._chord.push("N")
        return self._state(hop, 1.0, 1.0, "silence")

    def _state(
        self, hop: Hop, valence_std: float, arousal_std: float, state: TrackingState
    ) -> EmotionState:
        if state != "silence" and hop.sound_s < self.config.settle_s:
            state = "settling"
        return EmotionState(
            time_s=self._hops * self._hop_s,
            valence=self._last[0],
            arousal=self._last[1],
            valence_std=valence_std,
            arousal_std=arousal_std,
            quadrants=quadrant_masses(*self._last, valence_std, arousal_std),
            tags=self._tags,
            key=self._key.label,
            chord=self._chord.label,
            loudness_db=hop.level_db,
            state=state,
            tuning_hz=hop.tuning_hz,
        )


def _rows(outputs: dict[str, NDArray[np.float32]]) -> list[dict[str, NDArray[np.float32]]]:
    return [
        {name: value[row] for name, value in outputs.items()}
        for row in range(len(outputs["valence"]))
    ]
