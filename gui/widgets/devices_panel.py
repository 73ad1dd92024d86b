"""The page Devices: where sound comes from and where MIDI goes."""

from collections.abc import Sequence

from engine.choices import PLUGIN
from engine.settings.latencies import MOST_EARLIER_S
from engine.snapshot import Snapshot
from gui import texts
from gui.engine_process.decode import Devices
from gui.state.preferences import RunChoices
from gui.theme import Theme
from gui.widgets import controls as ui
from gui.widgets.instrument_panel import InstrumentPanel
from gui.widgets.level_meter import LevelMeter
from gui.widgets.lights_panel import LightsPanel
from gui.widgets.reach_panel import ReachPanel
from gui.widgets.sync_panel import SyncPanel
from presets import DEMO_AUDIO

__all__ = ["DevicesPanel", "input_entries", "output_entries"]


def input_entries(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return what can be listened to, as words and names."""
    own = [
        (texts.AUDIO_DEFAULT, ""),
        (texts.AUDIO_DEMO, str(DEMO_AUDIO)),
        (texts.AUDIO_PLUGIN, PLUGIN),
    ]
    return own + [(name, name) for name in names]


def output_entries(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return where MIDI can go, as words and names."""
    return [(words, name) for name, words in texts.MIDI_OUTS.items()] + [
        (name, name) for name in names
    ]


class DevicesPanel(ui.Panel):
    """Devices, recording, and who else may listen."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.input = ui.picker(texts.AUDIO_IN, act=self.choose_run("audio_input"))
        self.output = ui.picker(texts.MIDI_OUT, act=self.choose_run("midi_out"))
        self.meter = LevelMeter(theme)
        self.instrument, self.sync, self.reach = InstrumentPanel(), SyncPanel(), ReachPanel()
        self.lights = LightsPanel()
        self.record = ui.check_box(texts.RECORD, self.choose_run("record"))
        self.capture_audio = ui.check_box(texts.CAPTURE_AUDIO, self.choose_run("capture_audio"))
        self._folder = ui.label(role="small", wrap=True)
        self.latency = ui.amount_box(
            texts.LATENCY, -200.0, 200.0, self.choose_run("latency_ms"), suffix=" ms"
        )
        self.latency.setToolTip(texts.LATENCY_TIP)
        self.in_force = ui.label(role="small", wrap=True)
        self.in_force.hide()
        self._no_inputs = ui.label(texts.NO_INPUTS, "small", wrap=True)
        self._problem = ui.label(role="small", wrap=True)
        for words in (self._no_inputs, self._problem):
            words.hide()
        ui.column(
            ui.label(texts.AUDIO_IN, "title"),
            self.input,
            self._no_inputs,
            self._problem,
            self.meter,
            ui.Row(
                ui.button(texts.AUDIO_OPEN, self.ask("open_audio")),
                ui.button(texts.REFRESH, self.ask("list_devices"), texts.REFRESH_TIP),
            ),
            8,
            ui.label(texts.MIDI_OUT, "title"),
            self.output,
            self.instrument,
            ui.form((texts.LATENCY, ui.Row(self.latency))),
            self.in_force,
            8,
            self.sync,
            8,
            self.record,
            self._folder,
            ui.Row(ui.button(texts.RECORD_FOLDER, self.ask("choose_folder"))),
            self.capture_audio,
            8,
            self.reach,
            8,
            self.lights,
            None,
            ui.label(texts.RESTARTS_MUSIC, "small", wrap=True),
            parent=self,
            margin=8,
        )

    def show_devices(self, present: Devices | None, run: RunChoices) -> None:
        """List what is present; a chosen one that is absent stays chosen, marked as absent.

        None while nothing has been listed yet: then nothing is "absent".
        """
        found, listed = present or Devices(), present is not None
        ui.fill(self.input, input_entries(found.audio_inputs), run.audio_input, listed)
        ui.fill(self.output, output_entries(found.midi_outputs), run.midi_out, listed)
        self._no_inputs.setVisible(listed and not found.audio_inputs and not found.problem)
        self._problem.setText(found.problem)
        self._problem.setVisible(bool(found.problem))
        self.record.setChecked(run.record)
        self.capture_audio.setChecked(run.capture_audio)
        self._folder.setText(str(run.record_folder))
        ui.show_number(self.latency, run.latency_ms or 0.0)
        self.instrument.show_settings(found, run, listed=listed)
        self.sync.show_settings(run, found.midi_inputs, listed=listed)
        self.reach.show_settings(run)
        self.lights.show_settings(run)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show the level of the input; None while not running."""
        if look is None:
            self.meter.show_level(None)
        else:
            self.meter.show_level(look.audio.level_db, look.audio.peak_db)
        self.sync.show_snapshot(look)
        offset = 0.0 if look is None else look.midi.latency_ms
        far = texts.LATENCY_TOO_FAR if offset < -1000.0 * MOST_EARLIER_S else ""
        self.in_force.setText(texts.LATENCY_IN_FORCE.format(ms=offset) + far)
        self.in_force.setVisible(offset != self.latency.value() or bool(far))
        self.lights.show_colours({} if look is None else look.lights)
