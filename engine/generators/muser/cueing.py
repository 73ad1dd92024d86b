"""What MusER makes of cues: hits of the picture, sections and their ends, motion.

Cues move the numbers that a beat's elements are steered to; the model still writes the notes. A
section as a whole sets the texture, the moment its rhythm and loudness.
"""

from collections.abc import Mapping
from math import exp, log
from typing import Final

from engine.generators.muser.performance import typical_levels
from engine.generators.protocol import Cues, MusicalContext

__all__ = ["cued_numbers", "new_figures"]

_HIT: Final = {"texture": 0.7, "duration": 0.8, "velocity": 14.0}
"""What a hit adds: log2 of notes per onset, log2 of the lengths, velocity."""
_BREATH: Final = {"rhythm": 0.5, "duration": 0.6}
"""At the end of a section: factor on onsets, and log2 added to the lengths."""
_MOTION: Final = 0.3
"""How much denser full motion is than a still picture [log onsets]."""


def new_figures(context: MusicalContext) -> bool:
    """Return whether a section has just begun, so that nothing of before may come back yet."""
    since = context.cues.beats_since_boundary
    return since is not None and since < context.beats_per_bar


def cued_numbers(
    wanted: Mapping[str, float], context: MusicalContext, hit: bool
) -> dict[str, float]:
    """Return the numbers wanted of a beat's elements, as the cues want them.

    Parameters
    ----------
    wanted : mapping of str to float
        From `composing.wanted_numbers`.
    hit : bool
        The beat answers a cut (`engine.generators.shared.context.after_cut`).
    """
    cues = context.cues
    found = dict(wanted)
    if cues.onset_density is not None:
        found["rhythm"] = cues.onset_density
    elif cues.motion is not None:
        found["rhythm"] *= exp(_MOTION * (cues.motion - 0.5))
    if cues.loudness is not None:
        found["velocity"] = 127.0 * cues.loudness
    if cues.section_energy is not None:
        found["texture"] += _thicker(context, cues)
    if hit:
        for name, more in _HIT.items():
            found[name] += more
    elif _closes(context):
        found["rhythm"] *= _BREATH["rhythm"]
        found["duration"] += _BREATH["duration"]
    return found


def _thicker(context: MusicalContext, cues: Cues) -> float:
    """Return what the section's energy adds to the moment's texture [log2 notes per onset]."""
    assert cues.section_energy is not None
    section = typical_levels(context.valence, 2.0 * cues.section_energy - 1.0)
    moment = typical_levels(context.valence, context.arousal)
    more = (section.log_notes - section.log_onsets) - (moment.log_notes - moment.log_onsets)
    return more / log(2.0)


def _closes(context: MusicalContext) -> bool:
    """Return whether this is the last beat of a section."""
    until = context.cues.beats_until_boundary
    return until is not None and 0.0 < until <= 1.0
