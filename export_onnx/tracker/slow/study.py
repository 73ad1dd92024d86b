"""What the head is worth on music it was not trained on: songs, and whole sets, left out.

No validation part is looked at: everything here is cross-validation within the train parts, except
for a set that is left out of training, of which the validation part is scored.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from export_onnx.datasets.labels import common_scale
from export_onnx.tracker.slow.features import SETS, Clip
from export_onnx.tracker.slow.head import Head, HeadConfig
from export_onnx.tracker.slow.train import Bank, SlowTraining, said_of, train_head
from export_onnx.training.metrics import Score, accuracy, bootstrap, pearson, roc_auc

__all__ = [
    "FAST_HEARD",
    "NOTES",
    "UNLABELLED",
    "Said",
    "cross_validate",
    "deviation_factors",
    "leave_out",
    "score_said",
]

FAST_HEARD = ("emotify", "vgmidi", "emopia")
"""Sets that the fast graph was trained on: with one of these left out, its outputs may not help."""

NOTES = ("vgmidi", "emopia")
"""Sets of notes played by instruments alone."""
UNLABELLED = "pop909"
"""Notes without labels: what is usual among them is the zero for notes that nobody rated."""

_FOLDS = 3
_SETTLED = 7  # steps of a clip that count for its mean begin here
_AT_THE_END = ("emopia",)  # judged at the end of a clip, as `evaluate tracker` does

Said = tuple[Clip, np.ndarray, np.ndarray]
"""A clip, and mean and deviation (2,) of its valence and arousal."""


def _summary(clip: Clip, mean: np.ndarray, deviation: np.ndarray) -> Said:
    settled = slice(min(_SETTLED, len(mean) - 1), None)
    said = mean[-1] if clip.dataset in _AT_THE_END else mean[settled].mean(0)
    return clip, said, deviation[settled].mean(0)


def summaries(head: Head, clips: list[Clip]) -> list[Said]:
    """Judge clips."""
    pairs = zip(clips, said_of(head, clips), strict=True)
    return [_summary(clip, mean, deviation) for clip, (mean, deviation) in pairs]


def cross_validate(bank: Bank, config: HeadConfig, training: SlowTraining) -> list[Said]:
    """Judge every clip by a head that was trained on other groups (songs, artists, franchises)."""
    fold = np.array([zlib.crc32(clip.group.encode()) % _FOLDS for clip in bank.clips])
    said: list[Said] = []
    for number in range(_FOLDS):
        head = train_head(bank, config, training, fold != number)
        judged = [bank.clips[i] for i in np.flatnonzero(fold == number)]
        said += summaries(head, [clip for clip in judged if clip.variant == 0])
    return said


def leave_out(
    names: Sequence[str],
    bank: Bank,
    kept_apart: list[Clip],
    unlabelled: list[Clip],
    config: HeadConfig,
    training: SlowTraining,
) -> list[Said]:
    """Judge clips of the set `names[0]` by a head that never learned from any of the sets `names`.

    Outputs of the fast graph are left out where it learned from the set. One set of notes alone
    cannot tell its raters' zero from that of notes: `unlabelled` ones, if there are any, set it.
    """
    used = np.array([clip.dataset not in names for clip in bank.clips])
    fast = config.use_fast and not set(names) & set(FAST_HEARD)
    head = train_head(bank, replace(config, use_fast=fast), training, used)
    said = summaries(head, kept_apart)
    if names[0] not in NOTES or not unlabelled:
        return said
    zero = np.median([mean for _, mean, _ in summaries(head, unlabelled)], axis=0)
    return [(clip, mean - zero, deviation) for clip, mean, deviation in said]


def deviation_factors(
    bank: Bank,
    unlabelled: list[Clip],
    config: HeadConfig,
    training: SlowTraining,
    without: tuple[str, ...] = (),
) -> np.ndarray:
    """Factors (2,) on stated deviations with which they hold on music of another set.

    Each set but those `without` is left out in turn; 68 % of its labels, on the common scale, shall
    lie within one deviation. The median of the sets counts: one may be left with nothing like it.
    """
    factors = []
    for name in sorted({clip.dataset for clip in bank.clips} - set(without)):
        clips = [clip for clip in bank.clips if clip.dataset == name and clip.variant == 0]
        said = leave_out((name, *without), bank, clips, unlabelled, config, training)
        rows = [np.abs(mean - _label(clip)) / deviation for clip, mean, deviation in said]
        factors.append(np.quantile(rows, 0.68, axis=0))
    return np.asarray(np.median(factors, axis=0))


def _label(clip: Clip) -> np.ndarray:
    return common_scale(clip.dataset, np.array([clip.valence, clip.arousal]))


def score_said(said: list[Said]) -> list[tuple[str, str, Score]]:
    """Rows (set, measure, score) with intervals over groups."""
    rows: list[tuple[str, str, Score]] = []
    for name in SETS:
        here = [entry for entry in said if entry[0].dataset == name]
        if not here:
            continue
        groups = [clip.group for clip, _, _ in here]
        label = np.array([_label(clip) for clip, _, _ in here])
        mean = np.array([m for _, m, _ in here])
        deviation = np.array([d for _, _, d in here])
        if name in ("q4audio", "emopia"):
            right = (mean >= 0) == (label >= 0)
            rows.append((name, "quadrant", bootstrap(_mean, (right.all(1),), groups)))
        for axis, title in ((1, "arousal"), (0, "valence")):
            ours, theirs = mean[:, axis], label[:, axis]
            if name in ("q4audio", "emopia"):
                sides = (ours >= 0, theirs >= 0)
                rows.append((name, f"{title} side", bootstrap(accuracy, sides, groups)))
                pair = (ours, theirs >= 0)
                rows.append((name, f"{title} AUC", bootstrap(roc_auc, pair, groups)))
            else:
                rows.append((name, f"{title} r", bootstrap(pearson, (ours, theirs), groups)))
            inside = np.abs(ours - theirs) <= deviation[:, axis]
            rows.append((name, f"{title} within 1 std", bootstrap(_mean, (inside,), groups)))
    return rows


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))
