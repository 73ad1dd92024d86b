"""The slow graph: a pretrained tagger and the head that fuses it with the fast graph's outputs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.emotion.model import TrackerModel
from engine.models.onnx_file import ModelFile

__all__ = [
    "FAST_OUTPUTS",
    "FAST_STATE",
    "SLOW_VERSION",
    "Opinion",
    "SlowModel",
    "shipped_slow_path",
]

SLOW_VERSION = 2

FAST_OUTPUTS = ("valence", "arousal", "valence_std", "arousal_std", "quadrants", "tags")
"""Outputs of the fast graph that the slow one hears, in order, as means over a step."""
FAST_STATE = "state_digest_pool"
"""State of the fast graph that the slow one hears: running sums of statistics of the notes."""

_OUTPUTS = ("affect", "affect_std", "changed")


def shipped_slow_path() -> Path:
    """Path of the slow graph that comes with Stimmung."""
    from importlib.resources import files

    return Path(str(files("presets") / "models" / "tracker_slow.onnx"))


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the slow lane says: means in [-1, 1] and standard deviations of both axes.

    Attributes
    ----------
    changed : bool
        Whether other music has begun within the last second: the graph has forgotten what was
        before, and the fast one should forget it too.
    """

    valence: float
    arousal: float
    valence_std: float
    arousal_std: float
    changed: bool


class SlowModel:
    """An ONNX slow lane: one step of sound, the fast graph's outputs and states in, opinion out.

    Parameters
    ----------
    path : Path or str, optional
        The ONNX file; None takes the shipped one.

    Attributes
    ----------
    hops_per_step : int
        Hops of the fast graph in a step.
    step_length : int
        Samples in a step.

    Raises
    ------
    ModelError
        The file is missing or is no ONNX model.
    ModelMetadataError
        It is a model, but not a slow lane this version can run.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = shipped_slow_path() if path is None else Path(path)
        self._file = ModelFile(self.path, "slow tracker model")
        self._file.expect("tracker_slow", SLOW_VERSION)
        self.metadata = self._file.metadata
        self.hops_per_step = self._positive("hops_per_step")
        inputs, outputs = self._file.inputs, self._file.outputs
        missing = {"pcm", "fast", FAST_STATE} - set(inputs) | set(_OUTPUTS) - set(outputs)
        if missing:
            raise self._file.refuse(f"lacks the tensors {', '.join(sorted(missing))}")
        self.step_length = int(inputs["pcm"][1])
        self._heard = {"fast": inputs["fast"], FAST_STATE: inputs[FAST_STATE]}
        self._shapes = {
            name: tuple(shape)
            for name, shape in inputs.items()
            if name not in ("pcm", "fast", FAST_STATE)
        }
        for name in self._shapes:
            if f"next_{name}" not in outputs:
                raise self._file.refuse(f"lacks the output next_{name}")
        self._fetch = [*_OUTPUTS, *(f"next_{name}" for name in self._shapes)]

    def check(self, fast: TrackerModel) -> None:
        """Check that the two graphs fit each other.

        Raises
        ------
        ModelMetadataError
            Sample rate, hop or what the slow one hears differs.
        """
        refuse = self._file.refuse
        if self._positive("sample_rate") != fast.sample_rate:
            raise refuse(f"sample_rate is not the fast graph's, {fast.sample_rate} Hz")
        if self.step_length != self.hops_per_step * fast.hop_length:
            raise refuse(f"a step is not {self.hops_per_step} hops of {fast.hop_length} samples")
        state = fast.start().get(FAST_STATE)
        if state is None or list(state.shape) != self._heard[FAST_STATE]:
            raise refuse(f"the fast graph has no fitting {FAST_STATE}")
        if self._heard["fast"][1] != len(FAST_OUTPUTS) - 2 + 4 + len(fast.tags):
            raise refuse(f"the fast graph has {len(fast.tags)} tags")

    def start(self) -> dict[str, NDArray[np.float32]]:
        """Return fresh states: zeros."""
        return {name: np.zeros(shape, np.float32) for name, shape in self._shapes.items()}

    def step(
        self,
        pcm: NDArray[np.float32],
        fast: NDArray[np.float32],
        digest: NDArray[np.float32],
        states: dict[str, NDArray[np.float32]],
    ) -> tuple[Opinion, dict[str, NDArray[np.float32]]]:
        """Run one step; some fifteen milliseconds.

        Parameters
        ----------
        pcm : float32 array, shape (step_length,)
            Mono sound.
        fast : float32 array, shape (F,)
            Means of `FAST_OUTPUTS` over the step.
        digest : float32 array
            The fast graph's state `FAST_STATE` at the end of the step.
        states : dict
            From `start` or the last step.
        """
        given = {"pcm": pcm[None], "fast": fast[None], FAST_STATE: digest, **states}
        affect, deviation, changed, *kept = self._file.session.run(self._fetch, given)
        valence, arousal, valence_std, arousal_std = map(float, (*affect[0], *deviation[0]))
        turned = bool(changed[0, 0] > 0.5)
        opinion = Opinion(valence, arousal, valence_std, arousal_std, turned)
        return opinion, dict(zip(self._shapes, kept, strict=True))

    def _positive(self, name: str) -> int:
        text = self.metadata.get(name, "")
        if not text.isdecimal() or int(text) == 0:
            raise self._file.refuse(f"metadata {name} is {text!r}, expected a positive integer")
        return int(text)
