"""Sound like speech, made here: a buzzing source through moving formants, and hisses."""

import numpy as np

__all__ = ["spoken"]

_FORMANTS = ((280.0, 850.0, 90.0, 1.0), (850.0, 2300.0, 120.0, 0.6), (2300.0, 3000.0, 180.0, 0.3))


def _vowel(rng, length, rate, voice_hz):
    """One syllable: the pitch glides, every formant moves."""
    pitch_hz = voice_hz * np.exp(np.linspace(*rng.normal(0.0, 0.12, 2), length))
    phase = 2.0 * np.pi * np.cumsum(pitch_hz) / rate
    along = np.linspace(0.0, 1.0, length)
    formants = []
    for low, high, width, share in _FORMANTS:
        start = rng.uniform(low, high)
        stop = start * np.exp(rng.normal(0.0, 0.15))
        formants.append((start + (stop - start) * along, width, share))
    sound = np.zeros(length)
    for harmonic in range(1, int(4000.0 / voice_hz)):
        hz = harmonic * pitch_hz
        strength = sum(s / (1.0 + ((hz - centre) / width) ** 2) for centre, width, s in formants)
        sound += strength * np.sin(harmonic * phase)
    return sound * np.hanning(length) ** 0.4 * rng.uniform(0.5, 1.0)


def spoken(rate, seconds, seed=0, voice_hz=120.0):
    """Mono float32 at `rate` [Hz], shape (n,), RMS 0.05."""
    rng = np.random.default_rng(seed)
    parts, filled = [], 0
    while filled < seconds * rate:
        length = int(rng.uniform(0.12, 0.28) * rate)
        if rng.random() < 0.25:
            hiss = 0.15 * rng.standard_normal(length) * np.hanning(length)
            parts.append(np.diff(hiss, prepend=0.0))
        else:
            parts.append(_vowel(rng, length, rate, voice_hz))
        if rng.random() < 0.12:
            parts.append(np.zeros(int(rng.uniform(0.1, 0.35) * rate)))
        filled = sum(map(len, parts))
    sound = np.concatenate(parts)[: int(seconds * rate)]
    return (0.05 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)
