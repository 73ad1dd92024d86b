"""From logits to a choice: guidance, tilt, temperature, nucleus, and a draw given from outside."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["expected", "guided", "pick", "tilted"]

_TILT_STEPS = 24
_MOST_TILT = 30.0


def guided(
    conditioned: NDArray[np.float32], free: NDArray[np.float32], guidance: float
) -> NDArray[np.float32]:
    """Return logits pushed away from what is said without an emotion.

    1 is the model as trained, more follows the emotion more strictly (classifier-free guidance,
    Ho & Salimans 2022).
    """
    pushed: NDArray[np.float32] = free + np.float32(guidance) * (conditioned - free)
    return pushed


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max())
    shares: NDArray[np.float64] = raised / raised.sum()
    return shares


def expected(logits: NDArray[np.float32], values: NDArray[np.float32]) -> float:
    """Return the mean of the values under the logits."""
    return float(_softmax(logits.astype(np.float64)) @ values)


def tilted(
    logits: NDArray[np.float32], values: NDArray[np.float32], mean: float
) -> NDArray[np.float32]:
    """Return the logits least changed such that the values' mean is `mean`.

    The least change (in relative entropy) is an exponential tilt; a mean beyond the range of the
    values gives its edge.
    """
    scale = float(values.std()) or 1.0
    steps = (values.astype(np.float64) - mean) / scale
    base = logits.astype(np.float64)
    low, high = -_MOST_TILT, _MOST_TILT
    for _ in range(_TILT_STEPS):
        middle = 0.5 * (low + high)
        if float(_softmax(base + middle * steps) @ steps) < 0.0:
            low = middle
        else:
            high = middle
    found: NDArray[np.float32] = (base + 0.5 * (low + high) * steps).astype(np.float32)
    return found


def pick(
    logits: NDArray[np.float32],
    point: float,
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    mask: NDArray[np.bool_] | None = None,
) -> int:
    """Return the index that a number in [0, 1) falls on.

    Parameters
    ----------
    logits : float32 array, shape (n,)
    point : float
        The draw.
    temperature : float
        > 0; below 1 prefers what is likely.
    top_p : float
        Share of the likeliest that is kept, in (0, 1].
    mask : bool array, shape (n,), optional
        What may be chosen; at least one.
    """
    scaled = logits.astype(np.float64) / temperature
    if mask is not None:
        assert mask.any(), "nothing may be chosen"
        scaled = np.where(mask, scaled, -np.inf)
    shares = _softmax(scaled)
    order = np.argsort(-shares, kind="stable")
    sums = np.cumsum(shares[order])
    count = int(np.searchsorted(sums, top_p * sums[-1] - 1e-12)) + 1
    kept = sums[: min(count, len(sums))]
    place = int(np.searchsorted(kept, point * kept[-1], side="right"))
    index = int(order[min(place, len(kept) - 1)])
    return index if shares[index] > 0.0 else int(order[0])
