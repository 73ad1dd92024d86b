"""How busy and how loud the music should be, from what else is known: a small recurrent network.

One file looks at a whole piece from both ends, for scoring films; the other goes slot by slot and
knows the past alone, for playing live. Both give onsets per beat and loudness, in that order; the
density they give is what sets the density of the music.
"""

import json
from pathlib import Path
from typing import Final, Literal

import numpy as np

from engine.errors import InputError
from engine.generators.amt.conditioning import GROUPS, WIDTH
from engine.models.onnx_file import ModelFile

__all__ = ["Dynamics", "Kind", "shipped_dynamics_path"]

MODEL_VERSION: Final = 1
Kind = Literal["whole", "live"]


def shipped_dynamics_path(kind: Kind) -> Path:
    """Path of the network for whole pieces or for playing live."""
    from importlib.resources import files

    return Path(str(files("presets") / "models" / f"amt_dynamics_{kind}.onnx"))


class Dynamics:
    """Note density and loudness from conditioning vectors; what they say of either is not read.

    Parameters
    ----------
    kind : {'whole', 'live'}
        Whether `whole` or `step` is going to be called.
    path : Path or str, optional
        The ONNX file; None takes the shipped one.

    Raises
    ------
    ModelError
        The file is missing or is no ONNX model.
    ModelMetadataError
        It is a model, but not one this version can run, or of the other kind.
    """

    def __init__(self, kind: Kind, path: Path | str | None = None) -> None:
        self.kind = kind
        self.path = shipped_dynamics_path(kind) if path is None else Path(path)
        file = ModelFile(self.path, "dynamics model")
        self._session, self.metadata = file.session, file.metadata
        file.expect(f"amt_dynamics_{kind}", MODEL_VERSION)
        if file.metadata.get("groups") != json.dumps(GROUPS):
            raise file.refuse("metadata groups are not those of the conditioning")
        self._state_shape: list[int] = []
        if kind == "live":
            shapes = {tensor.name: tensor.shape for tensor in self._session.get_inputs()}
            self._state_shape = list(shapes["state"])

    def initial_state(self) -> np.ndarray:
        """State of the live network before the first slot."""
        self._expect("live")
        return np.zeros(self._state_shape, np.float32)

    def step(self, conditioning: np.ndarray, state: np.ndarray) -> tuple[float, float, np.ndarray]:
        """Return onsets per beat (>= 0), loudness (0..1) and the state after one slot.

        ``conditioning`` is a vector of `conditioning.to_vector`.

        Raises
        ------
        InputError
            This is the network for whole pieces, or the vector has another length.
        """
        self._expect("live")
        if conditioning.shape != (WIDTH,):
            raise InputError(f"conditioning must have shape ({WIDTH},); got {conditioning.shape}")
        level, after = self._session.run(None, {"conditioning": conditioning, "state": state})
        return float(level[0]), float(level[1]), after

    def whole(self, conditioning: np.ndarray) -> np.ndarray:
        """Return onsets per beat and loudness of every slot, float32, shape (n, 2).

        Parameters
        ----------
        conditioning : float32 array, shape (n, WIDTH)
            One vector per slot.

        Raises
        ------
        InputError
            This is the live network, or the array has another shape.
        """
        self._expect("whole")
        if conditioning.ndim != 2 or conditioning.shape[1] != WIDTH or not len(conditioning):
            raise InputError(f"conditioning must have shape (n, {WIDTH}); got {conditioning.shape}")
        (level,) = self._session.run(None, {"conditioning": conditioning})
        return np.asarray(level, np.float32)

    def _expect(self, kind: Kind) -> None:
        if kind != self.kind:
            raise InputError(f"dynamics: loaded the {self.kind} network, asked the {kind} one")
