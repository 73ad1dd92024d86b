"""Words of what is seen and reached for while playing."""

from typing import Final

# ---------------------------------------------------------------------- transport

START: Final = "Start"
STOP: Final = "Stop"
STARTING: Final = "Starting …"
STOPPING: Final = "Stopping …"
BOOTING: Final = "Loading …"
HOLD: Final = "Hold"
PLAY: Final = "Continue"
HOLD_TIP: Final = "Pause the music; it continues at the next bar. Stimmung goes on listening."
START_TIP: Final = "Open the input and the MIDI output, and play"
PANIC_KEY: Final = "Esc"
PANIC_TIP: Final = "End every sounding note now (Esc)"
TEMPO: Final = "Tempo"
TEMPO_SUFFIX: Final = " BPM"
TAP: Final = "Tap"
TAP_TIP: Final = "Tap the beat three times or more (T)"
POSITION: Final = "Bar . beat"
SECONDS: Final = "{seconds} s"
MINUTES: Final = "{minutes}:{seconds:02d} min"


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
PLANE_OFF: Final = "Press Start, or drag the target first"

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


# ---------------------------------------------------------------------- target

FREEZE_TIP: Final = "Hold the target where it is (F)"
BIAS_VALENCE: Final = "Brighter / darker"
BIAS_AROUSAL: Final = "More / less energy"
RECENTRE: Final = "Recentre"
RECENTRE_TIP: Final = (
    "Subtracts this share of the average mood, so that the usual mood of a room is neutral"
)
SMOOTHING: Final = "Smoothing"
HYSTERESIS: Final = "Steadiness"
HYSTERESIS_TIP: Final = "Ignores changes of mood smaller than this"
SLEW: Final = "Reaction speed"
SLEW_WORDS: Final = ((0.08, "very slow"), (0.3, "slow"), (0.8, "medium"), (2.5, "quick"))
SLEW_FASTEST: Final = "immediate"
GUIDE_SECONDS: Final = "Arrive after"
GUIDE_GOAL: Final = "Goal"
GUIDE_LEFT: Final = "{time} left"
GUIDE_ARRIVED: Final = "Arrived"
GUIDE_WAITING: Final = "Drag the goal flag on the plane"
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
    "build": "build-up",
    "drop": "drop",
    "silence": "silence",
}
ROLL_NAME: Final = "Piano roll"
ROLL_PLAYED: Final = "played"
ROLL_COMMITTED: Final = "fixed"
ROLL_DRAFT: Final = "draft"
ROLL_EMPTY: Final = "Notes appear here"
