"""The assistant for the first start: three steps that end with sound in the DAW or synthesizer."""

from collections.abc import Sequence

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.generators.registry import GENERATORS
from engine.settings.performance import Performance
from engine.settings.presets import list_presets
from engine.snapshot import Snapshot
from gui import texts
from gui.desks.desk import Desk
from gui.engine_process.decode import Devices
from gui.state import first_steps
from gui.theme import THEMES
from gui.widgets.health_panel import set_level
from gui.widgets.level_meter import CLIP_DB, LevelMeter
from gui.widgets.pickers import fill, make_picker
from presets import DEMO_AUDIO

__all__ = ["Assistant"]

_AGAIN_MS = 2500
_SILENT_AFTER = 75
"""So many looks without sound, and the assistant says so."""
_WIDTH_LINES, _HEIGHT_LINES = 38, 30


class Assistant(QDialog):
    """Listens as soon as it opens, with the music held; the last step lets it go.

    Parameters
    ----------
    desk : Desk
        What is set and played.
    """

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(texts.STEPS_TITLE)
        self._desk = desk
        self._devices = Devices()
        self._settled = False
        self._quiet = 0
        self._was_playing = desk.wants_music
        self._steps = QLabel()
        self._steps.setTextFormat(Qt.TextFormat.RichText)
        self._pages = QStackedWidget()
        self.input, self.output = make_picker(texts.AUDIO_IN), make_picker(texts.MIDI_OUT)
        self.meter = LevelMeter(THEMES[desk.memory.theme])
        self.said, self.hint, self.cure = _words(), _words(), _words()
        self.test = QPushButton(texts.STEP_TEST)
        self.test.setCheckable(True)
        self.yes, self.no = QPushButton(texts.STEP_YES), QPushButton(texts.STEP_NO)
        self.engine, self.preset = make_picker(texts.ENGINE), make_picker(texts.STEP_PRESET)
        self.skip = QPushButton(texts.STEP_SKIP)
        self.skip.setToolTip(texts.STEP_SKIP_TIP)
        self.back, self.next = QPushButton(texts.STEP_BACK), QPushButton(texts.STEP_NEXT)
        self.next.setObjectName("primary")
        self.next.setDefault(True)
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(desk.bridge.test_notes)
        self._make_pages()
        buttons = QHBoxLayout()
        buttons.addWidget(self.skip)
        buttons.addStretch()
        buttons.addWidget(self.back)
        buttons.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 18, 24, 18)
        layout.setSpacing(14)
        layout.addWidget(self._steps)
        layout.addWidget(self._pages, stretch=1)
        layout.addLayout(buttons)
        line = self.fontMetrics().height()
        self.setMinimumSize(_WIDTH_LINES * line, _HEIGHT_LINES * line)
        self.test.setMinimumWidth((len(texts.STEP_TESTING) + 2) * line // 2)
        self._connect()
        self._fill_play()
        self._go(0)
        desk.start(held=True)

    def _make_pages(self) -> None:
        ask = QLabel(texts.STEP_ASK)
        ask.setProperty("role", "title")
        answers = QHBoxLayout()
        for widget in (self.yes, self.no):
            answers.addWidget(widget)
        answers.addStretch()
        sounding = QHBoxLayout()
        sounding.addWidget(self.test)
        sounding.addStretch()
        for title, text, rows in (
            (texts.STEP_IN_TITLE, texts.STEP_IN_TEXT, (self.input, self.meter, self.said)),
            (texts.STEP_OUT_TITLE, "", (self.output, self.hint, sounding, ask, answers, self.cure)),
            (
                texts.STEP_PLAY_TITLE,
                texts.STEP_PLAY_TEXT,
                (QLabel(texts.ENGINE), self.engine, QLabel(texts.STEP_PRESET), self.preset),
            ),
        ):
            self._pages.addWidget(_page(title, text, rows))

    def _connect(self) -> None:
        desk, choose = self._desk, self._desk.choose
        self.input.activated.connect(lambda _: choose(audio_input=self.input.currentData()))
        self.input.activated.connect(lambda _: self._listen_anew())
        self.output.activated.connect(lambda _: self._choose_output(self.output.currentData()))
        self.test.toggled.connect(self._sound)
        self.yes.clicked.connect(self._heard)
        self.no.clicked.connect(self._not_heard)
        self.engine.activated.connect(
            lambda _: desk.performance.set(engine=self.engine.currentData())
        )
        self.preset.activated.connect(lambda _: self._take_preset(self.preset.currentData()))
        self.skip.clicked.connect(self.reject)
        self.back.clicked.connect(lambda: self._go(self._pages.currentIndex() - 1))
        self.next.clicked.connect(self._forward)
        self.finished.connect(self._end)
        desk.bridge.snapshot.connect(self._show_snapshot)
        desk.bridge.refused.connect(self._show_problem)

    # ------------------------------------------------------------------ what is there

    def show_devices(self, devices: Devices) -> None:
        """Offer what is present; the first time, choose what is most likely right."""
        self._devices = devices
        memory = self._desk.memory
        if not self._settled and (devices.midi_systems or devices.audio_inputs):
            self._settled = True
            self._desk.choose(
                audio_input=first_steps.propose_input(devices, memory.audio_input),
                midi_out=first_steps.propose_output(devices, memory.midi_out),
            )
            self._begin_again()
        own = [(texts.AUDIO_DEFAULT, ""), (texts.AUDIO_DEMO, str(DEMO_AUDIO))]
        inputs = own + [(name, name) for name in devices.audio_inputs]
        fill(self.input, inputs, memory.audio_input, True)
        outputs = [(name, name) for name in devices.midi_outputs]
        outputs += [(words, name) for name, words in texts.MIDI_OUTS.items()]
        fill(self.output, outputs, memory.midi_out, True)
        self.hint.setText(first_steps.hint_for_output(memory.midi_out, devices))

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
        """Say where input and output are chosen that one could not be opened."""
        self._say(message, "caution")
        self.cure.setText(message)

    def _say(self, words: str, level: str) -> None:
        if self.said.text() != words:
            self.said.setText(words)
            set_level(self.said, level)

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
            self.test.setChecked(self._desk.memory.midi_out != "none")

    def _begin_again(self) -> None:
        """Open everything anew if it could not be opened before."""
        if not self._desk.wants_music:
            self._desk.start(held=True)

    def _listen_anew(self) -> None:
        self._quiet = 0
        self._say(texts.STEP_IN_WAIT, "")
        self._begin_again()

    def _choose_output(self, name: str) -> None:
        self._desk.choose(midi_out=name)
        self._begin_again()
        self.cure.setText("")
        self.hint.setText(first_steps.hint_for_output(name, self._devices))
        self.test.setChecked(name != "none")

    def _sound(self, sounds: bool) -> None:
        self.test.setText(texts.STEP_TESTING if sounds else texts.STEP_TEST)
        if sounds:
            self._desk.bridge.test_notes()
            self._again.start()
        else:
            self._again.stop()

    def _heard(self) -> None:
        self.test.setChecked(False)
        self.cure.setText(texts.STEP_HEARD)
        self._forward()

    def _not_heard(self) -> None:
        self.cure.setText(first_steps.cures(self._desk.memory.midi_out))
        self._begin_again()
        self.test.setChecked(True)

    # ------------------------------------------------------------------ playing

    def _fill_play(self) -> None:
        engines = [(texts.ENGINES.get(name, name), name) for name in GENERATORS]
        fill(self.engine, engines, self._desk.performance.performance.engine, True)
        self.preset.addItem(texts.STEP_AS_NOW, None)
        for preset in list_presets():
            self.preset.addItem(preset.name, preset.performance)
            place = self.preset.count() - 1
            self.preset.setItemData(place, preset.description, Qt.ItemDataRole.ToolTipRole)

    def _take_preset(self, performance: Performance | None) -> None:
        if performance is not None:
            self._desk.performance.replace(performance)
            self.engine.setCurrentIndex(self.engine.findData(performance.engine))

    def _end(self, result: int) -> None:
        self._again.stop()
        self._desk.bridge.snapshot.disconnect(self._show_snapshot)
        self._desk.bridge.refused.disconnect(self._show_problem)
        self._desk.memory.welcomed = True
        if result == QDialog.DialogCode.Accepted or self._was_playing:
            self._begin_again()
            self._desk.set_held(False)
        else:
            self._desk.stop()
            self._desk.set_held(False)


def _words() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    label.setSizePolicy(policy)
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    return label


def _page(title: str, text: str, rows: Sequence[QWidget | QHBoxLayout]) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    head = QLabel(title)
    head.setProperty("role", "big")
    layout.addWidget(head)
    if text:
        words = QLabel(text)
        words.setWordWrap(True)
        words.setProperty("role", "muted")
        layout.addWidget(words)
    for row in rows:
        if isinstance(row, QWidget):
            layout.addWidget(row)
        else:
            layout.addLayout(row)
    layout.addStretch()
    return page
