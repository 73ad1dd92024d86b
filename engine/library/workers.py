"""Who does the work: this process, several of this machine, or a Dask cluster."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from engine.errors import InputError
from engine.library.rows import Job, Outcome, work

__all__ = ["outcomes"]

_TRIES = 3
_LOST = "the process that tracked it died"


def outcomes(
    jobs: Sequence[Job], processes: int = 1, cluster: str = ""
) -> Iterator[tuple[int, Outcome]]:
    """Yield the index and the outcome of every job, as they are done.

    Parameters
    ----------
    processes : int
        How many work on this machine.
    cluster : str
        Address of a Dask scheduler, such as ``tcp://host:8786``, whose workers see the files under
        the same paths; empty for none.

    Raises
    ------
    InputError
        The cluster cannot be reached, or Dask is not installed.
    """
    if cluster:
        return _by_cluster(jobs, cluster)
    if processes > 1 and len(jobs) > 1:
        return _by_processes(jobs, min(processes, len(jobs)))
    return ((index, work(job)) for index, job in enumerate(jobs))


def _by_processes(jobs: Sequence[Job], processes: int) -> Iterator[tuple[int, Outcome]]:
    """Run a pool; where a process dies, what was lost is done again by a new pool."""
    tries = dict.fromkeys(range(len(jobs)), 0)
    context = multiprocessing.get_context("spawn")
    while tries:
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            waiting = {pool.submit(work, jobs[index]): index for index in tries}
            for done in as_completed(waiting):
                index = waiting[done]
                try:
                    outcome = done.result()
                except BrokenProcessPool:
                    tries[index] += 1
                    if tries[index] < _TRIES:
                        continue
                    outcome = Outcome(error=f"{jobs[index].path}: {_LOST}")
                del tries[index]
                yield index, outcome


def _by_cluster(jobs: Sequence[Job], address: str) -> Iterator[tuple[int, Outcome]]:
    try:
        import distributed
    except ImportError as error:
        raise InputError(
            "--dask needs dask.distributed: pip install 'stimmung[cluster]'"
        ) from error
    try:
        client: Any = distributed.Client(address, timeout="10s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InputError(f"--dask {address}: no scheduler answers ({error})") from error
    with client:
        # A file whose worker is lost is done by another one: that is what `retries` is for.
        waiting = {
            client.submit(work, job, pure=False, retries=_TRIES): index
            for index, job in enumerate(jobs)
        }
        for done in distributed.as_completed(waiting):  # type: ignore[no-untyped-call]
            index = waiting[done]
            failure = done.exception()
            if failure is None:
                yield index, done.result()
            else:
                yield index, Outcome(error=f"{jobs[index].path}: {failure}")
