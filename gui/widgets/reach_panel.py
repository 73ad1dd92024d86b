"""Who else may listen and give orders: OSC both ways, and the page beside the stage."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui import texts
from gui.widgets.pickers import make_picker
from gui.widgets.qr_code import QrCode

__all__ = ["ReachPanel"]

_USUAL_PORT = 9001


class ReachPanel(QWidget):
    """OSC destinations, OSC orders, and the stage-side page with its address.

    Signals
    -------
    osc_chosen : str
        Destinations HOST:PORT, apart by spaces; empty: none.
    osc_in_chosen : int or None
        Port that takes orders.
    monitor_chosen : str
        Who may see the page, one of `gui.state.preferences.MONITORS`.
    orders_chosen : bool
        Whether it may give orders.
    """

    osc_chosen = pyqtSignal(str)
    osc_in_chosen = pyqtSignal(object)
    monitor_chosen = pyqtSignal(str)
    orders_chosen = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.osc = QLineEdit()
        self.osc.setPlaceholderText(texts.OSC_EXAMPLE)
        self.osc.setAccessibleName(texts.OSC)
        self.osc.setToolTip(texts.OSC_TIP)
        self.osc.editingFinished.connect(lambda: self.osc_chosen.emit(self.osc.text().strip()))
        self.takes = QCheckBox(texts.OSC_IN)
        self.takes.setToolTip(texts.OSC_IN_TIP)
        self.takes.clicked.connect(self._choose_osc_in)
        self.port = QSpinBox()
        self.port.setRange(1, 65535)
        self.port.setValue(_USUAL_PORT)
        self.port.setKeyboardTracking(False)
        self.port.setAccessibleName(texts.OSC_IN_PORT)
        self.port.valueChanged.connect(self._choose_osc_in)
        self.monitor = make_picker(texts.MONITOR)
        for name, words in texts.MONITORS.items():
            self.monitor.addItem(words, name)
        self.monitor.setToolTip(texts.MONITOR_TIP)
        self.monitor.activated.connect(
            lambda _: self.monitor_chosen.emit(self.monitor.currentData())
        )
        self.orders = QCheckBox(texts.MONITOR_ORDERS)
        self.orders.setToolTip(texts.MONITOR_ORDERS_TIP)
        self.orders.clicked.connect(self.orders_chosen)
        self.address = QLabel()
        self.address.setWordWrap(True)
        self.address.setOpenExternalLinks(True)
        self.address.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.address.setAccessibleName(texts.MONITOR_ADDRESS)
        self.code = QrCode()
        takes = QHBoxLayout()
        takes.addWidget(self.takes)
        takes.addWidget(self.port)
        takes.addStretch()
        form = QFormLayout()
        form.addRow(texts.OSC, self.osc)
        title = QLabel(texts.MONITOR)
        title.setProperty("role", "title")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(form)
        layout.addLayout(takes)
        layout.addSpacing(8)
        layout.addWidget(title)
        layout.addWidget(self.monitor)
        layout.addWidget(self.orders)
        layout.addWidget(self.address)
        layout.addWidget(self.code, alignment=Qt.AlignmentFlag.AlignHCenter)

    def _choose_osc_in(self) -> None:
        self.osc_in_chosen.emit(self.port.value() if self.takes.isChecked() else None)

    def show_settings(self, osc: str, osc_in: int | None, monitor: str, orders: bool) -> None:
        """Show what is chosen."""
        if not self.osc.hasFocus():
            self.osc.setText(osc)
        self.takes.setChecked(osc_in is not None)
        if osc_in is not None and self.port.value() != osc_in:
            self.port.blockSignals(True)
            self.port.setValue(osc_in)
            self.port.blockSignals(False)
        self.monitor.setCurrentIndex(self.monitor.findData(monitor))
        self.orders.setChecked(orders)
        self.orders.setEnabled(bool(monitor))

    def show_address(self, url: str, wanted: bool) -> None:
        """Show where the page is served; without an address, that it will be once music plays."""
        if url:
            plain = url.partition("?")[0]
            self.address.setText(f'<a href="{url}">{plain}</a>')
            self.address.setToolTip(url)
        else:
            self.address.setText(texts.MONITOR_LATER if wanted else "")
        self.address.setVisible(wanted)
        self.code.show_text(url if wanted else "")
