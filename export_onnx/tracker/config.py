"""Frozen configuration of the emotion tracker: front end, network, training."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["FrontEndConfig", "NetworkConfig"]


@dataclass(frozen=True)
class FrontEndConfig:
    """From PCM to log powers; part of the exported graph.

    Attributes
    ----------
    sample_rate : int
        [Hz]
    hop_length : int
        Samples per output [samples]: 92.9 ms, 10.8 outputs per second.
    frame_length, frame_step : int
        Window and step of the short frames [samples]: 46 and 23 ms.
    n_mels : int
        Mel bands of the short frames, `fmin` to `fmax` [Hz].
    decimation : int
        Factor between `sample_rate` and the rate of the pitch bank.
    pitch_low, n_semitones, bins_per_semitone : int
        Range of the pitch bank, from MIDI note `pitch_low`.
    bass_semitones : int
        The lowest semitones use the longer window.
    quality : float
        Periods per window of the pitch bank.
    bass_window, pitch_window, min_window : int
        Longest window of the two parts of the bank and the shortest window anywhere
        [samples after decimation].
    """

    sample_rate: int = 22050
    hop_length: int = 2048
    frame_length: int = 1024
    frame_step: int = 512
    n_mels: int = 64
    fmin: float = 40.0
    fmax: float = 10000.0
    decimation: int = 4
    decimation_taps: int = 64
    pitch_low: int = 33
    n_semitones: int = 60
    bins_per_semitone: int = 3
    bass_semitones: int = 15
    quality: float = 28.0
    bass_window: int = 3072
    pitch_window: int = 2048
    min_window: int = 1024

    @property
    def frames_per_hop(self) -> int:
        """Short frames per output."""
        return self.hop_length // self.frame_step

    @property
    def n_pitch_bins(self) -> int:
        """Bins of the pitch bank."""
        return self.n_semitones * self.bins_per_semitone

    @property
    def hops_per_second(self) -> float:
        """Outputs per second [Hz]."""
        return self.sample_rate / self.hop_length


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network; time constants are in seconds.

    Attributes
    ----------
    level_s : float
        Time constant of the running level that takes the input gain out [s].
    chord_pools_s, key_pools_s, mood_pools_s : tuple of float
        Time constants of the running means that feed chord, key and emotion heads [s].
    hold_s : float
        Time constant of the last smoothing before the emotion heads, which stands still in
        silence and so holds the emotion [s].
    n_moods : int
        MTG-Jamendo's mood and theme words, 56 where trained on them, else 0 and no such head.
    """

    level_s: float = 10.0
    pitch_channels: int = 12
    class_channels: int = 20
    chord_hidden: int = 32
    key_hidden: int = 24
    chord_pools_s: tuple[float, ...] = (0.12, 0.4, 1.2)
    key_pools_s: tuple[float, ...] = (2.0, 8.0, 30.0)
    timbre_channels: tuple[int, int, int] = (24, 40, 56)
    timbre_size: int = 112
    mood_size: int = 96
    mood_pools_s: tuple[float, ...] = (0.6, 2.5, 10.0)
    hold_s: float = 0.3
    gru_size: int = 96
    head_hidden: int = 96
    dropout: float = 0.3
    n_moods: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the sizes as plain JSON values."""
        return asdict(self)
