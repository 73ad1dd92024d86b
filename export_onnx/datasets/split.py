"""Splits by group, the same on every machine: listed for our training sets, by hash for others.

``splits.json`` lists the songs (EMOPIA, POP909), franchises (VGMIDI) and clips (Emotify, no artist
on two sides) that validate and test our models; all others train. EMOPIA's list is the official
one, but for two validation songs that repeat training songs and train too.
"""

import hashlib
import json
import re
import unicodedata
from functools import cache
from importlib import resources

__all__ = ["listed_split", "main_artist", "split_of"]

_VAL, _TEST = 0.1, 0.1
_GUESTS = re.compile(r"[,;/&]|\b(?:feat|ft|featuring)\b")
_NOBODY = ("", "unknown", "unknown artist", "various", "various artists", "n a")


@cache
def _listed() -> dict[str, dict[str, str]]:
    """Side of every listed name, per set."""
    text = (resources.files("export_onnx.datasets") / "splits.json").read_text(encoding="utf-8")
    return {
        dataset: {name: side for side, names in sides.items() for name in names}
        for dataset, sides in json.loads(text).items()
    }


def listed_split(dataset: str, name: str) -> str:
    """Return the side on which ``splits.json`` has a name; ``train`` for names not in it."""
    return _listed()[dataset].get(name, "train")


def split_of(salt: str, group: str) -> str:
    """Return ``train``, ``val`` (10 % of the groups) or ``test`` (10 %) by a hash of the name.

    Sets that share songs or artists must share `salt`.
    """
    digest = hashlib.sha256(f"{salt}/{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < _TEST:
        return "test"
    return "val" if place < _TEST + _VAL else "train"


def main_artist(text: str) -> str:
    """Return the first-named artist without accents, case and signs; empty where nobody is named.

    Guests are dropped, so that the works of one artist stay together.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    first = _GUESTS.split(plain)[0]
    name = " ".join(re.findall(r"[a-z0-9]+", first))
    return "" if name in _NOBODY else name
