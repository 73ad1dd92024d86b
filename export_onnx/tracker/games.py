"""Game music by title: whether battles are heard as more aroused than calm places, and so on.

Debian packages free music of games, each file under its own licence; nothing of it is passed on.
The lists were made from the names of the files alone, before anything was heard. Nothing is trained
on this music.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.emotion.tracker import Tracker
from engine.errors import InputError
from export_onnx.datasets.item import Item
from export_onnx.tracker.listen import affect
from export_onnx.tracker.prepare import resample, to_reference
from export_onnx.training.answers import Row
from export_onnx.training.metrics import bootstrap, roc_auc
from export_onnx.training.options import option
from export_onnx.training.progress import Progress

__all__ = ["TITLES", "GameOptions", "fetch", "judge"]

PACKAGES = ("wesnoth-1.16-music", "supertux-data", "freedroidrpg-data", "hedgewars-data")

TITLES = {
    "battle": """
        battle battle-epic frantic frantic-old siege_of_laurelmor vengeful battle_theme bossattack
        treeboss voc-boss AmbientBattle Hyperbattle TechBattle
    """,
    "calm": """
        love_theme silence silvan_sanctuary transience sad nunc_dimittis tropicalbreeze
        shallow-green Ambience town temple Nature underwater bath Beach
    """,
    "happy": """
        victory victory2 traveling_minstrels love_theme leveldone christmas_theme jewels
        voc-daytime voc-daytime2 tropicalbreeze Fruit Beach Golf
    """,
    "dark": """
        into_the_shadows sad defeat defeat2 suspense casualties_of_war the_city_falls
        the_king_is_dead weight_of_revenge voc-dark darkforestkeep ghostforest ghostforest2
        halloween_1 HellFortressEntrance HellFortressTwo hellforce Suspicion hell Halloween
    """,
}
"""File names without their ending, by what they promise."""

_QUESTIONS = ((1, "battle", "calm"), (0, "happy", "dark"))
_EXCERPT_S = (10.0, 30.0)


@dataclass(frozen=True)
class GameOptions:
    """Where the music is, or is put."""

    folder: Path = option(Path("runs/games"), "unpacked music, one folder per package")
    json: Path | None = option(None, "also write the table here")


def fetch(options: GameOptions) -> Path:
    """Download the packages with apt and unpack their music; packages that are there are kept.

    Raises
    ------
    InputError
        A package cannot be had: no Debian, or no network.
    """
    for package in PACKAGES:
        target = options.folder / package
        if target.is_dir():
            continue
        options.folder.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(["apt-get", "download", package], cwd=options.folder, check=True)
            (archive,) = options.folder.glob(f"{package}_*.deb")
            subprocess.run(["dpkg-deb", "--extract", archive, target], check=True)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            raise InputError(f"package {package}: cannot be fetched ({error})") from error
        archive.unlink()
    return options.folder


def judge(options: GameOptions) -> list[Row]:
    """Rank the pieces of the lists by arousal and valence; a piece's excerpt begins after 10 s.

    Raises
    ------
    InputError
        A title is not there.
    """
    there = {
        path.stem: path
        for package in PACKAGES
        for path in sorted((options.folder / package).rglob("*.ogg"))
        if "music" in path.parent.as_posix().lower()
    }
    wanted = {kind: titles.split() for kind, titles in TITLES.items()}
    names = sorted({name for titles in wanted.values() for name in titles})
    if missing := [name for name in names if name not in there]:
        raise InputError(f"{options.folder}: lacks {', '.join(missing)}; run `prepare games`")
    tracker, means = Tracker(), {}
    with Progress("games", len(names)) as progress:
        for name in names:
            path = there[name]
            item = Item("games", name, "val", name, path.parent, path.name)
            sound, rate = item.audio()
            start, length = (int(seconds * rate) for seconds in _EXCERPT_S)
            start = min(start, max(0, len(sound) - length))
            sound = resample(sound[start : start + length], rate, tracker.sample_rate)
            tracker.reset()
            states = tracker.push(to_reference(sound))
            means[name] = affect([s for s in states if s.state != "silence"]).mean(0)
            progress.advance()
    rows = []
    for column, high, low in _QUESTIONS:
        titles = [*wanted[high], *wanted[low]]
        values = np.array([means[name][column] for name in titles])
        truth = np.arange(len(titles)) < len(wanted[high])
        score = bootstrap(roc_auc, (values, truth), titles)
        rows.append(Row("games", f"{high} over {low}: AUC", "tracker", score))
    return rows
