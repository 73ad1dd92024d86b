"""What the tests compile: the plug-in as this system has it, the host, the watch on process()."""

import atexit
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from servers.needs import missing

from engine.errors import InputError
from engine.plugin.build import build, native
from engine.plugin.parameters import header

__all__ = ["HEADERS", "SOURCES", "compiled", "loadable", "plugin_folder"]

SOURCES = Path(__file__).parent
HEADERS = Path("/usr/share/dpf/distrho/src")


def _folder() -> Path:
    """Return a new folder that is removed when the tests end."""
    folder = Path(mkdtemp(prefix="stimmung-plugin-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def plugin_folder() -> Path:
    """Return the folder with the plug-in in all formats, built once a run."""
    try:
        out = _folder()
        build(None, out)
    except InputError as error:
        missing(str(error))
    return out / native()


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
    folder = _folder()
    (folder / "parameters.hpp").write_text(header())
    library = source != "host.cpp"
    out = folder / source.replace(".", "_")
    own = [f"-I{folder}", f"-I{SOURCES.parent.parent / 'engine/plugin/src'}"]
    kind = ["-shared", "-fPIC"] if library else []
    if source.endswith(".cpp"):
        kind += ["-std=c++17", '-DSTIMMUNG_VERSION="test"']
    subprocess.run(
        [compiler, "-O1", *kind, *own, f"-isystem{HEADERS}", "-o", str(out),
         str(SOURCES / source), "-ldl", "-lm", "-lpthread"],
        check=True,
    )  # fmt: skip
    return out
