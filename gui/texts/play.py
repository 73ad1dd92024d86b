"""Words of what is seen and reached for while playing."""

from typing import Final

# ---------------------------------------------------------------------- transport

START: Final = "Start"
STOP: Final = "Stop"
STARTING: Final = "Starting …"
STOPPING: Final = "Stopping …"
BOOTING: Final = "Loading …"
HOLD: Final = "Hold"
PLAY: Final = "Play on"
HOLD_TIP: Final = "Let the music pause and go on at the next bar; listening continues"
START_TIP: Final = "Open the input and the MIDI output, and play"
PANIC: Final = "PANIC"
PANIC_KEY: Final = "Esc"
PANIC_TIP: Final = "End every sounding note now (Esc)"
TEMPO: Final = "Tempo"
TEMPO_SUFFIX: Final = " BPM"
TAP: Final = "Tap"
TAP_TIP: Final = "Tap the beat three times or more (T)"
KEY: Final = "Key"
CHORD: Final = "Heard chord"
POSITION: Final = "Bar . beat"
MAJOR: Final = "major"
MINOR: Final = "minor"
SECONDS: Final = "{seconds} s"
MINUTES: Final = "{minutes}:{seconds:02d} min"
CHORD_UNKNOWN: Final = "–"
NO_MOOD: Final = "not running"
NO_EMOTION: Final = "listening …"

STATES: Final[dict[str, tuple[str, str]]] = {
    "off": ("Off", "Press Start"),
    "waiting": ("Listening", "no mood yet"),
    "silence": ("Silence", "last mood held"),
    "settling": ("Settling", "a rough guess yet"),
    "tracking": ("Tracking", "the mood is clear"),
    "uncertain": ("Uncertain", "anywhere in the ellipse"),
}
"""Tracking state → word, and what it means."""

# ---------------------------------------------------------------------- emotion plane

PLANE_NAME: Final = "Emotion plane"
PLANE_HELP: Final = (
    "Across: valence, unpleasant to pleasant. Up: arousal, calm to excited. "
    "Drag the target, or move it with the arrow keys."
)
PLANE_VALUES: Final = (
    "Heard {heard} (valence {hv}, arousal {ha}, {state}); "
    "played {played} (valence {tv}, arousal {ta})"
)
PLANE_OFF: Final = "Press Start, or drag the target to prepare"
HEARD: Final = "heard"
TARGET: Final = "target"
GOAL: Final = "goal"
FROZEN: Final = "frozen"
VALENCE: Final = "Valence"
AROUSAL: Final = "Arousal"
UNPLEASANT: Final = "unpleasant"
PLEASANT: Final = "pleasant"
CALM: Final = "calm"
EXCITED: Final = "excited"
QUADRANTS: Final = ("Joyful", "Tense", "Sad", "Serene")
"""Words of Q1 (+V +A), Q2 (-V +A), Q3 (-V -A), Q4 (+V -A)."""

TAGS: Final[dict[str, str]] = {
    "amazement": "amazement",
    "solemnity": "solemnity",
    "tenderness": "tenderness",
    "nostalgia": "nostalgia",
    "calmness": "calmness",
    "power": "power",
    "joyful_activation": "joyful activation",
    "tension": "tension",
    "sadness": "sadness",
}
"""The nine feelings of the Geneva Emotional Music Scale, as the tracker names them."""

MOOD_NEUTRAL: Final = "neutral"
MOODS: Final = (
    ("pleasant", "happy"),
    ("cheerful", "joyful"),
    ("lively", "thrilling"),
    ("restless", "tense"),
    ("uneasy", "bitter"),
    ("wistful", "sad"),
    ("quiet", "still"),
    ("gentle", "serene"),
)
"""Eight directions (Russell 1980), anticlockwise from +valence: (weak, strong)."""

# ---------------------------------------------------------------------- target

MODES: Final[dict[str, tuple[str, str]]] = {
    "follow": ("Follow", "Play the mood that is heard"),
    "contrast": ("Contrast", "Play the opposite of the mood that is heard"),
    "guide": ("Guide", "Start where the room is and lead it to the goal"),
    "manual": ("Manual", "Play the mood you choose: drag the target"),
    "curve": ("Curve", "Play the moods written in a file, beat by beat"),
}
MODE: Final = "Mode"
FREEZE: Final = "Freeze"
FREEZE_TIP: Final = "Hold the target where it is (F)"
BIAS_VALENCE: Final = "Brighter / darker"
BIAS_AROUSAL: Final = "More / less energy"
RECENTRE: Final = "Recentre"
RECENTRE_TIP: Final = "How much of the venue's own mood is taken off what is heard"
SMOOTHING: Final = "Smoothing"
HYSTERESIS: Final = "Steadiness"
HYSTERESIS_TIP: Final = "Changes of the mood smaller than this are held back"
SLEW: Final = "Reaction speed"
SLEW_WORDS: Final = ((0.08, "glacial"), (0.3, "slow"), (0.8, "calm"), (2.5, "quick"))
SLEW_FASTEST: Final = "immediate"
GUIDE_SECONDS: Final = "Arrive after"
GUIDE_GOAL: Final = "Goal"
GUIDE_LEFT: Final = "{time} left"
GUIDE_ARRIVED: Final = "Arrived"
GUIDE_WAITING: Final = "Drag the goal flag on the plane"
CURVE_FILE: Final = "Curve file"
CURVE_OPEN: Final = "Open curve …"
CURVE_OPEN_TITLE: Final = "Play the emotions of a curve file"
CURVE_FILTER: Final = "Emotion curve: beat, valence, arousal (*.csv);;All files (*)"
CURVE_NONE: Final = "none"

# ---------------------------------------------------------------------- time

CURVES_NAME: Final = "Valence and arousal over time"
CURVES_LEGEND_HEARD: Final = "heard, ± 1 standard deviation"
CURVES_LEGEND_TARGET: Final = "played"
EVENTS: Final = {
    "section": "new section",
    "build": "build",
    "drop": "drop",
    "silence": "silence",
}
ROLL_NAME: Final = "Piano roll"
ROLL_PLAYED: Final = "played"
ROLL_COMMITTED: Final = "fixed"
ROLL_DRAFT: Final = "draft"
ROLL_EMPTY: Final = "Notes appear here"
