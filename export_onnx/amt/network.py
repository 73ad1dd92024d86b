"""The chord model: a transformer over slots, and copy heads over everything heard so far.

A step takes the last chord and the conditioning of the next slot. The causal transformer (pre-norm,
rotary positions, conditioning added and as FiLM in every layer) predicts whether the chord stays
and which other chord may follow. The copy heads find earlier slots of the song that resemble the
present one, and predict the chord that followed them. One softmax over all earlier slots and the
transformer's own prediction sets their weights.

References
----------
Su et al.: RoFormer. arXiv 2104.09864. Merity et al.: Pointer sentinel mixture models. arXiv
1609.07843. Perez et al.: FiLM. arXiv 1709.07871.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from engine.generators.amt.conditioning import SLICES, WIDTH
from engine.generators.amt.vocabulary import (
    N_QUALITY_TOKENS,
    N_ROOT_TOKENS,
    PAD,
    QUALITY_OF,
    ROOT_OF,
    SIZE,
)
from export_onnx.amt.config import NetworkConfig
from export_onnx.amt.memory import (
    DECAYS,
    RUN_BOUNDS,
    SLOT_BOUNDS,
    Memory,
    advance,
    describe,
    empty_memory,
    similarity,
)
from export_onnx.amt.trunk import Block

__all__ = ["Amt", "Prediction", "State"]

_AGES = 16
_DISTANCES = 10
_PERIODS = 7
_CHUNK = 48
_LOWEST = 1e-9


class State(NamedTuple):
    """What a step hands to the next.

    Attributes
    ----------
    keys, values : float tensors, shape (batch, layers, heads, window, width of a head)
    filled : float tensor, shape (batch, window)
        1 where the window has a slot.
    memory_keys : float tensor, shape (batch, memory, copy heads, width of a query)
    memory : Memory
    """

    keys: torch.Tensor
    values: torch.Tensor
    filled: torch.Tensor
    memory_keys: torch.Tensor
    memory: Memory


class Prediction(NamedTuple):
    """What the model says about the slots.

    Attributes
    ----------
    stay : float tensor, shape (batch, slots)
        Probability that the chord stays.
    change : float tensor, shape (batch, slots, SIZE)
        Probabilities of the next chord, should it change; 0 for the present one.
    """

    stay: torch.Tensor
    change: torch.Tensor

    def slot(self, chord: torch.Tensor) -> torch.Tensor:
        """Probabilities of the next slot's chord after `chord`, shape (batch, slots, SIZE)."""
        held = functional.one_hot(chord, SIZE) * self.stay[..., None]
        return held + (1.0 - self.stay[..., None]) * self.change


class Amt(nn.Module):
    """See the module's docstring."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.root = nn.Embedding(N_ROOT_TOKENS, width)
        self.quality = nn.Embedding(N_QUALITY_TOKENS, width)
        self.age = nn.Embedding(_AGES, width)
        self.told = nn.Linear(WIDTH, width)
        self.understand = nn.Sequential(nn.GELU(), nn.Linear(width, width))
        with torch.no_grad():
            self.told.weight[:, SLICES["semantic"]] = 0.0
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.final = nn.LayerNorm(width)
        self.drop = nn.Dropout(config.dropout)
        self.to_root = nn.Linear(width, N_ROOT_TOKENS)
        self.to_quality = nn.Linear(width, N_QUALITY_TOKENS)
        self.to_chord = nn.Linear(width, SIZE)
        nn.init.zeros_(self.to_chord.weight)
        self.to_stay = nn.Linear(width, 1)
        self.copies = config.change_heads + config.stay_heads
        self.query = nn.Linear(width, self.copies * config.key)
        self.key = nn.Linear(width, self.copies * config.key)
        self.own = nn.Linear(width, self.copies)
        self.mix = nn.Linear(width, self.copies)
        self.match_slots = nn.Embedding(len(SLOT_BOUNDS), config.pair)
        self.match_runs = nn.Embedding(len(RUN_BOUNDS), config.pair)
        self.ages = nn.Embedding(3, config.pair)
        self.phases = nn.Embedding(3, config.pair)
        self.distance = nn.Embedding(_DISTANCES, config.pair)
        self.period = nn.Embedding(_PERIODS, config.pair)
        self.loose = nn.Linear(len(DECAYS), config.pair)
        self.score = nn.Linear(config.pair, self.copies)
        self.register_buffer("roots", torch.tensor(ROOT_OF), persistent=False)
        self.register_buffer("qualities", torch.tensor(QUALITY_OF), persistent=False)
        self.register_buffer("alike", similarity(), persistent=False)
        gap = torch.arange(config.memory, 0, -1) - 1
        period = sum((gap % 2**power == 0).long() for power in range(1, _PERIODS))
        assert isinstance(period, torch.Tensor)
        near = torch.log2(gap.clamp(min=1).float()).floor().long().clamp(max=_DISTANCES - 1)
        self.register_buffer("gap_period", period, persistent=False)
        self.register_buffer("gap_distance", near, persistent=False)

    def start(self, batch: int) -> State:
        """State before the first slot."""
        c = self.config
        shape = (batch, c.layers, c.heads, c.window, c.width // c.heads)
        return State(
            keys=torch.zeros(shape),
            values=torch.zeros(shape),
            filled=torch.zeros(batch, c.window),
            memory_keys=torch.zeros(batch, c.memory, self.copies, c.key),
            memory=empty_memory(batch, c.memory),
        )

    @staticmethod
    def phase_of(told: torch.Tensor) -> torch.Tensor:
        """Place in the bar out of conditioning vectors: 0..2, 3 unknown; (batch, slots)."""
        one_hot = told[..., SLICES["phase"]]
        return torch.where(one_hot.sum(-1) > 0.5, one_hot.argmax(-1), 3)

    def _enter(
        self, chord: torch.Tensor, age: torch.Tensor, told: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        known = self.told(told)
        x = self.root(self.get_buffer("roots")[chord])
        x = x + self.quality(self.get_buffer("qualities")[chord])
        x = x + self.age(age.clamp(max=_AGES - 1)) + known
        return self.drop(x), self.understand(known)

    def _pairs(self, match: torch.Tensor, loose: torch.Tensor) -> torch.Tensor:
        """Scores of all earlier slots from how they match, shape (batch, time, slots, copies)."""
        table = (
            self.match_slots.weight[:, None, None, None]
            + self.match_runs.weight[None, :, None, None]
            + self.ages.weight[None, None, :, None]
            + self.phases.weight[None, None, None, :]
        ).reshape(-1, self.config.pair)
        slots = match.shape[-1]
        place = self.distance(self.get_buffer("gap_distance")[-slots:])
        place = place + self.period(self.get_buffer("gap_period")[-slots:]) + self.loose.bias
        joint = (functional.embedding(match, table) + place).flatten(0, -2)
        flat = loose.transpose(-1, -2).flatten(0, -2)
        joint = torch.addmm(joint, flat, self.loose.weight.T)
        scores = self.score(functional.relu(joint, inplace=True))
        return torch.as_tensor(scores.reshape(*match.shape, self.copies))

    def _predict(
        self,
        x: torch.Tensor,
        chords: torch.Tensor,
        known: torch.Tensor,
        pairs: torch.Tensor,
        affinity: torch.Tensor,
    ) -> Prediction:
        """Mix the transformer's prediction with that of the copy heads.

        ``x`` (batch, time, width); ``chords`` and ``known`` (batch or 1, time, slots); ``pairs``
        (batch or 1, time, slots, copies) and ``affinity`` (batch, time, slots, copies), of
        queries and keys.
        """
        chords = chords.expand(x.shape[0], *chords.shape[1:])
        current = chords[..., -1]
        logits = self.to_chord(x)
        logits = logits + self.to_root(x)[..., self.get_buffer("roots")]
        logits = logits + self.to_quality(x)[..., self.get_buffer("qualities")]
        forbidden = functional.one_hot(current, SIZE)
        forbidden = forbidden + functional.one_hot(torch.full_like(current, PAD), SIZE)
        own_change = logits.masked_fill(forbidden > 0, -1e9).softmax(-1)
        own_stay = self.to_stay(x)[..., 0].sigmoid()

        if not self.config.copy:
            return Prediction(own_stay.clamp(_LOWEST, 1.0 - _LOWEST), own_change.clamp(min=_LOWEST))
        scores = pairs[..., :-1, :] + affinity[..., :-1, :]
        heard = known[..., :-1, None] > 0
        here, after = chords[..., :-1], chords[..., 1:]
        turns = (here != after) & (after != current[..., None])
        n_change = self.config.change_heads
        allowed = torch.cat(
            [
                (heard & turns[..., None]).expand(*scores.shape[:-1], n_change),
                heard.expand(*scores.shape[:-1], self.config.stay_heads),
            ],
            -1,
        )
        scores = scores.masked_fill(~allowed, -1e9)
        own = self.own(x)[..., None, :]
        weight = torch.cat([scores, own], -2).softmax(-2)
        found, own_share = weight[..., :-1, :], weight[..., -1, :]
        mix = self.mix(x)
        mix_change, mix_stay = mix[..., :n_change].softmax(-1), mix[..., n_change:].softmax(-1)
        share_change = (found[..., :n_change] * mix_change[..., None, :]).sum(-1)
        share_stay = (found[..., n_change:] * mix_stay[..., None, :]).sum(-1)
        change = torch.zeros_like(own_change).scatter_add(-1, after, share_change)
        rest = (own_share[..., :n_change] * mix_change).sum(-1, keepdim=True)
        change = change + rest * own_change
        stay = (share_stay * (here == after).float()).sum(-1)
        stay = stay + (own_share[..., n_change:] * mix_stay).sum(-1) * own_stay
        return Prediction(stay.clamp(_LOWEST, 1.0 - _LOWEST), change.clamp(min=_LOWEST))

    def forward(self, chord: torch.Tensor, told: torch.Tensor) -> Prediction:
        """Predict every slot of whole songs.

        Parameters
        ----------
        chord : int64 tensor, shape (batch, slots)
            The chord before each slot; END before the first.
        told : float tensor, shape (batch, slots, WIDTH)
            What is known about each slot.
        """
        batch, slots = chord.shape
        phase = self.phase_of(told)
        with torch.no_grad():
            memory, rows = empty_memory(batch, min(self.config.memory, slots)), []
            for slot in range(slots):
                one = slice(slot, slot + 1)
                memory = advance(memory, chord[:, one], phase[:, one], self.get_buffer("alike"))
                rows.append(describe(memory))
            age = torch.cat([row.age for row in rows], 1)
        x, known = self._enter(chord, age, told)
        for block in self.blocks:
            x, _, _ = block(x, known, None)
        x = self.final(x)
        c = self.config
        query = self.query(x).reshape(batch, slots, self.copies, c.key)
        key = self.key(x).reshape(batch, slots, self.copies, c.key)
        stays, changes = [], []
        for start in range(0, slots, _CHUNK):  # early slots have little to look back on
            stop = min(start + _CHUNK, slots)
            reach = min(stop, rows[0].chord.shape[1])
            part = rows[start:stop]
            affinity = torch.einsum("bihk,bjhk->bijh", query[:, start:stop], key[:, :stop])
            gap = torch.arange(start, stop)[:, None] + torch.arange(1 - reach, 1)[None, :]
            index = gap.clamp(min=0)[None, :, :, None].expand(batch, -1, -1, self.copies)
            prediction = self._predict(
                x[:, start:stop],
                torch.stack([row.chord[:, -reach:] for row in part], 1),
                torch.stack([row.known[:, -reach:] for row in part], 1),
                self._pairs(
                    torch.stack([row.match[:, -reach:] for row in part], 1),
                    torch.stack([row.loose[..., -reach:] for row in part], 1),
                ),
                affinity.gather(2, index) / c.key**0.5,
            )
            stays.append(prediction.stay)
            changes.append(prediction.change)
        return Prediction(torch.cat(stays, 1), torch.cat(changes, 1))

    def step(
        self, chord: torch.Tensor, told: torch.Tensor, state: State
    ) -> tuple[Prediction, State]:
        """Predict the next slot: ``chord`` (batch or 1, 1), ``told`` (batch, 1, WIDTH).

        Where all rows hear the same, `State.memory` and ``chord`` may have a single one.
        """
        phase = self.phase_of(told)[: chord.shape[0]]
        memory = advance(state.memory, chord, phase, self.get_buffer("alike"))
        filled = torch.cat([state.filled[:, 1:], torch.ones_like(state.filled[:, :1])], 1)
        rows = describe(memory)
        x, known = self._enter(chord, rows.age, told)
        keys, values = [], []
        for layer, block in enumerate(self.blocks):
            x, key, value = block(x, known, (state.keys[:, layer], state.values[:, layer], filled))
            keys.append(key)
            values.append(value)
        x = self.final(x)
        c = self.config
        query = self.query(x).reshape(-1, 1, self.copies, c.key)
        key = self.key(x).reshape(-1, 1, self.copies, c.key)
        memory_keys = torch.cat([state.memory_keys[:, 1:], key], 1)
        affinity = torch.einsum("bihk,bjhk->bijh", query, memory_keys) / c.key**0.5
        prediction = self._predict(
            x,
            rows.chord[:, None],
            rows.known[:, None],
            self._pairs(rows.match[:, None], rows.loose[:, None]),
            affinity,
        )
        return prediction, State(
            torch.stack(keys, 1), torch.stack(values, 1), filled, memory_keys, memory
        )
