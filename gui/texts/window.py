"""Words of start and end, health, menus and errors."""

from typing import Final

from engine import words

APP: Final = "Stimmung"
TITLE: Final = "Stimmung"
TITLE_RECORDING: Final = "Stimmung ● recording"

# ---------------------------------------------------------------------- start and end

ENGINE_NOT_STARTED: Final = "The engine could not be started: {reason}"
SNAPSHOT_UNREADABLE: Final = (
    "Engine and window are of different versions; install Stimmung again ({reason})"
)
ENGINE_CRASHED: Final = "The engine was killed or crashed."
ENGINE_ENDED: Final = "The engine ended by itself (exit code {code})."
ENGINE_LAST_WORDS: Final = "Its last message: {words}"
ENGINE_NOTES_ENDED: Final = "All notes have been ended."
ENGINE_RESTARTING: Final = "{reason} Starting it again with the same settings."
ENGINE_GIVEN_UP: Final = "{reason} It stopped several times in a row; see Health, then restart it."
ENGINE_SILENT: Final = (
    "The engine has not answered for {seconds} s. The computer may be overloaded: close "
    "other programs, or restart the engine."
)
WINDOW_ERROR: Final = "An error in the window; the music continues: {error}"
OPTION_WORDS: Final = {
    "--midi-out none": "MIDI out “None (only look)”",
    "--midi-out": "MIDI out",
    "--midi-in": "“Clock from”",
    "with --sync audio": "With a beat from sound",
    "with --thru": "While the keyboard passes through",
    "(see: stimmung score --features)": "",
    "--input none": "no audio input",
    "--input": "Audio in",
    "--keys-in": "the keyboards under Keys",
    "give one with --curve": "open one with File ▸ Open emotion curve …",
    "--audio-out": "Audio output",
    "(see `stimmung devices`)": "(see Devices)",
    "see: stimmung devices": "see Devices",
}
"""What messages of the engine name as on the command line → what the window calls it."""
CHOOSE_DEVICES: Final = "Devices …"
RESTART_ENGINE: Final = "Restart engine"
DISMISS: Final = "Dismiss"

# ---------------------------------------------------------------------- health

HEALTH_OK: Final = "All well"
HEALTH_OFF: Final = "Not running"
HEALTH_FIGURES: Final = "notes within {late} ms · listening {load} · {sounding} sounding · {port}"
HEALTH_MORE: Final = "Click for what to do."
HEALTH_RESET: Final = "Reset counts"
LOG: Final = "Log"
HEALTH_TITLES: Final = {
    "audio": words.AUDIO_IN,
    "midi": words.MIDI_OUT,
    "load": words.LISTENING,
    "overruns": "Audio lost",
    "lateness": "Notes late",
    "dropped": "Notes dropped",
    "missed": "Beats missed",
    "sync": words.SYNC,
    "restarts": "MIDI process",
}
HEALTH_VALUES: Final = {
    "lost": "lost",
    "back": "back again",
    "no_sound": "no sound arrives",
    "midi": "{port}, {sent} sent",
    "load": words.ONE_CORE,
    "blocks": "{count} blocks",
    "lateness": "99 of 100 within {ms} ms",
    "restarted": "restarted, {count} ×",
    "none": "none",
    "steady": "steady",
    "own": "own tempo",
    "locked": "locked",
    "waiting": "waiting",
}
HEALTH_ADVICE: Final = {
    "audio_lost": (
        "{error}. Plug the device in again, and it reconnects by name; or choose another under "
        "Devices."
    ),
    "audio_ended": (
        "The input has ended or does not deliver. If it was a file, press Stop and Start to "
        "play it again."
    ),
    "midi": (
        "The port is gone. Switch its device or program on again, and it reconnects by name; "
        "or choose another under Devices."
    ),
    "load": (
        "Listening takes most of a processor core. Close other programs, plug the computer in, "
        "and switch off power saving."
    ),
    "overruns": (
        "The computer was too busy to receive all sound. Use a larger buffer in the audio "
        "settings of the system, or close other programs."
    ),
    "lateness": (
        "One note in a hundred comes audibly late. Close other programs, allow real-time "
        "priority (see the installation guide), or choose JACK as MIDI out."
    ),
    "dropped": (
        "They came too late to be played, or the port was gone. If it continues, restart the "
        "engine and check MIDI out."
    ),
    "missed": (
        "The engine stalled for longer than a beat, for example while the computer slept. If "
        "it continues, close other programs."
    ),
    "sync": (
        "{message}. Start the clock or Link in the other program, or choose “Own tempo” under "
        "Devices."
    ),
    "restarts": (
        "The process that sends MIDI crashed and was restarted; its notes were ended. If it "
        "continues, the MIDI driver is at fault: choose another MIDI out."
    ),
}
ENGINE_BACK: Final = "The music continues after {seconds} s, in bar {bar}."
LEVEL_WORDS: Final = {"good": "OK", "caution": "Check", "bad": "Problem"}

# ---------------------------------------------------------------------- menus and shortcuts

MENU_FILE: Final = "&File"
MENU_EDIT: Final = "&Edit"
MENU_PLAY: Final = "&Play"
MENU_ARRANGE: Final = "&Arrange"
MENU_VENUE: Final = "Ven&ue"
MENU_VIEW: Final = "&View"
MENU_HELP: Final = "&Help"
MENU_THEME: Final = "Colours"
THEMES: Final = {"dark": "Dark", "light": "Light", "contrast": "High contrast"}
ACTIONS: Final[dict[str, str]] = {
    "open_audio": "Play audio file …",
    "open_curve": "Open emotion curve …",
    "sessions": "Sessions …",
    "record": "Record each session",
    "quit": "Quit",
    "undo": "Undo",
    "redo": "Redo",
    "start": "Start / stop",
    "hold": "Hold / continue",
    "panic": "Panic: end every note",
    "freeze": "Freeze the target",
    "follow": "Mode: follow",
    "contrast": "Mode: contrast",
    "guide": "Mode: guide",
    "manual": "Mode: manual",
    "tap": "Tap tempo",
    "regenerate": "New ideas",
    "capture": "Capture the last bars",
    "intro": "Intro",
    "fill": "Fill",
    "break_bar": "Break",
    "ending": "Ending",
    "next_section": "Next section",
    "next_song": "Next song",
    "previous_song": "Previous song",
    "read_status": "Go to the status line",
    "mark_calm": "The last seconds were calm",
    "mark_intense": "The last seconds were intense",
    "mark_dark": "The last seconds were dark",
    "mark_bright": "The last seconds were bright",
    "forget_venue": "Back to the usual scale",
    "stage": "Stage view",
    "side": "Side panel",
    "larger": "Larger text",
    "smaller": "Smaller text",
    "normal": "Normal text",
    "assistant": "First steps …",
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
