"""Element transfer of real clips: change of the emotion, drift of the rest, and the kept melody."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.transfer import ELEMENTS
from engine.transfer.file import transfer_file
from export_onnx.datasets import Item
from export_onnx.datasets.item import read_member
from export_onnx.judges.judge import HIGH_AROUSAL, HIGH_VALENCE
from export_onnx.judges.material import CORNERS
from export_onnx.judges.notes import Notes, from_file
from export_onnx.judges.statistics import STATISTICS, describe_all
from export_onnx.judges.train import Bench
from export_onnx.training.metrics import Score, accuracy, bootstrap, pearson
from export_onnx.training.progress import Progress

__all__ = [
    "LABELS",
    "TOUCHES",
    "Moved",
    "contour",
    "drift",
    "keeps_tune",
    "shares_moved",
    "transfer_all",
]

LABELS: Final = {"on": 1.0, "off": 0.0, "wrong": -1.0}
"""Label given to the transfer → factor on the target: the target itself, no emotion, its opposite.

If processing alone moved the music, it would move with every label."""

Transfer = Callable[[Path, Path, float, float, tuple[str, ...]], None]
"""Input file, output file, valence, arousal, elements."""

TOUCHES: Final = {
    "velocity": ("velocity", "velocity_sd"),
    "tempo": ("log_notes_per_s", "log_onsets_per_s", "log_gap_s", "log_note_s", "tempo_bpm"),
    "duration": ("log_note_s", "log_note_sd", "polyphony"),
    "density": ("log_notes_per_s", "log_onsets_per_s", "notes_per_onset", "log_gap_s", "polyphony"),
    "register": ("pitch", "pitch_sd", "pitch_range", "lowest_tenth", "highest_tenth"),
    "pitch": ("major_minus_minor", "key_strength", "pitch_class_entropy"),
    "chord": ("major_minus_minor", "key_strength", "pitch_class_entropy", "pitch_classes"),
}
"""Element → the statistics that are its own business."""

_DRIFTING: Final = (
    "log_notes_per_s",
    "notes_per_onset",
    "velocity",
    "velocity_sd",
    "pitch",
    "pitch_range",
    "log_note_s",
    "polyphony",
    "major_minus_minor",
)
_POINTS: Final = 200
_REACH: Final = 0.015
"""Of a clip: half a second in the 35 s that EMOPIA's clips last."""


@dataclass(frozen=True)
class Moved:
    """One clip before and after.

    Attributes
    ----------
    source, target : int
        Quadrant of the clip and the one it was moved to, 0..3.
    """

    name: str
    group: str
    source: int
    target: int
    before: Notes
    after: Notes


def _by_file(
    path: Path, output: Path, valence: float, arousal: float, elements: tuple[str, ...]
) -> None:
    transfer_file(path, output, valence, arousal, elements=elements, strength=1.0)


def transfer_all(
    items: Sequence[Item],
    elements: tuple[str, ...] = ELEMENTS,
    level: float = 0.8,
    label: str = "on",
    transfer: Transfer = _by_file,
) -> list[Moved]:
    """Move every clip to the three quadrants it is not in, at strength 1, through files.

    Parameters
    ----------
    level : float
        Distance of the targets from the axes.
    label : {'on', 'off', 'wrong'}
        Label given to the transfer, see `LABELS`; `Moved.target` is the true target.

    Raises
    ------
    InputError
        A clip cannot be read.
    """
    moved = []
    told = LABELS[label] * level
    with tempfile.TemporaryDirectory() as name, Progress("transfer", len(items)) as progress:
        source, output = Path(name) / "before.mid", Path(name) / "after.mid"
        for item in items:
            source.write_bytes(read_member(item.folder, item.archive, item.path))
            before = from_file(source)
            for target, (valence, arousal) in enumerate(CORNERS):
                if item.quadrant is not None and target != item.quadrant:
                    transfer(source, output, valence * told, arousal * told, elements)
                    after = from_file(output)
                    moved.append(Moved(item.name, item.group, item.quadrant, target, before, after))
            progress.advance()
    return moved


def contour(notes: Notes, reach: float = 0.0) -> np.ndarray:
    """Return the melody's course at 200 points of the clip's own time, shape (200,).

    Parameters
    ----------
    reach : float
        0 takes the top of the onset struck last, accompaniment between the melody's notes
        included; above 0 the highest onset within this share of the clip on either side.
    """
    groups = notes.onset_groups()
    tops = np.zeros(groups[-1] + 1)
    np.maximum.at(tops, groups, notes.pitch)
    onsets = notes.onsets_s()
    at = (onsets - onsets[0]) / max(onsets[-1] - onsets[0], 1e-9)
    points = np.linspace(0.0, 1.0, _POINTS)
    last: np.ndarray = tops[np.searchsorted(at, points, "right") - 1]
    if reach <= 0.0:
        return last
    near = np.abs(at[None, :] - points[:, None]) <= reach
    upper: np.ndarray = np.maximum(np.where(near, tops, 0.0).max(1), last)
    return upper


def keeps_tune(moved: Sequence[Moved]) -> list[tuple[str, Score]]:
    """Return the mean correlation of the clips' contours before and after, by two readings."""
    rows = []
    for measure, reach in (("top of each onset", 0.0), ("upper line", _REACH)):
        values = np.array(
            [pearson(contour(one.before, reach), contour(one.after, reach)) for one in moved]
        )
        groups = [one.group for one in moved]
        rows.append((measure, bootstrap(lambda each: float(each.mean()), (values,), groups)))
    return rows


def shares_moved(bench: Bench, moved: Sequence[Moved]) -> list[tuple[str, str, Score]]:
    """Return the share of transfers after which the emotion is nearer to the target.

    For every judge (log odds) and the rater: on each axis on which target and clip differ, and on
    the plane (sum over those axes, each in standard deviations of the clips before). Last, the
    share of results that a judge assigns to the target quadrant.
    """
    before, after = [one.before for one in moved], [one.after for one in moved]
    source = np.array([one.source for one in moved])
    target = np.array([one.target for one in moved])
    groups = np.array([one.group for one in moved])
    numbers = {bench.rater.name: (bench.rater.rate(before), bench.rater.rate(after))}
    rows: list[tuple[str, str, Score]] = []
    arrived = {}
    for judge in bench.judges:
        first, second = judge.judge(before), judge.judge(after)
        numbers[judge.name] = (
            np.stack([first.valence, first.arousal], 1),
            np.stack([second.valence, second.arousal], 1),
        )
        arrived[judge.name] = second.quadrant
    for name, (was, is_now) in numbers.items():
        steps = (is_now - was) / was.std(0)
        toward = np.zeros(len(moved))
        for column, axis, high in ((0, "valence", HIGH_VALENCE), (1, "arousal", HIGH_AROUSAL)):
            differs = high[source] != high[target]
            step = steps[:, column] * np.where(high[target], 1.0, -1.0)
            toward += np.where(differs, step, 0.0)
            right = bootstrap(
                accuracy,
                (step[differs] > 0, np.ones(differs.sum(), bool)),
                groups[differs].tolist(),
            )
            rows.append((name, f"{axis} moved toward the target", right))
        everything = np.ones(len(moved), bool)
        nearer = bootstrap(accuracy, (toward > 0, everything), groups.tolist())
        rows.append((name, "moved toward the target", nearer))
        if name in arrived:
            there = bootstrap(accuracy, (arrived[name], target), groups.tolist())
            rows.append((name, "judged in the target quadrant", there))
    return rows


def drift(moved: Sequence[Moved], elements: tuple[str, ...]) -> dict[str, float]:
    """Return the mean absolute change of statistics that none of the elements touches.

    In standard deviations of the clips before; the other statistics are left out.
    """
    own = {statistic for element in elements for statistic in TOUCHES[element]}
    before = describe_all([one.before for one in moved])
    after = describe_all([one.after for one in moved])
    change = np.abs(after - before).mean(0) / np.maximum(before.std(0), 1e-9)
    return {name: float(change[STATISTICS.index(name)]) for name in _DRIFTING if name not in own}
