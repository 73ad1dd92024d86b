"""What a session was played with, taken from the settings of the run."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from engine.session.content import SessionInfo
from engine.settings.performance import Performance

__all__ = ["describe_run"]

_OWN_FIELDS = ("tempo_bpm", "beats_per_bar", "key")


def describe_run(
    performance: Performance,
    *,
    seed: int,
    input_name: str,
    midi_out: str,
    run: Mapping[str, Any] | None = None,
) -> SessionInfo:
    """Return the header of a session that starts now; ``run``: see `SessionInfo`."""
    from importlib.metadata import version

    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(performance).items()
        if name not in _OWN_FIELDS
    }
    return SessionInfo(
        started=datetime.now().astimezone().isoformat(timespec="seconds"),
        input=input_name,
        midi_out=midi_out,
        seed=seed,
        tempo_bpm=performance.tempo_bpm,
        beats_per_bar=performance.beats_per_bar,
        key=performance.key,
        settings=settings,
        version=version("stimmung"),
        run=run or {},
    )
