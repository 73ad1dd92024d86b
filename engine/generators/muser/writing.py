"""A beat's notes: the decoder event by event, only along what the grammar leaves open."""

import numpy as np

from engine.generators.muser.composing import Place
from engine.generators.muser.grammar import Grammar, event_limit
from engine.generators.muser.leading import Line
from engine.generators.muser.memory import DecoderState
from engine.generators.muser.model import MuserModel, Told
from engine.generators.muser.recall import Recall
from engine.generators.muser.sampling import pick
from engine.generators.muser.tokens import Token
from engine.generators.muser.vocabulary import DURATIONS, END_TICK, FIELDS
from engine.music.draws import Draws

__all__ = ["read_notes", "write_notes"]

_ONSET, _PITCH, _DURATION, _ = range(4)
_TOP_P = (0.97, 0.92, 1.0, 0.97)
"""Nucleus of each field: pitch keeps clear of single far notes, lengths have their whole tail."""
_LENGTHS_FREER = 1.5
"""Factor on the temperature of lengths: pedalled music has longer ones than the likeliest."""
_UNUSUAL = 4.0
_FOREIGN = 5.0
"""What pitches outside the scale cost without any adventurousness, and those which the other mode
would be known by, in nats."""
_RUBS = 12.0
"""What a pitch costs a semitone beside all that somebody plays [nats]."""


def write_notes(
    model: MuserModel,
    told: Told,
    place: Place,
    grammar: Grammar,
    decoder: DecoderState,
    adventurousness: float,
    temperature: float,
    recall: Recall,
    line: Line,
    draws: Draws,
) -> tuple[list[Token], DecoderState]:
    """Return the notes of a beat, at most `event_limit`, and the decoder's state after it."""
    timid = np.float32(1.0 - adventurousness)
    cost = timid * (_UNUSUAL * grammar.unusual() + (_FOREIGN - _UNUSUAL) * grammar.foreign())
    cost = cost + np.float32(_RUBS) * grammar.rubbing()
    last: Token | None = None
    for index in range(event_limit(place.beat_s) + 1):
        context, decoder = model.decoder_step(model.event_row(last), told, decoder)
        event = np.zeros((1, len(FIELDS)), np.int64)
        for field in range(len(FIELDS)):
            logits = model.field_logits(context, told.codes, event, field)
            if field == _ONSET:
                mask = grammar.onsets()
            elif field == _PITCH:
                mask = grammar.pitches(int(event[0, _ONSET]))
                logits = logits - cost.astype(np.float32) - line.cost(int(event[0, _ONSET]))
            elif field == _DURATION:
                mask = grammar.durations()
            else:
                mask = None
            event[0, field] = pick(
                recall.favoured(logits, event[0], field),
                draws.uniform("event", place.beat, index, field),
                temperature=temperature * (_LENGTHS_FREER if field == _DURATION else 1.0),
                top_p=_TOP_P[field],
                mask=mask,
            )
            if field == _ONSET and event[0, _ONSET] == END_TICK:
                return grammar.notes, decoder.closed()
        last = Token(*(int(value) for value in event[0]))
        grammar.notes.append(last)
        recall.wrote(last)
        line.wrote(last)
    raise AssertionError("the grammar ends every beat")


def read_notes(
    model: MuserModel,
    told: Told,
    notes: list[tuple[Token, bool]],
    decoder: DecoderState,
) -> tuple[list[Token], DecoderState]:
    """Take in a performer's beat note by note.

    Parameters
    ----------
    notes : list of (Token, bool)
        In order; True marks a note that is still held: its length, so far only a lower bound, is
        estimated anew as the likeliest longer one.

    Returns
    -------
    notes : list of Token
        With the lengths that were taken in.
    decoder : array
        The state after the beat.
    """
    context, decoder = model.decoder_step(model.event_row(None), told, decoder)
    taken = []
    for token, held in notes:
        if held:
            event = model.event_row(token)
            logits = model.field_logits(context, told.codes, event, _DURATION)
            longer = np.arange(len(DURATIONS)) >= token.duration
            length = int(np.where(longer, logits, -np.inf).argmax())
            token = Token(token.onset, token.pitch, length, token.velocity)
        taken.append(token)
        context, decoder = model.decoder_step(model.event_row(token), told, decoder)
    return taken, decoder.closed()
