"""Measure an ONNX file on prepared clips, through the decoder that plays live.

Beats count within 70 ms, the first 5 s are left out; every measure is the mean over clips (times
are medians), with a bootstrap interval.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.beat.decoder import Beat, BeatDecoder, DecoderConfig, Heard
from engine.beat.frontend import N_BANDS, Gain, features
from engine.beat.model import BeatModel
from engine.errors import InputError
from export_onnx.beat.batches import Prepared, load_prepared
from export_onnx.beat.prepare import decode
from export_onnx.training.answers import Row
from export_onnx.training.metrics import bootstrap
from export_onnx.training.options import option

__all__ = ["MEASURES", "EvaluateOptions", "decode_beats", "evaluate", "score"]

MEASURES = ("beat_f", "downbeat_f", "cmlt", "amlt", "tempo", "error_ms", "lock_s", "locks")
RECORDED = ("real", "consensus", "taught")
"""Kinds of clip that are recordings of music, not renderings."""
REMADE = ("change", "metre")
"""Kinds that are the drummers of `groove` once more; not counted in ``all``."""

_SKIP_S = 5.0
_NEAR_S = 0.07
_TEMPO = 0.04
_LOCK_BEATS = 4
_DELAY_S = 0.032
_CONFIDENCES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 1.0)


@dataclass(frozen=True)
class EvaluateOptions:
    """What to measure; `late_s` of the decoder is taken from the model."""

    prepared: Path = option(Path("runs/beat/prepared"), "prepared clips")
    model: Path | None = option(None, "default: the shipped one")
    split: str = option("val", "val, train or tune (a tenth of train that is not learned from)")
    kinds: tuple[str, ...] = option((), "kinds of clip; default all")
    decoder: DecoderConfig = DecoderConfig()
    json: Path | None = option(None, "also write the table here")


def decode_beats(
    model: BeatModel, clip: Prepared, config: DecoderConfig | None = None
) -> list[Beat]:
    """Return the beats that are announced for a clip."""
    levels = Gain().push(decode(clip.bands))
    seen = features(levels, np.zeros(N_BANDS, np.float32))
    beat, downbeat, tempo, _ = model.step(seen, model.start())
    decoder = BeatDecoder(model.tempi_bpm, _DELAY_S, config)
    sound = levels.mean(1) > 1e-3
    return [
        announced
        for i in range(len(seen))
        for announced in decoder.push(
            Heard(float(beat[i]), float(downbeat[i]), tempo[i], bool(sound[i]))
        )
    ]


def _lock_s(truth: np.ndarray, found: np.ndarray) -> float:
    """Return the time of the first of four beats in a row that are right; NaN if none are."""
    right = np.array([np.abs(truth - at).min() <= _NEAR_S for at in found])
    for i in range(len(right) - _LOCK_BEATS + 1):
        spans = np.diff(found[i : i + _LOCK_BEATS])
        near = truth[np.abs(truth - found[i]).argmin() :][:_LOCK_BEATS]
        if right[i : i + _LOCK_BEATS].all() and len(near) == _LOCK_BEATS:
            if np.abs(np.diff(near) - spans).max() < _NEAR_S:
                return float(found[i])
    return float("nan")


def score(truth: np.ndarray, beats: list[Beat]) -> dict[str, float]:
    """Return the `MEASURES` of a clip; NaN where the truth does not say."""
    import mir_eval

    times = np.array([beat.time_s for beat in beats])
    numbers = np.array([beat.number for beat in beats])
    firm = truth[truth[:, 1] >= 0]
    wanted = firm[firm[:, 0] >= _SKIP_S, 0].astype(np.float64)
    found = times[times >= _SKIP_S] if len(times) else times
    downs = firm[(firm[:, 1] == 1) & (firm[:, 0] >= _SKIP_S), 0].astype(np.float64)
    found_downs = times[(numbers == 1) & (times >= _SKIP_S)] if len(times) else times
    row = dict.fromkeys(MEASURES, 0.0)
    row["beat_f"] = float(mir_eval.beat.f_measure(wanted, found, f_measure_threshold=_NEAR_S))
    row["downbeat_f"] = (
        float(mir_eval.beat.f_measure(downs, found_downs, f_measure_threshold=_NEAR_S))
        if len(downs) > 2
        else float("nan")
    )
    if len(found) > 3 and len(wanted) > 3:
        _, row["cmlt"], _, row["amlt"] = mir_eval.beat.continuity(wanted, found)
        ratio = float(np.median(np.diff(found)) / np.median(np.diff(wanted)))
        row["tempo"] = float(abs(ratio - 1.0) < _TEMPO)
        errors = wanted - found[np.abs(wanted[:, None] - found[None, :]).argmin(1)]
        near = errors[np.abs(errors) <= _NEAR_S]
        row["error_ms"] = float(np.median(near)) * 1e3 if len(near) else float("nan")
    row["lock_s"] = _lock_s(firm[:, 0], times) if len(firm) > 3 else float("nan")
    row["locks"] = float(not np.isnan(row["lock_s"]))
    return row


def evaluate(options: EvaluateOptions) -> list[Row]:
    """Return the scores of every kind of clip, of the recordings, and of all clips.

    Raises
    ------
    InputError
        There are no such clips.
    """
    model = BeatModel(options.model)
    config = replace(options.decoder, late_s=model.late_s)
    rows: dict[str, list[dict[str, float]]] = {}
    sure: list[tuple[str, float, bool]] = []
    for clip in load_prepared(options.prepared, options.split):
        beats = clip.beats[clip.beats[:, 1] >= 0]
        long_enough = (beats[:, 0] >= _SKIP_S).sum() > 4
        if long_enough and (not options.kinds or clip.kind in options.kinds):
            found = decode_beats(model, clip, config)
            rows.setdefault(clip.kind, []).append(score(clip.beats, found))
            if clip.kind not in REMADE:
                name = f"{clip.kind}_{clip.name}"
                sure += [(name, *judged) for judged in _judge(beats[:, 0], found)]
    if not rows:
        raise InputError(f"{options.prepared}, {options.split}: no clips to measure")
    recorded = [row for kind in RECORDED for row in rows.get(kind, ())]
    rows["all"] = [row for kind in rows if kind not in REMADE for row in rows[kind]]
    if recorded:
        rows["recorded"] = recorded
    table = [row for kind, found in rows.items() for row in _summary(kind, found)]
    return table + _calibration(sure)


def _judge(truth: np.ndarray, beats: list[Beat]) -> list[tuple[float, bool]]:
    """Return confidence of each beat between the first and last true one, and if it is right."""
    return [
        (beat.confidence, bool(np.abs(truth - beat.time_s).min() <= _NEAR_S))
        for beat in beats
        if max(_SKIP_S, truth[0]) <= beat.time_s <= truth[-1]
    ]


def _calibration(sure: list[tuple[str, float, bool]]) -> list[Row]:
    """Return the share of beats that are right, at each range of confidence."""
    clips = np.array([name for name, _, _ in sure])
    confidences, right = np.array([judged[1:] for judged in sure], float).reshape(-1, 2).T
    table = []
    for low, high in pairwise(_CONFIDENCES):
        inside = (confidences >= low) & (confidences < high)
        if inside.any():
            share = bootstrap(np.mean, [right[inside]], clips[inside].tolist())
            mean = confidences[inside].mean()
            table.append(Row("all", f"right at {mean:.2f}", "beat", share))
    return table


def _summary(kind: str, rows: list[dict[str, float]]) -> list[Row]:
    summary = []
    for name in MEASURES:
        values = np.array([row[name] for row in rows])
        values = values[~np.isnan(values)]
        if len(values):
            middle = np.median if name in ("lock_s", "error_ms") else np.mean
            clips = [str(i) for i in range(len(values))]
            summary.append(Row(kind, name, "beat", bootstrap(middle, [values], clips)))
    return summary
