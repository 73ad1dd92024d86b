"""Prepared features in memory: what `prepare` wrote, read back for training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.errors import InputError
from export_onnx.datasets.jamendo import MOODS
from export_onnx.tracker.frontend import FrontEnd
from export_onnx.training.progress import Progress

__all__ = ["Clip", "give_courses", "load_clips", "plain_meta", "write_clip"]


@dataclass(frozen=True)
class Clip:
    """One prepared rendering.

    Attributes
    ----------
    mel : float16 array, shape (n_hops, frames_per_hop, n_mels)
        Log powers.
    pitch : float16 array, shape (n_hops, n_pitch_bins)
        Log powers.
    labels : float32 array, shape (n_hops, 4)
        Valence, arousal (NaN unknown), chord, key (-1 unknown).
    quadrant : int
        0..3, -1 unknown.
    tags : float32 array, shape (9,), or None
        Shares per tag.
    mean_affect : tuple of float, or None
        Label of the whole piece.
    moods : float32 array, shape (56,), or None
        1 for each of MTG-Jamendo's words that the piece was given.
    played : tuple of float
        Where in the file the rendering starts [s] and its speed.
    course : float16 array, shape (n_hops, COURSE), or None
        What the teacher that reads the notes says of every hop (see `score_teacher`).
    """

    dataset: str
    name: str
    group: str
    variant: int
    mel: np.ndarray
    pitch: np.ndarray
    labels: np.ndarray
    quadrant: int
    tags: np.ndarray | None
    mean_affect: tuple[float, float] | None
    moods: np.ndarray | None = None
    played: tuple[float, float] = (0.0, 1.0)
    course: np.ndarray | None = None

    @property
    def n_hops(self) -> int:
        """Length [hops]."""
        return int(self.mel.shape[0])


def plain_meta(dataset: str, name: str) -> dict[str, Any]:
    """Return what is stored beside a clip that carries no label."""
    unknown = ("quadrant", "tags", "moods", "valence", "arousal", "soundfont")
    return {
        "dataset": dataset,
        "name": name,
        "group": name,
        "variant": 0,
        **dict.fromkeys(unknown),
    }


def write_clip(
    target: Path,
    front_end: FrontEnd,
    sound: np.ndarray,
    meta: dict[str, Any],
    labels: np.ndarray | None = None,
    played: tuple[float, float] = (0.0, 1.0),
) -> None:
    """Analyse mono float32 sound at the tracker's rate and store it whole, or not at all.

    `labels` (n_hops, 4) may be longer than the sound; None means that nothing is known.
    """
    hop_length = front_end.config.hop_length
    hops = len(sound) // hop_length
    pcm = torch.from_numpy(sound[None, : hops * hop_length])
    with torch.no_grad():
        mel, pitch, *_ = front_end(
            pcm, torch.zeros(1, front_end.tail_length), torch.zeros(1, front_end.low_length)
        )
    if labels is None:
        labels = np.full((hops, 4), np.nan, np.float32)
        labels[:, 2:] = -1
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    with partial.open("wb") as stream:
        np.savez(
            stream,
            mel=mel[0].numpy().astype(np.float16),
            pitch=pitch[0].numpy().astype(np.float16),
            labels=labels[:hops],
            played=np.array(played),
            meta=np.array(json.dumps(meta)),
        )
    partial.rename(target)


def _read(path: Path) -> Clip:
    with np.load(path, allow_pickle=False) as stored:
        meta = json.loads(str(stored["meta"]))
        if "played" not in stored:
            raise InputError(f"{path}: prepared by an earlier version; prepare into another folder")
        known = meta["valence"] is not None
        words = meta.get("moods")
        return Clip(
            dataset=meta["dataset"],
            name=meta["name"],
            group=meta["group"],
            variant=meta["variant"],
            mel=stored["mel"],
            pitch=stored["pitch"],
            labels=stored["labels"],
            quadrant=-1 if meta["quadrant"] is None else int(meta["quadrant"]),
            tags=None if meta["tags"] is None else np.asarray(meta["tags"], np.float32),
            mean_affect=(meta["valence"], meta["arousal"]) if known else None,
            moods=None
            if words is None
            else np.array([mood in words for mood in MOODS], np.float32),
            played=(float(stored["played"][0]), float(stored["played"][1])),
        )


def load_clips(
    folder: Path, split: str, datasets: tuple[str, ...], variant: int | None = None
) -> list[Clip]:
    """Load the prepared clips of a split, all variants or one.

    Raises
    ------
    InputError
        Nothing was prepared there.
    """
    pattern = f"*.{'*' if variant is None else variant}.npz"
    paths = [path for name in datasets for path in sorted((folder / split / name).glob(pattern))]
    if not paths:
        raise InputError(
            f"{folder / split}: no prepared clips of {', '.join(datasets)}; run "
            "`python -m export_onnx prepare tracker` first"
        )
    clips = []
    with Progress(f"load {split}", len(paths)) as progress:
        for path in paths:
            clips.append(_read(path))
            progress.advance()
    return clips


def give_courses(clips: Sequence[Clip], path: Path, hop_s: float) -> list[Clip]:
    """Put the course of each rendered piece beside its clips; recordings have none.

    Parameters
    ----------
    hop_s : float
        Time between hops [s].

    Raises
    ------
    InputError
        The file is missing or not what `courses tracker` writes.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            edges = np.concatenate([[0], np.cumsum(stored["counts"])])
            names, times_s, courses = stored["names"].tolist(), stored["times_s"], stored["courses"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no courses; `courses tracker` writes them ({error})") from error
    places = {name: slice(edges[i], edges[i + 1]) for i, name in enumerate(names)}
    given = []
    for clip in clips:
        place = places.get(f"{clip.dataset}/{clip.name}")
        if place is not None:
            start_s, speed = clip.played
            heard_s = start_s + (np.arange(clip.n_hops) + 1) * hop_s * speed
            nearest = np.clip(np.searchsorted(times_s[place], heard_s), 0, len(times_s[place]) - 1)
            clip = replace(clip, course=courses[place][nearest].astype(np.float16))
        given.append(clip)
    return given
