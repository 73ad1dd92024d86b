"""Continuous valence and arousal for every beat, out of quadrants, rated curves and the notes.

A quadrant gives neither strength nor change within a clip. A ridge regression from plain note
statistics to the labels (EMOPIA and VGMIDI, train parts only) supplies both: the label of a beat
mixes the annotation with the regression's predictions for the clip and for the eight beats around.
Ranks then spread each set evenly over [-1, 1], POP909 (without annotations) over a smaller range.

Loudness is not comparable between sets: EMOPIA's velocities are estimated from recordings, the
others' are set by hand or constant. Pieces of the other sets are shifted to the velocity that a
regression on EMOPIA's train clips predicts from their other statistics.
"""

from dataclasses import dataclass

import numpy as np

from engine.generators.muser.vocabulary import VELOCITIES
from export_onnx.muser.descriptors import DESCRIPTORS, TEMPO_CHANGE, BeatSums, beat_sums, describe
from export_onnx.muser.store import Corpus

__all__ = ["REACH", "Labeller", "Ridge", "expected_velocity"]

_VELOCITY = DESCRIPTORS.index("velocity")
_STRENGTH = 3.0
_ANNOTATED = {"emopia": (0.5, 0.4), "vgmidi": (0.5, 0.5), "pop909": (0.0, 0.0)}
"""Share of the annotation in valence and arousal."""
_WINDOW_SHARE = 0.5
REACH = {"emopia": 1.0, "vgmidi": 0.9, "pop909": 0.7}
"""Largest label of each set."""
_BEFORE, _AFTER = 2, 6
_N_RANKS = 257


@dataclass(frozen=True)
class Ridge:
    """A linear map of scaled descriptors; ``weights`` has one column per output."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    residual: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray, left_out: tuple[int, ...] = ()) -> "Ridge":
        """Fit columns of `y`, shape (n, outputs), to `x`, shape (n, descriptors)."""
        mean, scale = x.mean(0), x.std(0) + 1e-6
        scale[list(left_out)] = np.inf
        z = (x - mean) / scale
        offset = y.mean(0)
        gram = z.T @ z + _STRENGTH * np.eye(x.shape[1])
        weights = np.linalg.solve(gram, z.T @ (y - offset))
        return cls(mean, scale, weights, offset, (y - offset - z @ weights).std(0))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Predict: float64, shape (n, outputs)."""
        y: np.ndarray = (x - self.mean) / self.scale @ self.weights + self.offset
        return y

    def change(self, step: np.ndarray) -> np.ndarray:
        """Return how the outputs move with the descriptors: shape (outputs,)."""
        y: np.ndarray = step / self.scale @ self.weights
        return y


def _pieces(corpus: Corpus, sums: BeatSums) -> np.ndarray:
    return describe(sums, corpus.first_beat[:-1], corpus.first_beat[1:])


def _windows(corpus: Corpus, sums: BeatSums) -> np.ndarray:
    piece = corpus.piece_of_beat()
    beats = np.arange(corpus.n_beats)
    starts = np.maximum(beats - _BEFORE, corpus.first_beat[piece])
    stops = np.minimum(beats + _AFTER, corpus.first_beat[piece + 1])
    return describe(sums, starts, stops)


def _annotations(corpus: Corpus) -> np.ndarray:
    """Mean label of every piece, scaled so that quadrants stand at +-1."""
    piece = corpus.piece_of_beat()
    count = np.maximum(np.bincount(piece), 1)
    sums = [np.bincount(piece, corpus.labels[:, axis]) / count for axis in (0, 1)]
    labels: np.ndarray = np.stack(sums, 1) / 0.6
    return labels


def expected_velocity(
    corpora: dict[str, Corpus], reference: Corpus, seed: int
) -> dict[str, Corpus]:
    """Return the corpora with the velocities of all sets but EMOPIA moved to what is expected.

    ``reference`` is EMOPIA's train part.
    """
    x = _pieces(reference, beat_sums(reference))
    ridge = Ridge.fit(x, x[:, [_VELOCITY]], (_VELOCITY,))
    moved: dict[str, Corpus] = {}
    for number, (name, corpus) in enumerate(corpora.items()):
        if name == "emopia":
            moved[name] = corpus
            continue
        rng = np.random.default_rng([seed, number])
        x = _pieces(corpus, beat_sums(corpus))
        wanted = ridge(x)[:, 0] + 0.5 * ridge.residual[0] * rng.standard_normal(len(x))
        step = VELOCITIES[1] - VELOCITIES[0]
        offset = np.round((wanted - x[:, _VELOCITY]) / step).astype(np.int64)
        beat = np.repeat(np.arange(corpus.n_beats), np.diff(corpus.first_note))
        by_note = offset[corpus.piece_of_beat()[beat]]
        notes = corpus.notes.copy()
        notes[:, 3] = np.clip(notes[:, 3] + by_note, 0, len(VELOCITIES) - 1)
        moved[name] = Corpus(**{**corpus.__dict__, "notes": notes})
    return moved


class Labeller:
    """Fitted on the train parts of EMOPIA and VGMIDI; labels any corpus.

    Parameters
    ----------
    corpora : dict of str to Corpus
        Train parts with velocities as `expected_velocity` returns them.
    """

    def __init__(self, corpora: dict[str, Corpus]) -> None:
        x = [_pieces(corpora[name], beat_sums(corpora[name])) for name in ("emopia", "vgmidi")]
        y = [_annotations(corpora[name]) for name in ("emopia", "vgmidi")]
        self.ridge = Ridge.fit(np.concatenate(x), np.concatenate(y))
        self._ranks: dict[str, np.ndarray] = {}
        for name, corpus in corpora.items():
            raw = self.raw(name, corpus)
            places = np.linspace(0.0, 1.0, _N_RANKS)
            self._ranks[name] = np.quantile(raw, places, axis=0)

    def raw(self, name: str, corpus: Corpus) -> np.ndarray:
        """Return valence and arousal of every beat before ranking: float64, shape (n_beats, 2)."""
        sums = beat_sums(corpus)
        piece = corpus.piece_of_beat()
        whole = self.ridge(_pieces(corpus, sums))[piece]
        near = self.ridge(_windows(corpus, sums))
        heard = _WINDOW_SHARE * near + (1.0 - _WINDOW_SHARE) * whole
        share = np.array(_ANNOTATED[name])
        annotated = np.nan_to_num(corpus.labels.astype(np.float64)) / 0.6
        raw: np.ndarray = share * annotated + (1.0 - share) * heard
        return raw

    def tempo_change(self, name: str) -> np.ndarray:
        """Return how the raw labels of a set move when it is played twice as fast: shape (2,)."""
        share = np.array(_ANNOTATED[name])
        change: np.ndarray = (1.0 - share) * self.ridge.change(TEMPO_CHANGE)
        return change

    def rank(self, name: str, raw: np.ndarray) -> np.ndarray:
        """Return raw labels spread evenly over [-REACH, REACH]: same shape, last axis 2."""
        even = np.linspace(-REACH[name], REACH[name], _N_RANKS)
        axes = [np.interp(raw[..., axis], self._ranks[name][:, axis], even) for axis in (0, 1)]
        ranked: np.ndarray = np.stack(axes, -1)
        return ranked
