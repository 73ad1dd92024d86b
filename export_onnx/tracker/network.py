"""The tracker's network: front end, level, harmony and emotion as one causal graph.

A running mean of the loudness is subtracted from all log powers: the result shows loud and quiet
passages, but not the input gain. All states are explicit tensors, zero at the start.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.digest import Digest
from export_onnx.tracker.emotion import Emotion
from export_onnx.tracker.frontend import FrontEnd
from export_onnx.tracker.harmony import Harmony, HarmonyOutput
from export_onnx.tracker.pools import RunningMean
from export_onnx.tracker.presence import Presence

__all__ = ["OUTPUTS", "Analysis", "Level", "Tracker", "zeros"]

_DB_PER_NEPER = 4.342944819  # of power
# Activity rises from 0 to 1 between these levels [dBFS] and only sound moves the running means.
_SILENT_NEPER = -80.0 / _DB_PER_NEPER
_ACTIVE_NEPER = -70.0 / _DB_PER_NEPER
# The same relative to the running level: an ebbing chord at the end of a piece says nothing new.
_EBBED_NEPER = -38.0 / _DB_PER_NEPER
_PRESENT_NEPER = -24.0 / _DB_PER_NEPER
# Log powers relative to the running level are kept within -55..+25 dB.
_LOW_NEPER, _HIGH_NEPER = -55.0 / _DB_PER_NEPER, 25.0 / _DB_PER_NEPER
_LEVEL_PRIOR_NEPER = -30.0 / _DB_PER_NEPER

OUTPUTS = (
    "valence",
    "arousal",
    "valence_std",
    "arousal_std",
    "quadrants",
    "tags",
    "key",
    "chord",
    "loudness_db",
    "presence",
)
# States before those of the emotion networks, and states of each of these.
_COMMON, _EACH = 10, 4


def zeros(shapes: dict[str, tuple[int, ...]], batch: int = 1) -> dict[str, Tensor]:
    """Start states for `batch` streams; shapes are without the batch axis."""
    return {name: torch.zeros(batch, *shape) for name, shape in shapes.items()}


class Analysis(NamedTuple):
    """Log powers relative to the running level (see `Level`)."""

    mel: Tensor  # (B, n, frames, mels)
    pitch: Tensor  # (B, n, bins)
    activity: Tensor  # (B, n), 0 in silence, 1 in sound
    contrast: Tensor  # (B, n, 1), level over the running level [10 dB]


class Level(nn.Module):
    """Takes the input gain out of the log powers, causally."""

    def __init__(self, config: NetworkConfig, hops_per_second: float) -> None:
        super().__init__()
        self.mean = RunningMean((config.level_s,), hops_per_second, prior=_LEVEL_PRIOR_NEPER)
        self.level_state = (1, 2)

    def forward(self, mel: Tensor, pitch: Tensor, state: Tensor) -> tuple[Analysis, Tensor]:
        """Subtract the running level of the sound so far from mel and pitch log powers."""
        loudness = torch.log(mel.exp().sum(3).mean(2))  # (B, n)
        activity = ((loudness - _SILENT_NEPER) / (_ACTIVE_NEPER - _SILENT_NEPER)).clamp(0.0, 1.0)
        mean, state = self.mean(loudness[..., None], activity, state)
        level = mean[:, :, 0]  # (B, n, 1)
        contrast = (loudness[..., None] - level).clamp(_LOW_NEPER, _HIGH_NEPER)
        presence = (contrast[..., 0] - _EBBED_NEPER) / (_PRESENT_NEPER - _EBBED_NEPER)
        activity = activity * presence.clamp(0.0, 1.0)
        mel = (mel - level[..., None]).clamp(_LOW_NEPER, _HIGH_NEPER)
        pitch = (pitch - level).clamp(_LOW_NEPER, _HIGH_NEPER)
        return Analysis(mel, pitch, activity, contrast * (_DB_PER_NEPER / 10.0)), state


class Tracker(nn.Module):
    """PCM and states in, emotion, key, chord, loudness and states out.

    Parameters
    ----------
    n_emotions : int
        Emotion networks whose outputs are averaged.
    """

    std_scale: Tensor
    digest_share: Tensor

    def __init__(self, front: FrontEndConfig, config: NetworkConfig, n_emotions: int = 1) -> None:
        super().__init__()
        self.config = config
        self.front_end = FrontEnd(front)
        self.level = Level(config, front.hops_per_second)
        self.harmony = Harmony(front, config)
        self.presence = Presence(front)
        self.digest = Digest(front)
        # Of valence: the rest is the emotion networks'. 0 until a digest was fitted.
        self.register_buffer("digest_share", torch.zeros(()))
        self.emotions = nn.ModuleList(Emotion(front, config) for _ in range(n_emotions))
        # Factors on the stated deviations of valence and arousal, fitted after training.
        self.register_buffer("std_scale", torch.ones(2))

    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every state in order, without the batch axis."""
        shapes: dict[str, tuple[int, ...]] = {
            "state_tail": (self.front_end.tail_length,),
            "state_low": (self.front_end.low_length,),
            "state_level": self.level.level_state,
            "state_chord": self.harmony.chord_state,
            "state_key": self.harmony.key_state,
            "state_digest_flux": self.digest.flux_state,
            "state_digest_pool": self.digest.pool_state,
            "state_presence_flux": self.presence.flux_state,
            "state_presence_pool": self.presence.pool_state,
            "state_presence_gru": self.presence.gru_state,
        }
        for number, emotion in enumerate(self.emotions):
            assert isinstance(emotion, Emotion)
            shapes[f"state_flux_{number}"] = emotion.flux_state
            shapes[f"state_pool_{number}"] = emotion.pool_state
            shapes[f"state_gru_{number}"] = emotion.gru_state
            shapes[f"state_hold_{number}"] = emotion.hold_state
        return shapes

    def outputs(self) -> tuple[str, ...]:
        """Names of what `forward` returns before the states."""
        return (*OUTPUTS, "moods") if self.config.n_moods else OUTPUTS

    def set_closed_form(self) -> None:
        """Take all hops of a call at once in every running mean, as the exported graph does."""
        for module in self.modules():
            if isinstance(module, RunningMean):
                module.block = 0

    def forward(self, pcm: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors that `outputs` names, followed by the new states."""
        tail, low, level_state, chord_state, key_state = states[:5]
        mel, pitch, loudness_db, tail, low = self.front_end(pcm, tail, low)
        analysis, level_state = self.level(mel, pitch, level_state)
        harmony, chord_state, key_state = self.harmony(
            analysis.pitch, analysis.activity, chord_state, key_state
        )
        presence, *presence_states = self.presence(
            analysis.mel, analysis.pitch, analysis.activity, *states[7:_COMMON]
        )
        affect, quadrants, words, mood_states = self._feel(analysis, harmony, states[5:])
        return (
            affect[..., 0],
            affect[..., 1],
            affect[..., 2],
            affect[..., 3],
            quadrants,
            words[0],
            torch.softmax(harmony.key, 2),
            torch.softmax(harmony.chord, 2),
            loudness_db,
            torch.softmax(presence, 2),
            *words[1:],
            tail,
            low,
            level_state,
            chord_state,
            key_state,
            *mood_states[:2],
            *presence_states,
            *mood_states[2:],
        )

    def feel(
        self, mel: Tensor, pitch: Tensor, states: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Affect, quadrant and tag probabilities of whole clips of log powers from the start."""
        analysis, _ = self.level(mel, pitch, states["state_level"])
        harmony, _, _ = self.harmony(
            analysis.pitch, analysis.activity, states["state_chord"], states["state_key"]
        )
        affect, quadrants, words, _ = self._feel(analysis, harmony, tuple(states.values())[5:])
        return affect, quadrants, words[0]

    def _feel(
        self, analysis: Analysis, harmony: HarmonyOutput, states: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
        """Average the emotion networks: affect (means, deviations), probabilities, new states.

        `states` begin with those of the digest, which has its share in valence. The probabilities
        are those of the quadrants, and of tags and, where there are any, moods.
        """
        own = states[_COMMON - 5 :]
        means, *kept = self.digest.describe(
            analysis.mel, analysis.pitch, analysis.contrast, analysis.activity, harmony, *states[:2]
        )
        affects, quadrants = [], []
        words: list[list[Tensor]] = []
        for number, emotion in enumerate(self.emotions):
            assert isinstance(emotion, Emotion)
            hidden, *new = emotion.hear(
                analysis.mel,
                analysis.contrast,
                analysis.activity,
                harmony,
                *own[_EACH * number : _EACH * (number + 1)],
            )
            affect = emotion.affect(hidden)
            deviation = affect[..., 2:].clamp(-4.0, 0.5).exp()
            affects.append(torch.cat([torch.tanh(affect[..., :2]), deviation], 2))
            quadrants.append(torch.softmax(emotion.quadrant(hidden), 2))
            words.append([torch.sigmoid(head(hidden)) for head in emotion.word_heads()])
            kept.extend(new)
        count = float(len(affects))
        affect = sum_of(affects) / count
        digested = self.digest.judge(means).clamp(-1.0, 1.0)
        valence = torch.lerp(affect[..., 0], digested, self.digest_share)
        affect = torch.cat(
            [valence[..., None], affect[..., 1:2], affect[..., 2:] * self.std_scale], 2
        )
        mean_words = [sum_of(list(said)) / count for said in zip(*words, strict=True)]
        return affect, sum_of(quadrants) / count, mean_words, kept


def sum_of(tensors: list[Tensor]) -> Tensor:
    """Add the tensors up."""
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total
