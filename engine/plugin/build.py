"""Builds the plug-in: CLAP, VST3 and LV2, for this system or for all of them.

The compiler is zig (``pip install ziglang``), which builds for every system, or the system's own
C++ compiler for this one. The formats' headers come from DPF, the DISTRHO Plugin Framework
(Debian: ``dpf-source``); nothing of it is kept here.
"""

import importlib.util
import os
import platform
import plistlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from engine.errors import InputError
from engine.plugin.description import manifest, ports
from engine.plugin.parameters import header

__all__ = ["BUILT", "FORMATS", "TARGETS", "Target", "build", "native"]

FORMATS = ("clap", "vst3", "lv2")
BUILT = Path(__file__).parent / "built"
"""Where wheels carry the binaries, one folder a target."""

_SOURCES = Path(__file__).parent / "src"
_DPF_PLACES = (Path("/usr/share/dpf"), Path("/usr/local/share/dpf"))
_FLAGS = (
    "-O2",
    "-std=c++17",
    "-fvisibility=hidden",
    "-DNDEBUG",
    "-Wall",
    "-shared",
)
_DPF_CURE = (
    "headers of the plug-in formats are missing; install DPF (Debian: apt install dpf-source) or "
    "let DPF_PATH name a checkout of github.com/DISTRHO/DPF"
)
_COMPILER_CURE = "no C++ compiler; pip install ziglang (for all systems), or install g++ or clang++"


@dataclass(frozen=True, slots=True)
class Target:
    """A system that is built for.

    Attributes
    ----------
    name : str
        As in folder names.
    zig : str
        What zig calls it.
    ending : str
        Of shared libraries.
    vst3 : str
        Folder of the library inside a VST3 bundle.
    libraries : tuple of str
        What is linked.
    """

    name: str
    zig: str
    ending: str
    vst3: str
    libraries: tuple[str, ...] = ()


TARGETS = {
    target.name: target
    for target in (
        Target(
            "linux-x86_64", "x86_64-linux-gnu.2.17", "so", "x86_64-linux", ("-ldl", "-lpthread")
        ),
        Target(
            "linux-aarch64", "aarch64-linux-gnu.2.17", "so", "aarch64-linux", ("-ldl", "-lpthread")
        ),
        Target("windows-x86_64", "x86_64-windows-gnu", "dll", "x86_64-win", ("-lws2_32",)),
        Target("macos-x86_64", "x86_64-macos.11.0", "dylib", "MacOS"),
        Target("macos-arm64", "aarch64-macos.11.0", "dylib", "MacOS"),
    )
}


def native() -> str:
    """Return the name of this system's target.

    Raises
    ------
    InputError
        The plug-in is not built for this system.
    """
    system = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system(), "")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if system == "linux":
        machine = machine.replace("arm64", "aarch64")
    name = f"{system}-{machine}"
    if name not in TARGETS:
        raise InputError(f"the plug-in is built for {', '.join(TARGETS)}; this is {name}")
    return name


def build(
    names: tuple[str, ...] | None = None,
    out: Path = BUILT,
    tell: Callable[[str], None] = lambda _line: None,
) -> list[Path]:
    """Build all formats for some targets; return what was made.

    Parameters
    ----------
    names : tuple of str or None
        Targets, built with zig for old systems too; None for this system as it is, with its own
        compiler if it has one.
    out : Path
        Gets a folder for each target; what was there is replaced.
    tell : callable
        Told what is being built.

    Raises
    ------
    InputError
        Something needed is missing; the message says what and how to get it.
    """
    dpf = _find_dpf()
    if names is None:
        compilers = {native(): _own_compiler() or _zig(TARGETS[native()])}
    else:
        compilers = {name: _zig(TARGETS[name]) for name in names}
    made: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="stimmung-plugin-") as folder:
        work = Path(folder)
        (work / "parameters.hpp").write_text(header(), encoding="utf-8")
        for name, compiler in compilers.items():
            libraries = {}
            for kind in FORMATS:
                tell(f"{name} {kind}")
                libraries[kind] = _compile(TARGETS[name], kind, compiler, dpf, work)
            made += _pack(TARGETS[name], libraries, out / name)
    return made


def _find_dpf() -> Path:
    named = os.environ.get("DPF_PATH")
    places = (Path(named),) if named else _DPF_PLACES
    for place in places:
        if (headers := place / "distrho" / "src").is_dir():
            return headers
    raise InputError(_DPF_CURE)


def _own_compiler() -> list[str] | None:
    for name in filter(None, (os.environ.get("CXX"), "c++", "g++", "clang++")):
        if path := shutil.which(name):
            return [path, "-s"]
    return None


def _zig(target: Target) -> list[str]:
    if importlib.util.find_spec("ziglang") is None:
        raise InputError(_COMPILER_CURE)
    return [sys.executable, "-m", "ziglang", "c++", "-target", target.zig, "-s"]


def _compile(target: Target, kind: str, compiler: list[str], dpf: Path, work: Path) -> Path:
    library = work / f"{target.name}-{kind}.{target.ending}"
    options = [f'-DSTIMMUNG_VERSION="{version("stimmung")}"']
    if target.ending != "dll":
        options.append("-fPIC")
    command = [*compiler, *_FLAGS, *options, f"-I{work}", f"-I{_SOURCES}", f"-isystem{dpf}"]
    command += ["-o", str(library), str(_SOURCES / f"{kind}.cpp")]
    answer = subprocess.run(
        [*command, *target.libraries], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise InputError(f"the compiler refused {target.name} {kind}:\n{answer.stderr.strip()}")
    return library


def _pack(target: Target, libraries: dict[str, Path], out: Path) -> list[Path]:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    clap, vst3, lv2 = (out / f"stimmung.{kind}" for kind in FORMATS)
    if target.ending == "dylib":
        _bundle(libraries["clap"], clap)
        _bundle(libraries["vst3"], vst3)
    else:
        shutil.copyfile(libraries["clap"], clap)
        inner = "stimmung.so" if target.ending == "so" else "stimmung.vst3"
        place = vst3 / "Contents" / target.vst3
        place.mkdir(parents=True)
        shutil.copyfile(libraries["vst3"], place / inner)
    lv2.mkdir()
    library = f"stimmung.{target.ending}"
    shutil.copyfile(libraries["lv2"], lv2 / library)
    (lv2 / "manifest.ttl").write_text(manifest(library), encoding="utf-8")
    (lv2 / "stimmung.ttl").write_text(ports(), encoding="utf-8")
    return [clap, vst3, lv2]


def _bundle(library: Path, bundle: Path) -> None:
    """Write a bundle as macOS wants it."""
    place = bundle / "Contents" / "MacOS"
    place.mkdir(parents=True)
    shutil.copyfile(library, place / "stimmung")
    about = {
        "CFBundleExecutable": "stimmung",
        "CFBundleIdentifier": f"org.stimmung.plugin{bundle.suffix}",
        "CFBundleName": "Stimmung",
        "CFBundlePackageType": "BNDL",
        "CFBundleVersion": version("stimmung"),
    }
    (bundle / "Contents" / "Info.plist").write_bytes(plistlib.dumps(about))
