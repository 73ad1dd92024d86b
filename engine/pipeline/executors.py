"""Who does the generator's work: the caller at once, or a thread of its own.

Live, a beat may take a model longer than the player may wait; offline and in tests there is
nothing to wait for. Both are executors, so the pipeline is written once.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

__all__ = ["AtOnce", "generator_thread"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class AtOnce(Executor):
    """Does the work within `submit`."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Call ``fn`` and return its finished future; what it raises is kept in the future."""
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # handed on by `Future.result`, as every executor does
            future.set_exception(error)
        return future


def generator_thread() -> Executor:
    """Return an executor with one thread: jobs run in the order they were given."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="generator")
