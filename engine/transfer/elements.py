"""The elements that transfer moves, by name."""

from typing import Final

from engine.errors import InputError

__all__ = ["ELEMENTS", "parse_elements"]

ELEMENTS: Final = ("velocity", "tempo", "duration", "density", "register", "pitch", "chord")
"""What can be moved: loudness, speed, note length, notes per second, octaves, mode, harmony."""

_ALIASES: Final = {"timing": "tempo", "mode": "pitch"}


def parse_elements(text: str) -> tuple[str, ...]:
    """Read a list such as ``velocity,tempo,mode``; ``all`` is every element.

    Raises
    ------
    InputError
        The list is empty or names something else.
    """
    if text.strip() == "all":
        return ELEMENTS
    names = [_ALIASES.get(name, name) for part in text.split(",") if (name := part.strip())]
    if not names:
        raise InputError(f"elements must name at least one of {', '.join(ELEMENTS)}; got {text!r}")
    for name in names:
        if name not in ELEMENTS:
            raise InputError(
                f"elements must be among {', '.join(ELEMENTS)} (or timing, mode, all); got {name!r}"
            )
    return tuple(element for element in ELEMENTS if element in names)
