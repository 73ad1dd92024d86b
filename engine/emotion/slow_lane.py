"""Runs the slow graph beside the fast one: twice a second, on a thread of its own where live.

What a step says counts from `DELAY_HOPS` hops after its end, live and in files alike: whoever does
the work, and however long it takes, the rows are the same.
"""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from engine.emotion.slow_model import FAST_OUTPUTS, Opinion, SlowModel

__all__ = ["DELAY_HOPS", "SlowLane"]

DELAY_HOPS = 3
"""Hops from the end of a step until its opinion counts: 0.28 s, time for a slow machine."""

Array = NDArray[np.float32]
_Answer = tuple[Opinion, dict[str, Array]]


class SlowLane:
    """Collects hops into steps and holds the last opinion.

    Parameters
    ----------
    model : SlowModel
        The graph.
    beside : bool
        Run it on a thread of its own; else within `add`.

    Attributes
    ----------
    opinion : Opinion or None
        What counts now; None until the first step is over.
    turned : bool
        Whether with the hop passed last an opinion began to count that other music has begun.
    """

    def __init__(self, model: SlowModel, beside: bool = False) -> None:
        self._model = model
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="slow-lane") if beside else None
        self.reset()

    def reset(self) -> None:
        """Begin a new piece: an answer that is still out no longer counts."""
        self.opinion: Opinion | None = None
        self.turned = False
        self._states = self._model.start()
        self._sound: list[Array] = []
        self._outputs: list[Array] = []
        self._hops = 0
        self._asked: Future[_Answer] | None = None
        self._age = 0

    def close(self) -> None:
        """End the thread."""
        if self._worker is not None:
            self._worker.shutdown(cancel_futures=True)

    @property
    def left_in_step(self) -> int:
        """Hops until the step is full; a call of the fast graph ends there."""
        return self._model.hops_per_step - self._hops

    @property
    def left_to_change(self) -> float:
        """Hops until it counts that other music has begun, where this is known; else infinite."""
        if self._asked is None or not self._asked.result()[0].changed:
            return math.inf
        return DELAY_HOPS - self._age

    def hop(self) -> Opinion | None:
        """Pass one hop and return the opinion that counts in it.

        Waits only where the answer is not there `DELAY_HOPS` hops after it was asked for.
        """
        self.turned = False
        if self._asked is not None:
            self._age += 1
            if self._age >= DELAY_HOPS:
                self.opinion, self._states = self._asked.result()
                self._asked = None
                self.turned = self.opinion.changed
        return self.opinion

    def correct(self, outputs: Sequence[Mapping[str, Array]]) -> None:
        """Replace what the fast graph said within this step; at least as many hops, newest last."""
        count = len(self._outputs)
        self._outputs = [_vector(said) for said in outputs[len(outputs) - count :]]

    def add(self, hops: Array, outputs: Sequence[Mapping[str, Array]], digest: Array) -> None:
        """Take hops that the fast graph has heard, within one step.

        Parameters
        ----------
        hops : float32 array, shape (n, hop_length)
            Their sound, as the fast graph heard it.
        outputs : sequence of mapping
            What the fast graph said of each.
        digest : float32 array
            The fast graph's state after them.
        """
        self._sound.append(hops.reshape(-1))
        self._outputs += map(_vector, outputs)
        self._hops += len(hops)
        if self._hops < self._model.hops_per_step:
            return
        sound = np.concatenate(self._sound)
        fast = np.stack(self._outputs).mean(0).astype(np.float32)
        self._sound, self._outputs, self._hops, self._age = [], [], 0, 0
        if self._worker is not None:
            work = self._worker.submit(self._model.step, sound, fast, digest, self._states)
        else:
            work = Future()
            work.set_result(self._model.step(sound, fast, digest, self._states))
        self._asked = work


def _vector(said: Mapping[str, Array]) -> Array:
    return np.concatenate([np.ravel(said[name]) for name in FAST_OUTPUTS])
