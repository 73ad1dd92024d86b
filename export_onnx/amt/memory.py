"""What the copy heads know of the song so far: every earlier slot and how well it matches now.

`advance` takes one chord in and moves all rows along; training runs it slot by slot over whole
songs, the exported graph runs it once per step: both are the same code. Index -1 is the slot just
heard, -2 the one before.
"""

from typing import NamedTuple

import torch

from engine.generators.amt.vocabulary import N_CHORDS, NO_CHORD_ID, SIZE, pitch_classes

__all__ = ["DECAYS", "Memory", "advance", "empty_memory", "similarity"]

DECAYS = (0.8, 0.93, 0.8)
"""Forgetting of the three loose matches: equal chords twice, then shared pitch classes."""


class Memory(NamedTuple):
    """The last slots, oldest first.

    Attributes
    ----------
    chord : int64 tensor, shape (batch, slots)
        What sounded.
    age : int64 tensor, shape (batch, slots)
        For how many slots that chord had sounded before.
    place : int64 tensor, shape (batch, slots)
        Slots since the song's first chord began, 0 before it.
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
    place: torch.Tensor
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
        place=zeros,
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
    begun = (memory.place[:, -1:] > 0) | ((chord != NO_CHORD_ID) & (chord < N_CHORDS))
    place = torch.where(begun, memory.place[:, -1:] + 1, 0)
    return Memory(
        chord=_moved(memory.chord, chord),
        age=_moved(memory.age, continues * (memory.age[:, -1:] + 1)),
        place=_moved(memory.place, place),
        phase=_moved(memory.phase, phase),
        half=_moved(half, zero),
        run=_moved(run, zero),
        loose=_moved(loose, torch.zeros_like(loose[..., :1])),
        known=_moved(memory.known, torch.ones_like(memory.known[:, :1])),
    )
