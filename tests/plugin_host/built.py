"""What the tests compile: the plug-in as this system has it, the host, the watch on process()."""

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from servers.needs import missing

from engine.errors import InputError
from engine.plugin.build import build, native
from engine.plugin.parameters import header

__all__ = ["HEADERS", "SOURCES", "compiled", "keep_in", "loadable", "plugin_folder"]

SOURCES = Path(__file__).parent
HEADERS = Path("/usr/share/dpf/distrho/src")


_kept: list[Path] = []


def keep_in(folder: Path) -> None:
    """Build in this folder, which the test processes of a run share."""
    _kept[:] = [folder]


def _made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that whichever test process comes first has filled."""
    (root,) = _kept
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with TemporaryDirectory(dir=root) as work:
                make(Path(work))
                shutil.copytree(work, folder)
    return folder


@cache
def plugin_folder() -> Path:
    """Return the folder with the plug-in in all formats, built once a run."""
    try:
        return _made_once("plugin", lambda out: build(None, out)) / native()
    except InputError as error:
        missing(str(error))


def loadable(kind: str, folder: Path | None = None, before: str = "") -> str:
    """Return how the small host is told to load a format; ``before`` comes before the path."""
    bundle = (folder or plugin_folder()) / f"stimmung.{kind}"
    if kind == "clap":
        return f"{before}{bundle}"
    inner = "Contents/*/stimmung*" if kind == "vst3" else "stimmung.[sd]*[ol]"
    (library,) = bundle.glob(inner)
    return f"{kind}:{before}{library}"


@cache
def compiled(source: str) -> Path:
    """Return a program or library made from a source file beside this one."""
    compiler = shutil.which("c++" if source.endswith(".cpp") else "cc")
    if compiler is None or not HEADERS.is_dir():
        missing("no C compiler, or no CLAP headers: apt install g++ dpf-source")
    name = source.replace(".", "_")

    def make(folder: Path) -> None:
        (folder / "parameters.hpp").write_text(header())
        own = [f"-I{folder}", f"-I{SOURCES.parent.parent / 'engine/plugin/src'}"]
        kind = ["-shared", "-fPIC"] if source != "host.cpp" else []
        if source.endswith(".cpp"):
            kind += ["-std=c++17", '-DSTIMMUNG_VERSION="test"']
        subprocess.run(
            [compiler, "-O1", *kind, *own, f"-isystem{HEADERS}", "-o", str(folder / name),
             str(SOURCES / source), "-ldl", "-lm", "-lpthread"],
            check=True,
        )  # fmt: skip

    return _made_once(name, make) / name
