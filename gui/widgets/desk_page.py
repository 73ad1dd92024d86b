"""The working page of the window: every widget in its place."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QFrame,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from gui import texts
from gui.state.health import HealthItem
from gui.state.history import History
from gui.theme import Theme
from gui.widgets.curves import Curves
from gui.widgets.devices_panel import DevicesPanel
from gui.widgets.emotion_plane import EmotionPlane
from gui.widgets.film_panel import FilmPanel
from gui.widgets.health_panel import HealthPanel
from gui.widgets.health_strip import HealthStrip
from gui.widgets.keys_panel import KeysPanel
from gui.widgets.music_panel import MusicPanel
from gui.widgets.notice import Notice
from gui.widgets.piano_roll import PianoRoll
from gui.widgets.preset_list import PresetList
from gui.widgets.target_panel import TargetPanel
from gui.widgets.transport import Transport

__all__ = ["DeskPage"]

_CURVES_EVERY = 3
"""Curves scroll 16 px a second: ten looks a second are enough and save painting time."""

_SCROLL_BAR_PX = 18
_KEYS_TAB, _DEVICES_TAB = 1, 4
_COLUMNS_PX = (430, 500, 330)
_ROWS_PX = (300, 320)


class DeskPage(QWidget):
    """Transport above; emotion, time and settings side by side; health below."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.transport, self.notice = Transport(), Notice()
        self.plane, self.target = EmotionPlane(theme), TargetPanel()
        self.curves, self.roll = Curves(theme), PianoRoll(theme)
        self.music, self.keys, self.presets = MusicPanel(), KeysPanel(), PresetList()
        self.devices, self.health = DevicesPanel(theme), HealthPanel()
        self.film = FilmPanel(theme)
        self.strip = HealthStrip(theme)
        self._shows = 0
        emotion = QWidget()
        emotion_layout = QVBoxLayout(emotion)
        emotion_layout.setContentsMargins(0, 0, 0, 0)
        emotion_layout.addWidget(self.plane, stretch=1)
        emotion_layout.addWidget(self.target)
        self.rows = QSplitter(Qt.Orientation.Vertical)
        self.rows.addWidget(_framed(self.curves))
        self.rows.addWidget(_framed(self.roll))
        self.tabs = QTabWidget()
        for page, title in (
            (self.music, texts.TAB_MUSIC),
            (self.keys, texts.TAB_KEYS),
            (self.film, texts.TAB_FILM),
            (self.presets, texts.TAB_PRESETS),
            (self.devices, texts.TAB_DEVICES),
            (self.health, texts.TAB_HEALTH),
        ):
            self.tabs.addTab(_scrolling(page), title)
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        for widget, stretch in ((emotion, 9), (self.rows, 10), (self.tabs, 0)):
            self.columns.addWidget(widget)
            self.columns.setStretchFactor(self.columns.count() - 1, stretch)
        for splitter, sizes in ((self.rows, _ROWS_PX), (self.columns, _COLUMNS_PX)):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(8)
            splitter.setSizes(sizes)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.transport)
        layout.addWidget(self.notice)
        layout.addWidget(self.columns, stretch=1)
        layout.addWidget(self.strip)
        self.tabs.currentChanged.connect(self._on_tab)
        self.strip.details_wanted.connect(self.show_health_tab)
        self.strip.meter.reset.connect(self.devices.meter.put_out)
        self.devices.meter.reset.connect(self.strip.meter.put_out)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours, and room for another size of text."""
        meters = (self.devices.meter, self.strip.meter)
        for widget in (self.plane, self.curves, self.roll, self.film, *meters):
            widget.set_theme(theme)
        self.transport.fit_text()
        bar = self.tabs.tabBar()
        assert bar is not None
        tabs_width = bar.sizeHint().width()
        for index in range(self.tabs.count()):
            area = self.tabs.widget(index)
            assert isinstance(area, QScrollArea)
            page = area.widget()
            assert page is not None
            page_width = page.minimumSizeHint().width() + _SCROLL_BAR_PX
            area.setMinimumWidth(max(page_width, tabs_width))

    def shows_devices(self) -> bool:
        """Return whether a list of devices can be seen now."""
        return self.tabs.isVisible() and self.tabs.currentIndex() in (_KEYS_TAB, _DEVICES_TAB)

    def show_devices_tab(self) -> None:
        """Open the Devices page of the side panel."""
        self.tabs.show()
        self.tabs.setCurrentIndex(_DEVICES_TAB)

    def show_health_tab(self) -> None:
        """Open the Health page of the side panel."""
        self.tabs.show()
        self.tabs.setCurrentIndex(self.tabs.count() - 1)

    def _on_tab(self, index: int) -> None:
        if index in (_KEYS_TAB, _DEVICES_TAB):
            self.devices.refreshed.emit()  # what was plugged in since is there at once

    def show_snapshot(
        self,
        look: Snapshot | None,
        performance: Performance,
        history: History,
        items: tuple[HealthItem, ...],
    ) -> None:
        """Show the engine; None while it is not running."""
        self._shows += 1
        if self._shows % _CURVES_EVERY == 0 or look is None:
            self.curves.show_history(history)
        self.plane.show_snapshot(look)
        self.roll.show_snapshot(look)
        self.transport.show_snapshot(look)
        self.target.show_snapshot(look, performance)
        self.devices.show_snapshot(look)
        self.strip.show_health(look, items)
        self.health.show_items(items)


def _framed(widget: QWidget) -> QFrame:
    frame = QFrame()
    frame.setObjectName("panel")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(4, 4, 4, 4)
    layout.addWidget(widget)
    return frame


def _scrolling(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    page.setObjectName("page")
    area.setWidget(page)
    return area
