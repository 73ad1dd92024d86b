"""The table of generators: name on the command line to the class that plays.

Adding one means a class that answers to `engine.generators.protocol.Generator` and a line in
``GENERATORS``.
"""

from collections.abc import Callable

from engine.errors import InputError
from engine.generators.protocol import Generator, KeyLock

__all__ = ["GENERATORS", "create_generator"]


def _rules(key_lock: KeyLock, _style: str) -> Generator:
    from engine.generators.rules import RulesGenerator

    return RulesGenerator(key_lock=key_lock)


def _muser(key_lock: KeyLock, style: str) -> Generator:
    from engine.generators.muser.generator import MuserGenerator

    return MuserGenerator(key_lock=key_lock, style=style)


def _amt(key_lock: KeyLock, _style: str) -> Generator:
    from engine.generators.amt.generator import AmtGenerator

    return AmtGenerator(key_lock=key_lock)


GENERATORS: dict[str, Callable[[KeyLock, str], Generator]] = {
    "rules": _rules,
    "muser": _muser,
    "amt": _amt,
}
"""Engine name on the command line → how to make one, given the key's lock and a learned style."""


def create_generator(
    name: str, seed: int = 0, key_lock: KeyLock = "tonic", style: str = ""
) -> Generator:
    """Return a fresh generator by its command-line name.

    ``key_lock`` says what holds a key together: its ``tonic`` (the mode follows the
    valence) or its ``scale`` (somebody else plays in it, nothing may clash). ``style`` names a
    player's style that was learned (`engine.generators.muser.styles`), ``""`` none; engines
    other than muser leave it aside.

    Raises
    ------
    InputError
        There is no engine or style of that name.
    """
    if name not in GENERATORS:
        raise InputError(f"engine must be one of {', '.join(GENERATORS)}; got {name!r}")
    generator = GENERATORS[name](key_lock, style)
    generator.reset(seed)
    return generator
