"""The table of generators: name on the command line to the class that plays.

Adding one means a class that answers to `engine.generators.protocol.Generator` and a line in
``GENERATORS``.
"""

from collections.abc import Callable

from engine.errors import InputError
from engine.generators.protocol import Generator, KeyLock

__all__ = ["GENERATORS", "create_generator"]


def _rules(key_lock: KeyLock) -> Generator:
    from engine.generators.rules import RulesGenerator

    return RulesGenerator(key_lock=key_lock)


def _muser(key_lock: KeyLock) -> Generator:
    from engine.generators.muser.generator import MuserGenerator

    return MuserGenerator(key_lock=key_lock)


def _amt(key_lock: KeyLock) -> Generator:
    from engine.generators.amt.generator import AmtGenerator

    return AmtGenerator(key_lock=key_lock)


GENERATORS: dict[str, Callable[[KeyLock], Generator]] = {
    "rules": _rules,
    "muser": _muser,
    "amt": _amt,
}
"""Engine name on the command line → how to make one."""


def create_generator(name: str, seed: int = 0, key_lock: KeyLock = "tonic") -> Generator:
    """Return a fresh generator by its command-line name.

    ``key_lock`` says what holds a key together: its ``tonic`` (the mode follows the
    valence) or its ``scale`` (somebody else plays in it, nothing may clash).

    Raises
    ------
    InputError
        There is no engine of that name.
    """
    if name not in GENERATORS:
        raise InputError(f"engine must be one of {', '.join(GENERATORS)}; got {name!r}")
    generator = GENERATORS[name](key_lock)
    generator.reset(seed)
    return generator
