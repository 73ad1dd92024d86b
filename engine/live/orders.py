"""What may be ordered while it plays: by window, OSC, web page, controllers and pedals.

Orders come from any thread and are carried out by the player's, between two turns.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.instrument.background import render_in_background
from engine.live.observer import Observer
from engine.live.set_list import SetListRun
from engine.live.triggers import Actions
from engine.mapping.input import Learned
from engine.midi.plugin_output import LiveOutput
from engine.performer.keyboards import Keyboards
from engine.pipeline.arrangement import Order as ArrangerOrder
from engine.pipeline.composer import BarEdit
from engine.pipeline.pipeline import Pipeline
from engine.session.last_bars import capture_bars, capture_folder
from engine.session.turn_log import Order
from engine.settings.performance import Performance, controller_range
from engine.settings.run import LiveConfig
from engine.settings.venue import Venue, fit_venue
from engine.sync.audio import AudioSync
from engine.sync.source import SyncSource

__all__ = ["Orders"]

_MOST_WAITING = 256
_TEST_PITCHES = (60, 64, 67, 72)
_TEST_STEP_S = 0.3
_TEST_LEAD_S = 0.05
_TEST_ID = 2**62
"""Far above every number a run gives its own notes."""


class Orders:
    """Takes orders at once, or raises; `carry_out` does them.

    Parameters
    ----------
    config : LiveConfig
        The run.
    sync : SyncSource
        Whose beat is followed.
    sender : LiveOutput
        Told of a panic at once.
    observer : Observer
        Told of everything.
    """

    def __init__(
        self, config: LiveConfig, sync: SyncSource, sender: LiveOutput, observer: Observer
    ) -> None:
        self._config = config
        self._sync = sync
        self._sender = sender
        self._observer = observer
        self._actions = Actions(self, time.perf_counter)
        self.songs = SetListRun(config.set_list, config.song, self)
        """The set list."""
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue(_MOST_WAITING)
        self._merging = threading.Lock()
        self._changes: dict[str, Any] = {}  # to be made together: of each setting the latest
        self._tested = 0
        self._marks: dict[str, tuple[float, float]] = {}
        self._pipeline: Pipeline | None = None
        self._keyboards: Keyboards | None = None
        self._now_s = 0.0  # of the turn under way

    def serve(self, pipeline: Pipeline, keyboards: Keyboards) -> None:
        """Say who carries out what; nothing can be ordered before."""
        self._pipeline, self._keyboards = pipeline, keyboards
        self.songs.prepare()

    def carry_out(self, now_s: float) -> None:
        """Do what was ordered since the last call; the player's thread calls it every turn."""
        self._now_s = now_s
        # Only what waits now: a flood must not keep the player from playing.
        for _ in range(self._waiting.qsize()):
            try:
                self._waiting.get()()
            except InputError as error:  # good by itself, but not with what came in between
                self.complain(str(error))

    # ------------------------------------------------------------------ settings

    @property
    def performance(self) -> Performance:
        """Every setting in force."""
        return self._playing().performance

    def setting(self, name: str) -> float:
        """Return the present value of a setting that MIDI can change."""
        pipeline = self._playing()
        performance = pipeline.performance
        if name.startswith("settings."):
            return pipeline.setting(name.removeprefix("settings."))
        if name in ("valence", "arousal") and performance.mode != "manual":
            return float(getattr(self._observer.target, name))  # taken over from there
        return float(getattr(performance, name))

    def controller_range(self, name: str) -> tuple[float, float]:
        """Return what a controller's 0 and 127 mean for a setting, or raise `InputError`."""
        return controller_range(name)

    def change(self, values: Mapping[str, Any]) -> Performance:
        """Change settings of the performance while it plays.

        Raises
        ------
        InputError
            A name is unknown or a value out of range; nothing changes then.
        """
        pipeline = self._playing()
        changed = self._checked(pipeline.performance.changed(values))

        def apply() -> None:
            with self._merging:
                latest, self._changes = self._changes, {}
            # Anew from what is current: another order may have changed it meanwhile.
            performance = pipeline.performance.changed(latest)
            self._observer.ordered(Order.change(self._now_s, performance))
            self._follow_tempo(pipeline.performance, performance)
            pipeline.change(performance)
            self._observer.log("set", latest)

        with self._merging:
            first = not self._changes
            merged = {**self._changes, **values}
            if "settings" in self._changes and "settings" in values:
                merged["settings"] = {**self._changes["settings"], **values["settings"]}
            self._changes = merged
        if first and values:
            try:
                self._put(apply)
            except InputError:
                self._changes = {}
                raise
        return changed

    def change_at_bar(self, performance: Performance) -> None:
        """Play differently from the next bar line on, or now if the music stands.

        Raises
        ------
        InputError
            It asks for a curve, and none was given at the start.
        """
        pipeline = self._playing()
        self._checked(performance)

        def taken() -> None:
            self._follow_tempo(pipeline.performance, performance)
            self._observer.log("set", {"engine": performance.engine, "mode": performance.mode})

        def apply() -> None:
            self._observer.ordered(Order.change(self._now_s, performance, at_bar=True))
            pipeline.change_at_bar(performance, taken)

        self._put(apply)

    # ------------------------------------------------------------------ actions

    def act(self, action: str) -> None:
        """Do one of `engine.choices.ACTIONS`, or take ``preset NAME``.

        Raises
        ------
        StimmungError
            There is no such action, or it cannot be done now.
        """
        self._actions.act(action)
        self._observer.log("did", {"what": action})

    @property
    def preset(self) -> str:
        """The preset taken last; empty if none was."""
        return self._actions.preset

    def take_program(self, program: int) -> bool:
        """Play the preset of a MIDI program number; return whether there is one."""
        return self._actions.take_program(program)

    @property
    def frozen(self) -> bool:
        """Whether the target is held."""
        return self._observer.target.frozen

    def set_frozen(self, frozen: bool) -> None:
        """Hold the target where it is, or let it go."""
        target = self._playing().target

        def apply() -> None:
            self._observer.ordered(Order(self._now_s, "freeze", {"frozen": frozen}))
            target.frozen = frozen

        self._put(apply)

    @property
    def moving(self) -> bool:
        """Whether the music moves."""
        return self._sync.clock.running

    def set_playing(self, playing: bool) -> None:
        """Let the music move, or hold it.

        Raises
        ------
        InputError
            Somebody else's clock decides that.
        """
        pipeline = self._playing()
        self._sync.check_playable()

        def apply() -> None:
            if playing != self._sync.clock.running:
                self._observer.ordered(Order(self._now_s, "play", {"playing": playing}))
                self._sync.set_playing(playing, self._now_s, pipeline.next_bar())

        self._put(apply)

    def regenerate(self, seed: int) -> None:
        """Start the generator's choices anew with another seed."""
        pipeline = self._playing()

        def apply() -> None:
            self._observer.ordered(Order(self._now_s, "regenerate", {"seed": seed}))
            pipeline.regenerate(seed)
            self._observer.log("seed", {"seed": seed})

        self._put(apply)

    def arrange(self, order: ArrangerOrder) -> None:
        """Begin an intro, fill, break, ending or section; an intro starts music that stands."""
        pipeline = self._playing()

        def apply() -> None:
            self._observer.ordered(Order(self._now_s, "arrange", {"order": order}))
            pipeline.arrange(order, self._now_s)

        self._put(apply)
        if order == "intro" and not self.moving and not self._sync.follows:
            self.set_playing(True)

    def edit_bar(self, edit: BarEdit, bar: int | None, ahead: int) -> None:
        """Lock, clear or redraw a bar to come, see `engine.pipeline.pipeline.Pipeline.edit_bar`.

        A bar that cannot be changed is reported, since it may begin meanwhile.
        """
        pipeline = self._playing()

        def apply() -> None:
            number = pipeline.edit_bar(edit, bar, ahead, self._observer.target)
            self._observer.ordered(Order(self._now_s, "bar", {"edit": edit, "bar": number}))
            self._observer.log("bar", {"edit": edit, "bar": number + 1})

        self._put(apply)

    def step_song(self, by: int) -> None:
        """Go on or back in the set list.

        Raises
        ------
        InputError
            There is no set list, or no further song.
        """
        self.songs.step(by)
        look = self.songs.look
        self._observer.log("song", {"what": "" if look is None else look.title})

    def preload(self, performance: Performance) -> None:
        """Load what another performance needs, while this one plays on."""
        pipeline = self._playing()
        self._put(lambda: pipeline.composer.preload(performance))

    @property
    def preloaded(self) -> bool:
        """Whether that is done."""
        return self._playing().composer.preloaded

    def cue(self) -> None:
        """Hand the floor to the performer, or take it."""
        keyboards = self._keyboards
        assert keyboards is not None, "serve first"
        self._put(lambda: keyboards.turns.cue(time.perf_counter()))

    @property
    def hears_beat(self) -> bool:
        """Whether the beat is heard, and hints about it are of use."""
        return isinstance(self._sync, AudioSync)

    def hint(self, what: str) -> None:
        """Say something about the beat that is heard, see `engine.sync.audio.HINTS`.

        Raises
        ------
        InputError
            The beat is not heard but comes from elsewhere.
        """
        sync, now_s = self._sync, time.perf_counter()
        if not isinstance(sync, AudioSync):
            raise InputError(f"{what} is about a beat that is heard; start with --sync audio")
        self._put(lambda: sync.hint(what, now_s))

    def mark(self, moment: str) -> None:
        """Take what was heard in the last seconds for one end of an axis, and fit the venue.

        Raises
        ------
        InputError
            Nothing was heard, or both ends of an axis sound alike.
        """
        heard = self._playing().target.recent
        if heard is None:
            raise InputError(f"mark {moment}: nothing was heard yet")
        marks = {**self._marks, moment: heard}
        fitted = fit_venue(marks)
        self._marks = marks
        if fitted:
            self.change(fitted)

    def forget_venue(self) -> None:
        """Drop the marks and go back to the scale that comes with Stimmung."""
        self._marks = {}
        plain = Venue()
        self.change(
            {
                "venue_valence": plain.valence,
                "venue_arousal": plain.arousal,
                "venue_valence_scale": plain.valence_scale,
                "venue_arousal_scale": plain.arousal_scale,
            }
        )

    def learn(self, what: str, learned: Learned) -> None:
        """Map the next controller, pad or program change to ``what``; empty: stop waiting."""
        assert self._keyboards is not None, "serve first"
        mapper = self._keyboards.mapper
        self._put(lambda: mapper.learn(what, learned) if what else mapper.stop_learning())

    def capture(self, bars: int) -> Path:
        """Write the last bars as a MIDI file into the session, or the user's music folder.

        With ``capture_audio`` another process writes their sound beside it.

        Raises
        ------
        StimmungError
            Nothing was played in these bars, or the file cannot be written.
        """
        pipeline, recorder, clock = self._playing(), self._observer.recorder, self._sync.clock
        path = capture_bars(
            self._observer.notes,
            clock.beat_at(time.perf_counter()),
            bars,
            recorder.folder / "captures" if recorder is not None else capture_folder(),
            tempo_bpm=clock.tempo_bpm,
            key=pipeline.key,
            beats_per_bar=pipeline.performance.beats_per_bar,
            frames=self._observer.frames,
        )
        if self._config.capture_audio:
            engine = pipeline.performance.engine
            render_in_background(path, engine, self._config.soundfont)
        self._observer.log("captured", {"file": path.name})
        return path

    def test_notes(self) -> None:
        """Sound a rising chord on channel 1, whether or not the music moves."""
        at_s = time.perf_counter() + _TEST_LEAD_S
        for pitch in _TEST_PITCHES:
            self._sender.note(_TEST_ID + self._tested, at_s, at_s + _TEST_STEP_S, 0, pitch, 96)
            self._tested += 1
            at_s += _TEST_STEP_S
        self._observer.log("test", {})

    def panic(self) -> None:
        """End every sounding note at once and drop what was about to sound."""
        if self._keyboards is None:
            self._sender.panic()
        else:
            self._keyboards.panic(time.perf_counter(), self._sender.panic)
        self._observer.log("panic", {})

    def complain(self, message: str) -> None:
        """Note something that could not be understood."""
        self._observer.log("ignored", {"what": message})

    # ------------------------------------------------------------------ small helpers

    def _put(self, order: Callable[[], None]) -> None:
        try:
            self._waiting.put_nowait(order)
        except queue.Full:
            raise InputError("orders come faster than they can be carried out") from None

    def _playing(self) -> Pipeline:
        if self._pipeline is None:
            raise InputError("nothing is playing; start first")
        return self._pipeline

    def _checked(self, performance: Performance) -> Performance:
        if performance.mode == "curve" and not self._config.curve:
            raise InputError("mode 'curve' needs a curve file given at the start")
        return performance

    def _follow_tempo(self, before: Performance, after: Performance) -> None:
        if before.tempo_bpm != after.tempo_bpm:
            self._sync.set_tempo(after.tempo_bpm, self._now_s)
