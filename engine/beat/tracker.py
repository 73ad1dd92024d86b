"""PCM in, beats out before they sound: the one path for live, files and tests."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.beat.decoder import Beat, BeatDecoder, DecoderConfig, Heard
from engine.beat.frontend import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE, WINDOW_LENGTH, FrontEnd
from engine.beat.model import BeatModel

__all__ = ["BeatTracker"]

_BLOCK = 128 * HOP_LENGTH  # samples that are analysed at once when much arrives
_OWN_BEFORE_S, _OWN_AFTER_S = -0.03, 0.06  # frames round an onset of our own
_OWN_TRUST = 0.15
_OWN_DECAY_S = 0.25  # farther from our onsets a beat tells how loud the players are
_SOFTER, _AS_LOUD = 0.6, 0.8  # of the players' level: it is our own alone, or theirs too
_LEARN = 0.2
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
        self._model = BeatModel(model) if model is None or isinstance(model, str | Path) else model
        cfg = replace(config or DecoderConfig(), late_s=self._model.late_s)
        self.decoder = BeatDecoder(self._model.tempi_bpm, _DELAY_S, cfg)
        self.reset()

    def reset(self) -> None:
        """Return to the state of a new tracker; hints are forgotten."""
        self._front = FrontEnd()
        self._states = self._model.start()
        self._frames = 0
        self._players = 0.0  # power of beats that are not our own
        self.decoder.reset()

    def push(self, pcm: NDArray[np.float32], own_s: Sequence[float] = ()) -> list[Beat]:
        """Take mono audio of any length; return the beats that it announces.

        Parameters
        ----------
        pcm : float32 array, shape (n,)
            At `sample_rate`; NaN and infinite samples count as 0.
        own_s : sequence of float
            When notes of our own sound in it [s of sound since the beginning]: a beat heard just
            then is hardly believed unless it is as loud as the players were.
        """
        beats: list[Beat] = []
        for start in range(0, len(pcm), _BLOCK):
            beats += self._push(np.asarray(pcm[start : start + _BLOCK], np.float32), own_s)
        return beats

    def _push(self, pcm: NDArray[np.float32], own_s: Sequence[float]) -> list[Beat]:
        seen, powers = self._front.push(pcm)
        if len(seen) == 0:
            return []
        beat, downbeat, tempo, self._states = self._model.step(seen, self._states)
        beats: list[Beat] = []
        for i in range(len(seen)):
            at_s = self._frames / FRAME_RATE
            self._frames += 1
            own = any(_OWN_BEFORE_S < at_s - onset_s < _OWN_AFTER_S for onset_s in own_s)
            power = float(powers[i])
            alone = all(abs(at_s - onset_s) > _OWN_DECAY_S for onset_s in own_s)
            if beat[i] > 0.5 and alone:
                self._players += _LEARN * (power - self._players)
            trust = self._trust(power) if own else 1.0
            heard = Heard(
                trust * float(beat[i]),
                float(downbeat[i]),
                tempo[i],
                sound=power > _SILENCE,
                own=trust < 0.5,
            )
            beats += self.decoder.push(heard)
        return beats

    def _trust(self, power: float) -> float:
        """Return how far a beat is believed that coincides with a note of ours.

        Our own sound alone is softer than the players were; together it is as loud or louder.
        """
        level = math.sqrt(power / max(self._players, _SILENCE))
        share = min(max((level - _SOFTER) / (_AS_LOUD - _SOFTER), 0.0), 1.0)
        return _OWN_TRUST + share * (1.0 - _OWN_TRUST)
