"""The key that a keyboard player without a microphone plays in."""

from engine.events import NoteEvent
from engine.performer.auto_key import AutoKey

E_FLAT = (63, 67, 70, 68, 65, 72, 70, 74, 75)
A_MINOR = (69, 72, 76, 74, 71, 68, 69, 64)


def played(pitches: tuple[int, ...], first: int, beats: int) -> tuple[NoteEvent, ...]:
    return tuple(
        NoteEvent(0, first + beat, 0.9, pitches[beat % len(pitches)], 80, 0, "lead")
        for beat in range(beats)
    )


def test_nothing_is_known_before_enough_is_played() -> None:
    key = AutoKey()
    assert key.at_bar_line(None) == ""
    key.hear(played(E_FLAT, 0, 2), 2)
    assert key.at_bar_line(None) == ""


def test_the_key_is_that_of_the_keys_and_changes_with_them_once_it_is_sure() -> None:
    key = AutoKey()
    key.hear(played(E_FLAT, 0, 16), 16)
    assert key.at_bar_line(None) == "Eb:maj"
    found = []
    for bar in range(4, 20):
        key.hear(played(A_MINOR, 4 * bar, 4), 4 * bar + 4)
        found.append(key.at_bar_line(None))
    assert found[0] == "Eb:maj" and found[-1] == "A:min"
    assert len(set(found)) <= 3, "it does not change back and forth"
