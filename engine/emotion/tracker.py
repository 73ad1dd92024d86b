"""PCM in, one `EmotionState` per hop out: the one road for live, files and tests."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.emotion.model import TrackerModel
from engine.emotion.smoothing import HeldLabel, Lead, Smoother
from engine.errors import InputError
from engine.events import EmotionState, TrackingState

__all__ = ["Tracker", "TrackerConfig"]

# Hops per model call when much audio arrives at once: long enough to be fast, and bounded memory.
_BLOCK_HOPS = 64
# Samples beyond four times full scale are a broken source; squared they would leave float range.
_SAMPLE_LIMIT = 4.0
# Deviation added at the start of a sound, and the time in which it fades [s].
_FRESH_STD = 0.45
_FRESH_TAU_S = 1.5


@dataclass(frozen=True)
class TrackerConfig:
    """How the tracked values are presented.

    Attributes
    ----------
    valence_tau_s, arousal_tau_s : float
        Smoothing time constants [s], 0..30; arousal is the fast lane.
    lead, arousal_lead : float
        How strongly a change of valence or arousal is anticipated, 0..2; 0 shows what the model
        says.
    lead_tau_s, arousal_lead_tau_s : float
        Time constants of the recent means that changes are measured from [s], 0.1..60.
    dead_band : float
        Changes smaller than this are not shown, 0..0.5.
    silence_db : float
        Below this level a hop is silent [dBFS], -120..0.
    silence_after_s : float
        Silence this long is the state ``silence`` [s].
    restart_after_s : float
        Sound after a silence this long is a new piece: the model starts afresh [s].
    decay_tau_s : float
        In silence valence and arousal sink to zero with this time constant [s].
    settle_s : float
        Sound shorter than this is ``settling`` [s].
    uncertain_std : float
        Above this deviation of valence or arousal the state is ``uncertain``.
    music_share : float
        Below this probability of music the state is ``uncertain`` too and valence and arousal are
        held: speech and noise are no mood, 0..1.
    music_tau_s : float
        Smoothing of that probability [s].
    key_hold_s, chord_hold_s : float
        A new key or chord must lead this long before it is stated [s].
    """

    valence_tau_s: float = 0.5
    arousal_tau_s: float = 0.1
    lead: float = 0.7
    lead_tau_s: float = 4.0
    arousal_lead: float = 1.0
    arousal_lead_tau_s: float = 2.5
    dead_band: float = 0.005
    silence_db: float = -70.0
    silence_after_s: float = 0.7
    restart_after_s: float = 3.0
    decay_tau_s: float = 12.0
    settle_s: float = 4.0
    uncertain_std: float = 0.5
    music_share: float = 0.4
    music_tau_s: float = 0.7
    key_hold_s: float = 1.5
    chord_hold_s: float = 0.15

    def __post_init__(self) -> None:
        for name in ("valence_tau_s", "arousal_tau_s"):
            self._check(name, 0.0, 30.0)
        for name in ("lead", "arousal_lead"):
            self._check(name, 0.0, 2.0)
            self._check(f"{name}_tau_s", 0.1, 60.0)
        self._check("dead_band", 0.0, 0.5)
        self._check("silence_db", -120.0, 0.0)
        for name in ("silence_after_s", "restart_after_s", "settle_s"):
            self._check(name, 0.0, 60.0)
        for name in ("key_hold_s", "chord_hold_s"):
            self._check(name, 0.0, 60.0)
        self._check("decay_tau_s", 0.1, 600.0)
        self._check("uncertain_std", 0.0, 2.0)
        self._check("music_share", 0.0, 1.0)
        self._check("music_tau_s", 0.0, 30.0)

    def _check(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            raise InputError(f"{name} {value}: must lie in {low:g}..{high:g}")


class Tracker:
    """Streaming emotion tracker.

    Parameters
    ----------
    model : TrackerModel, Path, str or None
        A loaded model or the path of one; None takes the shipped model.
    config : TrackerConfig
        Smoothing and thresholds.

    Attributes
    ----------
    invalid_samples : int
        NaN and infinite samples seen since construction or `reset`; they count as 0.
    """

    def __init__(
        self,
        model: TrackerModel | Path | str | None = None,
        config: TrackerConfig | None = None,
    ) -> None:
        self._model = model if isinstance(model, TrackerModel) else TrackerModel(model)
        self.config = TrackerConfig() if config is None else config
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
        self._leads = (
            Lead(cfg.lead, cfg.lead_tau_s, self._hop_s),
            Lead(cfg.arousal_lead, cfg.arousal_lead_tau_s, self._hop_s),
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

    def reset(self) -> None:
        """Return to the state of a new tracker."""
        self.invalid_samples = 0
        self._rest = np.zeros(0, np.float32)
        self._hops = 0
        self._silent_s = math.inf  # before the first sound there was nothing
        self._restart()
        self._last = (0.0, 0.0)
        self._quadrants = np.full(4, 0.25)
        self._tags: tuple[tuple[str, float], ...] = ()

    def _restart(self) -> None:
        """Start a new piece: the model forgets, the clock runs on."""
        self._states = self._model.start()
        self._sound_s = 0.0
        self._doubtful = self._strange = False
        labels = (self._key, self._chord)
        for part in (*labels, self._valence, self._arousal, self._music, *self._leads):
            part.reset()
        self._music.push(1.0)  # taken for music until it is found out

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
        states: list[EmotionState] = []
        for start, stop in self._runs(hops):
            block = np.ascontiguousarray(hops[start:stop]).reshape(-1)
            if self._silent_s >= self.config.restart_after_s and self._is_sound(hops[start]):
                self._restart()
            outputs, self._states = self._model.step(block, self._states)
            states.extend(self._present(outputs, row) for row in range(stop - start))
        return states

    def _is_sound(self, hop: NDArray[np.float32]) -> bool:
        return _level_db(hop) >= self.config.silence_db

    def _runs(self, hops: NDArray[np.float32]) -> list[tuple[int, int]]:
        """Split hops into model calls; a new piece after a long silence begins a call."""
        if not len(hops):
            return []
        starts = []
        silent_s = self._silent_s
        length = 0
        for index, hop in enumerate(hops):
            sound = self._is_sound(hop)
            anew = sound and silent_s >= self.config.restart_after_s
            if index == 0 or anew or length == _BLOCK_HOPS:
                starts.append(index)
                length = 0
            length += 1
            silent_s = 0.0 if sound else silent_s + self._hop_s
        return list(zip(starts, [*starts[1:], len(hops)], strict=True))

    def _present(self, outputs: dict[str, NDArray[np.float32]], row: int) -> EmotionState:
        """Turn one row of model outputs into a state."""
        self._hops += 1
        level_db = float(outputs["loudness_db"][row])
        if level_db < self.config.silence_db:
            self._silent_s += self._hop_s
        else:
            self._silent_s = 0.0
            self._sound_s += self._hop_s
        if self._silent_s >= self.config.silence_after_s:
            return self._silence(level_db)
        if self._not_music(float(outputs["presence"][row][0])):
            return self._unknown(level_db)
        valence = self._valence.push(self._leads[0].push(float(outputs["valence"][row])))
        arousal = self._arousal.push(self._leads[1].push(float(outputs["arousal"][row])))
        fresh = _FRESH_STD * math.exp(-self._sound_s / _FRESH_TAU_S)
        valence_std = math.hypot(float(outputs["valence_std"][row]), fresh)
        arousal_std = math.hypot(float(outputs["arousal_std"][row]), fresh)
        self._last = (valence, arousal)
        self._quadrants = outputs["quadrants"][row].astype(np.float64)
        ranked = sorted(
            zip(self._model.tags, outputs["tags"][row].tolist(), strict=True),
            key=lambda pair: -pair[1],
        )
        self._tags = tuple(ranked)
        self._key.push(self._model.keys[int(outputs["key"][row].argmax())])
        self._chord.push(self._model.chords[int(outputs["chord"][row].argmax())])
        return self._state(
            level_db, valence_std, arousal_std, self._judge(max(valence_std, arousal_std))
        )

    def _not_music(self, share: float) -> bool:
        """Whether this is speech or noise; leaving that opinion takes half as much music again."""
        limit = self.config.music_share
        self._strange = self._music.push(share) < (1.5 * limit if self._strange else limit)
        return self._strange

    def _unknown(self, level_db: float) -> EmotionState:
        """Hold what was heard last: what sounds now is no music."""
        state: TrackingState = "uncertain"
        if self._sound_s < self.config.settle_s:
            state = "settling"
        doubt = max(1.0, self.config.uncertain_std)
        return self._state(level_db, doubt, doubt, state)

    def _judge(self, std: float) -> TrackingState:
        """Say how far the numbers may be trusted; leaving doubt takes 10 % less deviation."""
        limit = self.config.uncertain_std
        self._doubtful = std > (0.9 * limit if self._doubtful else limit)
        if self._sound_s < self.config.settle_s:
            return "settling"
        return "uncertain" if self._doubtful else "tracking"

    def _silence(self, level_db: float) -> EmotionState:
        """Hold what was heard and let it sink; the longer, the less certain."""
        keep = math.exp(-self._hop_s / self.config.decay_tau_s)
        self._last = (self._last[0] * keep, self._last[1] * keep)
        self._quadrants = 0.25 + (self._quadrants - 0.25) * keep
        self._chord.push("N")
        return self._state(level_db, 1.0, 1.0, "silence")

    def _state(
        self, level_db: float, valence_std: float, arousal_std: float, state: TrackingState
    ) -> EmotionState:
        first, second, third, fourth = (self._quadrants / self._quadrants.sum()).tolist()
        return EmotionState(
            time_s=self._hops * self._hop_s,
            valence=self._last[0],
            arousal=self._last[1],
            valence_std=valence_std,
            arousal_std=arousal_std,
            quadrants=(first, second, third, fourth),
            tags=self._tags,
            key=self._key.label,
            chord=self._chord.label,
            loudness_db=level_db,
            state=state,
        )


def _level_db(hop: NDArray[np.float32]) -> float:
    """Level of a hop without its mean [dBFS], as the model states it."""
    centred = hop - hop.mean()
    return 10.0 * math.log10(float(np.mean(np.square(centred))) + 1e-12)
