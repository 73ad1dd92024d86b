"""Loading and stepping of the chord model's ONNX file; its metadata are checked first."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.errors import InputError
from engine.generators.amt.conditioning import GROUPS, WIDTH, Conditioning, to_vector
from engine.generators.amt.vocabulary import AMT_QUALITIES, END, N_CHORDS, SIZE
from engine.models.onnx_file import ModelFile

__all__ = ["AmtModel", "AmtState", "Foresight", "shipped_model_path"]

MODEL_VERSION: Final = 1
_OUTPUTS: Final = {"slot": [SIZE], "change": [SIZE], "stay": [1]}
_INPUTS: Final = ("chord", "conditioning", "guidance")
_TYPES: Final = {"float32": np.float32, "int64": np.int64}
_MOST_GUIDANCE: Final = 5.0

AmtState = dict[str, np.ndarray]
"""What a step hands to the next; never changed in place, so it may be kept and returned to."""


def shipped_model_path() -> Path:
    """Path of the chord model that comes with Stimmung."""
    from importlib.resources import files

    return Path(str(files("presets") / "models" / "amt.onnx"))


@dataclass(frozen=True, slots=True)
class Foresight:
    """What the model says about the slot to come.

    Attributes
    ----------
    slot : float32 array, shape (159,)
        Log-probability of each id sounding in it, the present chord included.
    change : float32 array, shape (159,)
        Log-probability of each id should the chord change; the present one has next to none.
    stay : float
        Probability that the chord stays.
    """

    slot: np.ndarray
    change: np.ndarray
    stay: float


class AmtModel:
    """The chord model: the chord just heard and what is known of the next slot in, chords out.

    Chords are in C major or A minor, see `vocabulary.to_song_key`.

    Parameters
    ----------
    path : Path or str, optional
        The ONNX file; None takes the shipped one.

    Attributes
    ----------
    metadata : dict of str to str
        Everything the file says about itself.

    Raises
    ------
    ModelError
        The file is missing or is no ONNX model.
    ModelMetadataError
        It is a model, but not a chord model this version can run.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = shipped_model_path() if path is None else Path(path)
        self._file = ModelFile(self.path, "chord model")
        self._session, self.metadata = self._file.session, self._file.metadata
        self._check()
        self._start = self._states()
        self._fetch = [*_OUTPUTS, *(f"next_{name}" for name in self._start)]

    def initial_state(self) -> AmtState:
        """State before the first chord of a song."""
        return dict(self._start)

    def step(
        self,
        chord_id: int,
        conditioning: Conditioning | np.ndarray,
        state: AmtState,
        guidance: float = 1.0,
    ) -> tuple[np.ndarray, AmtState]:
        """Return the log-probabilities of the next slot's chord, float32 (159,), and the state.

        See `foresee`.
        """
        foresight, after = self.foresee(chord_id, conditioning, state, guidance)
        return foresight.slot, after

    def foresee(
        self,
        chord_id: int,
        conditioning: Conditioning | np.ndarray,
        state: AmtState,
        guidance: float = 1.0,
    ) -> tuple[Foresight, AmtState]:
        """Take in the chord of the slot before and say what may sound in the one to come.

        Real-time: one to three milliseconds; allocates.

        Parameters
        ----------
        chord_id : int
            0..156, or END before the first slot.
        conditioning : Conditioning or float32 array, shape (WIDTH,)
            What is known of the slot to come.
        state : dict
            From `initial_state` or the last step.
        guidance : float
            0 ignores what is intended (emotion, density, loudness, motion, sections, picture), 1
            follows it as in training, up to 5 exaggerates.

        Raises
        ------
        InputError
            The chord or the guidance is out of range, or the vector has another length.
        """
        if not 0 <= chord_id <= END:
            raise InputError(f"chord id must be 0..{N_CHORDS - 1}, or {END} first; got {chord_id}")
        if not 0.0 <= guidance <= _MOST_GUIDANCE:
            raise InputError(f"guidance must be 0..{_MOST_GUIDANCE:g}; got {guidance}")
        if isinstance(conditioning, Conditioning):
            conditioning = to_vector(conditioning)
        vector = np.asarray(conditioning, np.float32)
        if vector.shape != (WIDTH,):
            raise InputError(f"conditioning must have shape ({WIDTH},); got {vector.shape}")
        given = {
            "chord": np.array([chord_id], np.int64),
            "conditioning": vector,
            "guidance": np.array([guidance], np.float32),
            **state,
        }
        slot, change, stay, *after = self._session.run(self._fetch, given)
        states = dict(zip(self._start, after, strict=True))
        return Foresight(slot, change, float(stay[0])), states

    def _check(self) -> None:
        self._file.expect("amt", MODEL_VERSION)
        if self._file.read_json("qualities") != list(AMT_QUALITIES):
            raise self._file.refuse("metadata qualities are not those of the vocabulary")
        groups = self._file.read_json("groups")
        if not isinstance(groups, dict) or list(groups.items()) != list(GROUPS.items()):
            raise self._file.refuse("metadata groups are not those of the conditioning")

    def _states(self) -> AmtState:
        refuse = self._file.refuse
        given = self._file.read_json("states")
        inputs, outputs = self._file.inputs, self._file.outputs
        for name, shape in _OUTPUTS.items():
            if outputs.get(name) != shape:
                raise refuse(f"output {name} has shape {outputs.get(name)}, expected {shape}")
        if not isinstance(given, dict) or set(given) != set(inputs) - set(_INPUTS):
            raise refuse("metadata states do not name the model's state inputs")
        if inputs.get("conditioning") != [WIDTH]:
            raise refuse(f"input conditioning is {inputs.get('conditioning')}, not [{WIDTH}]")
        start = {}
        for name, entry in given.items():
            try:
                shape, kind, value = entry["shape"], _TYPES[entry["type"]], float(entry["start"])
            except (KeyError, TypeError, ValueError) as error:
                raise refuse(f"metadata states: {name} is {entry!r}") from error
            if inputs[name] != shape or outputs.get(f"next_{name}") != shape:
                raise refuse(f"metadata states: {name} is {shape}, the graph says otherwise")
            start[name] = np.full(shape, value, kind)
        return start
