"""The set list while it plays: which song is on, which comes next, and that one made ready."""

from typing import Protocol

from engine.choices import Entry
from engine.errors import InputError, PresetError
from engine.pipeline.arrangement import Order
from engine.settings.performance import Performance
from engine.settings.set_lists import SetList, Song
from engine.snapshot import SongLook

__all__ = ["SetListRun"]


class _Stage(Protocol):
    """What a song is handed to, as `engine.live.orders.Orders`."""

    @property
    def moving(self) -> bool: ...

    def change_at_bar(self, performance: Performance) -> None: ...

    def arrange(self, order: Order) -> None: ...

    def preload(self, performance: Performance) -> None: ...

    @property
    def preloaded(self) -> bool: ...

    def complain(self, message: str) -> None: ...


class SetListRun:
    """Goes through the songs of a set list.

    Parameters
    ----------
    set_list : SetList or None
        The songs; None: there are none.
    song : int
        Number of the one that plays at the start, from 1; 0: none yet.
    stage : _Stage
        Where songs are played.
    """

    def __init__(self, set_list: SetList | None, song: int, stage: _Stage) -> None:
        self._songs: tuple[Song, ...] = ()
        self._name = ""
        self._stage = stage
        self._after_ending: Performance | None = None
        self.choose(set_list)
        self._at = song - 1

    def choose(self, set_list: SetList | None) -> None:
        """Go on with another set list, or with this one as it was rewritten; the music plays on."""
        songs, at = (() if set_list is None else set_list.songs), -1
        if set_list is not None and set_list.name == self._name and self._at >= 0:
            on = self._songs[self._at]
            at = songs.index(on) if on in songs else min(self._at, len(songs) - 1)
        self._at = -1  # valid whatever the songs are, for who looks meanwhile
        self._titles = tuple(song.words() for song in songs)
        self._songs, self._name = songs, "" if set_list is None else set_list.name
        self._at = at

    def step(self, by: int) -> None:
        """Play the next or the previous song that can be read; others are reported.

        Raises
        ------
        InputError
            There is no set list, or no further song.
        """
        if not self._songs:
            raise InputError("there is no set list; start with --set-list")
        at = self._at + by
        while 0 <= at < len(self._songs):
            song = self._songs[at]
            try:
                performance = song.performance()
            except PresetError as error:
                self._stage.complain(f"set list, song {at + 1}: {error}")
                at += by
                continue
            self._at = at
            self._begin(song.entry, performance)
            return
        end = "end" if by > 0 else "beginning"
        raise InputError(f"set list {self._name!r}: this is the {end}")

    def prepare(self) -> None:
        """Have what the next song needs made ready."""
        if self._at + 1 < len(self._songs):
            try:
                self._stage.preload(self._songs[self._at + 1].performance())
            except PresetError as error:
                self._stage.complain(f"set list, song {self._at + 2}: {error}")

    def ended(self) -> None:
        """Take it that the last chord of an ending is over: what waited for it is next."""
        performance, self._after_ending = self._after_ending, None
        if performance is not None:
            self._stage.change_at_bar(performance)
            self.prepare()

    @property
    def look(self) -> SongLook | None:
        """What the stage view shows; None without a set list."""
        if not self._songs:
            return None
        at, following = self._at, self._at + 1
        on = self._songs[at] if at >= 0 else None
        comes = self._songs[following] if following < len(self._songs) else None
        return SongLook(
            name=self._name,
            number=at + 1,
            count=len(self._songs),
            title="" if on is None else self._titles[at],
            notes="" if on is None else on.notes,
            next_title="" if comes is None else self._titles[following],
            next_notes="" if comes is None else comes.notes,
            next_entry="" if comes is None else comes.entry,
            ready=self._stage.preloaded,
            waits=self._after_ending is not None,
        )

    def _begin(self, entry: Entry, performance: Performance) -> None:
        self._after_ending = None
        if entry == "ending" and self._stage.moving:
            self._after_ending = performance
            self._stage.preload(performance)
            self._stage.arrange("ending")
            return
        self._stage.change_at_bar(performance)
        if entry == "intro":
            self._stage.arrange("intro")
        elif entry == "fill" and self._stage.moving:
            self._stage.arrange("section")  # a fill, and other material with the new settings
        self.prepare()
