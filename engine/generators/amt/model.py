"""Loading and stepping of the chord model's ONNX file; its metadata are checked first."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.errors import InputError, ModelError, ModelMetadataError
from engine.generators.amt.conditioning import GROUPS, WIDTH, Conditioning, to_vector
from engine.generators.amt.vocabulary import AMT_QUALITIES, END, N_CHORDS, SIZE
from engine.shipped import check_shipped

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
        if not self.path.is_file():
            raise ModelError(f"chord model {self.path}: file not found")
        check_shipped(self.path)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(self.path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own classes, without a common base
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"chord model {self.path}: cannot be loaded ({reason})") from error
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self._check_kind()
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

    def _fail(self, what: str) -> ModelMetadataError:
        return ModelMetadataError(f"chord model {self.path}: {what}")

    def _check_kind(self) -> None:
        kind = self.metadata.get("stimmung_model")
        if kind != "amt":
            raise self._fail(f"metadata stimmung_model is {kind!r}, expected 'amt'")
        version = self.metadata.get("version")
        if version != str(MODEL_VERSION):
            raise self._fail(f"metadata version is {version!r}, expected '{MODEL_VERSION}'")
        if self._json("qualities") != list(AMT_QUALITIES):
            raise self._fail("metadata qualities are not those of the vocabulary")
        groups = self._json("groups")
        if not isinstance(groups, dict) or list(groups.items()) != list(GROUPS.items()):
            raise self._fail("metadata groups are not those of the conditioning")

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self.metadata[name])
        except (KeyError, ValueError) as error:
            raise self._fail(f"metadata {name} is missing or not JSON") from error

    def _states(self) -> AmtState:
        given = self._json("states")
        inputs = {tensor.name: tensor.shape for tensor in self._session.get_inputs()}
        outputs = {tensor.name: tensor.shape for tensor in self._session.get_outputs()}
        for name, shape in _OUTPUTS.items():
            if outputs.get(name) != shape:
                raise self._fail(f"output {name} has shape {outputs.get(name)}, expected {shape}")
        if not isinstance(given, dict) or set(given) != set(inputs) - set(_INPUTS):
            raise self._fail("metadata states do not name the model's state inputs")
        if inputs.get("conditioning") != [WIDTH]:
            raise self._fail(f"input conditioning is {inputs.get('conditioning')}, not [{WIDTH}]")
        start = {}
        for name, entry in given.items():
            try:
                shape, kind, value = entry["shape"], _TYPES[entry["type"]], float(entry["start"])
            except (KeyError, TypeError, ValueError) as error:
                raise self._fail(f"metadata states: {name} is {entry!r}") from error
            if inputs[name] != shape or outputs.get(f"next_{name}") != shape:
                raise self._fail(f"metadata states: {name} is {shape}, the graph says otherwise")
            start[name] = np.full(shape, value, kind)
        return start
