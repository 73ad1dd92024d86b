"""The working page of the window: every widget in its place, on small and large screens."""

from PyQt6.QtCore import QEvent, QSize, Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QBoxLayout, QFrame, QSplitter, QTabWidget, QWidget

from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from gui import texts
from gui.state.health import HealthItem
from gui.state.history import History
from gui.theme import Theme
from gui.widgets.arranger_panel import ArrangerPanel
from gui.widgets.controls import Panel, Scrolling, column
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
from gui.widgets.set_list_panel import SetListPanel
from gui.widgets.sliders import fit_sliders
from gui.widgets.target_panel import TargetPanel
from gui.widgets.transport import Transport

__all__ = ["MainPage"]

_CURVES_EVERY = 3
"""Curves scroll 16 px a second: ten looks a second are enough and save painting time."""

_COLUMNS_PX = (430, 500, 330)
_ROWS_PX = (300, 320)
_STRETCH = (9, 10, 0)


class MainPage(QWidget):
    """Transport above; emotion, time and settings side by side; health below.

    Where three columns do not fit, the curves become a page of the side panel; where two do not
    fit, the plane does too.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.transport, self.notice = Transport(), Notice()
        self.plane, self.target = EmotionPlane(theme), TargetPanel()
        self.curves, self.roll = Curves(theme), PianoRoll(theme)
        self.music, self.keys, self.presets = MusicPanel(), KeysPanel(), PresetList()
        self.devices, self.health = DevicesPanel(theme), HealthPanel()
        self.film = FilmPanel(theme)
        self.arranger, self.songs = ArrangerPanel(), SetListPanel()
        self.strip = HealthStrip(theme)
        self._shows = 0
        self._emotion = _Emotion(self.plane, Scrolling(self.target))
        self.rows = QSplitter(Qt.Orientation.Vertical)
        for widgets in ((self.curves,), (self.roll, self.arranger)):
            framed = QFrame()
            framed.setObjectName("panel")
            column(*widgets, parent=framed, margin=4).setStretchFactor(widgets[0], 1)
            self.rows.addWidget(framed)
        self.tabs = QTabWidget()
        pages = (self.music, self.keys, self.film, self.presets, self.devices, self.health)
        shown = {page: page for page in pages} | {self.presets: QWidget()}
        column(self.presets, self.songs, parent=shown[self.presets])
        self._areas: dict[QWidget, QWidget] = {page: Scrolling(shown[page]) for page in pages}
        for area, title in zip(self._areas.values(), texts.TABS, strict=True):
            self.tabs.addTab(area, title)
        self.columns = _Columns()
        self.columns.addWidget(self.tabs)
        self._arrange(3)
        for splitter, sizes in ((self.rows, _ROWS_PX), (self.columns, _COLUMNS_PX)):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(8)
            splitter.setSizes(sizes)
        page = column(self.transport, self.notice, self.columns, self.strip, parent=self, spacing=8)
        page.setContentsMargins(8, 4, 8, 8)
        page.setStretchFactor(self.columns, 1)
        self.tabs.currentChanged.connect(self._on_tab)
        self.strip.details_wanted.connect(self.show_health_tab)
        self.strip.meter.reset.connect(self.devices.meter.put_out)
        self.devices.meter.reset.connect(self.strip.meter.put_out)

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Everything that passes on what the user chooses."""
        pages = (self.music, self.keys, self.film, self.presets, self.devices, self.health)
        devices = self.devices
        return (
            *(self.transport, self.target, self.arranger, self.songs, *pages),
            *(devices.instrument, devices.sync, devices.reach, devices.lights),
        )

    # ------------------------------------------------------------------ room

    def set_theme(self, theme: Theme, points: float) -> None:
        """Use other colours and another size of text [pt]."""
        meters = (self.devices.meter, self.strip.meter)
        for widget in (self.plane, self.curves, self.roll, self.film, *meters):
            widget.set_theme(theme)
        fit_sliders(self)
        self.target.fit_text()
        self.transport.fit_text(points)
        self.strip.fit_text()
        self._choose_columns()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        super().resizeEvent(event)
        self._choose_columns()

    def event(self, event: QEvent | None) -> bool:  # noqa: D102
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self._choose_columns()  # what is shown may need more room than before
        return super().event(event)

    def _choose_columns(self) -> None:
        """Show as many columns as there is room for."""
        roomy = 18 * self.fontMetrics().height()
        widths = [
            max(roomy, widget.minimumSizeHint().width()) for widget in (self._emotion, self.rows)
        ]
        tabs = 0 if self.tabs.isHidden() else self._tabs_width()
        room = self.width() - 16 - 2 * self.columns.handleWidth()
        if sum(widths) + tabs <= room:
            self._arrange(3)
        elif widths[0] + tabs <= room and not self.tabs.isHidden():
            self._arrange(2)
        else:
            self.tabs.show()
            self._arrange(1)

    def _tabs_width(self) -> int:
        """Return the width the side panel needs for its own pages and their titles [px]."""
        bar = self.tabs.tabBar()
        assert bar is not None
        others = (self.tabs.indexOf(widget) for widget in (self._emotion, self.rows))
        bar_width = bar.sizeHint().width() + bar.fontMetrics().height()  # one title is bold
        titles = bar_width - sum(bar.tabRect(n).width() for n in others if n >= 0)
        self.tabs.setMinimumWidth(bar_width)
        pages = max(area.minimumSizeHint().width() for area in self._areas.values())
        return max(titles, pages)

    def _arrange(self, columns: int) -> None:
        if self.columns.count() == columns:
            return
        shown = self.tabs.currentWidget()
        movable: tuple[tuple[QWidget, str], ...] = (
            (self._emotion, texts.TAB_MOOD),
            (self.rows, texts.TAB_TIME),
        )
        for place, (widget, title) in enumerate(movable):
            in_tabs = self.tabs.indexOf(widget)
            if place < columns - 1:
                if in_tabs >= 0:
                    self.tabs.removeTab(in_tabs)
                self.columns.insertWidget(place, widget)
                widget.show()
            elif in_tabs < 0:
                self.tabs.insertTab(place - (columns - 1), widget, title)
        if shown is not None and self.tabs.indexOf(shown) >= 0:
            self.tabs.setCurrentWidget(shown)
        for place, stretch in enumerate(_STRETCH[: columns - 1] + _STRETCH[-1:]):
            self.columns.setStretchFactor(place, stretch)

    def toggle_side(self) -> None:
        """Show or hide the side panel; on a narrow screen it holds everything and stays."""
        self.tabs.setVisible(self.tabs.isHidden())
        self._choose_columns()

    # ------------------------------------------------------------------ pages of the side panel

    def show_tab(self, page: QWidget) -> None:
        """Open a page of the side panel."""
        self.tabs.show()
        self._choose_columns()
        self.tabs.setCurrentWidget(self._areas.get(page, page))

    def shows_devices(self) -> bool:
        """Return whether a list of devices can be seen now."""
        lists = (self._areas[self.keys], self._areas[self.devices])
        return self.tabs.isVisible() and self.tabs.currentWidget() in lists

    def show_devices_tab(self) -> None:
        """Open the page Devices."""
        self.show_tab(self.devices)

    def show_health_tab(self) -> None:
        """Open the page Health."""
        self.show_tab(self.health)

    def _on_tab(self, _index: int) -> None:
        if self.shows_devices():
            self.devices.asked.emit("list_devices")  # shows at once what was plugged in since

    # ------------------------------------------------------------------ what is shown

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
        self.arranger.show_snapshot(look)
        self.keys.show_snapshot(look)
        self.transport.show_snapshot(look)
        self.target.show_snapshot(look, performance)
        self.devices.show_snapshot(look)
        self.strip.show_health(look, items)
        self.health.show_items(items)


class _Columns(QSplitter):
    """Columns that never keep the window from being made narrower: the page rearranges them."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        return QSize(0, 8 * self.fontMetrics().height())


class _Emotion(QWidget):
    """The plane with its settings below it, or beside it where there is no height for both."""

    def __init__(self, plane: EmotionPlane, target: Scrolling) -> None:
        super().__init__()
        self._plane, self._target = plane, target
        target.setObjectName("panel")
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(plane, stretch=1)
        self._box.addWidget(target)

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        return QSize(self._target.minimumSizeHint().width(), 8 * self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._turn()

    def _turn(self) -> None:
        """Put the settings beside the plane if there is no height for both; the plane gets half."""
        plane, target = self._plane.minimumSizeHint(), self._target.minimumSizeHint()
        wanted, spacing = self._target.sizeHint().height(), self._box.spacing()
        high = 1.6 * plane.height() + wanted + spacing > self.height()
        if high and plane.width() + target.width() + spacing <= self.width():
            self._box.setDirection(QBoxLayout.Direction.LeftToRight)
            beside = self.width() - spacing - self.height()  # the plane is at most a square
            self._target.setMaximumSize(max(target.width(), beside), self.height())
        else:
            self._box.setDirection(QBoxLayout.Direction.TopToBottom)
            half = (self.height() - spacing) // 2
            self._target.setMaximumSize(self.width(), max(target.height(), min(wanted, half)))
