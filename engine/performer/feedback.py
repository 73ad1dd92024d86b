"""Our own output patched into one of our inputs: noticed, and cut at that input.

With thru, every note would come back and be played again, about a hundred times a second. A
message that was sent a moment ago and now comes in may be an echo of it; a fast trill looks the
same. So after `_SUSPICIOUS` of them in a row one is held back: of an echo nothing more is heard
then, while somebody who plays strikes the key again.
"""

from collections import deque
from dataclasses import dataclass, field

__all__ = ["FeedbackGuard"]

_ECHO_S = (-0.02, 0.08)
"""An echo comes so long after its deadline: two periods of JACK, up to 1024 frames, and two
processes; sixteenths of a drum machine are slower, at up to 187 BPM [s]."""
_SUSPICIOUS = 10
_TEST_S = 0.25
_REOPEN_S = 10.0
"""Without an echo for so long, the input counts as sound again [s]."""
_MOST_KEPT = 1024


@dataclass(slots=True)
class _Input:
    in_a_row: int = 0
    needed: int = _SUSPICIOUS
    tested_s: float | None = None
    cut: bool = False
    dropped: dict[bytes, float] = field(default_factory=dict)
    """Messages held back, and when last [s]."""


class FeedbackGuard:
    """Compares what comes in with what was sent. `sent` may be called from any thread."""

    def __init__(self) -> None:
        self._fresh: deque[tuple[float, bytes]] = deque(maxlen=_MOST_KEPT)
        self._sent: dict[bytes, deque[float]] = {}
        self._inputs: dict[int, _Input] = {}

    @property
    def cut(self) -> list[int]:
        """The inputs through which our own output comes back."""
        return [number for number, state in self._inputs.items() if state.cut]

    def sent(self, at_s: float, data: bytes) -> None:
        """Enter a message that was handed to the output, with its deadline [s]."""
        self._fresh.append((at_s, data))

    def is_echo(self, source: int, at_s: float, message: bytes) -> bool:
        """Tell whether a message of an input is to be dropped; never a note-off."""
        if len(message) < 2:
            return False
        is_note = message[0] & 0xF0 == 0x90 and message[2] > 0
        if message[0] & 0xE0 == 0x80 and not is_note:
            return False
        state = self._inputs.setdefault(source, _Input())
        matches = self._matches(at_s, message)
        if state.cut or state.tested_s is not None:
            if matches:
                state.dropped[message] = at_s
            elif is_note and at_s - state.dropped.get(message, -1e9) < _TEST_S:
                # Struck again though nothing was sent: somebody plays.
                self._inputs[source] = _Input(needed=2 * state.needed)
            return matches
        if is_note:
            state.in_a_row = state.in_a_row + 1 if matches else 0
            if state.in_a_row >= state.needed:
                state.tested_s = at_s
                state.dropped[message] = at_s
                return True
        return False

    def check(self, now_s: float) -> None:
        """Decide about inputs in doubt; call it every turn."""
        for number, state in self._inputs.items():
            last_s = max(state.dropped.values(), default=now_s)
            if state.tested_s is not None and now_s - state.tested_s > _TEST_S:
                state.cut, state.tested_s = True, None
            elif state.cut and now_s - last_s > _REOPEN_S:
                self._inputs[number] = _Input()
                return  # the dictionary has changed; the others have their turn next time

    def _matches(self, at_s: float, message: bytes) -> bool:
        """Find the message among those sent lately, and take it out."""
        while self._fresh:
            sent_s, data = self._fresh.popleft()
            self._sent.setdefault(data, deque(maxlen=_SUSPICIOUS)).append(sent_s)
        if len(self._sent) > _MOST_KEPT:
            self._sent = {
                data: times for data, times in self._sent.items() if at_s - times[-1] < 1.0
            }
        times = self._sent.get(message, deque())
        while times and at_s - times[0] > _ECHO_S[1]:
            times.popleft()
        if times and at_s - times[0] >= _ECHO_S[0]:
            times.popleft()
            return True
        return False
