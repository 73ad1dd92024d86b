"""Loading of the tracker's ONNX file: the metadata are checked before anything runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ModelError, ModelMetadataError
from engine.shipped import check_shipped

__all__ = ["OUTPUTS", "TrackerModel", "shipped_model_path"]

MODEL_VERSION = 2

OUTPUTS = (
    "valence",
    "arousal",
    "valence_std",
    "arousal_std",
    "quadrants",
    "tags",
    "key",
    "chord",
    "loudness_db",
    "presence",
)

_QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
_PRESENCE = ("music", "speech", "noise")
_LABEL_COUNTS = {"quadrants": 4, "tags": None, "key": 24, "chord": 25, "presence": 3}
# Only in files trained on MTG-Jamendo.
_MOODS = "moods"


def shipped_model_path() -> Path:
    """Path of the tracker that comes with Stimmung."""
    from importlib.resources import files

    return Path(str(files("presets") / "models" / "tracker.onnx"))


class TrackerModel:
    """An ONNX tracker: PCM of whole hops and states in, one row per hop and states out.

    Parameters
    ----------
    path : Path or str, optional
        The ONNX file; None takes the shipped one.

    Attributes
    ----------
    sample_rate : int
        [Hz]
    hop_length : int
        [samples]
    tags, keys, chords : tuple of str
        Label names in the order of the outputs.
    moods : tuple of str
        The same of the output ``moods``; empty where the file has none.
    outputs : tuple of str
        Tensors that `step` returns: OUTPUTS, and ``moods`` where there are any.
    metadata : dict of str to str
        Everything the file says about itself.

    Raises
    ------
    ModelError
        The file is missing or is no ONNX model.
    ModelMetadataError
        It is a model, but not a tracker this version can run.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = shipped_model_path() if path is None else Path(path)
        if not self.path.is_file():
            raise ModelError(f"tracker model {self.path}: file not found")
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
            raise ModelError(f"tracker model {self.path}: cannot be loaded ({reason})") from error
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self._check_kind()
        self.sample_rate = self._positive_integer("sample_rate")
        self.hop_length = self._positive_integer("hop_length")
        labels = self._labels()
        self.tags, self.keys, self.chords = labels["tags"], labels["key"], labels["chord"]
        self.moods = labels.get(_MOODS, ())
        self.outputs = (*OUTPUTS, _MOODS) if self.moods else OUTPUTS
        self._shapes = self._states()
        self._fetch = [*self.outputs, *(f"next_{name}" for name in self._shapes)]

    def start(self) -> dict[str, np.ndarray]:
        """Return fresh states: zeros."""
        return {name: np.zeros(shape, np.float32) for name, shape in self._shapes.items()}

    def step(
        self, pcm: np.ndarray, states: dict[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Run over whole hops.

        Real-time: about half a millisecond per hop; allocates.

        Parameters
        ----------
        pcm : float32 array, shape (n * hop_length,)
            Mono audio at `sample_rate`.
        states : dict
            From `start` or the last `step`.

        Returns
        -------
        outputs : dict of float32 arrays, shape (n,) or (n, labels)
            The tensors named in `outputs`.
        states : dict
            For the next step.
        """
        results = self._session.run(self._fetch, {"pcm": pcm[None, :], **states})
        count = len(self.outputs)
        outputs = {name: results[i][0] for i, name in enumerate(self.outputs)}
        return outputs, dict(zip(self._shapes, results[count:], strict=True))

    def _fail(self, what: str) -> ModelMetadataError:
        return ModelMetadataError(f"tracker model {self.path}: {what}")

    def _check_kind(self) -> None:
        kind = self.metadata.get("stimmung_model")
        if kind != "tracker":
            raise self._fail(f"metadata stimmung_model is {kind!r}, expected 'tracker'")
        version = self.metadata.get("version")
        if version != str(MODEL_VERSION):
            raise self._fail(f"metadata version is {version!r}, expected '{MODEL_VERSION}'")

    def _positive_integer(self, name: str) -> int:
        text = self.metadata.get(name, "")
        if not text.isdecimal() or int(text) == 0:
            raise self._fail(f"metadata {name} is {text!r}, expected a positive integer")
        return int(text)

    def _json(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads(self.metadata[name])
        except (KeyError, ValueError) as error:
            raise self._fail(f"metadata {name} is missing or not JSON") from error
        if not isinstance(value, dict):
            raise self._fail(f"metadata {name} is {value!r}, expected a JSON object")
        return value

    def _labels(self) -> dict[str, tuple[str, ...]]:
        given = self._json("labels")
        labels: dict[str, tuple[str, ...]] = {}
        widths = {output.name: output.shape[-1] for output in self._session.get_outputs()}
        wanted: dict[str, int | None] = dict(_LABEL_COUNTS)
        if _MOODS in widths:
            wanted[_MOODS] = None
        for head, count in wanted.items():
            names = given.get(head)
            if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
                raise self._fail(f"metadata labels: {head} is {names!r}, expected a list of names")
            if count is not None and len(names) != count:
                raise self._fail(
                    f"metadata labels: {head} has {len(names)} names, expected {count}"
                )
            if isinstance(widths.get(head), int) and widths[head] != len(names):
                raise self._fail(
                    f"metadata labels: {head} has {len(names)} names for {widths[head]} outputs"
                )
            labels[head] = tuple(names)
        if labels["quadrants"] != _QUADRANTS:
            raise self._fail(
                f"metadata labels: quadrants are {labels['quadrants']}, expected {_QUADRANTS}"
            )
        if labels["presence"] != _PRESENCE:
            raise self._fail(
                f"metadata labels: presence is {labels['presence']}, expected {_PRESENCE}"
            )
        return labels

    def _states(self) -> dict[str, tuple[int, ...]]:
        given = self._json("states")
        inputs = {tensor.name: tensor.shape for tensor in self._session.get_inputs()}
        outputs = {tensor.name for tensor in self._session.get_outputs()}
        missing = [name for name in OUTPUTS if name not in outputs]
        if missing or "pcm" not in inputs:
            raise self._fail(f"lacks the tensors {', '.join(missing) or 'pcm'}")
        if set(given) != set(inputs) - {"pcm"}:
            raise self._fail("metadata states do not name the model's state inputs")
        for name, shape in given.items():
            if list(inputs[name]) != shape:
                raise self._fail(
                    f"metadata states: {name} is {shape}, the graph says {inputs[name]}"
                )
            if f"next_{name}" not in outputs:
                raise self._fail(f"lacks the output next_{name}")
        return {name: tuple(shape) for name, shape in given.items()}
