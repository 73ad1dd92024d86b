"""From valence and arousal to musical means: the one place to tune the rules.

Every entry of the table is a continuous, monotone function of the target, linear unless
research says otherwise, so the result follows the target without steps. Directions come
from the literature; magnitudes are set near the quadrant means of transcribed pop piano
(EMOPIA, Hung et al. 2021): per second 8.5/10/4.8/4.7 notes and 4.4/5.3/3.3/3.1 onsets for
Q1..Q4, velocity 77/79/54/53, note length .75/.72/1.42/1.29 s, mean pitch 61..64.

References
----------
- Gabrielsson & Lindström, "The role of structure in the musical expression of emotions",
  Handbook of Music and Emotion, 2010: mode, register, loudness, articulation, dissonance.
- Juslin, "Cue utilization in communication of emotion in music performance", 2000, and
  Juslin & Lindström, Music Analysis 29, 2010: loudness, articulation, timing variability.
- Schubert, "Modeling perceived emotion with continuous musical features", Music Perception
  21, 2004: loudness and tempo drive arousal.
- Agres, Dash & Chua, "AffectMachine-Classical", Frontiers in Psychology 14, 2023: live
  control of arousal by density, velocity and articulation, of valence by mode and chord
  vocabulary.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "ARTICULATION",
    "CONTRAST",
    "LOUDNESS",
    "MAPPINGS",
    "PEDAL_UP",
    "Curve",
    "Intent",
    "Plane",
    "read",
]


@dataclass(frozen=True, slots=True)
class Plane:
    """``base + valence·v + arousal·a + both·v·a + cubic·a³``, held within ``low..high``."""

    base: float
    valence: float = 0.0
    arousal: float = 0.0
    both: float = 0.0
    cubic: float = 0.0
    low: float = float("-inf")
    high: float = float("inf")

    def __call__(self, valence: float, arousal: float) -> float:
        """Return the value at a target."""
        value = (
            self.base
            + self.valence * valence
            + self.arousal * arousal
            + self.both * valence * arousal
            + self.cubic * arousal**3
        )
        return min(max(value, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Curve:
    """Straight lines through points, of valence alone."""

    at: Sequence[float]
    value: Sequence[float]

    def __call__(self, valence: float, arousal: float) -> float:
        """Return the value at a target."""
        index = min(max(bisect_right(self.at, valence), 1), len(self.at) - 1)
        left, right = self.at[index - 1], self.at[index]
        share = min(max((valence - left) / (right - left), 0.0), 1.0)
        return self.value[index - 1] + share * (self.value[index] - self.value[index - 1])


LOUDNESS: Final = Plane(66.0, arousal=15.0, valence=-0.5, cubic=8.0)
"""Velocity of a plain note. Loudness is the strongest cue of arousal (Schubert 2004)."""

CONTRAST: Final = Plane(1.1, arousal=0.1)
"""How far accents stand out of the loudness."""

ARTICULATION: Final[dict[str, Plane]] = {
    "lead": Plane(0.87, arousal=-0.13, low=0.3, high=1.0),
    "chords": Plane(0.94, arousal=-0.06, low=0.3, high=1.0),
    "bass": Plane(0.91, arousal=-0.09, low=0.3, high=1.0),
}
"""Sounding share of the written length: legato is calm, staccato excited (Juslin 2000)."""

PEDAL_UP: Final = 0.35
"""From this arousal on the chords are played without pedal: short notes are to stay short."""

MAPPINGS: Final[dict[str, Plane | Curve]] = {
    # Density: events per second, the second cue of arousal; the tempo itself is the clock's.
    "note_rate": Plane(6.9, valence=-0.25, arousal=3.3, both=-0.35, low=2.5, high=12.0),
    "lead_rate": Plane(2.3, arousal=1.15, low=0.6, high=4.0),
    "bass_rate": Plane(1.0, arousal=0.5, low=0.3, high=2.0),
    "reach": Plane(1.5, arousal=1.5, low=0.0),
    "chord_size": Plane(1.75, arousal=0.5, low=1.0, high=4.0),
    # Register: high sounds happy, wide sounds excited (Gabrielsson & Lindström 2010).
    "lead_centre": Plane(75.5, valence=4.0, arousal=2.0),
    "chord_centre": Plane(61.5, valence=3.5),
    "bass_centre": Plane(43.0, valence=2.5, arousal=-2.5),
    "lead_span": Plane(8.0, arousal=2.0),
    # Mode as a place on the ladder phrygian 0 .. lydian 5. In between modes are mixed, as
    # major pieces borrow from minor: the share of minor thirds falls evenly with valence.
    "brightness": Curve((-1.0, -0.5, 0.0, 0.5, 1.0), (0.75, 1.65, 2.3, 3.0, 4.0)),
    "mixture": Curve((-1.0, -0.5, 0.0, 0.5, 1.0), (0.8, 1.8, 1.2, 2.0, 0.8)),
    # Share of each phrase's chords taken from the side of the valence: +1 major, -1 minor.
    "chord_tilt": Plane(0.0, valence=2.0),
    # Chord colour: sevenths and ninths; at low valence these are the dissonant ones.
    "colour": Plane(0.36, valence=-0.26, arousal=0.06, low=0.05, high=0.8),
    "suspension": Curve((-1.0, 0.0, 1.0), (0.05, 0.18, 0.05)),
    "tension": Plane(0.0, valence=-1.5, arousal=0.15),
    # Harmonic rhythm: chance of a second chord within the bar.
    "half_bar_change": Plane(0.38, arousal=0.27, low=0.05, high=0.8),
    # Performance.
    "pedal": Plane(0.94, arousal=-0.06, low=0.0, high=1.0),
    "syncopation": Plane(0.3, valence=0.1, arousal=0.2, low=0.0, high=1.0),
    "swing": Plane(0.02, valence=0.02, low=0.0, high=0.06),
    "timing_ms": Plane(6.0, arousal=-2.0),
    "roll_ms": Plane(12.0, arousal=-10.0, low=0.0),
    "rest": Plane(0.55, arousal=-0.25),
    "octaves": Plane(0.1, arousal=0.75, low=0.0, high=1.0),
}
"""Everything `read` works out, by the name of its `Intent` field."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What the target asks of the music.

    Attributes
    ----------
    note_rate, lead_rate, bass_rate : float
        Notes per second: all parts together, lead, bass attacks.
    reach : float
        Notes by which broken chords reach beyond the voicing.
    chord_size : float
        Notes struck together by the chord part.
    lead_centre, chord_centre, bass_centre : float
        Middle of each part's register [MIDI pitch].
    lead_span : float
        How far the lead strays from its centre [semitones].
    brightness, mixture : float
        Mode, 0 = phrygian .. 5 = lydian, and width of the range around it that is used.
    chord_tilt : float
        Preference for major (> 0) or minor (< 0) chords, in nats.
    colour, suspension : float
        Chance that a chord is enriched, or its third suspended.
    tension : float
        Preference for dissonant enrichments (> 0) or sweet ones (< 0), in nats.
    half_bar_change : float
        Chance of a second chord in a bar.
    pedal : float
        How far broken chords ring on: 0 not at all, 1 to the end of the chord.
    syncopation, rest, octaves : float
        Chances of off-beat starts, breathing rests, bass octaves.
    swing : float
        Delay of off-beat eighths [beats].
    timing_ms, roll_ms : float
        Spread of onsets; delay from note to note of a struck chord [milliseconds].
    """

    note_rate: float
    lead_rate: float
    bass_rate: float
    reach: float
    chord_size: float
    lead_centre: float
    chord_centre: float
    bass_centre: float
    lead_span: float
    brightness: float
    mixture: float
    chord_tilt: float
    colour: float
    suspension: float
    tension: float
    half_bar_change: float
    pedal: float
    syncopation: float
    swing: float
    timing_ms: float
    roll_ms: float
    rest: float
    octaves: float


def read(valence: float, arousal: float) -> Intent:
    """Return what a target in [-1, 1]² asks for; values outside are held at the edge."""
    valence = min(max(valence, -1.0), 1.0)
    arousal = min(max(arousal, -1.0), 1.0)
    return Intent(**{name: rule(valence, arousal) for name, rule in MAPPINGS.items()})
