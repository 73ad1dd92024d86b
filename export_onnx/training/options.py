"""Options of the commands, made from the fields of their option dataclasses.

Each field is stated once, with `option`: its default, its help and, by its annotation, how it is
read. ``int``, ``float``, ``str`` and ``Path`` (or None) are read as they are, ``bool`` is a switch,
and a tuple is given with commas, by repeating the option, or both.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin

from engine.errors import InputError

__all__ = ["add_options", "data_option", "nested", "option", "read_options", "read_worker"]

_Options = TypeVar("_Options")


@dataclass(frozen=True)
class _About:
    """What a field says about its option (see `option`)."""

    text: str
    flag: str = ""
    choices: tuple[Any, ...] = ()
    parse: Callable[[str], Any] | None = None


def option(
    default: Any = MISSING,
    text: str = "",
    *,
    flag: str = "",
    choices: Sequence[Any] = (),
    parse: Callable[[str], Any] | None = None,
) -> Any:
    """Return a dataclass field that is also an option.

    Parameters
    ----------
    default : object
        Without one the option must be given.
    text : str
        Its help.
    flag : str
        Its names on the command line, if they are not that of the field: ``"-o --output"``;
        without dashes it is given by its place.
    choices : sequence
        All values it may have.
    parse : callable
        Reads it, in place of the annotated type; may raise `InputError`.
    """
    return field(default=default, metadata={"option": _About(text, flag, tuple(choices), parse)})


def nested(config: type[Any], **texts: str) -> Any:
    """Return a field for a dataclass of settings; those named become options, with their help."""
    return field(default_factory=config, metadata={"nested": texts})


def data_option() -> Any:
    """Return the option ``--data``, which must be given."""
    return option(text="folder with a sub-folder per data set")


def read_worker(text: str) -> tuple[int, int]:
    """Return index and number of workers of ``--worker I/N``.

    Raises
    ------
    InputError
        It is not I/N with 0 <= I < N.
    """
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise InputError(f"--worker {text}: must look like 0/2")
    return int(index), int(count)


def _flags(of: "Field[Any]", about: _About) -> list[str]:
    return about.flag.split() or [f"--{of.name.replace('_', '-')}"]


def _type(of: "Field[Any]") -> tuple[Any, bool]:
    """Return the type of one value, and whether there may be several."""
    annotation: Any = of.type
    if isinstance(annotation, UnionType):
        (annotation,) = (one for one in get_args(annotation) if one is not NoneType)
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0], True
    return annotation, False


def _add(parser: argparse.ArgumentParser, name: str, of: "Field[Any]", about: _About) -> None:
    kind, several = _type(of)
    words = [about.text] if about.text else []
    if of.default not in (MISSING, None, "", (), False) and about.parse is None:
        shown = ",".join(map(str, cast(Any, of.default))) if several else of.default
        words.append(f"(default {shown})")
    flags, text = _flags(of, about), " ".join(words).replace("%", "%%")
    if kind is bool:
        parser.add_argument(*flags, dest=name, action="store_true", default=None, help=text)
    elif not flags[0].startswith("-"):
        parser.add_argument(name, type=kind, nargs="+", metavar=flags[0], help=text)
    else:
        parser.add_argument(
            *flags,
            dest=name,
            type=str if about.parse else kind,
            action="append" if several and about.parse is None else "store",
            choices=None if several else about.choices or None,
            metavar=None if about.choices and not several else flags[-1].strip("-").upper(),
            help=text,
        )


def add_options(parser: argparse.ArgumentParser, options: type[Any]) -> None:
    """Add an option for each field of a dataclass that `option` or `nested` made."""
    for of in fields(options):
        if "option" in of.metadata:
            _add(parser, of.name, of, of.metadata["option"])
        for name, text in of.metadata.get("nested", {}).items():
            (inner,) = (one for one in fields(cast(Any, of.type)) if one.name == name)
            _add(parser, f"{of.name}.{name}", inner, _About(text))


def _value(of: "Field[Any]", given: Any) -> Any:
    about: _About = of.metadata["option"]
    if about.parse is not None:
        return about.parse(given)
    kind, several = _type(of)
    if not several:
        return given
    if kind is str:
        given = [part for text in given for part in text.split(",") if part]
    for part in given:
        if about.choices and part not in about.choices:
            known = ", ".join(map(str, about.choices))
            raise InputError(f"{_flags(of, about)[-1]} {part}: must be of {known}")
    return tuple(given)


def read_options(options: type[_Options], parsed: argparse.Namespace) -> _Options:
    """Return the options as given.

    Raises
    ------
    InputError
        One that must be given was not, or a value is not what it may be.
    """
    values: dict[str, Any] = {}
    for of in fields(cast(Any, options)):
        if "option" in of.metadata:
            given = getattr(parsed, of.name)
            if given is not None:
                values[of.name] = _value(of, given)
            elif of.default is MISSING:
                about = of.metadata["option"]
                raise InputError(f"{_flags(of, about)[-1]} is required: {about.text}")
        elif "nested" in of.metadata:
            chosen = {name: getattr(parsed, f"{of.name}.{name}") for name in of.metadata["nested"]}
            chosen = {name: value for name, value in chosen.items() if value is not None}
            values[of.name] = replace(cast(Any, of.type)(), **chosen)
    return options(**values)
