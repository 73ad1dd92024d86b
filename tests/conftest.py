"""Fixtures shared by all tests: a fake clock, a recording MIDI port, and real servers."""

import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from fuzz_samples import FUZZ
from plugin_host.built import keep_in
from servers.jack import JackServer, MidiDump, default_server, midi_dump
from servers.missed_periods import MissedPeriods

MISSED_PERIODS = MissedPeriods()

# Small networks and matrices are not worth a second thread: threads that wait for each other while
# other tests have the processors take many times as long.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

# Hundreds of processes are started: without compiled files each compiles what it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fuzz-minutes", type=float, default=0.0, help="minutes for each parser in test_fuzz.py"
    )


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores: many tests wait for real time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        MISSED_PERIODS.mark(item)


def pytest_runtest_setup() -> None:
    MISSED_PERIODS.begin()


class FakeClock:
    """Time that passes only when told to [s]."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let the test processes of one run share what they compile."""
    own = tmp_path_factory.getbasetemp()
    keep_in(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def jack() -> Iterator[JackServer]:
    """Yield a private JACK server, one per pytest process, and make it the default."""
    with default_server(JackServer()) as server:
        MISSED_PERIODS.watch(server)
        yield server
        MISSED_PERIODS.watch(None)


@pytest.fixture
def dump(jack: JackServer, request: pytest.FixtureRequest) -> Iterator[MidiDump]:
    """Yield a running jack_midi_dump on the private server."""
    with midi_dump(jack, f"dump-{abs(hash(request.node.name)) % 10**8}") as receiver:
        yield receiver


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Callable[[Callable[[], None]], None]:
    """Return what runs a fuzz check once, or for as many minutes as were asked for."""

    def run(check: Callable[[], None]) -> None:
        end = time.monotonic() + 60.0 * request.config.getoption("--fuzz-minutes")
        check()
        done = 1
        while time.monotonic() < end:
            check()
            done += 1
        print(f"{request.node.name}: {done * FUZZ.max_examples} examples")  # seen with -s

    return run
