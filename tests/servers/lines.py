"""What another program prints, line by line as it comes."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["printed_by"]


@contextmanager
def printed_by(*command: str) -> Iterator[list[str]]:
    """Run a program; yield the list that its lines are added to."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    lines: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield lines
    finally:
        process.kill()
        process.wait()
        thread.join()
        assert process.stdout is not None
        process.stdout.close()
