"""What a host can show, automate and store of the plug-in; the one table of it.

`header` is the same table for the C++ side, written when the plug-in is built. Order and choices
are kept in projects: add at the end, never reorder.
"""

from dataclasses import dataclass

from engine.choices import PARTS

__all__ = ["PARAMETERS", "Parameter", "as_set", "header", "index_of"]

AS_SET = "as set in Stimmung"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value of the plug-in.

    Attributes
    ----------
    symbol, name : str
        In files and on the screen.
    low, high, initial : float
        Range and default.
    whole : bool
        Whole numbers only.
    output : bool
        Told by the engine, never set.
    labels : tuple of str
        Names of 0, 1, 2 … where it is a choice.
    """

    symbol: str
    name: str
    low: float = 0.0
    high: float = 1.0
    initial: float = 0.0
    whole: bool = False
    output: bool = False
    labels: tuple[str, ...] = ()


def _choice(symbol: str, name: str, *labels: str) -> Parameter:
    return Parameter(symbol, name, 0.0, len(labels) - 1.0, whole=True, labels=labels)


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("bypass", "Bypass", whole=True),
    _choice("part", "Part", "all, and listen", *PARTS),
    _choice("mode", "Mode", AS_SET, "follow", "contrast", "guide", "manual"),
    Parameter("valence", "Valence", -1.0, 1.0),
    Parameter("arousal", "Arousal", -1.0, 1.0),
    Parameter("strength", "Strength", initial=1.0),
    Parameter("freeze", "Freeze", whole=True),
    _choice("engine", "Engine", AS_SET, "rules", "muser", "amt"),
    Parameter("seed", "Seed (0: as set)", high=9999.0, whole=True),
    Parameter("hold", "Same notes each loop", whole=True),
    Parameter("wait", "Wait for notes (bounce)", whole=True),
    Parameter("connected", "Connected", whole=True, output=True),
    Parameter("heard_valence", "Heard valence", -1.0, 1.0, output=True),
    Parameter("heard_arousal", "Heard arousal", -1.0, 1.0, output=True),
)

_INDEX = {parameter.symbol: index for index, parameter in enumerate(PARAMETERS)}


def index_of(symbol: str) -> int:
    """Return the index that crosses the line."""
    return _INDEX[symbol]


def as_set(parameter: Parameter, value: float) -> str | None:
    """Return the label of a choice's value, or None where the engine's own setting holds."""
    label = parameter.labels[round(value)]
    return None if label == AS_SET else label


def header() -> str:
    """Return the table as a C++ header."""
    lines = [
        "// Written by engine/plugin/build.py from engine/plugin/parameters.py.",
        "#pragma once",
        "namespace parameters {",
        "struct Parameter {",
        "    const char *symbol, *name;",
        "    double low, high;",
        "    float initial;",
        "    bool whole, output;",
        "    unsigned n_labels;",
        "    const char* labels[8];",
        "};",
        f"enum : unsigned {{ {', '.join(p.symbol.upper() for p in PARAMETERS)}, COUNT }};",
        "constexpr Parameter TABLE[COUNT] = {",
        *(f"    {_row(parameter)}," for parameter in PARAMETERS),
        "};",
        "}  // namespace parameters",
    ]
    return "\n".join(lines) + "\n"


def _row(parameter: Parameter) -> str:
    labels = ", ".join(f'"{label}"' for label in parameter.labels)
    flags = ", ".join(str(flag).lower() for flag in (parameter.whole, parameter.output))
    numbers = f"{parameter.low}, {parameter.high}, {parameter.initial}f"
    return (
        f'{{"{parameter.symbol}", "{parameter.name}", {numbers}, {flags}, '
        f"{len(parameter.labels)}, {{{labels}}}}}"
    )
