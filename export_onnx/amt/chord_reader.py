"""Read the chord of each slot off its notes, for the sets without chord labels.

One linear template per quality over the pitch classes above the root (all notes, and the lowest
one), the same on every root, trained by softmax regression on POP909's labels; then the most
likely path through the slots, with a penalty for each change (Viterbi).
"""

from dataclasses import dataclass

import numpy as np
import torch

from engine.generators.amt.vocabulary import AMT_QUALITIES, N_CHORDS

__all__ = ["STEPS", "ChordReader", "train_reader"]

_N_QUALITIES = len(AMT_QUALITIES)
STEPS = 400
_BATCH = 4096
_CHANGE_COST = 2.0


@dataclass(frozen=True)
class ChordReader:
    """Templates: float64, ``weights`` (13, 24), ``bias`` (13,), ``silence`` bias of no chord."""

    weights: np.ndarray
    bias: np.ndarray
    silence: tuple[float, float]

    def scores(self, whole: np.ndarray, bass: np.ndarray) -> np.ndarray:
        """Log-probabilities of the 157 chords, float64, (n, 157); see `slot_features.chroma`."""
        turned = _turned(whole, bass)
        logits = np.einsum("nrf,qf->nrq", turned, self.weights) + self.bias
        none = self.silence[0] + self.silence[1] * (1.0 - whole.sum(1, keepdims=True))
        table = np.concatenate([none, logits.reshape(len(whole), -1)], 1)
        top = table.max(1, keepdims=True)
        return np.asarray(table - top - np.log(np.exp(table - top).sum(1, keepdims=True)))

    def read(self, whole: np.ndarray, bass: np.ndarray) -> np.ndarray:
        """Most likely chord path, int16, shape (n,), in the key of the notes."""
        scores = self.scores(whole, bass)
        total, back = scores[0], []
        for row in scores[1:]:
            best = int(total.argmax())
            stays = total >= total[best] - _CHANGE_COST
            back.append(np.where(stays, np.arange(N_CHORDS), best))
            total = np.where(stays, total, total[best] - _CHANGE_COST) + row
        path = [int(total.argmax())]
        for pointers in reversed(back):
            path.append(int(pointers[path[-1]]))
        return np.array(path[::-1], np.int16)


def _turned(whole: np.ndarray, bass: np.ndarray) -> np.ndarray:
    """Both chromas seen from each root, shape (n, 12, 24)."""
    views = [np.concatenate([np.roll(whole, -r, 1), np.roll(bass, -r, 1)], 1) for r in range(12)]
    return np.stack(views, 1)


def train_reader(
    whole: np.ndarray, bass: np.ndarray, chord: np.ndarray, seed: int, steps: int = STEPS
) -> ChordReader:
    """Fit the templates to labelled slots; ``chord`` in the key of the notes, shape (n,)."""
    torch.manual_seed(seed)
    turned = torch.from_numpy(_turned(whole, bass)).float()
    quiet = torch.from_numpy(1.0 - whole.sum(1, keepdims=True)).float()
    target = torch.from_numpy(chord.astype(np.int64))
    weights = torch.zeros(_N_QUALITIES, 24, requires_grad=True)
    bias = torch.zeros(_N_QUALITIES, requires_grad=True)
    silence = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.Adam([weights, bias, silence], lr=0.1)
    for _ in range(steps):
        rows = torch.randint(len(target), (min(_BATCH, len(target)),))
        logits = torch.einsum("nrf,qf->nrq", turned[rows], weights) + bias
        table = torch.cat([silence[0] + silence[1] * quiet[rows], logits.flatten(1)], 1)
        loss = (
            torch.nn.functional.cross_entropy(table, target[rows]) + 1e-4 * weights.square().sum()
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    none = silence.detach().tolist()
    return ChordReader(
        weights.detach().double().numpy(), bias.detach().double().numpy(), (none[0], none[1])
    )
