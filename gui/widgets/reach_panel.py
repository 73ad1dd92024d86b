"""OSC in and out, and the phone page with its address."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLineEdit

from gui import texts
from gui.state.preferences import RunChoices
from gui.widgets import controls as ui
from gui.widgets.qr_code import QrCode

__all__ = ["ReachPanel"]

_USUAL_PORT = 9001


class ReachPanel(ui.Panel):
    """OSC destinations, OSC control, and the phone page with its address."""

    def __init__(self) -> None:
        super().__init__()
        self.osc = QLineEdit()
        self.osc.setPlaceholderText(texts.OSC_EXAMPLE)
        self.osc.setAccessibleName(texts.OSC)
        self.osc.setToolTip(texts.OSC_TIP)
        self.osc.editingFinished.connect(
            lambda: self.run_chosen.emit({"osc": self.osc.text().strip()})
        )
        self.takes = ui.check_box(texts.OSC_IN, self._choose_osc_in, texts.OSC_IN_TIP)
        self.port = ui.number_box(texts.OSC_IN_PORT, 1, 65535, self._choose_osc_in)
        ui.show_number(self.port, _USUAL_PORT)
        monitors = [(words, name) for name, words in texts.MONITORS.items()]
        self.monitor = ui.picker(texts.MONITOR, monitors, self.choose_run("monitor"))
        self.monitor.setToolTip(texts.MONITOR_TIP)
        self.orders = ui.check_box(
            texts.MONITOR_ORDERS, self.choose_run("monitor_orders"), texts.MONITOR_ORDERS_TIP
        )
        self.address = ui.label(wrap=True)
        self.address.setOpenExternalLinks(True)
        self.address.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.address.setAccessibleName(texts.MONITOR_ADDRESS)
        self.code = QrCode()
        ui.column(
            ui.form((texts.OSC, self.osc)),
            ui.Row(self.takes, self.port),
            8,
            ui.label(texts.MONITOR, "title"),
            self.monitor,
            self.orders,
            self.address,
            ui.Row(self.code),
            parent=self,
        )

    def _choose_osc_in(self, _value: object) -> None:
        port = self.port.value() if self.takes.isChecked() else None
        self.run_chosen.emit({"osc_in": port})

    def show_settings(self, run: RunChoices) -> None:
        """Show what is chosen."""
        if not self.osc.hasFocus():
            self.osc.setText(run.osc)
        self.takes.setChecked(run.osc_in is not None)
        if run.osc_in is not None:
            ui.show_number(self.port, run.osc_in)
        self.monitor.setCurrentIndex(self.monitor.findData(run.monitor))
        self.orders.setChecked(run.monitor_orders)
        self.orders.setEnabled(bool(run.monitor))

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
