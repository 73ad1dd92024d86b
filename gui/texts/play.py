"""Words of the controls that are visible while playing."""

from typing import Final

from engine import words

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
POSITION_NAME: Final = "Bar and beat"
HEARD_MOOD: Final = "Heard mood"
STATUS: Final = "Status"
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
ROLL_LOCKED: Final = "{bar} locked"
ROLL_HELP: Final = (
    "Click a bar ahead to lock it: it is played as the draft shows it. Right click to clear it or "
    "draw it anew. Keys: ← → choose a bar, Space locks, Delete clears, Enter draws anew."
)
ROLL_BAR: Final = "Piano roll, bar {bar}{locked}"
ROLL_BAR_LOCKED: Final = ", locked"
ROLL_EDITS: Final = {
    "lock_bar": "Lock or unlock bar {bar}",
    "clear_bar": "Clear bar {bar}",
    "redraw_bar": "Draw bar {bar} anew",
}

# ---------------------------------------------------------------------- arranger

ARRANGER_NAME: Final = "Arranger"
ARRANGER: Final = {
    "intro": (
        words.ARRANGER["intro"],
        "Parts enter one by one from the next bar; starts stopped music (I)",
    ),
    "fill": (words.ARRANGER["fill"], "From the next beat to the bar line (L)"),
    "break_bar": (words.ARRANGER["break_bar"], "Silence for the next bar (B)"),
    "ending": (
        words.ARRANGER["ending"],
        "Cadence and last chord from the next bar, then silence (E)",
    ),
    "next_section": (
        words.ARRANGER["next_section"],
        "A fill, then other material for the same emotion (N)",
    ),
}
"""Action → words and tip of its button."""
BARS_AHEAD: Final = {
    "lock_bar": ("Lock", "Play the next bar exactly as the draft shows it; again: unlock it"),
    "clear_bar": ("Clear", "Play nothing in the next bar"),
    "redraw_bar": ("Redraw", "Other notes in the next bar"),
}
NEXT_BAR: Final = "Next bar:"
ARRANGING: Final = {
    "": "",
    "intro": "intro",
    "fill": "fill",
    "break": "break",
    "cadence": "ending",
    "final": "last chord",
    "silence": "ended",
    "section": "new section",
}
"""What the arranger does → a word."""
ARRANGING_NOW: Final = "now {now}"
ARRANGING_NEXT: Final = "next {next}"

# ---------------------------------------------------------------------- set list

SET_LIST: Final = "Set list"
SET_LIST_NONE: Final = "none"
SET_LIST_NEW: Final = "New …"
SET_LIST_NAME: Final = "Name of the set list:"
SET_LIST_IMPORT: Final = "Import …"
SET_LIST_EXPORT: Final = "Export …"
SET_LIST_DELETE: Final = "Delete list"
SET_LIST_DELETE_SURE: Final = "Delete the set list “{name}” permanently?"
SET_LIST_FILTER: Final = "Set list (*.json);;All files (*)"
SET_LIST_MISSING: Final = "Exported without missing presets: {names}"
SET_LIST_HINT: Final = "Choose a preset above and press Add."
SONG_ADD: Final = "Add"
SONG_ADD_TIP: Final = "Add the preset that is chosen above"
SONG_UP: Final = "Up"
SONG_DOWN: Final = "Down"
SONG_REMOVE: Final = "Remove"
SONG_TITLE: Final = "Title"
SONG_NOTES: Final = "Notes"
SONG_TEMPO: Final = "Own tempo"
SONG_TEMPO_PRESET: Final = "preset's"
SONG_ENTRY: Final = "Begins"
SONG_ENTRIES: Final = {
    "bar": "on the next bar",
    "fill": "after a fill",
    "intro": "with an intro",
    "ending": "after an ending; waits for Start",
}
SONG_PREVIOUS: Final = "◀ Previous song"
SONG_NEXT: Final = "Next song ▶"
SONG_STEP_TIP: Final = "While music plays; a pedal can do this too"
SONG_ROW: Final = "{number}   {title}"
SONG_ON: Final = "{row}   ▶"
SONG_COMES: Final = "{row}   ▸ next"
SONG_NUMBER: Final = "{number} of {count}: {title}"
SONG_BEFORE: Final = "{name}, {count} songs"
SONG_FOLLOWS: Final = "Next: {title}"
SONG_LOADING: Final = "{words} (loading …)"
SONG_WAITS: Final = "{words} (after the ending)"
