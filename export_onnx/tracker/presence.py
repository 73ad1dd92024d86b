"""Detects music, speech and noise: a small network beside the emotion networks."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.emotion.model import PRESENCE
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.pools import RunningMean

__all__ = ["Presence"]

_POOLS_S = (0.7, 2.5)
_SIZE, _HIDDEN = 40, 32


class Presence(nn.Module):
    """Logits of music, speech and noise per hop.

    Speech moves at the pace of syllables and its pitch glides; music holds its pitches. Short
    frames with their rises show the one, the pitch bank the other, running means and deviations
    and a recurrent layer gather both.
    """

    def __init__(self, front: FrontEndConfig) -> None:
        super().__init__()
        self.frames = front.frames_per_hop
        self.timbre = nn.Sequential(
            nn.Conv1d(2 * self.frames, 16, 5, stride=2, padding=2),
            nn.GELU(),
            nn.Conv1d(16, 16, 5, stride=2, padding=2),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(16 * (front.n_mels // 4), _SIZE),
        )
        self.tones = nn.Sequential(
            nn.Conv1d(1, 8, 3 * front.bins_per_semitone, stride=front.bins_per_semitone),
            nn.GELU(),
            nn.Conv1d(8, 8, 5, stride=2),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(8 * ((front.n_semitones - 2 - 5) // 2 + 1), _SIZE),
        )
        self.norm = nn.LayerNorm(_SIZE)
        self.pool = RunningMean(_POOLS_S, front.hops_per_second)
        self.gru = nn.GRU(_SIZE, _HIDDEN, batch_first=True)
        self.pooled_size = 2 * len(_POOLS_S) * _SIZE
        self.mix = nn.Linear(self.pooled_size + _HIDDEN, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, len(PRESENCE))
        self.dropout = nn.Dropout(0.2)
        self.flux_state = (front.n_mels,)
        self.pool_state = (len(_POOLS_S), 2 * _SIZE + 1)
        self.gru_state = (1, _HIDDEN)

    def forward(
        self,
        mel: Tensor,
        pitch: Tensor,
        activity: Tensor,
        flux_state: Tensor,
        pool_state: Tensor,
        gru_state: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return logits (B, n, 3) and the three new states.

        `mel` (B, n, frames, mels) and `pitch` (B, n, bins) are relative to the running level;
        `flux_state` (B, mels) is the frame before the first.
        """
        batch, n = mel.shape[0], mel.shape[1]
        series = mel.reshape(batch, n * self.frames, mel.shape[3]) * 0.2 + 1.0
        before = torch.cat([flux_state[:, None], series[:, :-1]], 1)
        rise = (series - before).clamp(min=0.0) * 3.0
        shape = (-1, self.frames, mel.shape[3])
        timbre = self.timbre(torch.cat([series.reshape(shape), rise.reshape(shape)], 1))
        tones = self.tones(pitch.reshape(-1, 1, pitch.shape[2]) * 0.25 + 1.0)
        heard = functional.gelu(self.norm((timbre + tones).reshape(batch, n, _SIZE)))
        means, pool_state = self.pool(torch.cat([heard, heard.square()], 2), activity, pool_state)
        variance = means[..., _SIZE:] - means[..., :_SIZE].square()
        spread = variance.clamp(min=1e-5).sqrt()
        pooled = torch.cat([means[..., :_SIZE], spread], 3).reshape(batch, n, self.pooled_size)
        recurrent, last = self.gru(heard * activity[..., None], gru_state.transpose(0, 1))
        hidden = functional.gelu(self.mix(self.dropout(torch.cat([pooled, recurrent], 2))))
        return self.out(hidden), series[:, -1], pool_state, last.transpose(0, 1)
