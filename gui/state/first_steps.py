"""What the assistant for the first start proposes, without any widget."""

import sys

from engine.choices import AUTO_OUT, BUILT_IN, PLUGIN
from gui import texts
from gui.engine_process.decode import Devices
from presets import DEMO_AUDIO

__all__ = ["SILENT_DB", "cures", "hint_for_output", "propose_input", "propose_output"]

SILENT_DB = -55.0
"""Below this nothing worth listening to arrives [dBFS]."""

_SYNTHESIZERS = ("fluid", "synth", "zyn", "yoshimi", "surge", "vital", "timidity", "piano", "organ")
_NO_INSTRUMENTS = ("through", "stimmung", "network session")


def propose_input(devices: Devices, chosen: str) -> str:
    """Return what to listen to: what was chosen if it is there, the default, or the demo piece."""
    if chosen and chosen in (*devices.audio_inputs, str(DEMO_AUDIO), PLUGIN):
        return chosen
    return "" if devices.audio_inputs else str(DEMO_AUDIO)


def propose_output(devices: Devices, chosen: str) -> str:
    """Return where notes are most likely to sound.

    That is what was chosen if it is there, else a synthesizer that runs, else any instrument,
    else the built-in one, else a port of our own for the DAW.
    """
    if chosen in (*devices.midi_outputs, BUILT_IN, PLUGIN):
        return chosen
    instruments = [
        name
        for name in devices.midi_outputs
        if not any(word in name.casefold() for word in _NO_INSTRUMENTS)
    ]
    for name in instruments:
        if any(word in name.casefold() for word in _SYNTHESIZERS):
            return name
    if instruments:
        return instruments[0]
    return BUILT_IN if devices.audio_outputs else "virtual"


def hint_for_output(output: str, devices: Devices, platform: str = sys.platform) -> str:
    """Return what the user has to do so that this output sounds."""
    if output == "none":
        return texts.STEP_OUT_NONE
    if output == PLUGIN:
        return texts.STEP_OUT_PLUGIN
    if output == BUILT_IN:
        return texts.STEP_OUT_BUILT_IN
    if output not in (AUTO_OUT, "virtual", "jack"):
        return texts.STEP_OUT_PORT.format(name=output)
    if output == "virtual" and platform == "win32":
        return texts.STEP_OUT_LOOPMIDI
    if output == "jack" and not devices.jack:
        return texts.STEP_OUT_NO_JACK
    if output == "virtual" and not devices.midi_systems:
        return texts.STEP_OUT_NO_SYSTEM
    return texts.STEP_OUT_OWN


def cures(output: str, platform: str = sys.platform) -> str:
    """Return what to check when the test notes were not heard."""
    if output == "virtual" and platform == "win32":
        return texts.STEP_OUT_LOOPMIDI
    if output == "none":
        return texts.STEP_OUT_NONE
    if output == PLUGIN:
        return texts.STEP_OUT_PLUGIN
    if output == BUILT_IN:
        return texts.STEP_CURES_BUILT_IN
    return (
        texts.STEP_CURES_OWN if output in (AUTO_OUT, "virtual", "jack") else texts.STEP_CURES_PORT
    )
