"""PCM in, beats out before they sound: the one path for live, files and tests."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.beat.decoder import Beat, BeatDecoder, DecoderConfig, Heard
from engine.beat.frontend import HOP_LENGTH, SAMPLE_RATE, WINDOW_LENGTH, FrontEnd
from engine.beat.model import BeatModel

__all__ = ["BeatTracker"]

_BLOCK = 128 * HOP_LENGTH  # samples that are analysed at once when much arrives
_SILENCE = 1e-6  # mean square of a frame: -60 dB
_DELAY_S: Final = (WINDOW_LENGTH - WINDOW_LENGTH // 2) / SAMPLE_RATE


class BeatTracker:
    """Streaming beat tracker.

    Parameters
    ----------
    model : BeatModel, Path, str or None
        A loaded model or the path of one; None takes the shipped model.
    config : DecoderConfig
        How the beats follow what is heard.

    Attributes
    ----------
    decoder : BeatDecoder
        Takes hints, and tells tempo, bar, state and confidence.
    """

    sample_rate: Final = SAMPLE_RATE

    def __init__(
        self,
        model: BeatModel | Path | str | None = None,
        config: DecoderConfig | None = None,
    ) -> None:
        self._model = model if isinstance(model, BeatModel) else BeatModel(model)
        cfg = replace(config or DecoderConfig(), late_s=self._model.late_s)
        self.decoder = BeatDecoder(self._model.tempi_bpm, _DELAY_S, cfg)
        self.reset()

    def reset(self) -> None:
        """Return to the state of a new tracker; hints are forgotten."""
        self._front = FrontEnd()
        self._states = self._model.start()
        self.decoder.reset()

    def push(self, pcm: NDArray[np.float32], listen: bool = True) -> list[Beat]:
        """Take mono audio of any length; return the beats that it announces.

        Parameters
        ----------
        pcm : float32 array, shape (n,)
            At `sample_rate`; NaN and infinite samples count as 0.
        listen : bool
            False goes on without believing what was heard.
        """
        beats: list[Beat] = []
        for start in range(0, len(pcm), _BLOCK):
            beats += self._push(np.asarray(pcm[start : start + _BLOCK], np.float32), listen)
        return beats

    def _push(self, pcm: NDArray[np.float32], listen: bool) -> list[Beat]:
        seen, powers = self._front.push(pcm)
        if len(seen) == 0:
            return []
        beat, downbeat, tempo, self._states = self._model.step(seen, self._states)
        beats: list[Beat] = []
        for i in range(len(seen)):
            heard = Heard(float(beat[i]), float(downbeat[i]), tempo[i], powers[i] > _SILENCE)
            beats += self.decoder.push(heard, listen)
        return beats
