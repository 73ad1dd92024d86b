"""Training sequences: events for the decoder, beats with emotion for the prior."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.generators.muser.model import LOOKBACK_BARS, NO_CODES, NO_EVENT, PERIOD, phase_row
from engine.generators.muser.vocabulary import ELEMENTS, END_TICK, TEMPOS
from export_onnx.muser.codes import BeatCodes
from export_onnx.muser.config import CONDITION_SIZE
from export_onnx.muser.decoder import Given
from export_onnx.muser.forms import form_codes
from export_onnx.muser.pool import Pool
from export_onnx.muser.prepare import DATASETS

__all__ = ["BeatSampler", "EventSampler", "Events", "encode_pool", "phases", "tempo_codes"]

_TEMPO = ELEMENTS.index("tempo")
_SEGMENT_BEATS = (8, 64)
_KEEP_TEMPO = 0.6
_TEMPO_RANGE = 0.35  # octaves
_WIDEST_STRETCH = 0.75  # octaves


def encode_pool(codes: BeatCodes, pool: Pool) -> np.ndarray:
    """Return the codes of all beats: int64, shape (n_beats, 8)."""
    features = torch.from_numpy(pool.features)
    with torch.no_grad():
        parts = [codes(part.float())[0] for part in torch.split(features, 8192)]
    found: np.ndarray = torch.cat(parts).numpy()
    return found


def tempo_codes(codes: BeatCodes) -> np.ndarray:
    """Return the code of every tempo index: int64, shape (len(TEMPOS),)."""
    from engine.generators.muser.features import beat_features
    from engine.generators.muser.tokens import Beat, Header

    rows = np.stack([beat_features(Beat(Header(tempo=index))) for index in range(len(TEMPOS))])
    with torch.no_grad():
        found: np.ndarray = codes(torch.from_numpy(rows))[0][:, _TEMPO].numpy()
    return found


def phases(headers: np.ndarray) -> np.ndarray:
    """Return the places in the bar of beats as `model.phase_row` tells them: shape (n, 2)."""
    kinds, which = np.unique(headers[:, 1:3], axis=0, return_inverse=True)
    rows = [phase_row(int(position), int(length))[0] for position, length in kinds]
    found: np.ndarray = np.stack(rows)[which.reshape(-1)]
    return found


@dataclass(frozen=True)
class Events:
    """All events of a pool: what is read, what follows it in the beat, and its beat.

    Attributes
    ----------
    event, following : int64 arrays, shape (n, 4)
        `NO_EVENT` opens each beat; an onset of ``END_TICK`` closes it, its other fields 0.
    beat : int64 array, shape (n,)
    first : int64 array, shape (n_beats + 1,)
        Where the events of each beat start.
    """

    event: np.ndarray
    following: np.ndarray
    beat: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, pool: Pool) -> "Events":
        """Lay out the notes of a pool."""
        n_beats = len(pool.headers)
        counts = np.diff(pool.first_note)
        first = np.concatenate([[0], np.cumsum(counts + 1)])
        beat_of_note = np.repeat(np.arange(n_beats), counts)
        place = np.arange(len(pool.notes)) + beat_of_note
        event = np.tile(np.array(NO_EVENT, np.int64), (first[-1], 1))
        event[place + 1] = pool.notes
        following = np.zeros_like(event)
        following[:, 0] = END_TICK
        following[place] = pool.notes
        return cls(event, following, np.repeat(np.arange(n_beats), counts + 1), first)


class EventSampler:
    """Draws stretches of events; a stretch that reaches the end of a piece runs into the next."""

    def __init__(self, pool: Pool, codes: np.ndarray, share: dict[str, float]) -> None:
        self.events = Events.of(pool)
        self.codes, self.phase = codes, phases(pool.headers)
        self.form = form_codes(pool)
        self.condition = np.ones((len(codes), CONDITION_SIZE), np.float32)
        for number, name in enumerate(DATASETS):
            pieces = np.flatnonzero(pool.dataset == number)
            beats = slice(pool.first_beat[pieces[0]], pool.first_beat[pieces[-1] + 1])
            self.condition[beats, :2] = pool.labeller.rank(name, pool.raw[beats])
        self._share = share
        self._beats = {name: pool.beats_of(name) for name in share}

    def draw(self, rng: np.random.Generator, batch: int, length: int) -> tuple[Given, Tensor]:
        """Return what the decoder is told and the events that follow."""
        names = list(self._share)
        weights = np.array([self._share[name] for name in names])
        rows = []
        for which in rng.choice(len(names), batch, p=weights / weights.sum()):
            start = self.events.first[rng.choice(self._beats[names[which]])]
            start = min(int(start), len(self.events.event) - length)
            rows.append(np.arange(start, start + length))
        return self.take(np.stack(rows))

    def take(self, rows: np.ndarray) -> tuple[Given, Tensor]:
        """Return the tensors of chosen events, shape (B, T)."""
        beat = self.events.beat[rows]
        arrays = (
            self.events.event[rows],
            self.codes[beat],
            self.phase[beat],
            self.condition[beat],
            self.form[beat],
            beat % PERIOD,
        )
        following = torch.from_numpy(self.events.following[rows])
        return Given(*(torch.from_numpy(array) for array in arrays)), following


class BeatSampler:
    """Draws sequences of beats spliced from bar-aligned segments, in one key, with their emotion.

    A segment may be played faster or slower; its labels move as the ridge says. Most splices keep
    the tempo, as a stage does, so that density in notes per second is learned to follow the emotion
    at a given tempo.
    """

    def __init__(
        self, pool: Pool, codes: np.ndarray, tempo_code: np.ndarray, share: dict[str, float]
    ) -> None:
        self.pool, self.codes, self.tempo_code = pool, codes, tempo_code
        self.phase = phases(pool.headers)
        self._pieces = {
            name: np.flatnonzero(pool.dataset == DATASETS.index(name)) for name in share
        }
        self._share = share

    def draw(self, rng: np.random.Generator, batch: int, length: int) -> tuple[Tensor, ...]:
        """Return past, phase, condition (always known) and codes of sequences of beats."""
        rows = [self._sequence(rng, length) for _ in range(batch)]
        return tuple(torch.from_numpy(np.stack([row[part] for row in rows])) for part in range(4))

    def _segment(self, rng: np.random.Generator, most: int) -> tuple[np.ndarray, str]:
        """Return the beats of a segment, and its set."""
        names = list(self._share)
        weights = np.array([self._share[name] for name in names])
        name = names[rng.choice(len(names), p=weights / weights.sum())]
        piece = rng.choice(self._pieces[name])
        first, last = self.pool.first_beat[piece], self.pool.first_beat[piece + 1]
        bars = first + np.flatnonzero(self.pool.headers[first:last, 1] == 0)
        wanted = int(rng.integers(*_SEGMENT_BEATS))
        usable = bars[bars <= max(first, last - 8)]
        start = int(rng.choice(usable)) if len(usable) else int(first)
        stop = min(start + wanted, last)
        ends = bars[(bars > start) & (bars <= stop)]
        stop = int(ends[-1]) if len(ends) else stop
        return np.arange(start, min(stop, start + most)), name

    def _sequence(self, rng: np.random.Generator, length: int) -> tuple[np.ndarray, ...]:
        beats: list[np.ndarray] = []
        tempi: list[np.ndarray] = []
        labels: list[np.ndarray] = []
        missing = length
        tempo = None
        while missing:
            chosen, name = self._segment(rng, missing)
            own = self.pool.headers[chosen, 0]
            step = int(round(12 * rng.uniform(-_TEMPO_RANGE, _TEMPO_RANGE)))
            if tempo is not None and rng.random() < _KEEP_TEMPO:
                kept = int(tempo - own[0])
                if abs(kept) <= 12 * _WIDEST_STRETCH:
                    step = kept
            moved = np.clip(own + step, 0, len(TEMPOS) - 1)
            tempo = int(moved[-1])
            change = self.pool.labeller.tempo_change(name)
            raw = self.pool.raw[chosen] + (moved - own)[:, None] / 12.0 * change
            beats.append(chosen)
            tempi.append(moved)
            labels.append(self.pool.labeller.rank(name, raw))
            missing -= len(chosen)
        return self.tensors(np.concatenate(beats), np.concatenate(tempi), np.concatenate(labels))

    def tensors(
        self, beats: np.ndarray, tempi: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """Return past, phase, condition and codes of beats played in this order."""
        codes = self.codes[beats].copy()
        codes[:, _TEMPO] = self.tempo_code[tempi]
        padded = np.concatenate([np.tile(np.array(NO_CODES, np.int64), (1, 1)), codes])
        places = np.arange(len(beats))
        bar = self.pool.headers[beats, 2]
        back = [np.ones_like(places), *(bar * bars for bars in LOOKBACK_BARS)]
        past = np.stack([padded[np.maximum(places + 1 - b, 0)] for b in back], 1)
        condition = np.concatenate([labels, np.ones((len(beats), 1))], 1).astype(np.float32)
        return past, self.phase[beats], condition, codes
