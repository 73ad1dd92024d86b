"""Generators: emotion in, notes out. One folder each, one line in the table.

Adding one means a class that answers to `engine.generators.protocol.Generator` and a line
in ``GENERATORS``; nothing else names engines.
"""

from collections.abc import Callable

from engine.errors import InputError
from engine.generators.protocol import Generator, MusicalContext

__all__ = ["GENERATORS", "Generator", "MusicalContext", "create_generator"]


def _rules() -> Generator:
    from engine.generators.rules import RulesGenerator

    return RulesGenerator()


GENERATORS: dict[str, Callable[[], Generator]] = {"rules": _rules}
"""Engine name on the command line → how to make one."""


def create_generator(name: str, seed: int = 0) -> Generator:
    """Return a fresh generator by its command-line name.

    Raises
    ------
    InputError
        There is no engine of that name.
    """
    if name not in GENERATORS:
        raise InputError(f"engine must be one of {', '.join(GENERATORS)}; got {name!r}")
    generator = GENERATORS[name]()
    generator.reset(seed)
    return generator
