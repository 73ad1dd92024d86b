"""The four step graphs of MusER through onnxruntime, and what they say about themselves.

A beat is made in three moves, all of batch 1 and explicit state, nothing kept inside:

1. `MuserModel.prior_step` reads the codes of the beat before (and of the beats one, two and four
   bars ago) and the emotion; `MuserModel.code_logits` then decides the eight codes of the new beat
   in the order of `ELEMENTS`, each given those before it. A code that is imposed (tempo of the
   stage, mode of the key, chord of the performer) is simply put in place of a drawn one.
2. `MuserModel.decoder_step` reads the last event (a note, or the start of a beat) with what is told
   of the beat, and all events before in its memory of keys and values, and returns a context;
   `MuserModel.field_logits` then decides the next event's fields in the order onset, pitch,
   duration, velocity, each given those before it. Onset ``END_TICK`` ends the beat.
3. The next beat.

A performer's beat becomes codes by `MuserModel.encode_beat`; feeding its notes to `decoder_step`
one by one is the whole prefill.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.generators.muser.features import FEATURE_TOTAL, beat_features
from engine.generators.muser.memory import DecoderState
from engine.generators.muser.tokens import Beat, Token
from engine.generators.muser.vocabulary import (
    CODEBOOKS,
    ELEMENTS,
    FIELDS,
)
from engine.models.onnx_file import ModelFile

__all__ = [
    "FORMS",
    "GRAPHS",
    "LOOKBACK_BARS",
    "MODEL_VERSION",
    "NO_CODES",
    "NO_EVENT",
    "PERIOD",
    "CodeTable",
    "MuserModel",
    "Told",
    "condition_row",
    "field_table",
    "phase_row",
    "shipped_model_folder",
]

MODEL_VERSION = 2

GRAPHS = ("prior", "elements", "decoder", "fields", "encoder")
"""Graphs; each is ``muser_<graph>.onnx``."""

LOOKBACK_BARS = (1, 2, 4)
"""Bars back whose codes the prior is shown besides the last beat's."""

NO_CODES = tuple(CODEBOOKS[name] for name in ELEMENTS)
"""Codes of a beat that does not exist: one past the last code of every element."""

NO_EVENT = tuple(field.size for field in FIELDS)
"""Event that opens a beat: one past the last index of every field."""

FORMS = ("unknown", "new", "varied", "literal")
"""What a bar is to the one that its figures come from."""

PERIOD = 1536
"""Numbers of beats are told modulo this."""

_UNSEEN = np.float32(-1e9)
_LONGEST_GROUP = 4
_OFFSETS = np.cumsum([0, *NO_CODES])
_FIELD_OFFSETS = np.cumsum([0, *NO_EVENT])


def shipped_model_folder() -> Path:
    """Folder of the graphs that come with Stimmung."""
    from importlib.resources import files

    return Path(str(files("presets") / "models"))


def field_table() -> dict[str, list[float]]:
    """Return the numbers behind every field's indices, as the metadata state them."""
    return {field.name: [float(value) for value in field.values] for field in FIELDS}


def condition_row(valence: float, arousal: float, known: float = 1.0) -> np.ndarray:
    """Return the emotion as the graphs take it: float32, shape (1, 3).

    ``known`` 0 leaves the emotion open (both numbers count as 0): the other half of guidance.
    """
    return np.array([[valence * known, arousal * known, known]], np.float32)


def phase_row(position: int, beats_per_bar: int) -> np.ndarray:
    """Return the place in the bar as the graphs take it: int64, shape (1, 2).

    The graphs know bars of two to four beats; longer ones are told as groups: 5 as 3 + 2, 6 as
    3 + 3, 7 as 4 + 3, others as fours and one of these. That is how they are counted, and the
    training music has hardly any.
    """
    left = max(beats_per_bar, 1)
    place = min(max(position, 0), left - 1)
    while left > _LONGEST_GROUP:
        group = 3 if left in (5, 6) else _LONGEST_GROUP
        if place < group:
            return np.array([[place, group - 1]], np.int64)
        place, left = place - group, left - group
    return np.array([[place, max(left, 2) - 1]], np.int64)


@dataclass(frozen=True)
class CodeTable:
    """What every code of an element stands for.

    Attributes
    ----------
    statistic : float32 array, shape (n_codes,)
        Mean of the element's number (`features.statistics`) over the training beats of the code:
        the order in which codes go from dark to bright, slow to fast, soft to loud.
    share : float32 array, shape (n_codes,)
        Of the training beats, 0..1; 0 for a code that was never used.
    labels : tuple of tuple of int
        For ``chord`` root and quality of the code's most frequent label, for ``tempo`` and ``mode``
        its index; empty for the others.
    of_label : dict
        The other way: chord label (`vocabulary.chord_label`), tempo or mode index to its code;
        empty for the others.
    """

    statistic: np.ndarray
    share: np.ndarray
    labels: tuple[tuple[int, ...], ...]
    of_label: dict[int, int]


@dataclass(frozen=True, eq=False)
class Told:
    """What the decoder is told of a beat, as the graphs take it.

    Attributes
    ----------
    codes, phase : int64 arrays, shapes (1, 8) and (1, 2)
    condition : float32 array, shape (1, 3)
        From `condition_row`.
    form : int64 array, shape (1, 2)
        Index into `FORMS`, and how many beats back its figures come from.
    beat : int64 array, shape (1,)
        Its number, modulo `PERIOD`.
    """

    codes: np.ndarray
    phase: np.ndarray
    condition: np.ndarray
    form: np.ndarray
    beat: np.ndarray

    @classmethod
    def of(
        cls,
        codes: tuple[int, ...],
        beat: int,
        phase: np.ndarray,
        emotion: tuple[float, float] | None = None,
        form: tuple[int, int] = (0, 0),
    ) -> "Told":
        """Return it for the codes of a beat; emotion and form may be unknown."""
        condition = condition_row(0.0, 0.0, 0.0) if emotion is None else condition_row(*emotion)
        rows = (np.array(row, np.int64) for row in ([codes], [form], [beat % PERIOD]))
        told, formed, number = rows
        return cls(told, phase, condition, formed, number)


class MuserModel:
    """MusER's graphs: numpy in, numpy out, one beat or event at a time.

    Parameters
    ----------
    folder : Path or str, optional
        Where ``muser_*.onnx`` lie; None takes the shipped ones.

    Attributes
    ----------
    metadata : dict of str to str
        What the prior says about itself: licence, data, seeds.
    codes : dict of str to CodeTable
        By element.

    Raises
    ------
    ModelError
        A file is missing or is no ONNX model.
    ModelMetadataError
        They are models, but not MusER's of this version and field table, or not of one training.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = shipped_model_folder() if folder is None else Path(folder)
        self._files = {
            graph: ModelFile(self.folder / f"muser_{graph}.onnx", "MusER model") for graph in GRAPHS
        }
        self._sessions = {graph: file.session for graph, file in self._files.items()}
        self.metadata: dict[str, str] = self._files["prior"].metadata
        for graph, file in self._files.items():
            self._check(graph, file)
        self.codes = self._read_codes()
        self._states = {graph: self._files[graph].inputs["state"] for graph in ("prior", "decoder")}
        self._memory = tuple(self._files["decoder"].inputs["memory"])

    def prior_start(self) -> np.ndarray:
        """Return the prior's state before the first beat: float32 zeros."""
        return np.zeros(self._states["prior"], np.float32)

    def decoder_start(self) -> DecoderState:
        """Return the decoder's state before the first beat: nothing is remembered."""
        return DecoderState(np.zeros(self._states["decoder"], np.float32))

    def prior_step(
        self,
        past: np.ndarray,
        phase: np.ndarray,
        condition: np.ndarray,
        state: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Move the prior to the next beat.

        Parameters
        ----------
        past : int64 array, shape (1, 4, 8)
            Codes of the beat before and of the beats `LOOKBACK_BARS` bars ago; `NO_CODES` where
            there was none.
        phase : int64 array, shape (1, 2)
            Of the beat to come, from `phase_row`.
        condition : float32 array, shape (1, 3)
            From `condition_row`, for the beat to come.
        state : float32 array
            From `prior_start` or the last step.

        Returns
        -------
        context : float32 array, shape (1, H)
            For `code_logits`.
        state : float32 array
        """
        context, following = self._sessions["prior"].run(
            ["context", "next_state"],
            {"past": past, "phase": phase, "condition": condition, "state": state},
        )
        return context, following

    def code_logits(
        self, context: np.ndarray, condition: np.ndarray, codes: np.ndarray, element: int
    ) -> np.ndarray:
        """Return the logits of one element's code: float32, shape (n_codes,).

        Parameters
        ----------
        context, condition
            Of this beat's `prior_step`.
        codes : int64 array, shape (1, 8)
            Those of the elements before `element` count, the others are not looked at (any valid
            code will do).
        element : int
            Index into `ELEMENTS`.
        """
        (logits,) = self._sessions["elements"].run(
            ["logits"], {"context": context, "condition": condition, "codes": codes}
        )
        found: np.ndarray = logits[0, _OFFSETS[element] : _OFFSETS[element + 1]]
        return found

    def decoder_step(
        self, event: np.ndarray, told: Told, state: DecoderState
    ) -> tuple[np.ndarray, DecoderState]:
        """Feed an event and get the context of the next one.

        Parameters
        ----------
        event : int64 array, shape (1, 4)
            Indices of the last note (`event_row`), or `NO_EVENT` to open a beat.
        told : Told
            Of the beat the next event belongs to.
        state : DecoderState
            From `decoder_start` or the last step.

        Returns
        -------
        context : float32 array, shape (1, H)
            For `field_logits`.
        state : DecoderState
        """
        if state.memory is None or event[0, 0] == NO_EVENT[0]:
            state = state.closed().opened(self._memory)
        memory = state.memory
        assert memory is not None
        size = memory.shape[-2]
        unseen = np.where(np.arange(size) < state.count, np.float32(0.0), _UNSEEN)
        context, following, entry = self._sessions["decoder"].run(
            ["context", "next_state", "entry"],
            {
                "event": event,
                "codes": told.codes,
                "phase": told.phase,
                "condition": told.condition,
                "form": told.form,
                "beat": told.beat,
                "state": state.recurrent,
                "memory": memory,
                "unseen": unseen,
            },
        )
        memory[..., min(state.count, size - 1), :] = entry
        return context, replace(state, recurrent=following, count=min(state.count + 1, size))

    def field_logits(
        self, context: np.ndarray, codes: np.ndarray, event: np.ndarray, field: int
    ) -> np.ndarray:
        """Return the logits of one field of the next event: float32, shape (n_values,).

        Parameters
        ----------
        context, codes
            Of the `decoder_step`.
        event : int64 array, shape (1, 4)
            Fields before `field` count, the others are not looked at (any valid index will do).
        field : int
            Index into `FIELDS`.
        """
        (logits,) = self._sessions["fields"].run(
            ["logits"], {"context": context, "codes": codes, "event": event}
        )
        found: np.ndarray = logits[0, _FIELD_OFFSETS[field] : _FIELD_OFFSETS[field + 1]]
        return found

    def encode_beat(self, beat: Beat) -> np.ndarray:
        """Return the codes of a beat somebody played: int64, shape (8,)."""
        codes, _ = self.encode_features(beat_features(beat)[None])
        found: np.ndarray = codes[0]
        return found

    def encode_features(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the codes and the latent slices of beats.

        Parameters
        ----------
        features : float32 array, shape (n, FEATURE_TOTAL)
            From `features.beat_features`.

        Returns
        -------
        codes : int64 array, shape (n, 8)
        latents : float32 array, shape (n, 7, D)
            Slices of the elements after ``mode`` before quantisation; dimension 0 of each is tied
            to the element's number.
        """
        rows = [
            self._sessions["encoder"].run(
                ["codes", "latents"], {"features": row[None].astype(np.float32)}
            )
            for row in features
        ]
        return np.concatenate([r[0] for r in rows]), np.concatenate([r[1] for r in rows])

    @staticmethod
    def event_row(token: Token | None) -> np.ndarray:
        """Return a note, or None for the start of a beat, as the graphs take it."""
        if token is None:
            return np.array([NO_EVENT], np.int64)
        return np.array([[token.onset, token.pitch, token.duration, token.velocity]], np.int64)

    def _check(self, graph: str, file: ModelFile) -> None:
        file.expect(f"muser_{graph}", MODEL_VERSION)
        if file.metadata.get("training") != self.metadata.get("training"):
            raise file.refuse("comes from another training than the prior")
        for name, expected in (
            ("fields", field_table()),
            ("elements", {name: CODEBOOKS[name] for name in ELEMENTS}),
            ("features", FEATURE_TOTAL),
        ):
            if file.read_json(name) != expected:
                raise file.refuse(f"metadata {name} differ from this version's")

    def _read_codes(self) -> dict[str, CodeTable]:
        file = self._files["prior"]
        given = file.read_json("codes")
        tables: dict[str, CodeTable] = {}
        for name in ELEMENTS:
            try:
                table = given[name]
                tables[name] = CodeTable(
                    np.array(table["statistic"], np.float32),
                    np.array(table["share"], np.float32),
                    tuple(tuple(int(part) for part in label) for label in table["labels"]),
                    {int(label): int(code) for label, code in table["of_label"].items()},
                )
            except (KeyError, TypeError, ValueError) as error:
                raise file.refuse(f"metadata codes: {name} is not a table of codes") from error
            if len(tables[name].statistic) != CODEBOOKS[name]:
                raise file.refuse(f"metadata codes: {name} has not {CODEBOOKS[name]} codes")
        return tables
