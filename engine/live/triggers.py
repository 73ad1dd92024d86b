"""What a foot pedal, a pad, OSC, the page or the window can trigger while it plays."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.choices import ACTIONS, is_action
from engine.errors import InputError
from engine.music.tap_tempo import TapTempo
from engine.pipeline.arrangement import Order
from engine.pipeline.composer import BarEdit
from engine.settings.performance import Performance
from engine.settings.presets import list_presets, load_preset

__all__ = ["Actions", "Playing"]

CAPTURED_BARS = 8


class Playing(Protocol):
    """What is acted upon, as `engine.live.runtime.Runtime`."""

    @property
    def performance(self) -> Performance:
        """How it plays now."""
        ...

    @property
    def frozen(self) -> bool:
        """Whether the target is held."""
        ...

    @property
    def moving(self) -> bool:
        """Whether the music moves."""
        ...

    def change(self, values: Mapping[str, Any]) -> object:
        """Change settings at once."""
        ...

    def change_at_bar(self, performance: Performance) -> None:
        """Play differently from the next bar on."""
        ...

    def set_frozen(self, frozen: bool) -> None:
        """Hold the target, or let it go."""
        ...

    def set_playing(self, playing: bool) -> None:
        """Let the music move, or hold it."""
        ...

    def regenerate(self, seed: int) -> None:
        """Start the choices anew."""
        ...

    def panic(self) -> None:
        """End every note."""
        ...

    def cue(self) -> None:
        """Hand the floor to the other one."""
        ...

    def arrange(self, order: Order) -> None:
        """Begin an intro, fill, break, ending or section."""
        ...

    def edit_bar(self, edit: BarEdit, bar: int | None, ahead: int) -> None:
        """Lock, clear or redraw a bar to come."""
        ...

    def step_song(self, by: int) -> None:
        """Go on or back in the set list."""
        ...

    def capture(self, bars: int) -> Path:
        """Keep the last bars as a MIDI file."""
        ...

    def mark(self, moment: str) -> None:
        """Fit the venue to what was just played, one of `engine.settings.venue.MARKS`."""
        ...

    def forget_venue(self) -> None:
        """Drop marks and fit."""
        ...

    @property
    def hears_beat(self) -> bool:
        """Whether the beat is heard, and hints about it are of use."""
        ...

    def hint(self, what: str) -> None:
        """Say something about the beat that is heard."""
        ...


class Actions:
    """Carries out `engine.choices.ACTIONS`: each name there is a method here.

    Parameters
    ----------
    playing : Playing
        What is acted upon.
    now : callable
        The time [s], for taps.
    """

    def __init__(self, playing: Playing, now: Callable[[], float]) -> None:
        self.preset = ""
        """Slug of the preset taken last; empty if none was."""
        self._playing = playing
        self._seed = 0
        self._taps = TapTempo(now)

    def act(self, action: str) -> None:
        """Do one thing by name; ``preset NAME`` takes a preset on the next bar, see `ACTIONS`.

        Raises
        ------
        StimmungError
            There is no such action, or it cannot be done now.
        """
        name, _, argument = action.partition(" ")
        if name == "preset" and argument:
            self.take_preset(argument)
        elif action in ACTIONS:
            getattr(self, action)()
        elif is_action(action):
            getattr(self, name)(argument)
        else:
            raise InputError(f"action must be one of {', '.join(ACTIONS)}; got {action!r}")

    def panic(self) -> None:
        """End every note."""
        self._playing.panic()

    def freeze(self) -> None:
        """Hold the target, or release it."""
        self._playing.set_frozen(not self._playing.frozen)

    def play(self) -> None:
        """Start or stop the music."""
        self._playing.set_playing(not self._playing.moving)

    def regenerate(self) -> None:
        """Play other notes for the same emotion."""
        self._seed += 1
        self._playing.regenerate(self._seed)

    def next_preset(self) -> None:
        """Take the next preset of the list."""
        self._step(1)

    def previous_preset(self) -> None:
        """Take the previous preset of the list."""
        self._step(-1)

    def listen(self) -> None:
        """Switch between listening and playing in a duet."""
        self._playing.cue()

    def intro(self) -> None:
        """Begin with an intro, or play one from the next bar on."""
        self._playing.arrange("intro")

    def fill(self) -> None:
        """Play a fill until the bar line."""
        self._playing.arrange("fill")

    def break_bar(self) -> None:
        """Be silent for the next bar."""
        self._playing.arrange("break")

    def ending(self) -> None:
        """Close with a cadence and stop."""
        self._playing.arrange("ending")

    def next_section(self) -> None:
        """Go on with other material."""
        self._playing.arrange("section")

    def lock_bar(self, bar: str = "+1") -> None:
        """Play a bar as the draft shows it, or let it go."""
        self._edit("lock", bar)

    def clear_bar(self, bar: str = "+1") -> None:
        """Play nothing in a bar."""
        self._edit("clear", bar)

    def redraw_bar(self, bar: str = "+1") -> None:
        """Have other notes drawn for a bar."""
        self._edit("redraw", bar)

    def next_song(self) -> None:
        """Take the next entry of the set list."""
        self._playing.step_song(1)

    def previous_song(self) -> None:
        """Take the previous entry of the set list."""
        self._playing.step_song(-1)

    def capture(self) -> None:
        """Save the last bars as a MIDI file."""
        self._playing.capture(CAPTURED_BARS)

    def tap(self) -> None:
        """Take the time of a tap; from the third on, they set the tempo, and a heard beat."""
        if self._playing.hears_beat:
            self._playing.hint("tap")
            return
        tempo_bpm = self._taps.tap()
        if tempo_bpm is not None:
            self._playing.change({"tempo_bpm": tempo_bpm})

    def half(self) -> None:
        """Hear the beat at half the tempo."""
        self._playing.hint("half")

    def double(self) -> None:
        """Hear the beat at double the tempo."""
        self._playing.hint("double")

    def shift_beat(self) -> None:
        """Hear the beat half a beat later."""
        self._playing.hint("shift_beat")

    def one(self) -> None:
        """Hear the first beat of a bar now."""
        self._playing.hint("one")

    def mark_calm(self) -> None:
        """Take what was just played for calm."""
        self._playing.mark("calm")

    def mark_intense(self) -> None:
        """Take what was just played for intense."""
        self._playing.mark("intense")

    def mark_dark(self) -> None:
        """Take what was just played for dark."""
        self._playing.mark("dark")

    def mark_bright(self) -> None:
        """Take what was just played for bright."""
        self._playing.mark("bright")

    def forget_venue(self) -> None:
        """Go back to the scale that comes with Stimmung."""
        self._playing.forget_venue()

    def take_preset(self, name: str) -> None:
        """Play a preset from the next bar on.

        Raises
        ------
        PresetError
            There is none of that name.
        """
        preset = load_preset(name)
        self._playing.change_at_bar(preset.performance)
        self.preset = preset.slug

    def take_program(self, program: int) -> bool:
        """Play the preset of a MIDI program number; return whether there is one."""
        for preset in list_presets():
            if preset.program == program:
                self.take_preset(preset.slug)
                return True
        return False

    def _edit(self, edit: BarEdit, bar: str) -> None:
        number = int(bar)
        ahead = bar.startswith("+")
        self._playing.edit_bar(edit, None if ahead else number - 1, number - 1 if ahead else 0)

    def _step(self, by: int) -> None:
        slugs = [preset.slug for preset in list_presets()]
        if self.preset in slugs:
            self.take_preset(slugs[(slugs.index(self.preset) + by) % len(slugs)])
        else:
            self.take_preset(slugs[0 if by > 0 else -1])
