"""Words of the assistant for the first start."""

from typing import Final

STEPS_TITLE: Final = "First steps"
STEPS: Final = ("1  Listen", "2  Sound", "3  Play")
STEP_NEXT: Final = "Next"
STEP_BACK: Final = "Back"
STEP_SKIP: Final = "Skip"
STEP_SKIP_TIP: Final = "Set this up yourself; the assistant stays in the Help menu"

STEP_IN_TITLE: Final = "What should Stimmung listen to?"
STEP_IN_TEXT: Final = "Play something: the bar moves when sound arrives."
STEP_IN_WAIT: Final = "Opening the input …"
STEP_IN_GOOD: Final = "Sound arrives."
STEP_IN_CLIP: Final = "Sound arrives, but it is too loud: turn the input down a little."
STEP_IN_SILENT: Final = (
    "No sound arrives yet. Play something, turn the input up, or choose another input; the demo "
    "piece always works."
)

STEP_OUT_TITLE: Final = "Where should the notes play?"
STEP_OUT_OWN: Final = (
    "Your DAW sees a MIDI input named “Stimmung”: choose it on a track with an instrument, and "
    "arm the track or switch its monitoring on."
)
STEP_OUT_PORT: Final = "The notes go straight to “{name}”. Turn its volume up."
STEP_OUT_BUILT_IN: Final = (
    "The notes sound from this computer. For your DAW or synthesizer choose another destination."
)
STEP_CURES_BUILT_IN: Final = (
    "Is this computer's volume up, and the right audio output chosen under Devices? The notes "
    "continue while you look; or choose another destination above."
)
STEP_OUT_PLUGIN: Final = (
    "The notes go to the plug-in: run “stimmung plugin install” once, put Stimmung on a track of "
    "your DAW and route its MIDI to an instrument."
)
STEP_OUT_NONE: Final = "No notes will be sent: you will only see what is heard."
STEP_OUT_LOOPMIDI: Final = (
    "Windows has no virtual MIDI ports. Install loopMIDI (free), make a port in it with +, choose "
    "that port here, and choose the same port as MIDI input in your DAW."
)
STEP_OUT_NO_JACK: Final = "No JACK server runs. Start one, or choose another way."
STEP_OUT_NO_SYSTEM: Final = (
    "This computer has no MIDI system running. On Linux load it with `sudo modprobe snd-seq`, or "
    "start a JACK server."
)
STEP_TEST: Final = "Play test notes"
STEP_TESTING: Final = "Stop test notes"
STEP_ASK: Final = "Do you hear four rising notes?"
STEP_LATENCY: Final = "Measure the latency"
STEP_LATENCY_TIP: Final = (
    "Plays clicks and listens with the microphone; from then on notes are sent that much earlier"
)
STEP_LATENCY_RUNS: Final = "Listening to the clicks … hold the microphone to the loudspeaker."
STEP_YES: Final = "Yes, I hear them"
STEP_NO: Final = "No"
STEP_HEARD: Final = "Good: from now on all notes play there."
STEP_CURES_OWN: Final = (
    "Is “Stimmung” chosen as the MIDI input of the track? Is the track armed or monitored, its "
    "instrument loaded, its fader up? In a JACK or ALSA patchbay connect Stimmung to the "
    "synthesizer. The notes continue while you look; or choose another destination above."
)
STEP_CURES_PORT: Final = (
    "Is the synthesizer's volume up, an instrument chosen on channel 1, and its sound connected "
    "to the loudspeakers? The notes continue while you look; or choose another destination above."
)

STEP_PLAY_TITLE: Final = "How should it play?"
STEP_PLAY_TEXT: Final = (
    "Everything can be changed while it plays, and undone. Panic (Esc) ends every note at once."
)
STEP_PRESET: Final = "Preset"
STEP_AS_NOW: Final = "As it is set now"
STEP_PLAY: Final = "Play"
