"""The data sets of the tracker: a registry, one reader per set, all giving `Item`.

``DATA/<set>/`` holds each set, in our own layout (``manifest.csv`` with a ``split`` column beside
the files) or as its authors distribute it; each module names its layout and its source. Scales are
converted there, once, to the shared [-1, 1]. A set joins by one file and one line in `DATASETS`.
"""

from dataclasses import replace
from pathlib import Path

from engine.errors import InputError
from export_onnx.datasets.deam import lacks_deam, read_deam
from export_onnx.datasets.emomusic import lacks_emomusic, read_emomusic
from export_onnx.datasets.emopia import lacks_emopia, read_emopia
from export_onnx.datasets.emotify import lacks_emotify, read_emotify
from export_onnx.datasets.item import Dataset, Item
from export_onnx.datasets.jamendo import lacks_jamendo, read_jamendo
from export_onnx.datasets.labels import Span, chord_index, key_index
from export_onnx.datasets.muvisync import lacks_muvisync, read_muvisync
from export_onnx.datasets.pmemo import lacks_pmemo, read_pmemo
from export_onnx.datasets.pop909 import lacks_pop909, read_pop909
from export_onnx.datasets.q4audio import lacks_q4audio, read_q4audio
from export_onnx.datasets.vgmidi import lacks_vgmidi, read_vgmidi

__all__ = ["DATASETS", "Dataset", "Item", "Span", "chord_index", "key_index", "read_items"]

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset("emopia", lacks_emopia, read_emopia),
        Dataset("vgmidi", lacks_vgmidi, read_vgmidi),
        Dataset("emotify", lacks_emotify, read_emotify),
        Dataset("q4audio", lacks_q4audio, read_q4audio),
        Dataset("pop909", lacks_pop909, read_pop909),
        Dataset("deam", lacks_deam, read_deam),
        Dataset("emomusic", lacks_emomusic, read_emomusic, contained_in="deam"),
        Dataset("pmemo", lacks_pmemo, read_pmemo),
        Dataset("mtg_jamendo", lacks_jamendo, read_jamendo),
        Dataset("muvisync", lacks_muvisync, read_muvisync, has_sound=False),
    )
}
"""Labels, scales, licences and sources: docs/datasets.md."""


def _side_by_side(items: list[Item], holder: list[Item], holder_is_read: bool) -> list[Item]:
    """Items of a contained set, on the side its holder has them and not twice in training."""
    songs = {item.name: item.split for item in holder}
    groups = {item.group: item.split for item in holder}
    kept = []
    for item in items:
        held = item.name in songs
        side = songs[item.name] if held else groups.get(item.group, item.split)
        if not (held and holder_is_read and side == "train"):
            kept.append(replace(item, split=side))
    return kept


def read_items(data: Path, splits: tuple[str, ...], names: tuple[str, ...] = ()) -> list[Item]:
    """Read the items of the given splits from every known set found below `data`.

    A set that another one contains (EmoMusic in DEAM) takes each song's side from that one where
    it is there too, and leaves to it the songs to train on: no song is on two sides, none is
    trained on twice.

    Parameters
    ----------
    names : tuple of str
        Sets to read, all of which must be there; empty reads whatever is found that has sound
        or notes.

    Raises
    ------
    InputError
        The folder is missing, lacks a set, or has no item in these splits.
    """
    if not data.is_dir():
        raise InputError(f"data folder {data}: not a folder")
    for name in names:
        if name not in DATASETS:
            raise InputError(f"data set {name}: not one of {', '.join(DATASETS)}")
        if missing := DATASETS[name].lacks(data / name):
            raise InputError(f"data folder {data}: {name} lacks {missing}")
    there = [name for name in DATASETS if not DATASETS[name].lacks(data / name)]
    wanted = [name for name in there if (name in names if names else DATASETS[name].has_sound)]
    if not wanted:
        raise InputError(f"data folder {data}: none of {', '.join(DATASETS)} is complete there")
    everything: list[Item] = []
    for name in wanted:
        dataset = DATASETS[name]
        items = list(dataset.read(data / name))
        if dataset.contained_in in there:
            holder = DATASETS[dataset.contained_in]
            held = list(holder.read(data / holder.name))
            items = _side_by_side(items, held, holder.name in wanted)
        everything += [item for item in items if item.split in splits]
    if not everything:
        raise InputError(f"data folder {data}: no item in split {', '.join(splits)}")
    return everything
