"""Loading of the tracker's ONNX file: the metadata are checked before anything runs."""

from pathlib import Path
from typing import Any

import numpy as np

from engine.models.onnx_file import ModelFile

__all__ = [
    "CHORDS",
    "KEYS",
    "MODEL_VERSION",
    "OUTPUTS",
    "PRESENCE",
    "QUADRANTS",
    "TrackerModel",
    "shipped_model_path",
]

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

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
PRESENCE = ("music", "speech", "noise")
"""What sounds: the tracker says nothing about the emotion of the last two."""
_PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
KEYS = tuple(f"{pitch}:{mode}" for mode in ("maj", "min") for pitch in _PITCH_NAMES)
CHORDS = ("N", *KEYS)
_LABEL_COUNTS = {"quadrants": 4, "tags": None, "key": 24, "chord": 25, "presence": 3}
# Only in files trained on MTG-Jamendo.
_MOODS = "moods"
# States from which valence, arousal and tags are judged; those of key and chord are apart.
_MOOD_STATES = ("state_digest_pool", "state_pool_", "state_gru_", "state_hold_")


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
        self._file = ModelFile(self.path, "tracker model")
        self._session, self.metadata = self._file.session, self._file.metadata
        self._file.expect("tracker", MODEL_VERSION)
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

    def renew_mood(
        self, pcm: np.ndarray, states: dict[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Forget what valence, arousal and tags remember but `pcm`, the newest hops.

        Key and chord remember all. Returns what `step` says of these hops with a fresh memory, and
        the states.
        """
        mood = {name for name in states if name.startswith(_MOOD_STATES)}
        fresh = {name: np.zeros_like(v) if name in mood else v for name, v in states.items()}
        outputs, renewed = self.step(pcm, fresh)
        return outputs, states | {name: renewed[name] for name in mood}

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

    def _positive_integer(self, name: str) -> int:
        text = self.metadata.get(name, "")
        if not text.isdecimal() or int(text) == 0:
            raise self._file.refuse(f"metadata {name} is {text!r}, expected a positive integer")
        return int(text)

    def _json(self, name: str) -> dict[str, Any]:
        value = self._file.read_json(name)
        if not isinstance(value, dict):
            raise self._file.refuse(f"metadata {name} is {value!r}, expected a JSON object")
        return value

    def _labels(self) -> dict[str, tuple[str, ...]]:
        refuse = self._file.refuse
        given = self._json("labels")
        labels: dict[str, tuple[str, ...]] = {}
        widths = {name: shape[-1] for name, shape in self._file.outputs.items()}
        wanted: dict[str, int | None] = dict(_LABEL_COUNTS)
        if _MOODS in widths:
            wanted[_MOODS] = None
        for head, count in wanted.items():
            names = given.get(head)
            if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
                raise refuse(f"metadata labels: {head} is {names!r}, expected a list of names")
            if count is not None and len(names) != count:
                raise refuse(f"metadata labels: {head} has {len(names)} names, expected {count}")
            if isinstance(widths.get(head), int) and widths[head] != len(names):
                raise refuse(
                    f"metadata labels: {head} has {len(names)} names for {widths[head]} outputs"
                )
            labels[head] = tuple(names)
        if labels["quadrants"] != QUADRANTS:
            raise refuse(
                f"metadata labels: quadrants are {labels['quadrants']}, expected {QUADRANTS}"
            )
        if labels["presence"] != PRESENCE:
            raise refuse(f"metadata labels: presence is {labels['presence']}, expected {PRESENCE}")
        return labels

    def _states(self) -> dict[str, tuple[int, ...]]:
        refuse = self._file.refuse
        given = self._json("states")
        inputs, outputs = self._file.inputs, self._file.outputs
        missing = [name for name in OUTPUTS if name not in outputs]
        if missing or "pcm" not in inputs:
            raise refuse(f"lacks the tensors {', '.join(missing) or 'pcm'}")
        if set(given) != set(inputs) - {"pcm"}:
            raise refuse("metadata states do not name the model's state inputs")
        for name, shape in given.items():
            if inputs[name] != shape:
                raise refuse(f"metadata states: {name} is {shape}, the graph says {inputs[name]}")
            if f"next_{name}" not in outputs:
                raise refuse(f"lacks the output next_{name}")
        return {name: tuple(shape) for name, shape in given.items()}
