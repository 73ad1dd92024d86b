"""The assistant for the first start: three steps that end with sound in the DAW or synthesizer."""

from PyQt6.QtCore import QSize, Qt, QTimer
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QStackedWidget, QWidget

from engine.generators.registry import GENERATORS
from engine.settings.performance import Performance
from engine.settings.presets import list_presets
from engine.snapshot import Snapshot
from gui import texts
from gui.controllers.controller import Controller
from gui.controllers.latency_controller import LatencyController
from gui.engine_process.decode import Devices
from gui.state import first_steps
from gui.theme import THEMES
from gui.widgets import controls as ui
from gui.widgets.devices_panel import input_entries, output_entries
from gui.widgets.level_meter import CLIP_DB, LevelMeter

__all__ = ["Assistant"]

_AGAIN_MS = 2500
_SILENT_AFTER = 75
"""After so many snapshots without sound the assistant says so."""
_WIDTH_LINES, _HEIGHT_LINES = 38, 30


class Assistant(QDialog):
    """Listens as soon as it opens, with the music held; the last step starts the music.

    Parameters
    ----------
    controller : Controller
        What is set and played.
    """

    def __init__(self, controller: Controller, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(texts.STEPS_TITLE)
        self._controller = controller
        self._devices = Devices()
        self._settled = False
        self._quiet = 0
        self._was_playing = controller.wants_music
        self._steps = ui.label(wrap=True)
        self._steps.setTextFormat(Qt.TextFormat.RichText)
        self._pages = QStackedWidget()
        self.input = ui.picker(texts.AUDIO_IN, act=self._choose_input)
        self.output = ui.picker(texts.MIDI_OUT, act=self._choose_output)
        self.meter = LevelMeter(THEMES[controller.preferences.theme])
        self.said, self.hint, self.cure = (
            ui.label(wrap=True),
            ui.label(wrap=True),
            ui.label(wrap=True),
        )
        self.test = QPushButton(texts.STEP_TEST)
        self.test.setCheckable(True)
        self.latency = ui.button(texts.STEP_LATENCY, self._measure_latency, texts.STEP_LATENCY_TIP)
        self._latencies = LatencyController(controller, self)
        self._latencies.done.connect(self.cure.setText)
        self.yes = ui.button(texts.STEP_YES, self._heard)
        self.no = ui.button(texts.STEP_NO, self._not_heard)
        engines = [(texts.ENGINES.get(name, name), name) for name in GENERATORS]
        self.engine = ui.picker(
            texts.ENGINE, engines, lambda name: controller.performance.set(engine=name)
        )
        self.engine.setCurrentIndex(self.engine.findData(controller.performance.performance.engine))
        self.preset = ui.picker(texts.STEP_PRESET, act=self._take_preset)
        self.skip = ui.button(texts.STEP_SKIP, self.reject, texts.STEP_SKIP_TIP)
        self.back = ui.button(texts.STEP_BACK, lambda: self._go(self._pages.currentIndex() - 1))
        self.next = ui.button(texts.STEP_NEXT, self._forward)
        self.next.setObjectName("primary")
        self.next.setDefault(True)
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(lambda: controller.bridge.command("test_notes"))
        self._make_pages()
        buttons = QHBoxLayout()
        for place in (self.skip, None, self.back, self.next):
            if place is None:
                buttons.addStretch()
            else:
                buttons.addWidget(place)
        ui.column(self._steps, self._pages, buttons, parent=self, spacing=14, margin=20)
        line = self.fontMetrics().height()
        wanted = QSize(_WIDTH_LINES * line, _HEIGHT_LINES * line)
        self.resize(wanted.boundedTo(parent.size()))
        ui.reserve(self.test, (texts.STEP_TEST, texts.STEP_TESTING))
        self.test.toggled.connect(self._sound)
        self.finished.connect(self._end)
        controller.bridge.snapshot.connect(self._show_snapshot)
        controller.bridge.refused.connect(self._show_problem)
        self._fill_presets()
        self._go(0)
        controller.start(held=True)

    def _make_pages(self) -> None:
        for title, *parts in (
            (
                texts.STEP_IN_TITLE,
                ui.label(texts.STEP_IN_TEXT, "muted", wrap=True),
                self.input,
                self.meter,
                self.said,
            ),
            (
                texts.STEP_OUT_TITLE,
                self.output,
                self.hint,
                ui.Row(self.test, self.latency),
                ui.label(texts.STEP_ASK, "title", wrap=True),
                ui.Row(self.yes, self.no),
                self.cure,
            ),
            (
                texts.STEP_PLAY_TITLE,
                ui.label(texts.STEP_PLAY_TEXT, "muted", wrap=True),
                ui.label(texts.ENGINE),
                self.engine,
                ui.label(texts.STEP_PRESET),
                self.preset,
            ),
        ):
            page = QWidget()
            ui.column(ui.label(title, "big", wrap=True), *parts, None, parent=page, spacing=10)
            self._pages.addWidget(ui.Scrolling(page))

    # ------------------------------------------------------------------ what is there

    def show_devices(self, devices: Devices) -> None:
        """Offer what is present; the first time, choose what is most likely right."""
        self._devices = devices
        chosen = self._controller.run
        if not self._settled and (devices.midi_systems or devices.audio_inputs):
            self._settled = True
            self._controller.choose(
                audio_input=first_steps.propose_input(devices, chosen.audio_input),
                midi_out=first_steps.propose_output(devices, chosen.midi_out),
            )
            self._begin_again()
        run = self._controller.run
        ui.fill(self.input, input_entries(devices.audio_inputs), run.audio_input, True)
        ui.fill(self.output, output_entries(devices.midi_outputs), run.midi_out, True)
        self.hint.setText(first_steps.hint_for_output(run.midi_out, devices))

    def _show_snapshot(self, look: Snapshot) -> None:
        audio = look.audio
        self.meter.show_level(audio.level_db, audio.peak_db)
        self._quiet = self._quiet + 1 if audio.level_db < first_steps.SILENT_DB else 0
        if audio.error:
            self._say(audio.error, "caution")
        elif self._quiet > _SILENT_AFTER:
            self._say(texts.STEP_IN_SILENT, "caution")
        elif not self._quiet:
            clips = audio.peak_db >= CLIP_DB
            self._say(texts.STEP_IN_CLIP if clips else texts.STEP_IN_GOOD, "good")

    def _show_problem(self, message: str) -> None:
        """Show beside the lists that an input or output could not be opened."""
        self._say(message, "caution")
        self.cure.setText(message)

    def _say(self, words: str, level: str) -> None:
        if self.said.text() != words:
            self.said.setText(words)
            ui.restyle(self.said, "level", level)

    # ------------------------------------------------------------------ steps

    def _go(self, step: int) -> None:
        self._pages.setCurrentIndex(step)
        self._steps.setText(
            "&nbsp;&nbsp;&nbsp;".join(
                f"<b>{words}</b>" if number == step else words
                for number, words in enumerate(texts.STEPS)
            )
        )
        last = step == self._pages.count() - 1
        self.back.setEnabled(step > 0)
        self.next.setText(texts.STEP_PLAY if last else texts.STEP_NEXT)
        if step != 1:
            self.test.setChecked(False)

    def _forward(self) -> None:
        step = self._pages.currentIndex()
        if step == self._pages.count() - 1:
            self.accept()
            return
        self._go(step + 1)
        if step == 0:
            self.cure.setText("")
            self._begin_again()
            self.test.setChecked(self._controller.run.midi_out != "none")

    def _begin_again(self) -> None:
        """Try again to open everything if it could not be opened before."""
        if not self._controller.wants_music and not self._latencies.running:
            self._controller.start(held=True)

    def _choose_input(self, name: str) -> None:
        self._controller.choose(audio_input=name)
        self._quiet = 0
        self._say(texts.STEP_IN_WAIT, "")
        self._begin_again()

    def _choose_output(self, name: str) -> None:
        self._controller.choose(midi_out=name)
        self._begin_again()
        self.cure.setText("")
        self.hint.setText(first_steps.hint_for_output(name, self._devices))
        self.test.setChecked(name != "none")

    def _sound(self, sounds: bool) -> None:
        self.test.setText(texts.STEP_TESTING if sounds else texts.STEP_TEST)
        if sounds:
            self._controller.bridge.command("test_notes")
            self._again.start()
        else:
            self._again.stop()

    def _measure_latency(self) -> None:
        self.test.setChecked(False)
        self.cure.setText(texts.STEP_LATENCY_RUNS)
        self._latencies.run()

    def _heard(self) -> None:
        self.test.setChecked(False)
        self.cure.setText(texts.STEP_HEARD)
        self._forward()

    def _not_heard(self) -> None:
        self.cure.setText(first_steps.cures(self._controller.run.midi_out))
        self._begin_again()
        self.test.setChecked(True)

    # ------------------------------------------------------------------ playing

    def _fill_presets(self) -> None:
        self.preset.addItem(texts.STEP_AS_NOW, None)
        for preset in list_presets():
            self.preset.addItem(preset.name, preset.performance)
            place = self.preset.count() - 1
            self.preset.setItemData(place, preset.description, Qt.ItemDataRole.ToolTipRole)

    def _take_preset(self, performance: Performance | None) -> None:
        if performance is not None:
            self._controller.performance.replace(performance)
            self.engine.setCurrentIndex(self.engine.findData(performance.engine))

    def _end(self, result: int) -> None:
        self._again.stop()
        self._latencies.stop()
        self._controller.bridge.snapshot.disconnect(self._show_snapshot)
        self._controller.bridge.refused.disconnect(self._show_problem)
        self._controller.preferences.welcomed = True
        if result == QDialog.DialogCode.Accepted or self._was_playing:
            self._begin_again()
            self._controller.set_held(False)
        else:
            self._controller.stop()
            self._controller.set_held(False)
