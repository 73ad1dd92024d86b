"""Memory of the copy heads: every earlier slot of the song and how well it matches the present.

`advance` adds one chord and shifts all rows; training runs it slot by slot over whole songs, the
exported graph once per step, with the same code. Index -1 is the last slot, -2 the one before.
"""

from typing import NamedTuple

import torch

from engine.generators.amt.vocabulary import N_CHORDS, SIZE, pitch_classes

__all__ = [
    "DECAYS",
    "RUN_BOUNDS",
    "SLOT_BOUNDS",
    "Memory",
    "Rows",
    "advance",
    "describe",
    "empty_memory",
    "similarity",
]

DECAYS = (0.8, 0.93, 0.8)
"""Forgetting of the three loose matches: equal chords twice, then shared pitch classes."""


SLOT_BOUNDS = (0, 1, 2, 3, 4, 6, 8, 12, 16)
"""Least match length, in slots, of each kind told apart."""
RUN_BOUNDS = (0, 1, 2, 3, 4, 6, 8)
"""The same in chords."""


class Rows(NamedTuple):
    """What the heads look at, made of a `Memory`.

    Attributes
    ----------
    chord : int64 tensor, shape (batch, slots)
        Of every earlier slot, the present one last.
    known : float tensor, shape (batch, slots)
    loose : float tensor, shape (batch, 3, slots)
        See `Memory`.
    match : int64 tensor, shape (batch, slots)
        How each slot matches now: joint index of match lengths, age and place in the bar.
    age : int64 tensor, shape (batch, 1)
        Of the present chord.
    """

    chord: torch.Tensor
    known: torch.Tensor
    loose: torch.Tensor
    match: torch.Tensor
    age: torch.Tensor


class Memory(NamedTuple):
    """The last slots, oldest first.

    Attributes
    ----------
    chord : int64 tensor, shape (batch, slots)
        What sounded.
    age : int64 tensor, shape (batch, slots)
        For how many slots that chord had sounded before.
    phase : int64 tensor, shape (batch, slots)
        Place in the bar of the slot *after* it, 0..2, 3 unknown.
    half : int64 tensor, shape (batch, slots)
        How many slots up to this one are the same as those up to now.
    run : int64 tensor, shape (batch, slots)
        The same in chords, however long each lasts.
    loose : float tensor, shape (batch, 3, slots)
        Running means of how alike the slots up to this one and up to now are, [0, 1].
    known : float tensor, shape (batch, slots)
        1 where there was a slot.
    """

    chord: torch.Tensor
    age: torch.Tensor
    phase: torch.Tensor
    half: torch.Tensor
    run: torch.Tensor
    loose: torch.Tensor
    known: torch.Tensor


def empty_memory(batch: int, slots: int) -> Memory:
    """Return a memory before the first slot."""
    zeros = torch.zeros(batch, slots, dtype=torch.int64)
    return Memory(
        chord=zeros + N_CHORDS + 1,
        age=zeros,
        phase=zeros + 3,
        half=zeros,
        run=zeros,
        loose=torch.zeros(batch, len(DECAYS), slots),
        known=torch.zeros(batch, slots),
    )


def similarity() -> torch.Tensor:
    """Cosine of the pitch classes of any two ids; specials are like themselves alone."""
    rows = torch.zeros(SIZE, 12 + SIZE)
    for identity in range(SIZE):
        classes = pitch_classes(identity) if identity < N_CHORDS else ()
        for pitch_class in classes:
            rows[identity, pitch_class] = 1.0
        if not classes:
            rows[identity, 12 + identity] = 1.0
    rows = rows / rows.norm(dim=1, keepdim=True)
    return torch.mm(rows, rows.T)


def _moved(row: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """Drop the oldest column, append a new one."""
    return torch.cat([row[..., 1:], new], -1)


def advance(
    memory: Memory, chord: torch.Tensor, phase: torch.Tensor, alike: torch.Tensor
) -> Memory:
    """Take in the chord just heard.

    Parameters
    ----------
    chord, phase : int64 tensors, shape (batch, 1)
        The chord, and the place in the bar of the slot that comes next.
    alike : float tensor, shape (SIZE, SIZE)
        From `similarity`.
    """
    equal = (memory.chord == chord).long()
    equal_now = equal.float() * memory.known
    zero = torch.zeros_like(chord)
    half_before = torch.cat([zero, memory.half[:, :-1]], 1)
    half = equal * (half_before + 1)
    continues = equal[:, -1:]
    slots = memory.chord.shape[1]
    before_run = torch.arange(slots)[None, :] - memory.age - 1
    reached = torch.gather(memory.run, 1, before_run.clamp(min=0)) * (before_run >= 0).long()
    run = continues * memory.run + (1 - continues) * equal * (reached + 1)
    likeness = alike[chord, memory.chord] * memory.known
    now = torch.stack([equal_now, equal_now, likeness], 1)
    keep = torch.tensor(DECAYS)[None, :, None]
    loose_before = torch.cat([torch.zeros_like(memory.loose[..., :1]), memory.loose[..., :-1]], -1)
    loose = keep * loose_before + (1.0 - keep) * now
    return Memory(
        chord=_moved(memory.chord, chord),
        age=_moved(memory.age, continues * (memory.age[:, -1:] + 1)),
        phase=_moved(memory.phase, phase),
        half=_moved(half, zero),
        run=_moved(run, zero),
        loose=_moved(loose, torch.zeros_like(loose[..., :1])),
        known=_moved(memory.known, torch.ones_like(memory.known[:, :1])),
    )


def _buckets(bounds: tuple[int, ...]) -> list[int]:
    """Index of the largest bound not above each number from 0 to the last bound."""
    return [sum(number >= bound for bound in bounds) - 1 for number in range(bounds[-1] + 1)]


def describe(memory: Memory) -> Rows:
    """Describe how every earlier slot matches now; no weights are involved."""
    half = torch.tensor(_buckets(SLOT_BOUNDS))[memory.half.clamp(max=SLOT_BOUNDS[-1])]
    run = torch.tensor(_buckets(RUN_BOUNDS))[memory.run.clamp(max=RUN_BOUNDS[-1])]
    older = 1 + torch.sign(memory.age - memory.age[:, -1:])
    same_phase = (memory.phase == memory.phase[:, -1:]).long()
    unknown = ((memory.phase == 3) | (memory.phase[:, -1:] == 3)).long()
    phase = same_phase * (1 - unknown) + 2 * unknown
    return Rows(
        chord=memory.chord,
        known=memory.known,
        loose=memory.loose,
        match=((half * len(RUN_BOUNDS) + run) * 3 + older) * 3 + phase,
        age=memory.age[:, -1:],
    )
