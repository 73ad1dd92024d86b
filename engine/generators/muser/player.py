"""A player's own way, learned from their pieces: which codes they choose, and their figures.

Nothing is trained. The pieces become codes by the shipped encoder; how often a code follows
another, and stands at a place in the bar, is counted and backed off to how often the player uses
it at all (interpolated n-grams, Jelinek & Mercer 1980). Their ratio to what MusER's training music
has is added to the prior's logits, before the emotion steers what comes out of it. Besides, the
player's beats that suit what is wanted stand by as figures to come back to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.composing import Place
from engine.generators.muser.model import CodeTable
from engine.generators.muser.phrases import Source
from engine.generators.muser.state import Codes, MuserState
from engine.generators.muser.tokens import Token
from engine.generators.muser.tonality import mode_index
from engine.generators.muser.vocabulary import CODEBOOKS, ELEMENTS
from engine.music.draws import Draws
from engine.music.keys import Key

__all__ = ["MOST_BEATS", "Player", "PlayerStyle", "joined"]

MOST_BEATS: Final = 50_000
"""So many beats are kept of a player."""

_MODE, _CHORD = ELEMENTS.index("mode"), ELEMENTS.index("chord")
_TAUGHT: Final = ("chord", "rhythm", "texture", "pitch", "duration", "velocity")
_PLACES: Final = 4
_BACK_OFF: Final = 8.0
"""Beats of evidence that weigh as much as the wider count."""
_RAREST: Final = 1e-3
_MOST: Final = 3.0
"""Most that a code gains or loses [nats]."""
_GOES_ON: Final = 0.9
"""Chance that the next beat of the figure follows, within a piece."""
_CLOSEST: Final = 8
"""Among so many beats that suit best one is drawn."""
_LEANS: Final = 1.6
"""Factor on the log ratios at full likeness."""
_FAITH: Final = 1.2
"""How faithfully a figure is taken at full likeness, as `phrases.Source.faith`."""
_SPREAD: Final = {"rhythm": 1.0, "texture": 0.7, "pitch": 6.0, "duration": 1.0, "velocity": 12.0}
"""Differences of an element's number that count alike (`features.statistics`)."""


@dataclass(frozen=True, eq=False)
class PlayerStyle:
    """Beats of a player's pieces, in order.

    Attributes
    ----------
    codes : int16 array, shape (n, 8)
        By the encoder of MusER.
    positions : int16 array, shape (n, 2)
        Beat in the bar, and beats in that bar.
    first : bool array, shape (n,)
        Beats that a piece begins with.
    notes : int16 array, shape (m, 4)
        Rows of `Token`.
    starts : int64 array, shape (n + 1,)
        Where each beat's notes begin in ``notes``.
    """

    codes: NDArray[np.int16]
    positions: NDArray[np.int16]
    first: NDArray[np.bool_]
    notes: NDArray[np.int16]
    starts: NDArray[np.int64]

    def tokens(self, index: int) -> tuple[Token, ...]:
        """Return the notes of a beat."""
        rows = self.notes[self.starts[index] : self.starts[index + 1]]
        return tuple(Token(*(int(value) for value in row)) for row in rows)

    def beat_codes(self, index: int) -> Codes:
        """Return the codes of a beat."""
        return tuple(int(code) for code in self.codes[index])

    @cached_property
    def _counts(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Element → counts by mode and place, and by mode and code before; then code."""
        mode, place = self.codes[:, _MODE], np.minimum(self.positions[:, 0], _PLACES - 1)
        follows = ~self.first
        counts = {}
        for name in _TAUGHT:
            column, size = self.codes[:, ELEMENTS.index(name)], CODEBOOKS[name]
            at = np.zeros((2, _PLACES, size))
            np.add.at(at, (mode, place, column), 1.0)
            after = np.zeros((2, size, size))
            np.add.at(after, (mode[1:], column[:-1], column[1:]), follows[1:].astype(float))
            counts[name] = at, after
        return counts

    def leaning(
        self, name: str, table: CodeTable, before: Codes | None, mode: int, position: int
    ) -> NDArray[np.float32] | None:
        """Return by how much the player prefers each code of an element, float32 [nats].

        None for elements that are not learned. ``before`` are the codes of the last beat.
        """
        if name not in _TAUGHT:
            return None
        at, after = self._counts[name]
        usual = np.maximum(table.share, _RAREST)
        usual = usual / usual.sum()
        shares = _backed(at[mode].sum(axis=0), usual)
        shares = _backed(at[mode, min(position, _PLACES - 1)], shares)
        if before is not None:
            shares = _backed(after[mode, before[ELEMENTS.index(name)]], shares)
        found: NDArray[np.float32] = np.log(shares / usual).clip(-_MOST, _MOST).astype(np.float32)
        return found

    def figure(
        self,
        last: int,
        mode: int,
        position: int,
        beats_per_bar: int,
        tables: Mapping[str, CodeTable],
        wanted: Mapping[str, float],
        beat: int,
        draws: Draws,
    ) -> int:
        """Return the beat whose figure suits what is wanted; -1 if there is none at this place.

        Parameters
        ----------
        last : int
            The beat whose figure was taken last; -1 for none. It goes on where it can.
        wanted : mapping of str to float
            Element → the number it should have (`composing.wanted_numbers`).
        """
        fits = (self.codes[:, _MODE] == mode) & (self.positions[:, 0] == position)
        fits &= self.positions[:, 1] == beats_per_bar
        following = last + 1
        if last >= 0 and following < len(fits) and not self.first[following] and fits[following]:
            if draws.uniform("player goes on", beat) < _GOES_ON:
                return following
        candidates = np.flatnonzero(fits)
        if not len(candidates):
            return -1
        away = np.zeros(len(candidates))
        for name, spread in _SPREAD.items():
            numbers = tables[name].statistic[self.codes[candidates, ELEMENTS.index(name)]]
            away += np.abs(np.nan_to_num(numbers, nan=1e3) - wanted[name]) / spread
        closest = candidates[np.argsort(away, kind="stable")[:_CLOSEST]]
        return int(closest[int(draws.uniform("player figure", beat) * len(closest))])


@dataclass(frozen=True, eq=False)
class Player:
    """A learned style, or none, and the tables of MusER's codes."""

    style: PlayerStyle | None
    tables: Mapping[str, CodeTable]

    def at(
        self, place: Place, key: Key, state: MuserState, likeness: float, draws: Draws
    ) -> "PlayerAt":
        """Return what the player would do at a beat, leaned on by `likeness`, 0..1."""
        style = self.style if likeness > 0.0 else None
        return PlayerAt(style, self.tables, place, mode_index(key), state, likeness, draws)


@dataclass(frozen=True, eq=False)
class PlayerAt:
    """What a player would do at one beat; nothing without a style."""

    style: PlayerStyle | None
    tables: Mapping[str, CodeTable]
    place: Place
    mode: int
    state: MuserState
    likeness: float
    draws: Draws

    def leaning(self, name: str) -> NDArray[np.float32] | None:
        """Return what is added to the logits of an element's codes [nats]."""
        if self.style is None:
            return None
        history, position = self.state.history, self.place.position
        before = history[-1] if history else None
        more = self.style.leaning(name, self.tables[name], before, self.mode, position)
        return None if more is None else np.float32(_LEANS * self.likeness) * more

    def figure(self, wanted: Mapping[str, float]) -> int:
        """Return the beat of the style whose figure this beat may have; -1 for none."""
        place, bar = self.place, self.place.beat // self.place.beats_per_bar
        if self.style is None or self.draws.uniform("player", bar) >= self.likeness:
            return -1
        where = self.mode, place.position, place.beats_per_bar
        last, tables = self.state.figure, self.tables
        return self.style.figure(last, *where, tables, wanted, place.beat, self.draws)

    def source(self, recurrence: float) -> Source:
        """Return how faithfully the figure is taken, whatever the recurrence."""
        return Source(0, _FAITH * self.likeness / max(recurrence, 0.1), chords=False)

    def recalled(self, figure: int) -> tuple[Codes, tuple[Token, ...]] | None:
        """Return codes and notes of a figure; None for none."""
        if self.style is None or figure < 0:
            return None
        return self.style.beat_codes(figure), self.style.tokens(figure)


def _backed(counts: NDArray[np.float64], wider: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = (counts + _BACK_OFF * wider) / (counts.sum() + _BACK_OFF)
    return shares


def joined(pieces: Sequence[PlayerStyle]) -> PlayerStyle:
    """Return the beats of several players' or pieces' styles as one."""
    offsets = np.cumsum([0, *(len(piece.notes) for piece in pieces)])
    starts = [piece.starts[:-1] + offset for piece, offset in zip(pieces, offsets, strict=False)]
    return PlayerStyle(
        np.concatenate([piece.codes for piece in pieces]),
        np.concatenate([piece.positions for piece in pieces]),
        np.concatenate([piece.first for piece in pieces]),
        np.concatenate([piece.notes for piece in pieces]),
        np.concatenate([*starts, offsets[-1:]]),
    )
