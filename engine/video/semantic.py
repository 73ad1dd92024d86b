"""What a picture is about, by CLIP: an embedding, and the mood of the likeliest sentences.

The model is one ONNX file that `python -m export_onnx export clip` makes from the published
weights (or any CLIP): the image tower, and the embeddings of the sentences below worked out
beforehand. Nothing here needs PyTorch. **Not evaluated**: the published weights were not at hand
when this was written, so nothing is known of what they add to the proxy of `engine.video.mood`.

References
----------
Radford et al., "Learning transferable visual models from natural language supervision",
arXiv 2103.00020. Kang, Poria & Herremans, "Video2Music", arXiv 2311.00968: the six emotions.
"""

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, ModelMetadataError
from engine.models.onnx_file import open_session
from engine.video.analyser import Picture

__all__ = [
    "EMOTIONS",
    "KIND",
    "PERIOD_S",
    "PROMPTS",
    "SHARE",
    "Meaning",
    "MeaningWorker",
    "Reader",
]

KIND: Final = "stimmung-clip-1"
"""Value of the metadata entry ``kind`` of a file that `Reader` understands."""

EMOTIONS: Final[dict[str, tuple[float, float]]] = {
    "exciting": (0.6, 0.7),
    "fearful": (-0.6, 0.6),
    "tense": (-0.4, 0.6),
    "sad": (-0.7, -0.4),
    "relaxing": (0.6, -0.6),
    "neutral": (0.0, 0.0),
}
"""The six emotions of Video2Music and where they lie: valence, arousal."""

PROMPTS: Final[dict[str, tuple[str, ...]]] = {
    "exciting": ("an exciting scene full of energy and joy", "a thrilling, happy moment in a film"),
    "fearful": ("a frightening scene that causes fear", "a scary moment in a horror film"),
    "tense": ("a tense scene full of suspense", "a moment of conflict and tension in a film"),
    "sad": ("a sad scene full of grief", "a sorrowful, lonely moment in a film"),
    "relaxing": ("a relaxing, peaceful scene", "a calm and gentle moment in a film"),
    "neutral": ("an ordinary scene without emotion", "a neutral picture of everyday things"),
}
"""Sentences whose embeddings are averaged per emotion."""

PERIOD_S: Final = 1.0
"""Shortest time between two readings [s]."""

SHARE: Final = 0.5
"""Share of what CLIP says in the mood of a picture; the proxy has the rest."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a picture is about.

    Attributes
    ----------
    time_s : float
        When it was shown [s].
    valence, arousal : float
        Expectation over the emotions, in [-1, 1].
    probabilities : tuple of float
        Of each emotion, in the order of `EMOTIONS`; sum 1.
    embedding : tuple of float
        CLIP image embedding of length 1.
    """

    time_s: float
    valence: float
    arousal: float
    probabilities: tuple[float, ...]
    embedding: tuple[float, ...]


class Reader:
    """CLIP from an ONNX file.

    Parameters
    ----------
    path : Path
        Made by ``python -m export_onnx export clip``.

    Raises
    ------
    InputError
        The file is missing or no ONNX model.
    ModelMetadataError
        It is another model.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InputError(f"CLIP model {path} does not exist")
        try:
            self._session = open_session(path)
        except Exception as error:  # onnxruntime has no common base class
            reason = str(error).strip().splitlines()[0]
            raise InputError(f"{path} is no model that can be run: {reason}") from error
        stored = self._session.get_modelmeta().custom_metadata_map
        if stored.get("kind") != KIND:
            raise ModelMetadataError(
                f"{path} is {stored.get('kind', 'another model')!r}, not {KIND!r}; "
                "make it with `python -m export_onnx export clip`"
            )
        emotions = json.loads(stored.get("emotions", "[]"))
        if emotions != list(EMOTIONS):
            raise ModelMetadataError(f"{path} knows the emotions {emotions}, not {list(EMOTIONS)}")
        self.size = int(self._session.get_inputs()[0].shape[1])
        """Side of the square picture it sees [pixels]."""

    def read(self, square: NDArray[np.uint8], time_s: float) -> Meaning:
        """Describe a picture: RGB, uint8, shape (size, size, 3)."""
        embedding, chances = self._session.run(None, {"picture": square[None]})
        moods = np.array(list(EMOTIONS.values()), np.float32)
        valence, arousal = (chances[0] @ moods).tolist()
        return Meaning(
            time_s,
            float(np.clip(valence, -1.0, 1.0)),
            float(np.clip(arousal, -1.0, 1.0)),
            tuple(chances[0].tolist()),
            tuple(embedding[0].tolist()),
        )


class MeaningWorker:
    """Reads at most one picture a second, in a thread of its own; others are skipped.

    Parameters
    ----------
    path : Path
        As for `Reader`; loaded here, so that a wrong file is known at once.
    say : callable
        Called with ``"meaning"`` and the fields of each `Meaning`.
    """

    def __init__(self, path: Path, say: Callable[..., None]) -> None:
        self._reader = Reader(path)
        self._say = say
        self._waiting: queue.Queue[tuple[NDArray[np.uint8], float] | None] = queue.Queue(1)
        self._due_s = 0.0
        self._thread = threading.Thread(target=self._work, name="clip", daemon=True)
        self._thread.start()

    def show(self, picture: Picture) -> None:
        """Hand over a picture if it is time for one and nothing is waiting."""
        if picture.time_s >= self._due_s and not self._waiting.full():
            self._due_s = picture.time_s + PERIOD_S
            self._waiting.put((picture.frame.square(self._reader.size), picture.time_s))

    def finish(self) -> None:
        """Wait until everything that was handed over has been read."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            self._say("meaning", **asdict(self._reader.read(*waiting)))
