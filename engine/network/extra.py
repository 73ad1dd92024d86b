"""Libraries that only the network services need: the extra ``rig``."""

from importlib import import_module

from engine.errors import InputError

__all__ = ["require"]


def require(module: str, what: str) -> None:
    """Raise `InputError`, naming the extra, unless a library can be imported."""
    try:
        import_module(module)
    except ImportError as error:
        raise InputError(f"{what} needs {module}: pip install 'stimmung[rig]'") from error
