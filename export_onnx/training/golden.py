"""Golden pairs of the shipped models, which ``python -m export_onnx golden`` writes.

Every model is used as the engine uses it, and one call of each graph is kept, with a state other
than the initial one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.beat.tracker import BeatTracker
from engine.emotion.tracker import Tracker
from engine.generators.amt.conditioning import WIDTH
from engine.generators.amt.dynamics import Dynamics
from engine.models import onnx_file
from engine.models.golden import check_golden, shipped_models, write_golden
from engine.pipeline.offline import compose
from engine.settings.performance import Performance

__all__ = ["GoldenOptions", "write_all", "write_golden_pairs"]

_CALLS = 12
"""A call that late is kept: states are filled by then."""


class _Recording:
    """An onnxruntime session that remembers one of its calls."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._calls = 0
        self.kept: tuple[dict[str, Any], dict[str, Any]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(self, names: list[str] | None, inputs: dict[str, Any]) -> list[Any]:
        """Run, and keep inputs and outputs until enough calls have been made."""
        outputs: list[Any] = self._session.run(names, inputs)
        self._calls += 1
        if self._calls <= _CALLS:
            names = names or [output.name for output in self._session.get_outputs()]
            self.kept = dict(inputs), dict(zip(names, outputs, strict=True))
        return outputs


@contextmanager
def _recorded() -> Iterator[dict[Path, list[_Recording]]]:
    """Record the calls of every model that is opened meanwhile."""
    recordings: dict[Path, list[_Recording]] = {}
    opened = onnx_file.ModelFile.__init__

    def opening(self: onnx_file.ModelFile, path: Path, title: str) -> None:
        opened(self, path, title)
        self.session = _Recording(self.session)
        recordings.setdefault(path, []).append(self.session)

    onnx_file.ModelFile.__init__ = opening  # type: ignore[method-assign]
    try:
        yield recordings
    finally:
        onnx_file.ModelFile.__init__ = opened  # type: ignore[method-assign]


def _track() -> None:
    tracker = Tracker()
    rng = np.random.default_rng(1)
    for _ in range(3 * _CALLS):  # the slow lane runs once in eleven
        tracker.push((0.1 * rng.standard_normal(tracker.hop_length)).astype(np.float32))


def _beats() -> None:
    tracker = BeatTracker()
    rng = np.random.default_rng(1)
    tracker.push((0.1 * rng.standard_normal(tracker.sample_rate)).astype(np.float32))


def _compose(engine: str) -> None:
    compose(Performance(engine=engine, mode="manual", valence=0.5, arousal=0.3), bars=4, seed=1)


def _encode() -> None:
    from engine.generators.muser.features import FEATURE_TOTAL
    from engine.generators.muser.model import MuserModel

    rng = np.random.default_rng(1)
    MuserModel().encode_features(rng.normal(0, 1, (8, FEATURE_TOTAL)).astype(np.float32))


def _dynamics() -> None:
    told = np.random.default_rng(1).normal(0, 0.4, (16, WIDTH)).astype(np.float32)
    Dynamics("whole").whole(told)
    live = Dynamics("live")
    state = live.initial_state()
    for row in told:
        _, _, state = live.step(row, state)


USES: tuple[Callable[[], None], ...] = (
    _track,
    _beats,
    lambda: _compose("muser"),
    lambda: _compose("amt"),
    _encode,
    _dynamics,
)
"""What opens and runs the shipped models, all of them together."""


def write_golden_pairs() -> dict[Path, float]:
    """Write the pair of every shipped model; return how well each repeats it.

    Raises
    ------
    RuntimeError
        A shipped model is used by none of `USES`.
    """
    with _recorded() as recordings:
        for use in USES:
            use()
    found = {}
    for model in shipped_models():
        kept = [each.kept for each in recordings.get(model, []) if each.kept is not None]
        if not kept:
            raise RuntimeError(f"{model.name} is run by nothing in {__name__}.USES: add its use")
        write_golden(model, *kept[0])
        found[model] = check_golden(model)
    return found


@dataclass(frozen=True)
class GoldenOptions:
    """There is nothing to choose."""


def write_all(_options: GoldenOptions) -> list[str]:
    """Write the pair of every shipped model; returns how well each repeats it."""
    return [
        f"{model.name}: repeats its golden output to {gap:.1e}"
        for model, gap in write_golden_pairs().items()
    ]
