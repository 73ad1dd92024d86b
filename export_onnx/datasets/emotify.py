"""Emotify: 400 one-minute recordings, with the emotions that listeners said they felt (GEMS-9).

Layout as distributed::

    data.csv                                       a row per listener and track
    emotifymusic/{classical,rock,electronic,pop}/<1..100>.mp3

``data.csv`` has ``track id, genre``, a 0/1 column per emotion, ``mood, liked, disliked, age,
gender, mother tongue``. Track ids run through the genres in the order above: 1..100 are classical,
101..200 rock and so on. A tag's value is the share of listeners who ticked it; what is known of the
listeners is not read. Artists are read from the files' own tags.

Ours: ``manifest.csv`` with ``path, split, artist``, the shares and the two proxies; recordings in
``audio/``.

Emotify has no valence and arousal. The proxies are weighted sums of the shares, chosen from the
meaning of the words, brought to -1..1 by (x - mean) / (2.5 sd) with fixed mean and sd (`PROXIES`):
zero is the middle of this set, not of the scale that others rate on.

References
----------
Aljanaki, Wiering, Veltkamp: Studying emotion induced by music through a crowdsourcing game.
Information Processing & Management 52(1), 2016.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.datasets.item import Item
from export_onnx.datasets.labels import TAGS
from export_onnx.datasets.split import listed_split, main_artist
from export_onnx.datasets.tables import MANIFEST, number, read_manifest, read_rows

__all__ = ["PROXIES", "Proxy", "lacks_emotify", "read_emotify"]

_GENRES = ("classical", "rock", "electronic", "pop")
_PER_GENRE = 100
_RATINGS, _AUDIO = "data.csv", "emotifymusic"


@dataclass(frozen=True)
class Proxy:
    """A weighted sum of shares; `mean` and `sd` are those of the sums in train and val together."""

    weights: Mapping[str, float]
    mean: float
    sd: float

    def of(self, shares: Mapping[str, float]) -> float:
        """Return the proxy, [-1, 1]."""
        total = sum(weight * shares[tag] for tag, weight in self.weights.items())
        return float(np.clip((total - self.mean) / (2.5 * self.sd), -1.0, 1.0))


PROXIES = {
    "valence": Proxy(
        {
            "joyful_activation": 1.0,
            "amazement": 0.75,
            "tenderness": 0.5,
            "calmness": 0.5,
            "power": 0.5,
            "tension": -1.0,
            "sadness": -1.0,
        },
        mean=0.2774,
        sd=0.4304,
    ),
    "arousal": Proxy(
        {
            "power": 1.0,
            "joyful_activation": 1.0,
            "tension": 0.5,
            "amazement": 0.25,
            "calmness": -1.0,
            "tenderness": -0.75,
            "sadness": -0.75,
            "nostalgia": -0.5,
        },
        mean=-0.0994,
        sd=0.8020,
    ),
}


def lacks_emotify(folder: Path) -> str:
    """Return what of Emotify is missing in `folder`."""
    if (folder / MANIFEST).is_file():
        return ""
    missing = [name for name in (_RATINGS, _AUDIO) if not (folder / name).exists()]
    return f"{', '.join(missing)} (or {MANIFEST})" if missing else ""


def _artist(path: Path) -> str:
    import soundfile

    try:
        with soundfile.SoundFile(path) as sound:
            return main_artist(sound.copy_metadata().get("artist", ""))
    except (OSError, soundfile.LibsndfileError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error


def _distributed(folder: Path) -> Iterator[Item]:
    table = folder / _RATINGS
    ticks: dict[int, list[list[float]]] = {}
    for row in read_rows(table):
        track = int(number(row, "track id", table))
        ticks.setdefault(track, []).append([number(row, tag, table) for tag in TAGS])
    for track, rows in sorted(ticks.items()):
        genre, place = divmod(track - 1, _PER_GENRE)
        if not 0 <= genre < len(_GENRES):
            raise InputError(f"{table}: track id {track}, not in 1..{len(_GENRES) * _PER_GENRE}")
        name = f"{_GENRES[genre]}_{place + 1}"
        path = folder / _AUDIO / _GENRES[genre] / f"{place + 1}.mp3"
        if not path.is_file():
            continue
        tags = tuple(float(share) for share in np.mean(rows, 0))
        shares = dict(zip(TAGS, tags, strict=True))
        group = _artist(path) or name
        yield Item(
            dataset="emotify",
            name=name,
            split=listed_split("emotify", name),
            group=group,
            folder=path.parent,
            path=path.name,
            valence=PROXIES["valence"].of(shares),
            arousal=PROXIES["arousal"].of(shares),
            tags=tags,
        )


def read_emotify(folder: Path) -> Iterator[Item]:
    """Read the recordings; the split is by artist."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        yield from _distributed(folder)
        return
    for row in read_manifest(folder):
        yield Item(
            dataset="emotify",
            name=Path(row["path"]).stem,
            split=row["split"],
            group=row["artist"],
            folder=folder,
            path=row["path"],
            valence=number(row, "valence_proxy", manifest),
            arousal=number(row, "arousal_proxy", manifest),
            tags=tuple(number(row, tag, manifest) for tag in TAGS),
        )
