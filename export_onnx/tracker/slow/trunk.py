"""The pretrained tagger as a causal stream: sound in twice a second, embeddings out.

Frames are those of musicnn, taken from sound at the tracker's own rate: the Fourier matrix is made
for musicnn's bins of 31.25 Hz, so that nothing is resampled. Timbral features, most of the work,
are computed once per frame and kept; temporal features and pools see the last three seconds, and
once more the newest second alone, which is the first to hear a change.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from export_onnx.tracker.pools import RunningMean
from export_onnx.tracker.slow.musicnn import Musicnn, mel_filters

__all__ = ["HOPS_PER_STEP", "RECENT_FRAMES", "RECENT_STEPS", "STEP_LENGTH", "Trunk"]

_RATE = 22050
HOPS_PER_STEP = 5
STEP_LENGTH = 2048 * HOPS_PER_STEP
"""Samples per call: 0.46 s."""
_FRAMES = 29  # 16.01 ms each, as near to musicnn's 16 as whole frames per step allow
_LENGTH = 704  # samples of a frame
_PATCH = 187
RECENT_STEPS = 2
"""Steps that the newest embedding hears."""
RECENT_FRAMES = RECENT_STEPS * _FRAMES
_PIECE = STEP_LENGTH // 32  # samples whose level is measured at once
_REACH = 6  # frames that a timbral kernel spans beyond its own
_KEPT = _PATCH - _FRAMES
_STARTS = np.round(np.arange(_FRAMES) * STEP_LENGTH / _FRAMES).astype(int)
_PAST = int(_STARTS[-1]) + _LENGTH - STEP_LENGTH
_BINS = 257
_BIN_HZ = 31.25
_WINDOW = 512 / 16000 * _RATE

# Commercial recordings, what the tagger knows, lie about here [dBFS of the mean square].
_TARGET_DB = -16.0
_LEVEL_S = 10.0
_SILENT_DB, _ACTIVE_DB = -80.0, -70.0


def _fourier() -> np.ndarray:
    """Windowed Fourier matrix, float64, shape (_LENGTH, 2 * bins), scaled as for 16 kHz."""
    n = np.arange(_LENGTH)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * (n + 0.5 * (_WINDOW - _LENGTH)) / _WINDOW)
    phase = 2.0 * np.pi * np.outer(n, np.arange(_BINS)) * _BIN_HZ / _RATE
    banks = np.concatenate([np.cos(phase), np.sin(phase)], 1)
    return np.asarray(banks * window[:, None] * (512.0 / _WINDOW))


class Trunk(nn.Module):
    """One step: `STEP_LENGTH` samples and states in, what was heard and new states out.

    The running level of the sound (10 s) is brought to that of commercial recordings first, so
    that the input gain drops out.
    """

    fourier: Tensor
    filters: Tensor
    samples: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.net = Musicnn()
        self.register_buffer("fourier", torch.from_numpy(_fourier()).float(), persistent=False)
        samples = torch.from_numpy(_STARTS[:, None] + np.arange(_LENGTH))
        self.register_buffer("samples", samples, persistent=False)
        filters = torch.from_numpy(mel_filters().T).float()
        self.register_buffer("filters", filters, persistent=False)
        self.level = RunningMean((_LEVEL_S,), _RATE / STEP_LENGTH, prior=_TARGET_DB)
        self.level.block = 0

    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every state in order, without the batch axis; zero at the start."""
        return {
            "state_sound": (_PAST,),
            "state_gain": (1, 2),
            "state_frames": (_KEPT + _REACH, 96),
            "state_timbre": (408, _KEPT),
            "state_known": (1, _KEPT + _REACH // 2),
        }

    def forward(
        self,
        pcm: Tensor,
        sound: Tensor,
        gain: Tensor,
        frames: Tensor,
        timbre: Tensor,
        known: Tensor,
    ) -> tuple[Tensor, ...]:
        """Return embedding, that of the newest second (B, 200), share of sound (B, 1), states."""
        batch = pcm.shape[0]
        whole = torch.cat([sound, pcm], 1)
        spectrum = whole[:, self.samples] @ self.fourier
        power = spectrum[..., :_BINS].square() + spectrum[..., _BINS:].square()

        fresh = pcm.reshape(batch, -1, _PIECE)
        centred = fresh - fresh.mean(2, keepdim=True)
        square = centred.square().mean(2)
        decibel = 10.0 * torch.log10(square + 1e-12)
        active = ((decibel - _SILENT_DB) / (_ACTIVE_DB - _SILENT_DB)).clamp(0.0, 1.0)
        share = active.mean(1, keepdim=True)
        loud = (square * active).sum(1, keepdim=True) / active.sum(1, keepdim=True).clamp(min=1e-3)
        now = 10.0 * torch.log10(loud + 1e-12)
        mean, gain = self.level(now[..., None], share, gain)
        level = mean[:, :, 0]  # (B, 1, 1)

        lift = torch.exp((_TARGET_DB - level) * (math.log(10.0) / 10.0))
        mel = torch.log10(10000.0 * lift * (power @ self.filters) + 1.0)
        frames = torch.cat([frames, self.net.normal(mel)], 1)
        timbre = torch.cat([timbre, self.net.timbral(frames[:, -(_FRAMES + _REACH) :])], 2)
        heard = torch.cat([known, torch.ones_like(frames[:, None, -_FRAMES:, 0])], 2)
        late = _REACH // 2  # the last frames have no successors yet
        patch = frames[:, late:-late]
        mask = heard[..., :-late]
        features = torch.cat([timbre, self.net.temporal(patch)], 1)
        embedding, _ = self.net.embed(features, mask)
        recent, _ = self.net.embed(features[..., -RECENT_FRAMES:], mask[..., -RECENT_FRAMES:])
        return (
            embedding,
            recent,
            share,
            whole[:, STEP_LENGTH:],
            gain,
            frames[:, _FRAMES:],
            timbre[..., _FRAMES:],
            heard[..., _FRAMES:],
        )
