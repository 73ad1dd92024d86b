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

_NINE_POINTS = "1..9 -> (x - 5) / 4; curves -1..1 kept"

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="emopia",
            labels="one of four quadrants per clip",
            scale="quadrant -> valence, arousal = +-0.6",
            licence="CC BY-NC-SA 4.0",
            obtain="https://zenodo.org/records/5090631; the folder EMOPIA_1.0",
            citation="Hung et al., ISMIR 2021",
            lacks=lacks_emopia,
            read=read_emopia,
        ),
        Dataset(
            name="vgmidi",
            labels="valence and arousal over time, and means",
            scale="-1..1 kept",
            licence="none stated: research only, not to be passed on",
            obtain="https://github.com/lucasnfe/vgmidi; the folder labelled",
            citation="Ferreira, Whitehead, ISMIR 2019",
            lacks=lacks_vgmidi,
            read=read_vgmidi,
        ),
        Dataset(
            name="emotify",
            labels="share of listeners per GEMS emotion (9), felt",
            scale="0..1 kept; valence and arousal proxies -1..1",
            licence="music CC BY-NC-SA (Magnatune), annotations for research",
            obtain="http://www2.projects.science.uu.nl/memotion/emotifydata/; table and music",
            citation="Aljanaki, Wiering, Veltkamp, IP&M 2016",
            lacks=lacks_emotify,
            read=read_emotify,
        ),
        Dataset(
            name="q4audio",
            labels="one of four quadrants per clip",
            scale="quadrant -> valence, arousal = +-0.6",
            licence="none stated, commercial recordings: research only, not to be passed on",
            obtain="http://mir.dei.uc.pt/downloads.html; a manifest.csv beside the recordings",
            citation="Panda, Malheiro, Paiva, IEEE TAFFC 2020",
            lacks=lacks_q4audio,
            read=read_q4audio,
        ),
        Dataset(
            name="pop909",
            labels="chords and keys over time",
            scale="major and minor triads; other chords unknown",
            licence="MIT",
            obtain="https://github.com/music-x-lab/POP909-Dataset; the folder POP909",
            citation="Wang et al., ISMIR 2020",
            lacks=lacks_pop909,
            read=read_pop909,
        ),
        Dataset(
            name="deam",
            labels="valence and arousal, whole and at 2 Hz",
            scale=f"{_NINE_POINTS}; axes of ids <= 1000 exchanged back",
            licence="music Creative Commons, annotations CC BY-NC: research only",
            obtain="https://cvml.unige.ch/databases/DEAM/; DEAM_audio, DEAM_Annotations, metadata",
            citation="Aljanaki, Yang, Soleymani, PLOS ONE 2017",
            lacks=lacks_deam,
            read=read_deam,
        ),
        Dataset(
            name="emomusic",
            labels="valence and arousal, whole and at 2 Hz",
            scale=_NINE_POINTS,
            licence="music Creative Commons, annotations CC BY-NC: research only",
            obtain="https://cvml.unige.ch/databases/emoMusic/; annotations and clips_45sec",
            citation="Soleymani et al., CrowdMM 2013",
            lacks=lacks_emomusic,
            read=read_emomusic,
            contained_in="deam",
        ),
        Dataset(
            name="pmemo",
            labels="valence and arousal, whole and at 2 Hz",
            scale="0..1 -> 2x - 1",
            licence="commercial choruses for research; terms of the audio not stated",
            obtain="https://github.com/HuiZhangDB/PMEmo; the folder PMEmo2019",
            citation="Zhang et al., ICMR 2018",
            lacks=lacks_pmemo,
            read=read_pmemo,
        ),
        Dataset(
            name="mtg_jamendo",
            labels="56 mood and theme words, chosen by uploaders",
            scale="present or not chosen",
            licence="audio Creative Commons per track, metadata CC BY-NC-SA 4.0",
            obtain="https://github.com/MTG/mtg-jamendo-dataset; data/ and, from its script, audio/",
            citation="Bogdanov et al., ICML ML4MD 2019",
            lacks=lacks_jamendo,
            read=read_jamendo,
        ),
        Dataset(
            name="muvisync",
            labels="chords, key, video and sound features once a second",
            scale="no valence or arousal; six emotions out of CLIP",
            licence="as its source states; features of commercial music videos, no sound",
            obtain="https://zenodo.org/records/10057093; the folders vevo_*",
            citation="Kang, Poria, Herremans, arXiv 2311.00968",
            lacks=lacks_muvisync,
            read=read_muvisync,
            has_sound=False,
        ),
    )
}


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
