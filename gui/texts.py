"""Every English word of the window, in one place, ready to be translated.

`gui.wording` puts values into these words.
"""

from typing import Final

APP: Final = "Stimmung"
TITLE: Final = "Stimmung"

# ---------------------------------------------------------------------- start and end

ENGINE_NOT_STARTED: Final = "The engine could not be started: {reason}"
SNAPSHOT_UNREADABLE: Final = (
    "Engine and window are of different versions; install Stimmung again ({reason})"
)
ENGINE_CRASHED: Final = "The engine was killed or crashed."
ENGINE_ENDED: Final = "The engine ended by itself (exit code {code})."
ENGINE_LAST_WORDS: Final = "Its last words: {words}"
ENGINE_NOTES_ENDED: Final = "All notes have been ended."
ENGINE_RESTARTING: Final = "{reason} Starting it again with the same settings."
ENGINE_GIVEN_UP: Final = "{reason} It ended several times in a row; see Health, then start again."
ENGINE_SILENT: Final = (
    "The engine has not answered for {seconds:.0f} s. The computer may be overloaded: close "
    "other programs, or restart the engine."
)
WINDOW_ERROR: Final = "Something went wrong in the window, the music goes on: {error}"
CHOOSE_DEVICES: Final = "Devices …"
RESTART_ENGINE: Final = "Restart engine"
DISMISS: Final = "Dismiss"

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
    "Heard {heard} (valence {hv:+.2f}, arousal {ha:+.2f}, {state}); "
    "played {played} (valence {tv:+.2f}, arousal {ta:+.2f})"
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
SLEW: Final = "Reaction speed"
SLEW_WORDS: Final = ((0.08, "glacial"), (0.3, "slow"), (0.8, "calm"), (2.5, "quick"))
SLEW_FASTEST: Final = "immediate"
GUIDE_SECONDS: Final = "Arrive after"
GUIDE_GOAL: Final = "Goal"
GUIDE_LEFT: Final = "{time} left"
GUIDE_ARRIVED: Final = "Arrived"
GUIDE_WAITING: Final = "Drag the goal flag on the plane"
MANUAL_VALENCE: Final = "Valence"
MANUAL_AROUSAL: Final = "Arousal"
CURVE_FILE: Final = "Curve file"
CURVE_OPEN: Final = "Open curve …"
CURVE_OPEN_TITLE: Final = "Play the emotions of a curve file"
CURVE_FILTER: Final = "Emotion curve: beat, valence, arousal (*.csv);;All files (*)"
CURVE_NONE: Final = "none"

# ---------------------------------------------------------------------- time

CURVES_NAME: Final = "Valence and arousal over time"
CURVES_LEGEND_HEARD: Final = "heard, ± 1 standard deviation"
CURVES_LEGEND_TARGET: Final = "played"
CURVES_SECONDS: Final = "{seconds:.0f} s"
ROLL_NAME: Final = "Piano roll"
ROLL_PLAYED: Final = "played"
ROLL_COMMITTED: Final = "fixed"
ROLL_DRAFT: Final = "draft"
ROLL_EMPTY: Final = "Notes appear here"

# ---------------------------------------------------------------------- music

TAB_MUSIC: Final = "Music"
TAB_PRESETS: Final = "Presets"
TAB_DEVICES: Final = "Devices"
TAB_HEALTH: Final = "Health"
ENGINE: Final = "Engine"
ENGINES: Final = {
    "rules": "Rules",
    "muser": "MusER",
    "amt": "AMT",
}
ENGINE_TIP: Final = "What writes the notes; a change lands on the next bar line"
PARTS: Final = "Parts"
PART_NAMES: Final = {
    "lead": "Lead",
    "chords": "Chords",
    "bass": "Bass",
    "pad": "Pad",
    "drums": "Drums",
}
KEY_AUTO: Final = "As heard"
BEATS_PER_BAR: Final = "Beats per bar"
SEED: Final = "Seed"
SEED_TIP: Final = "The same seed, settings and sound give the same notes"
REGENERATE: Final = "New ideas"
REGENERATE_TIP: Final = "Other notes in the same emotion: the next seed (G)"
CONTROLLERS: Final = "Emotion as MIDI controllers"
VALENCE_CC: Final = "Valence CC"
AROUSAL_CC: Final = "Arousal CC"
CONTROL_CHANNEL: Final = "Channel"

# ---------------------------------------------------------------------- presets

PRESETS_NAME: Final = "Presets"
PRESET_APPLY: Final = "Apply"
PRESET_SAVE: Final = "Save as …"
PRESET_TITLE: Final = "Save preset"
PRESET_PROMPT: Final = "Name of the preset:"
PRESET_HINT: Final = "Double-click to play with a preset at once."
PRESET_OWN: Final = "Your own preset"
PRESET_BROKEN: Final = "Presets cannot be listed: {reason}"

# ---------------------------------------------------------------------- devices

AUDIO_IN: Final = "Audio in"
AUDIO_DEFAULT: Final = "System's default input"
AUDIO_OPEN: Final = "Audio file …"
AUDIO_OPEN_TITLE: Final = "Play an audio file as the input"
AUDIO_FILTER: Final = "Audio (*.wav *.flac *.ogg *.mp3 *.aif *.aiff);;All files (*)"
AUDIO_DEMO: Final = "Demo piece"
AUDIO_FILE: Final = "File: {name}"
ABSENT: Final = "{name} (not connected)"
LEVEL: Final = "Input level"
LEVEL_NOTHING: Final = "no sound"
LEVEL_DB: Final = "{level:.0f} dB"
LEVEL_HOT: Final = "TOO LOUD"
LEVEL_HOT_TIP: Final = (
    "The input has come so close to full scale that it clips or nearly clips; turn it down. "
    "Click to reset."
)
MIDI_OUT: Final = "MIDI out"
MIDI_OUTS: Final = {
    "virtual": "Own port “Stimmung”",
    "jack": "JACK, exact to the sample",
    "none": "None (only look)",
}
SYNC: Final = "Beat"
SYNCS: Final = {
    "internal": "Own tempo",
    "midi": "MIDI clock of the DAW",
    "link": "Ableton Link",
    "jack": "JACK transport",
}
MIDI_IN: Final = "Clock from"
MIDI_INS: Final = {"": "Own port “Stimmung”", "jack": "JACK"}
CLOCK_OUT: Final = "Send MIDI clock"
SYNC_LOCKED: Final = "● locked"
SYNC_WAITS: Final = "○ waiting"
SYNC_PEERS: Final = "{peers} in the Link session"
SYNC_JITTER: Final = "jitter {jitter:.1f} ms"
SYNC_TEMPO: Final = "The tempo follows: {words}"
MIDI_OUT_NONE: Final = "no MIDI out"
REFRESH: Final = "Look again"
REFRESH_TIP: Final = "List the devices that are connected now"
RECORD: Final = "Record each session"
RECORD_FOLDER: Final = "Folder …"
RECORD_FOLDER_TITLE: Final = "Folder for recorded sessions"
LATENCY: Final = "MIDI offset"
LATENCY_TIP: Final = "Later (+) or earlier (−), so that sound rather than wire is on the beat"
OSC: Final = "OSC to"
OSC_PLACEHOLDER: Final = "host:port, e.g. 127.0.0.1:9000"
RESTARTS_MUSIC: Final = "A change here restarts the music."
NO_INPUTS: Final = "No audio input is connected; a file can be played instead."

# ---------------------------------------------------------------------- health

HEALTH_OK: Final = "All well"
HEALTH_OFF: Final = "Not running"
HEALTH_FIGURES: Final = (
    "notes within {late:.1f} ms · listening {load:.0f} % · {sounding} sounding · {port}"
)
HEALTH_RESET: Final = "Reset counts"
LOG: Final = "What happened"
HEALTH_TITLES: Final = {
    "audio": "Audio in",
    "midi": "MIDI out",
    "load": "Listening",
    "overruns": "Audio lost",
    "lateness": "Notes late",
    "dropped": "Notes dropped",
    "missed": "Beats missed",
    "sync": "Beat",
    "restarts": "MIDI process",
}
HEALTH_VALUES: Final = {
    "lost": "lost",
    "no_sound": "no sound arrives",
    "midi": "{port}, {sent} sent",
    "load": "{percent:.0f} % of one core",
    "blocks": "{count} blocks",
    "late": "99 of 100 within {ms:.1f} ms",
    "restarted": "restarted, {count} ×",
    "none": "none",
    "steady": "steady",
    "own": "own tempo",
    "locked": "locked",
    "waiting": "waiting",
}
HEALTH_ADVICE: Final = {
    "audio_lost": (
        "{error}. Plug the device in again: it is taken back by name; or choose another under "
        "Devices."
    ),
    "audio_ended": (
        "The input has ended or does not deliver. If it was a file, press Stop and Start to "
        "play it again."
    ),
    "midi": (
        "The port has gone. Switch its device or program on again: it is opened anew by name; "
        "or choose another under Devices."
    ),
    "load": (
        "Listening takes most of a processor core. Close other programs, plug the computer in, "
        "and switch off power saving."
    ),
    "overruns": (
        "The computer was too busy to take the sound in. Use a larger buffer in the audio "
        "settings of the system, or close other programs."
    ),
    "lateness": (
        "One note in a hundred comes audibly late. Close other programs, allow real-time "
        "priority (see `stimmung doctor`), or choose JACK as MIDI out."
    ),
    "dropped": (
        "They came too late to be played, or the port was gone. If it goes on, restart the "
        "engine and look at MIDI out."
    ),
    "missed": (
        "The engine stalled for longer than a beat, for example while the computer slept. If "
        "it goes on, close other programs."
    ),
    "sync": (
        "{message}. Switch the clock or Link on over there, or choose “Own tempo” under Devices."
    ),
    "restarts": (
        "The process that sends MIDI died and was replaced; its notes were ended. If it goes "
        "on, the MIDI driver is at fault: choose another MIDI out."
    ),
}
LEVEL_WORDS: Final = {"good": "OK", "caution": "Look", "bad": "Act"}

# ---------------------------------------------------------------------- menus and shortcuts

MENU_FILE: Final = "&File"
MENU_EDIT: Final = "&Edit"
MENU_PLAY: Final = "&Play"
MENU_VIEW: Final = "&View"
MENU_HELP: Final = "&Help"
MENU_THEME: Final = "Colours"
THEMES: Final = {"dark": "Dark", "light": "Light", "contrast": "High contrast"}
ACTIONS: Final[dict[str, str]] = {
    "open_audio": "Play audio file …",
    "open_curve": "Open emotion curve …",
    "quit": "Quit",
    "undo": "Undo",
    "redo": "Redo",
    "start": "Start / stop",
    "hold": "Hold / play on",
    "panic": "Panic: end every note",
    "freeze": "Freeze the target",
    "follow": "Mode: follow",
    "contrast": "Mode: contrast",
    "guide": "Mode: guide",
    "manual": "Mode: manual",
    "tap": "Tap tempo",
    "regenerate": "New ideas",
    "stage": "Stage view",
    "side": "Side panel",
    "larger": "Larger text",
    "smaller": "Smaller text",
    "normal": "Normal text",
    "shortcuts": "Keyboard shortcuts",
    "about": "About Stimmung",
}
SHORTCUTS_TITLE: Final = "Keyboard shortcuts"
SHORTCUTS_PLANE: Final = "Move the target (on the plane)"
SHORTCUTS_ARROWS: Final = "Arrow keys"
ABOUT: Final = (
    "<b>Stimmung</b> hears the mood of music as it is played, and answers in MIDI.<br><br>"
    "Free software under the GNU General Public License, version 3 or later."
)
STAGE_LEAVE: Final = "F11 leaves the stage view"

# ---------------------------------------------------------------------- no window possible

NO_DISPLAY: Final = (
    "stimmung: there is no screen to show a window on (neither DISPLAY nor WAYLAND_DISPLAY is "
    "set); use `stimmung live` in a terminal, or `ssh -X`"
)
NO_QT: Final = (
    "stimmung: the window needs a system library that is missing ({reason}); on Debian or Ubuntu "
    "run `sudo apt install libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3 "
    "libglib2.0-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxkbcommon-x11-0`"
)
NO_PYQT: Final = "stimmung: PyQt6 is not installed; run `pip install pyqt6 pyqtgraph`"
NO_CONNECTION: Final = (
    "stimmung: the screen {name!r} cannot be reached; check DISPLAY and who may use it (xhost), "
    "or use `stimmung live` in a terminal"
)
