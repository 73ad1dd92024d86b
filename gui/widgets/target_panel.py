"""How the target follows: mode, freeze, and what belongs to the mode."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.choices import MODES
from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from gui import texts
from gui.texts import wording
from gui.widgets.sliders import LabelledSlider, Scale

__all__ = ["TargetPanel"]

_PLAIN = Scale(-1.0, 1.0)
_SLEW = Scale(0.02, 20.0, logarithmic=True)
_SHARE = Scale(0.0, 1.0)
_SMOOTHING = Scale(0.0, 10.0)
_HYSTERESIS = Scale(0.0, 0.5)
_GUIDE = Scale(10.0, 1800.0, logarithmic=True)


class TargetPanel(QFrame):
    """Settings of the target.

    Signals
    -------
    chosen : dict
        Settings of the performance to change.
    freeze_chosen : bool
        Whether the target is to be held.
    curve_wanted :
        The user wants to open a curve file.
    """

    chosen = pyqtSignal(dict)
    freeze_chosen = pyqtSignal(bool)
    curve_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._pages = QStackedWidget()
        self._pages.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self.mode_buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(4)
        for mode in MODES:
            word, meaning = texts.MODES[mode]
            button = QPushButton(word)
            button.setObjectName("mode")
            button.setCheckable(True)
            button.setToolTip(meaning)
            button.setAccessibleDescription(meaning)
            button.clicked.connect(lambda _checked, mode=mode: self.chosen.emit({"mode": mode}))
            self._group.addButton(button)
            self.mode_buttons[mode] = button
            row.addWidget(button, stretch=1)
        self.freeze = QPushButton(texts.FREEZE)
        self.freeze.setObjectName("freeze")
        self.freeze.setCheckable(True)
        self.freeze.setToolTip(texts.FREEZE_TIP)
        self.freeze.clicked.connect(self.freeze_chosen)
        self._meaning = QLabel()
        self._meaning.setProperty("role", "muted")
        self._meaning.setWordWrap(True)
        self.slew = LabelledSlider(texts.SLEW, _SLEW, slew_words)
        self.slew.moved.connect(lambda value: self.chosen.emit({"slew_per_s": value}))
        middle = QHBoxLayout()
        middle.addWidget(self._meaning, stretch=1)
        middle.addWidget(self.freeze)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addLayout(middle)
        layout.addWidget(self._pages)
        layout.addWidget(self.slew)
        self._make_pages()

    def _make_pages(self) -> None:
        self.bias_valence = self._slider(texts.BIAS_VALENCE, "bias_valence")
        self.bias_arousal = self._slider(texts.BIAS_AROUSAL, "bias_arousal")
        self.valence = self._slider(texts.MANUAL_VALENCE, "valence")
        self.arousal = self._slider(texts.MANUAL_AROUSAL, "arousal")
        self.guide_seconds = LabelledSlider(texts.GUIDE_SECONDS, _GUIDE, wording.duration_words)
        self.guide_seconds.moved.connect(
            lambda value: self.chosen.emit({"guide_seconds": float(round(value))})
        )
        self.remaining = QProgressBar()
        self.remaining.setRange(0, 1000)
        self.remaining.setAccessibleName(texts.GUIDE_GOAL)
        self._curve_name = QLabel(texts.CURVE_NONE)
        open_curve = QPushButton(texts.CURVE_OPEN)
        open_curve.clicked.connect(self.curve_wanted)
        self.recentre = self._tracking(texts.RECENTRE, "recentre", _SHARE, "{:.0%}")
        self.recentre.setToolTip(texts.RECENTRE_TIP)
        self.smoothing_s = self._tracking(texts.SMOOTHING, "smoothing_s", _SMOOTHING, "{:.1f} s")
        self.hysteresis = self._tracking(texts.HYSTERESIS, "hysteresis", _HYSTERESIS, "{:.2f}")
        self.hysteresis.setToolTip(texts.HYSTERESIS_TIP)
        bias = _page(
            self.bias_valence,
            self.bias_arousal,
            self.recentre,
            self.smoothing_s,
            self.hysteresis,
        )
        guide = _page(self.guide_seconds, self.remaining)
        manual = _page(self.valence, self.arousal)
        curve = _page(self._curve_name, open_curve)
        self._page_of = {
            "follow": bias,
            "contrast": bias,
            "guide": guide,
            "manual": manual,
            "curve": curve,
        }
        for page in (bias, guide, manual, curve):
            self._pages.addWidget(page)

    def _tracking(self, title: str, name: str, scale: Scale, words: str) -> LabelledSlider:
        slider = LabelledSlider(title, scale, words.format, centre=0.0)
        slider.moved.connect(lambda value: self.chosen.emit({name: round(value, 3)}))
        return slider

    def _slider(self, title: str, name: str) -> LabelledSlider:
        slider = LabelledSlider(title, _PLAIN, lambda value: f"{value:+.2f}", centre=0.0)
        slider.moved.connect(lambda value: self.chosen.emit({name: round(value, 3)}))
        return slider

    def show_performance(self, performance: Performance, curve_name: str, frozen: bool) -> None:
        """Show the settings; ``curve_name`` is empty while no curve file is open."""
        mode = performance.mode
        self.mode_buttons[mode].setChecked(True)
        self.mode_buttons["curve"].setVisible(bool(curve_name))
        self._curve_name.setText(curve_name or texts.CURVE_NONE)
        self._meaning.setText(texts.MODES[mode][1])
        self._pages.setCurrentWidget(self._page_of[mode])
        self.freeze.setChecked(frozen)
        for name in (
            "bias_valence",
            "bias_arousal",
            "recentre",
            "smoothing_s",
            "hysteresis",
            "valence",
            "arousal",
            "guide_seconds",
        ):
            getattr(self, name).show_value(getattr(performance, name))
        self.slew.show_value(performance.slew_per_s)

    def show_snapshot(self, look: Snapshot | None, performance: Performance) -> None:
        """Show how far the guide has come."""
        if look is None or look.mode != "guide" or performance.mode != "guide":
            self.remaining.setValue(0)
            self.remaining.setFormat(texts.GUIDE_WAITING)
            return
        total = performance.guide_seconds
        left = min(total, look.remaining_s)
        self.remaining.setValue(round(1000 * (1.0 - left / total)))
        words = texts.GUIDE_LEFT.format(time=wording.duration_words(left))
        self.remaining.setFormat(words if left > 0.0 else texts.GUIDE_ARRIVED)


def slew_words(per_second: float) -> str:
    """Return a word for the fastest change of the target [1/s]."""
    for limit, word in texts.SLEW_WORDS:
        if per_second < limit:
            return word
    return texts.SLEW_FASTEST


def _page(*widgets: QWidget) -> QWidget:
    page = QWidget()
    layout = QGridLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setVerticalSpacing(4)
    for row, widget in enumerate(widgets):
        layout.addWidget(widget, row, 0, Qt.AlignmentFlag.AlignVCenter)
    return page
