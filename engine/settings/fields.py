"""How a setting is declared: once, as a dataclass field that carries its words and limits.

`Performance` and `LiveConfig` are made of such fields. The command line, presets, the pipe to
the window, OSC and MIDI learn read them through `settings_of`, so that a new setting is one line.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from engine.choices import check_choice, check_range
from engine.errors import InputError

__all__ = ["Group", "Setting", "check_settings", "read_setting", "setting", "settings_of"]

Group = Literal["music", "listening", "live", "none"]
"""Commands that offer a setting: ``music`` all that generate, ``listening`` all that track,
``live`` only the live engine, ``none`` no command (files and the window only)."""


_KNOWN: dict[type, dict[str, "Setting"]] = {}


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting.

    Attributes
    ----------
    name : str
        Name of the field, and of the key in presets, OSC and the pipe.
    kind : type
        Type of its value: bool, int, float, str or tuple.
    words : str
        What it does, for ``--help`` and the window.
    limits : (float, float) or None
        Lowest and highest value of a number.
    controller : (float, float) or None
        What a MIDI controller's 0 and 127 mean; None: MIDI cannot set it.
    choices : collection of str
        Words that a text, or each word of a list, may be; empty: any. A table that grows
        (such as that of the engines) is given itself, and read when a value is checked.
    option : str
        Command-line option.
    metavar : str or None
        Name of its value in ``--help``.
    group : str
        Commands that offer it.
    repeated : bool
        Whether the option may be given several times.
    alone : str or None
        Value of the option where it is given without one; None: it needs one.
    read : callable or None
        Turns a text, as given on the command line or in JSON, into the value.
    """

    name: str
    kind: type
    words: str
    limits: tuple[float, float] | None
    controller: tuple[float, float] | None
    choices: Collection[str]
    option: str
    metavar: str | None
    group: Group
    repeated: bool
    alone: str | None
    read: Callable[[Any], Any] | None


def setting(
    default: Any,
    words: str = "",
    *,
    limits: tuple[float, float] | None = None,
    controller: tuple[float, float] | None = None,
    choices: Collection[str] = (),
    option: str = "",
    metavar: str | None = None,
    group: Group = "live",
    repeated: bool = False,
    alone: str | None = None,
    read: Callable[[Any], Any] | None = None,
    kind: type | None = None,
) -> Any:
    """Return a dataclass field that declares a setting; see `Setting` for the arguments."""
    return field(
        default=default,
        metadata={
            "kind": kind or type(default),
            "words": words,
            "limits": limits,
            "controller": controller,
            "choices": choices,
            "option": option,
            "metavar": metavar,
            "group": group,
            "repeated": repeated,
            "alone": alone,
            "read": read,
        },
    )


def settings_of(owner: type) -> dict[str, Setting]:
    """Return the declared settings of a dataclass by name, in order."""
    if owner not in _KNOWN:
        found = _KNOWN[owner] = {}
        for item in fields(owner):
            if "words" in item.metadata:
                values = dict(item.metadata)
                values["option"] = values["option"] or "--" + item.name.replace("_", "-")
                found[item.name] = Setting(item.name, **values)
    return _KNOWN[owner]


def check_settings(owner: Any) -> None:
    """Check every declared setting of a dataclass instance against its limits and choices.

    Raises
    ------
    InputError
        A value is out of range; the message names it.
    """
    for name, declared in settings_of(type(owner)).items():
        value = getattr(owner, name)
        if value is None:
            continue
        if declared.limits is not None:
            check_range(name, value, *declared.limits)
        if declared.kind is int and not isinstance(value, int):
            raise InputError(f"{name} must be a whole number; got {value!r}")
        if declared.kind is bool and not isinstance(value, bool):
            raise InputError(f"{name} must be true or false; got {value!r}")
        if declared.kind is str and not declared.choices and not isinstance(value, str):
            raise InputError(f"{name} must be a text; got {value!r}")
        if declared.choices:
            for word in value if isinstance(value, tuple) else (value,):
                check_choice(name, word, tuple(declared.choices))


def read_setting(declared: Setting, value: Any) -> Any:
    """Return the value of a setting from a text, a JSON value or a parsed option.

    Raises
    ------
    InputError
        It cannot be read.
    """
    if declared.repeated:
        if not isinstance(value, (list, tuple)):
            raise InputError(f"{declared.name} must be a list; got {value!r}")
        return tuple(value if declared.read is None else map(declared.read, value))
    if declared.read is not None:
        value = declared.read(value)
    if declared.kind is tuple:
        if not isinstance(value, (list, tuple)):
            raise InputError(f"{declared.name} must be a list of names; got {value!r}")
        return tuple(value)
    return value
