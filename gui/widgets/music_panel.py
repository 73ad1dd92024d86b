"""What is played: engine, key, parts, bar, seed, and the emotion as controllers."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.choices import AUTO_KEY, PARTS
from engine.generators.registry import GENERATORS
from engine.music.keys import KEY_NAMES
from engine.settings.performance import Performance
from gui import texts
from gui.texts import wording
from gui.widgets.engine_panel import EnginePanel

__all__ = ["MusicPanel"]


class MusicPanel(QWidget):
    """Musical settings.

    Signals
    -------
    chosen : dict
        Settings of the performance to change.
    seed_chosen : int
        Seed of the generator.
    regenerated :
        Other notes in the same emotion.
    """

    chosen = pyqtSignal(dict)
    seed_chosen = pyqtSignal(int)
    regenerated = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.engine = _combo([(texts.ENGINES.get(name, name), name) for name in GENERATORS])
        self.engine.setToolTip(texts.ENGINE_TIP)
        keys = [(texts.KEY_AUTO, AUTO_KEY)] + [(wording.key_words(key), key) for key in KEY_NAMES]
        self.key = _combo(keys)
        self.parts = {part: QCheckBox(texts.PART_NAMES[part]) for part in PARTS}
        self.beats_per_bar = _spin(2, 7)
        self.seed = _spin(0, 2**31 - 1)
        self.seed.setToolTip(texts.SEED_TIP)
        self.regenerate = QPushButton(texts.REGENERATE)
        self.regenerate.setToolTip(texts.REGENERATE_TIP)
        self.valence_cc, self.arousal_cc = _spin(0, 119), _spin(0, 119)
        self.channel = _spin(1, 16)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setVerticalSpacing(8)
        form.addRow(texts.ENGINE, self.engine)
        self.settings = EnginePanel()
        self.settings.chosen.connect(self.chosen)
        form.addRow(self.settings)
        form.addRow(texts.KEY, self.key)
        parts = QVBoxLayout()
        parts.setSpacing(0)
        for box in self.parts.values():
            parts.addWidget(box)
        form.addRow(texts.PARTS, parts)
        form.addRow(texts.BEATS_PER_BAR, self.beats_per_bar)
        form.addRow(texts.SEED, self.seed)
        form.addRow("", self.regenerate)
        title = QLabel(texts.CONTROLLERS)
        title.setProperty("role", "title")
        controllers = QFormLayout()
        controllers.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        controllers.addRow(texts.VALENCE_CC, self.valence_cc)
        controllers.addRow(texts.AROUSAL_CC, self.arousal_cc)
        controllers.addRow(texts.CONTROL_CHANNEL, self.channel)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addSpacing(10)
        layout.addWidget(title)
        layout.addLayout(controllers)
        layout.addStretch()
        self._connect()

    def _connect(self) -> None:
        def choose(name: str, value: object) -> None:
            self.chosen.emit({name: value})

        self.engine.activated.connect(lambda _: choose("engine", self.engine.currentData()))
        self.key.activated.connect(lambda _: choose("key", self.key.currentData()))
        for box in self.parts.values():
            box.clicked.connect(lambda _: choose("parts", self._chosen_parts()))
        self.beats_per_bar.valueChanged.connect(lambda n: choose("beats_per_bar", n))
        self.channel.valueChanged.connect(lambda n: choose("control_channel", n - 1))
        self.valence_cc.valueChanged.connect(
            lambda n: self._choose_controller("valence_cc", n, self.arousal_cc.value())
        )
        self.arousal_cc.valueChanged.connect(
            lambda n: self._choose_controller("arousal_cc", n, self.valence_cc.value())
        )
        self.seed.valueChanged.connect(self.seed_chosen)
        self.regenerate.clicked.connect(self.regenerated)

    def _choose_controller(self, name: str, number: int, other: int) -> None:
        if number != other:  # the two must differ: the spin box just passes over that number
            self.chosen.emit({name: number})

    def _chosen_parts(self) -> tuple[str, ...]:
        return tuple(part for part, box in self.parts.items() if box.isChecked())

    def show_performance(self, performance: Performance, seed: int) -> None:
        """Show the settings."""
        _show(self.engine, performance.engine)
        self.settings.show_performance(performance)
        _show(self.key, performance.key)
        for part, box in self.parts.items():
            box.setChecked(part in performance.parts)
        for spin, value in (
            (self.beats_per_bar, performance.beats_per_bar),
            (self.seed, seed),
            (self.valence_cc, performance.valence_cc),
            (self.arousal_cc, performance.arousal_cc),
            (self.channel, performance.control_channel + 1),
        ):
            if spin.value() != value:
                spin.blockSignals(True)
                spin.setValue(value)
                spin.blockSignals(False)


def _combo(entries: list[tuple[str, str]]) -> QComboBox:
    combo = QComboBox()
    for words, name in entries:
        combo.addItem(words, name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(10)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return combo


def _show(combo: QComboBox, name: str) -> None:
    index = combo.findData(name)
    if index < 0:  # a key in a spelling of its own, such as A#:min
        combo.addItem(wording.key_words(name), name)
        index = combo.count() - 1
    if index != combo.currentIndex():
        combo.setCurrentIndex(index)


def _spin(low: int, high: int) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setKeyboardTracking(False)
    return spin
