"""Loading of the beat network's ONNX file: the metadata are checked before anything runs."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.beat.frontend import HOP_LENGTH, N_FEATURES, SAMPLE_RATE
from engine.models.checksums import shipped_folder
from engine.models.onnx_file import ModelFile

__all__ = ["MODEL_VERSION", "BeatModel", "States"]

MODEL_VERSION = 1

FloatArray = NDArray[np.float32]
States = tuple[FloatArray, FloatArray]

_INPUTS = ("features", "hidden", "cell")
_OUTPUTS = ("beat", "downbeat", "tempo", "next_hidden", "next_cell")


class BeatModel:
    """An ONNX beat network: features and states in, what it heard and states out.

    Parameters
    ----------
    path : Path or str, optional
        The ONNX file; None takes the shipped one.

    Attributes
    ----------
    tempi_bpm : array, shape (n_tempi,)
        Centres of the tempo classes.
    late_s : float
        How much later than the decoder reads, beats are.
    metadata : dict of str to str
        Everything the file says about itself.

    Raises
    ------
    ModelError
        The file is missing or is no ONNX model.
    ModelMetadataError
        It is a model, but not a beat network this version can run.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = shipped_folder() / "beat.onnx" if path is None else Path(path)
        file = ModelFile(self.path, "beat model")
        self._session, self.metadata = file.session, file.metadata
        file.expect("beat", MODEL_VERSION)
        expected = {"sample_rate": SAMPLE_RATE, "hop_length": HOP_LENGTH, "features": N_FEATURES}
        for name, value in expected.items():
            if self.metadata.get(name) != str(value):
                raise file.refuse(f"metadata {name} is {self.metadata.get(name)!r}, not {value}")
        missing = set(_INPUTS) - set(file.inputs) | set(_OUTPUTS) - set(file.outputs)
        if missing:
            raise file.refuse(f"lacks the tensors {', '.join(sorted(missing))}")
        tempi, late_s = file.read_json("tempi_bpm"), file.read_json("late_s")
        if (
            not isinstance(tempi, list)
            or len(tempi) != file.outputs["tempo"][-1]
            or not all(isinstance(bpm, int | float) and bpm > 0 for bpm in tempi)
        ):
            raise file.refuse("metadata tempi_bpm does not fit the output tempo")
        if not isinstance(late_s, int | float):
            raise file.refuse(f"metadata late_s is {late_s!r}, expected seconds")
        self.tempi_bpm = np.array(tempi, np.float64)
        self.late_s = float(late_s)
        self._shape = tuple(file.inputs["hidden"])

    def start(self) -> States:
        """Return fresh states: zeros."""
        return np.zeros(self._shape, np.float32), np.zeros(self._shape, np.float32)

    def step(
        self, features: FloatArray, states: States
    ) -> tuple[FloatArray, FloatArray, FloatArray, States]:
        """Run over frames.

        Real-time: about 0.1 ms a frame; allocates.

        Parameters
        ----------
        features : float32 array, shape (n, N_FEATURES)
            From `engine.beat.frontend.FrontEnd`.
        states : tuple
            From `start` or the last `step`.

        Returns
        -------
        beat, downbeat : float32 arrays, shape (n,)
            Probability of a beat, and of a downbeat where there is one.
        tempo : float32 array, shape (n, n_tempi)
            Logarithm of the probability of each tempo class.
        states : tuple
            For the next step.
        """
        hidden, cell = states
        beat, downbeat, tempo, hidden, cell = self._session.run(
            list(_OUTPUTS), {"features": features[None], "hidden": hidden, "cell": cell}
        )
        return beat[0], downbeat[0], tempo[0], (hidden, cell)
