"""Short frames and harmony to valence, arousal, quadrant and mood tags."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.emotion.model import QUADRANTS
from export_onnx.datasets.labels import TAGS
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.harmony import HarmonyOutput, rotate_to_tonic
from export_onnx.tracker.notes import FEATURES
from export_onnx.tracker.pools import RunningMean

__all__ = ["Emotion"]

_DEGREE_CHANNELS = 4


class Emotion(nn.Module):
    """One emotion network; the tracker may average several.

    Timbre convolutions look at the mel bands of a hop (levels and their rises), harmony arrives
    turned to the tonic, running means and deviations hold the last seconds, and a recurrent layer
    notices when the music changes.
    """

    def __init__(self, front: FrontEndConfig, config: NetworkConfig) -> None:
        super().__init__()
        first, second, third = config.timbre_channels
        frames = front.frames_per_hop
        self.frames = frames
        self.timbre = nn.Sequential(
            nn.Conv1d(2 * frames, first, 5, stride=2, padding=2),
            nn.GELU(),
            nn.Conv1d(first, second, 5, stride=2, padding=2),
            nn.GELU(),
            nn.Conv1d(second, third, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(third * (front.n_mels // 8), config.timbre_size),
        )
        self.degrees = nn.Conv1d(config.class_channels, _DEGREE_CHANNELS, 1)
        harmony_size = (_DEGREE_CHANNELS + 2) * 12 + 3
        self.join = nn.Linear(config.timbre_size + 1 + harmony_size, config.mood_size)
        self.norm = nn.LayerNorm(config.mood_size)
        self.pool = RunningMean(config.mood_pools_s, front.hops_per_second)
        self.gru = nn.GRU(config.mood_size, config.gru_size, batch_first=True)
        pooled = 2 * len(config.mood_pools_s) * config.mood_size
        self.pooled_size = pooled
        self.mix = nn.Linear(pooled + config.gru_size, config.head_hidden)
        # Open while the music changes; closed while a last chord fades.
        self.gate = nn.Linear(pooled + config.gru_size, 1)
        nn.init.constant_(self.gate.bias, 2.0)
        self.hold = RunningMean((config.hold_s,), front.hops_per_second)
        self.dropout = nn.Dropout(config.dropout)
        self.affect = nn.Linear(config.head_hidden, 4)
        self.quadrant = nn.Linear(config.head_hidden, len(QUADRANTS))
        self.tags = nn.Linear(config.head_hidden, len(TAGS))
        self.moods = nn.Linear(config.head_hidden, config.n_moods) if config.n_moods else None
        # Learned beside, so that what notes would tell is heard; not part of the exported graph.
        self.statistics = nn.Linear(config.head_hidden, FEATURES)
        self.flux_state = (front.n_mels,)
        self.pool_state = (len(config.mood_pools_s), 2 * config.mood_size + 1)
        self.gru_state = (1, config.gru_size)
        self.hold_state = (1, config.head_hidden + 1)

    def hear(
        self,
        mel: Tensor,
        contrast: Tensor,
        activity: Tensor,
        harmony: HarmonyOutput,
        flux_state: Tensor,
        pool_state: Tensor,
        gru_state: Tensor,
        hold_state: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return what the heads read, (B, n, head_hidden), and the four new states.

        Of the heads, `affect` gives valence and arousal before tanh and the logarithms of their
        deviations; all others give logits.

        `mel` (B, n, frames, mels) and `contrast` (B, n, 1) are relative to the running level;
        `flux_state` (B, mels) is the frame before the first; `gru_state` (B, 1, size).
        """
        batch, n = mel.shape[0], mel.shape[1]
        series = mel.reshape(batch, n * self.frames, mel.shape[3]) * 0.2 + 1.0
        before = torch.cat([flux_state[:, None], series[:, :-1]], 1)
        rise = (series - before).clamp(min=0.0) * 3.0
        shape = (-1, self.frames, mel.shape[3])
        timbre = self.timbre(torch.cat([series.reshape(shape), rise.reshape(shape)], 1))
        timbre = timbre.reshape(batch, n, timbre.shape[1])

        heard = self._harmony_view(harmony, batch, n)
        joined = torch.cat([timbre, contrast, heard], 2)
        mood = functional.gelu(self.norm(self.join(self.dropout(joined))))

        means, pool_state = self.pool(torch.cat([mood, mood.square()], 2), activity, pool_state)
        size = mood.shape[2]
        variance = means[..., size:] - means[..., :size].square()
        spread = variance.clamp(min=1e-5).sqrt()
        pooled = torch.cat([means[..., :size], spread], 3).reshape(batch, n, self.pooled_size)
        recurrent, gru_last = self.gru(mood * activity[..., None], gru_state.transpose(0, 1))
        memory = torch.cat([pooled, recurrent], 2)
        hidden = functional.gelu(self.mix(self.dropout(memory)))
        openness = 0.02 + 0.98 * torch.sigmoid(self.gate(memory))[..., 0]
        held, hold_state = self.hold(hidden, activity * openness, hold_state)
        return (
            self.dropout(held[:, :, 0]),
            series[:, -1],
            pool_state,
            gru_last.transpose(0, 1),
            hold_state,
        )

    def word_heads(self) -> list[nn.Module]:
        """Heads of tags and, where trained, of moods."""
        return [self.tags] if self.moods is None else [self.tags, self.moods]

    def _harmony_view(self, harmony: HarmonyOutput, batch: int, n: int) -> Tensor:
        """Harmony relative to the tonic, (B, n, features)."""
        key = torch.softmax(harmony.key, 2)
        chord = torch.softmax(harmony.chord, 2)
        tonic = key[..., :12] + key[..., 12:]
        degrees = self.degrees(harmony.classes.reshape(-1, harmony.classes.shape[2], 12))
        triads = chord[..., 1:].reshape(-1, 2, 12)
        parts = torch.cat([degrees, triads], 1)
        turned = rotate_to_tonic(parts, tonic.reshape(-1, 12))
        turned = turned.reshape(batch, n, parts.shape[1] * 12)
        major = key[..., :12].sum(2, keepdim=True)
        entropy = -(key * torch.log(key + 1e-6)).sum(2, keepdim=True)
        return torch.cat([turned, major, chord[..., :1], entropy], 2)
