"""The soak: hours on stage, with random faults, and a tally of what it did to the music."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.bench.soak.faults import FAULTS, FROM_CLOCK, TO_CLOCK, Fault
from engine.bench.soak.jack_rig import until
from engine.bench.soak.receiver import Place, Receiver
from engine.bench.soak.stage import Stage, last_event_s
from engine.bench.soak.watch import ResourceWatch
from engine.errors import DeviceError, SessionError
from engine.session.events_file import read_session

__all__ = ["Incident", "SoakReport", "soak"]

RECOVERY_S = 20.0
"""An engine that plays no note so long after a fault has not recovered."""
HANGS_S = 1.5
"""A note hangs if it sounds so long after the engine has played, and means no such note [s]."""
_CLOCKED_SHARE = 0.2
_CALM_S = (0.3, 2.0)
_LOOK_S = 0.01
_ATTEMPTS = 3
_PATCH_S = 0.4
_LAST_NOTES_S = 3.0


@dataclass(frozen=True, slots=True)
class Incident:
    """One fault and what came of it.

    Attributes
    ----------
    fault : str
        Its name.
    at_s : float
        Seconds since the soak began.
    took_s : float
        How long the cause lasted.
    back_s : float
        From the end of the cause to the next note heard [s].
    ended_s : float
        From the blow until what sounded then had ended at the receiver [s].
    lost_s : float
        Seconds missing from the recording that ended with it; 0 where it went on.
    at_once : int
        Most note-ons within 50 ms.
    trouble : str
        Why it counts as not recovered; empty if it did.
    """

    fault: str
    at_s: float
    took_s: float
    back_s: float
    ended_s: float
    lost_s: float
    at_once: int
    trouble: str


@dataclass(slots=True)
class SoakReport:
    """What a soak found; ``to_json`` for programs, ``rows`` for people."""

    seed: int
    seconds: float = 0.0
    incidents: list[Incident] = field(default_factory=list)
    hanging: list[str] = field(default_factory=list)
    notes: int = 0
    doubled: int = 0
    sessions: int = 0
    damaged_sessions: list[str] = field(default_factory=list)
    resources: dict[str, Any] = field(default_factory=dict)

    @property
    def unrecovered(self) -> list[Incident]:
        """Faults the engine did not recover from by itself."""
        return [incident for incident in self.incidents if incident.trouble]

    @property
    def lost_s(self) -> float:
        """Most seconds any recording lost."""
        return max((incident.lost_s for incident in self.incidents), default=0.0)

    @property
    def passed(self) -> bool:
        """Whether nothing hung, nothing stayed away and no recording lost over a second."""
        clean = not (self.hanging or self.unrecovered or self.damaged_sessions)
        return clean and self.lost_s <= 1.0

    def by_fault(self) -> dict[str, dict[str, float]]:
        """Return per fault: how often, and median and worst times [s]."""
        found: dict[str, list[Incident]] = defaultdict(list)
        for incident in self.incidents:
            found[incident.fault].append(incident)
        return {
            name: {
                "count": len(list_),
                "back_p50_s": _quantile([i.back_s for i in list_], 0.5),
                "back_max_s": max(i.back_s for i in list_),
                "ended_max_s": max(i.ended_s for i in list_),
                "lost_max_s": max(i.lost_s for i in list_),
                "at_once_max": max(i.at_once for i in list_),
            }
            for name, list_ in sorted(found.items())
        }

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "faults": len(self.incidents),
            "hanging_notes": len(self.hanging),
            "unrecovered": len(self.unrecovered),
            "lost_session_s_max": round(self.lost_s, 2),
            "passed": self.passed,
            "notes": self.notes,
            "notes_started_twice": self.doubled,
            "sessions": self.sessions,
            "damaged_sessions": self.damaged_sessions,
            "hanging": self.hanging,
            "by_fault": self.by_fault(),
            "resources": self.resources,
            "incidents": [asdict(incident) for incident in self.incidents],
        }


def soak(
    folder: Path,
    *,
    seconds: float,
    faults: int,
    seed: int,
    tell: Callable[[str], None],
    kinds: Sequence[Fault] = FAULTS,
) -> SoakReport:
    """Play for a while, with faults spread over it, and return what happened.

    Parameters
    ----------
    folder : Path
        For sessions; they stay there.
    seconds : float
        How long to play at least [s].
    faults : int
        How many faults to strike; with none it only plays and watches.
    seed : int
        Fixes which faults come in which order, and the music.
    tell : callable
        Told what happens, line by line.
    kinds : sequence of Fault
        The faults to choose from.

    Raises
    ------
    DeviceError
        JACK is missing or the stage cannot be built.
    """
    rng = random.Random(seed)
    report = SoakReport(seed)
    stage = Stage(folder, seed)
    watch = ResourceWatch(stage)
    began = time.perf_counter()
    try:
        _start(stage, tell)
        watch.start()
        for number in range(faults):
            _play_on(stage, report, began + seconds * (number + 1) / (faults + 1), rng)
            fault = _choose_sync(stage, rng, kinds) or _draw(rng, kinds, stage.sync)
            incident = _strike(stage, fault, rng, report, began)
            report.incidents.append(incident)
            tell(_line(len(report.incidents), incident))
            if incident.trouble:
                # What is broken stays in the tally; the rest is tried on a stage built anew.
                for line in stage.said:
                    tell(f"     {line}")
                _close(stage, report)
                _start(stage, tell)
        _play_on(stage, report, began + seconds, rng)
    finally:
        report.seconds = time.perf_counter() - began
        watch.stop()
        report.resources = watch.summary()
        _close(stage, report)
    _read_sessions(folder, report)
    return report


def _start(stage: Stage, tell: Callable[[str], None]) -> None:
    """Build the stage, and again if a busy machine was too slow for it."""
    for _ in range(_ATTEMPTS - 1):
        try:
            stage.start()
            return
        except DeviceError as error:
            tell(f"     {error}; once more")
            stage.stop()
    stage.start()


def _play_on(stage: Stage, report: SoakReport, until_s: float, rng: random.Random) -> None:
    """Listen until it is time for the next fault, and at least a moment."""
    until_s = max(until_s, time.perf_counter() + rng.uniform(*_CALM_S))
    while (now := time.perf_counter()) < until_s:
        time.sleep(min(0.5, until_s - now))
        _look_for_hanging(stage, report)


def _choose_sync(stage: Stage, rng: random.Random, kinds: Sequence[Fault]) -> Fault | None:
    """Return, now and then, the change between our own beat and a clock from outside."""
    clocked = any(kind.sync for kind in kinds)
    wanted = "midi" if clocked and rng.random() < _CLOCKED_SHARE else "internal"
    if wanted == stage.sync or rng.random() < 0.5:
        return None
    return TO_CLOCK if wanted == "midi" else FROM_CLOCK


def _draw(rng: random.Random, kinds: Sequence[Fault], sync: str) -> Fault:
    fitting = [kind for kind in kinds if kind.sync in ("", sync)]
    return rng.choices(fitting, [kind.weight for kind in fitting])[0]


def _strike(
    stage: Stage, fault: Fault, rng: random.Random, report: SoakReport, began: float
) -> Incident:
    session, look = stage.newest_session(), stage.engine.snapshot()
    receiver = stage.receiver
    receiver.reset_burst()
    struck_s = time.perf_counter()
    sounding = set(receiver.sounding.items())
    fault.strike(stage, rng)
    over_s = time.perf_counter()
    ended_s, trouble = _await(
        stage, over_s, patch=fault.patch, receiver=receiver, sounding=sounding
    )
    lost_s = 0.0
    if fault.kills_engine and session is not None and look is not None:
        lost_s = max(0.0, look["time_s"] - last_event_s(session))
    _look_for_hanging(stage, report)
    return Incident(
        fault.name,
        round(struck_s - began, 2),
        round(over_s - struck_s, 3),
        RECOVERY_S if trouble else round(stage.receiver.first_on_after(over_s) - over_s, 3),
        round(ended_s - struck_s, 3),
        round(lost_s, 3),
        stage.receiver.reset_burst(),
        trouble,
    )


def _await(
    stage: Stage,
    over_s: float,
    *,
    patch: bool,
    receiver: Receiver | None = None,
    sounding: Set[tuple[Place, float]] = frozenset(),
) -> tuple[float, str]:
    """Wait until the engine plays again and all that sounded has ended.

    Returns
    -------
    tuple of (float, str)
        When the last of ``sounding`` ended at ``receiver`` [s], and what is still wrong after
        `RECOVERY_S`, or nothing.
    """
    ended_s = time.perf_counter()
    patched_s = over_s
    trouble = ""
    while time.perf_counter() < over_s + RECOVERY_S:
        now = time.perf_counter()
        if receiver is stage.receiver and sounding & set(receiver.sounding.items()):
            ended_s = now
        trouble = stage.trouble(over_s)
        if not trouble and (ended_s < now or not _unmeant(stage, sounding)):
            return ended_s, ""
        if trouble and patch and now - patched_s > _PATCH_S:
            stage.patch()
            patched_s = time.perf_counter()
        time.sleep(_LOOK_S)
    return ended_s, trouble


def _unmeant(stage: Stage, sounding: Set[tuple[Place, float]]) -> bool:
    """Whether some of what sounded then still does, and the engine does not mean it to."""
    hanging = stage.hanging()
    return any(place in hanging for place, _ in sounding & set(stage.receiver.sounding.items()))


def _look_for_hanging(stage: Stage, report: SoakReport) -> None:
    hanging = stage.hanging()
    now = time.perf_counter()
    for place, since_s in stage.receiver.sounding.items():
        if place not in hanging:
            stage.suspects.pop((place, since_s), None)
        elif now - stage.suspects.setdefault((place, since_s), now) > HANGS_S:
            after = report.incidents[-1].fault if report.incidents else "start"
            note = f"channel {place[0]} pitch {place[1]} after {len(report.incidents)}: {after}"
            if note not in report.hanging:
                report.hanging.append(note)


def _close(stage: Stage, report: SoakReport) -> None:
    """End the engine first and listen whether it leaves anything behind."""
    try:
        stage.engine.stop()
        until(lambda: not stage.receiver.sounding, "the last notes to end", _LAST_NOTES_S)
    except DeviceError:
        report.hanging.append(f"at the end: {sorted(stage.receiver.sounding)}")
    stage.stop()
    report.notes, report.doubled = stage.notes, stage.doubled


def _read_sessions(folder: Path, report: SoakReport) -> None:
    """Read every session back; at most one line, torn by a kill, may be damaged."""
    for path in sorted((folder / "sessions").glob("**/events.jsonl")):
        report.sessions += 1
        try:
            session = read_session(path.parent)
        except SessionError as error:
            report.damaged_sessions.append(str(error))
            continue
        if session.damaged_lines > 1:
            report.damaged_sessions.append(f"{path}: {session.damaged_lines} damaged lines")


def _line(number: int, incident: Incident) -> str:
    verdict = f"NOT RECOVERED: {incident.trouble}" if incident.trouble else "recovered"
    lost = f", recording lost {incident.lost_s:.2f} s" if incident.lost_s else ""
    return (
        f"{number:4d} {incident.at_s:8.1f} s  {incident.fault}: {verdict}; next note after "
        f"{incident.back_s:.2f} s, sounding ones ended after {incident.ended_s:.2f} s{lost}"
    )


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
