"""The built-in instrument: one switch, its audio output, volume and sounds."""

from engine.choices import AUTO_OUT, BUILT_IN
from engine.settings.performance import Performance
from gui import texts
from gui.engine_process.decode import Devices
from gui.state.preferences import RunChoices
from gui.texts import wording
from gui.widgets import controls as ui
from gui.widgets.sliders import LabelledSlider, Scale, SliderSpec

__all__ = ["InstrumentPanel"]


class InstrumentPanel(ui.Panel):
    """Switched off, notes go where they went by default."""

    def __init__(self) -> None:
        super().__init__()
        self.switch = ui.check_box(
            texts.BUILT_IN,
            lambda on: self.run_chosen.emit({"midi_out": BUILT_IN if on else AUTO_OUT}),
            texts.BUILT_IN_TIP,
        )
        self.output = ui.picker(texts.AUDIO_OUT, act=self.choose_run("audio_out"))
        self.sounds = ui.picker(texts.SOUNDFONT, act=self.choose_run("soundfont"))
        self.volume = LabelledSlider(
            SliderSpec(texts.VOLUME, Scale(0.0, 1.0), wording.percent, Performance().volume, ""),
            self.choose("volume"),
        )
        ui.column(
            self.switch,
            ui.form((texts.AUDIO_OUT, self.output), (texts.SOUNDFONT, self.sounds)),
            ui.Row(
                ui.button(texts.SOUNDFONT_OPEN, self.ask("open_soundfont"), texts.SOUNDFONT_TIP)
            ),
            self.volume,
            parent=self,
        )

    def show_settings(self, present: Devices, run: RunChoices, *, listed: bool) -> None:
        """Show what is chosen, and what there is to choose from."""
        self.switch.setChecked(run.midi_out == BUILT_IN)
        outputs = [(name, name) for name in present.audio_outputs]
        ui.fill(self.output, [(texts.AUDIO_OUT_DEFAULT, ""), *outputs], run.audio_out, listed)
        ui.fill(self.sounds, [(texts.SOUNDFONT_OWN, "")], run.soundfont, listed)

    def show_performance(self, performance: Performance) -> None:
        """Show the volume."""
        self.volume.show_value(performance.volume)
