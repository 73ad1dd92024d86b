"""Words of the side panels."""

from typing import Final

# ---------------------------------------------------------------------- music

TAB_MOOD: Final = "Mood"
TAB_TIME: Final = "Time"
TABS: Final = ("Music", "Keys", "Film", "Presets", "Devices", "Health")
PERCENT: Final = "{percent} %"
ENGINE_NO_SETTINGS: Final = "This engine has no settings; it follows the mood."
ENGINE_SETTINGS: Final = {
    "temperature": "Freedom",
    "guidance": "Strictness",
    "density": "Density",
    "register": "Register",
    "adventurousness": "Adventure",
    "swing": "Swing",
    "humanise": "Human touch",
    "compound": "6/8 feel",
    "recurrence": "Recurrence",
    "likeness": "Likeness",
}
"""Name of an engine's setting → a word for musicians."""
ENGINE_TIP: Final = "Writes the notes; a change takes effect on the next bar line"
STYLE: Final = "Style"
STYLE_NONE: Final = "Its own"
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
REGENERATE_TIP: Final = "Other notes for the same emotion: the next seed (G)"
CONTROLLERS: Final = "Emotion as MIDI controllers"
VALENCE_CC: Final = "Valence CC"
AROUSAL_CC: Final = "Arousal CC"
MORE_SETTINGS: Final = "More settings"
SETTING_TITLES: Final = {
    "video_weight": "Weight of the film",
    "strength": "Emotion range",
    "slowest_bpm": "Slowest heard tempo",
    "fastest_bpm": "Fastest heard tempo",
    "heard_metre": "Heard beats per bar",
    "mpe": "MPE: one channel per note",
}
"""Setting of the performance → its name, where the setting's own name is not clear enough."""
CONTROL_CHANNEL: Final = "Channel"

# ---------------------------------------------------------------------- keys

KEYS_IN: Final = "MIDI keyboards, pads, pedals"
KEYS_WAYS: Final = {"virtual": "Own port “Stimmung keys”", "jack": "JACK"}
THRU: Final = "Pass through to MIDI out"
THRU_TIP: Final = "Sends what you play on to the MIDI output"
DUET: Final = "Who plays"
DUETS: Final = {"together": "Together", "turns": "In turns"}
PAUSE: Final = "Answer after"
PAUSE_LEARNED: Final = "learned pauses"
PAUSE_SUFFIX: Final = " beats"
PAUSE_NOW: Final = "now after {seconds} s"
PAUSE_TIP: Final = (
    "In turns: silence after which Stimmung answers; learned from the pauses within your phrases"
)
PLAYER: Final = "Player"
PLAYER_NONE: Final = "nobody in particular"
PLAYER_TIP: Final = "Learned pauses are kept under this name for the next time"
SPLIT: Final = "Left hand leads below"
SPLIT_NONE: Final = "no split"
SPLIT_TIP: Final = "Keys below this one set the chord for the engine and do not sound"
CUE: Final = "Your turn / mine"
CUE_TIP: Final = "Change who plays, at once; a pedal can do this too"
TRANSFER_TITLE: Final = "Change what passes through"
TRANSFER: Final = "Toward the target"
ELEMENTS: Final = {
    "velocity": "Loudness",
    "tempo": "Timing",
    "duration": "Length",
    "density": "Density",
    "register": "Octave",
    "pitch": "Mode",
    "chord": "Harmony",
}
CAPTURE_TITLE: Final = "Save what was played"
CAPTURE_BARS: Final = "Bars to save"
BARS_SUFFIX: Final = " bars"
CAPTURE_TIP: Final = "Write the last bars as a MIDI file (C)"
FILE_TILE: Final = "Written file"
CAPTURE_NONE: Final = "Captured bars appear here; drag them into the DAW."
FILE_DRAG: Final = "⇥ {name}\nDrag this file into the DAW."
LEARN: Final = "Learn from MIDI: move a knob, press a pad or a pedal"
LEARN_CANCEL: Final = "Stop waiting for MIDI"
LEARN_FORGET: Final = "Forget the MIDI mapping"
LEARN_WAITING: Final = "waiting …"
LEARN_SOURCES: Final = {
    "cc": "CC {number}",
    "note": "Note {number}",
    "program": "Prog {number}",
    "nrpn": "NRPN {number}",
    "rpn": "RPN {number}",
}
LEARN_CHANNEL: Final = "{words} ch {channel}"
LEARN_NEEDS_MUSIC: Final = "Press Start and choose a keyboard under Keys first, then learn."

# ---------------------------------------------------------------------- film

FILM_TITLE: Final = "Music for a film"
FILM_OPEN: Final = "Open film …"
FILM_OPEN_TITLE: Final = "Open a film to score"
FILM_FILTER: Final = "Films (*.mp4 *.mov *.mkv *.avi *.webm *.m4v *.mpg);;All files (*)"
FILM_TILE: Final = "The film's music appears here; drag it into the DAW."
FILM_NONE: Final = "no film open"
FILM_STRIP: Final = "Pictures of the film"
FILM_PLOT: Final = "Motion over time, cuts as lines"
FILM_TEMPO_AUTO: Final = "chosen by mood"
FILM_SCORE: Final = "Score"
FILM_RENDER: Final = "Film with sound …"
FILM_RENDER_TIP: Final = "Writes the music and saves the film with it, by the built-in sounds"
FILM_RENDER_TITLE: Final = "Write the film with its music"
FILM_RENDERED: Final = "Written: {name}"
FILM_FAILED: Final = "The film could not be scored (exit code {code})."
FILM_BUSY: Final = "analysing the film and composing …"
FILM_LIVE: Final = "Watch live, together with the sound"
FILM_LIVE_HINT: Final = "film or camera, e.g. /dev/video0"
FILM_LIVE_AWAY: Final = "no picture arrives; the music continues"
FILM_SEEN: Final = "seen: valence {valence}, arousal {arousal}, motion {motion}"

# ---------------------------------------------------------------------- presets

PRESETS_NAME: Final = "Presets"
PRESET_APPLY: Final = "Apply"
PRESET_SAVE: Final = "Save as …"
PRESET_TITLE: Final = "Save preset"
PRESET_PROMPT: Final = "Name of the preset:"
PRESET_HINT: Final = "Double-click a preset to use it from the next bar on."
PRESET_APPLY_TIP: Final = "Use this preset from the next bar line on, at once while nothing plays"
PRESET_ROW: Final = "{program:>3}   {name}"
PRESET_COMING: Final = "{row}   ▸ next bar"
PRESET_PROGRAM: Final = "Program "
PRESET_PROGRAM_NAME: Final = "MIDI program number"
PRESET_TAKEN: Final = "Program {program} belongs to “{name}”; choose another number."
PRESET_RENAME: Final = "Rename preset"
PRESET_RENAME_BUTTON: Final = "Rename …"
PRESET_REMOVE: Final = "Delete"
PRESET_REMOVE_SURE: Final = "Delete your preset “{name}” permanently?"
PRESET_NAME_TAKEN: Final = "Another preset is named “{name}”; choose another name."
PRESET_REPLACE: Final = "Replace"
PRESET_REPLACE_SURE: Final = "Replace your preset “{name}” with the current settings?"
PRESET_OWN: Final = "Your own preset"
PRESET_BROKEN: Final = "Left out: {reason}"

# ---------------------------------------------------------------------- devices

AUDIO_DEFAULT: Final = "System's default input"
AUDIO_OPEN: Final = "Audio file …"
AUDIO_OPEN_TITLE: Final = "Play an audio file as the input"
AUDIO_FILTER: Final = (
    "Audio (*.wav *.flac *.ogg *.opus *.mp3 *.m4a *.aac *.aif *.aiff *.wma *.mp4 *.webm *.mka);;"
    "All files (*)"
)
AUDIO_DEMO: Final = "Demo piece"
AUDIO_PLUGIN: Final = "Plug-in in a DAW"
AUDIO_FILE: Final = "File: {name}"
ABSENT: Final = "{name} (not connected)"
LEVEL: Final = "Input level"
LEVEL_DB: Final = "{level} dB"
LEVEL_HOT: Final = "CLIP"
LEVEL_HOT_TIP: Final = (
    "The bar is the level, the line its highest peak. CLIP lights when the input has reached "
    "full scale: turn it down, then click to reset."
)
MIDI_OUTS: Final = {
    "auto": "Own port “Stimmung”; built-in instrument until it is connected",
    "virtual": "Own port “Stimmung”, nothing else",
    "built-in": "Built-in instrument",
    "jack": "JACK, exact to the sample",
    "plugin": "Plug-in, exact to the frame",
    "none": "None (only look)",
}
BUILT_IN: Final = "Play the built-in instrument"
BUILT_IN_TIP: Final = "Hear the notes from this computer, without a synthesizer or DAW"
AUDIO_OUT: Final = "Audio output"
AUDIO_OUT_DEFAULT: Final = "Default output"
VOLUME: Final = "Volume"
SOUNDFONT: Final = "Sounds"
SOUNDFONT_OPEN: Final = "SoundFont …"
SOUNDFONT_OPEN_TITLE: Final = "SoundFont to play with"
SOUNDFONT_TIP: Final = "Other sounds, from a .sf2 or .sf3 file"
SOUNDFONT_FILTER: Final = "SoundFonts (*.sf2 *.sf3);;All files (*)"
SOUNDFONT_OWN: Final = "Own sounds"
MIDI_IN: Final = "Clock from"
MIDI_INS: Final = {"": "Own port “Stimmung”", "jack": "JACK"}
CLOCK_OUT: Final = "Send MIDI clock"
SYNC_LOCKED: Final = "● locked"
SYNC_WAITS: Final = "○ waiting"
SYNC_PLUGINS: Final = "plug-ins: {number}"
SYNC_PEERS: Final = "{peers} in the Link session"
SYNC_JITTER: Final = "jitter {jitter} ms"
SYNC_HEARD: Final = "{tempo}, beat {number} of {metre}, sure {confidence}"
BEAT_HINTS: Final = {
    "half": ("½ tempo", "The beat heard is twice too fast"),
    "double": ("2 × tempo", "The beat heard is twice too slow"),
    "shift_beat": ("Off-beat", "The beat heard is half a beat early: move it"),
    "one": ("This is one", "Press on the first beat of a bar"),
}
"""Action → words and tip of its button."""
SYNC_TEMPO: Final = "The tempo follows: {words}"
REFRESH: Final = "Refresh"
REFRESH_TIP: Final = "List the devices that are connected now"
RECORD: Final = "Record each session"
CAPTURE_AUDIO: Final = "Write the sound of each capture too"
RECORD_FOLDER: Final = "Folder …"
RECORD_FOLDER_TITLE: Final = "Folder for recorded sessions"
LATENCY: Final = "MIDI offset"
LATENCY_TIP: Final = (
    "Sends MIDI later (+) or earlier (−), to correct the delay of an instrument. Until it is set "
    "here, the measured latency counts: First steps in the menu Help, step 2."
)
LATENCY_IN_FORCE: Final = "In force: {ms:+.1f} ms, as measured."
LATENCY_TOO_FAR: Final = " Only 45 ms can be compensated: notes are known 50 ms ahead."
LATENCY_FOUND: Final = "Measured: {found}. From now on notes are sent that much earlier."
LATENCY_FAILED: Final = "The latency could not be measured: {reason}"
OSC: Final = "OSC to"
OSC_EXAMPLE: Final = "host:port, e.g. 127.0.0.1:9000"
OSC_TIP: Final = "Sends mood, key, chord and beat by OSC; separate several addresses by spaces"
OSC_IN: Final = "Accept OSC control on port"
OSC_IN_TIP: Final = "From programs on this computer, such as a lighting console or TouchDesigner"
OSC_IN_PORT: Final = "Port for OSC control"
MONITOR: Final = "Phone page"
MONITORS: Final = {
    "": "Off",
    "here": "For this computer",
    "network": "For phones and tablets on the network",
}
MONITOR_TIP: Final = "Mood, bar, health and (if allowed) buttons in any browser"
MONITOR_ORDERS: Final = "Allow control from the page"
MONITOR_ORDERS_TIP: Final = (
    "Panic, freeze, presets and the target; needs this exact address, which holds a password"
)
MONITOR_ADDRESS: Final = "Address of the page"
MONITOR_LATER: Final = "The address appears here once the music has started."
MONITOR_QR: Final = "QR code of the page's address"
OSCQUERY: Final = "OSCQuery"
OSCQUERIES: Final = {
    "": "Off",
    "here": "For programs on this computer",
    "network": "For programs on the network",
}
OSCQUERY_AT: Final = "OSCQuery at {url}"
OSCQUERY_TIP: Final = (
    "Chataigne, TouchDesigner and others find Stimmung and list its OSC addresses with their "
    "values; they can set them if OSC control is accepted"
)
MQTT: Final = "MQTT broker"
MQTT_EXAMPLE: Final = "host, or mqtt://user:password@host/topic"
MQTT_TIP: Final = "Publishes mood, beat and section there and accepts commands; empty: off"
LIGHTS: Final = "Lights"
LIGHTS_TO: Final = "Sent to"
LIGHTS_EXAMPLE: Final = "artnet:192.168.1.50 or sacn:host; empty: off"
LIGHTS_TIP: Final = "Art-Net and sACN nodes, separated by spaces"
LIGHTS_EXIT: Final = "At the end"
LIGHTS_EXITS: Final = {"blackout": "Go dark", "hold": "Stay as they are"}
FIXTURES: Final = "Fixtures"
FIXTURE_COLUMNS: Final = ("Name", "Universe", "Address", "Channels")
FIXTURE_NEW: Final = "Lamp {number}"
FIXTURE_ADD: Final = "Add fixture"
FIXTURE_REMOVE: Final = "Remove fixture"
LIGHT_LINES: Final = "What moves the lights"
LIGHT_COLUMNS: Final = ("Fixture", "Source", "Moves", "From", "To")
LIGHT_LINES_TIP: Final = "A line without a fixture moves all of them"
LIGHT_QUANTITIES: Final = {
    "hue": "Hue",
    "saturation": "Saturation",
    "intensity": "Intensity",
}
LINE_ADD: Final = "Add line"
LINE_REMOVE: Final = "Remove line"
RESTARTS_MUSIC: Final = "A change here restarts the music."
NO_INPUTS: Final = "No audio input is connected; you can play a file instead."

# ---------------------------------------------------------------------- sessions

SESSIONS: Final = "Recorded sessions"
SESSIONS_NONE: Final = "None yet: tick “Record each session” under Devices."
SESSION_OTHER: Final = "Other folder …"
SESSION_OTHER_TITLE: Final = "Open the folder of a session"
SESSION_CLOSE: Final = "Back"
SESSION_NONE: Final = "No session open"
SESSION_HINT: Final = "Choose a session on the left to see its curves and notes and to replay it."
SESSION_READING: Final = "Reading the session …"
SESSION_UNREAD: Final = "The session could not be read: {reason}"
SESSION_NO_ANSWER: Final = "the program that reads it ended without an answer"
SESSION_SETTINGS: Final = "The session's settings are not of this version: {reason}"
SESSION_FACTS: Final = (
    "{length}, {notes} notes; heard: {input}; engine {engine}, seed {seed}, {tempo}."
)
SESSION_TORN: Final = "It was not closed properly; everything recorded until then is there."
SESSION_DAMAGED: Final = "{lines} damaged lines were left out."
SESSION_NO_ENGINE: Final = "The engine is still being loaded; try again in a moment."
SESSION_NOTES: Final = "Notes"
SESSION_REPLAY: Final = "Replay"
SESSION_HOLD: Final = "Hold"
SESSION_START: Final = "From the start"
SESSION_AT: Final = "{at} · {port}"
SESSION_GO_ON: Final = "Play with its settings"
SESSION_GO_ON_TIP: Final = "Start the music with the settings and the seed this session began with"
SESSION_NO_PROJECT: Final = "Its DAWproject (tracks, tempo, markers, emotion) appears here."
SESSION_NO_MIDI: Final = "The session's MIDI file appears here; drag it into the DAW."
