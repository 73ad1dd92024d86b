"""Checksums of the models that come with Stimmung.

A model of ours that was damaged or exchanged is refused before it is loaded; a model of the
user's own is checked by its metadata, where it is loaded.
``python -m engine.models.checksums`` writes the table anew, after a model was trained.
"""

import hashlib
import sys
from pathlib import Path

from engine.errors import ModelError

__all__ = ["check_shipped", "read_table", "shipped_folder", "write_table"]

_TABLE = "SHA256SUMS"
_BLOCK = 1 << 20


def shipped_folder() -> Path:
    """Return the folder of the models that come with Stimmung."""
    from importlib.resources import files

    return Path(str(files("presets") / "models"))


def check_shipped(path: Path) -> None:
    """Check a model that is ours; one from elsewhere passes.

    Raises
    ------
    ModelError
        It is not the file that was shipped.
    """
    if path.resolve().parent != shipped_folder().resolve():
        return
    expected = read_table().get(path.name)
    if expected is None:
        raise ModelError(
            f"model {path}: not in {_TABLE}; `python -m engine.models.checksums` enters it"
        )
    if _digest(path) != expected:
        raise ModelError(
            f"model {path}: damaged or exchanged (SHA-256 differs from {_TABLE}; after training, "
            "`python -m engine.models.checksums` writes that anew)"
        )


def read_table() -> dict[str, str]:
    """Return file name → SHA-256 in hexadecimal.

    Raises
    ------
    ModelError
        The table is missing.
    """
    path = shipped_folder() / _TABLE
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    pairs = (line.split() for line in lines)
    return {words[1]: words[0] for words in pairs if len(words) == 2}


def write_table() -> Path:
    """Write the table for the models that are there now, in the format of ``sha256sum``."""
    folder = shipped_folder()
    lines = [f"{_digest(path)}  {path.name}\n" for path in sorted(folder.glob("*.onnx"))]
    table = folder / _TABLE
    table.write_text("".join(lines), encoding="ascii")
    return table


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            total.update(block)
    return total.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(f"{write_table()}\n")
