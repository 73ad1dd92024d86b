"""OSC in and out, OSCQuery, MQTT, and the phone page with its address."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLineEdit

from engine.errors import InputError
from engine.settings.addresses import parse_broker
from gui import texts
from gui.state.preferences import RunChoices
from gui.texts import wording
from gui.widgets import controls as ui
from gui.widgets.qr_code import QrCode

__all__ = ["ReachPanel"]

_USUAL_PORT = 9001


class ReachPanel(ui.Panel):
    """OSC destinations and control, OSCQuery, MQTT, and the phone page with its address."""

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
        queries = [(words, name) for name, words in texts.OSCQUERIES.items()]
        self.oscquery = ui.picker(texts.OSCQUERY, queries, self.choose_run("oscquery"))
        self.oscquery.setToolTip(texts.OSCQUERY_TIP)
        self.query = ui.label(role="small", wrap=True)
        self.query.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.query.hide()
        self.mqtt = QLineEdit()
        self.mqtt.setPlaceholderText(texts.MQTT_EXAMPLE)
        self.mqtt.setAccessibleName(texts.MQTT)
        self.mqtt.setToolTip(texts.MQTT_TIP)
        self.mqtt.editingFinished.connect(self._choose_mqtt)
        self.problem = ui.label(role="small", wrap=True)
        self.problem.hide()
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
            ui.form((texts.OSCQUERY, self.oscquery), (texts.MQTT, self.mqtt)),
            self.query,
            self.problem,
            8,
            ui.label(texts.MONITOR, "title"),
            self.monitor,
            self.orders,
            self.address,
            ui.Row(self.code),
            parent=self,
        )

    def _choose_mqtt(self) -> None:
        text = self.mqtt.text().strip()
        try:
            if text:
                parse_broker(text)
        except InputError as error:
            self.problem.setText(wording.window_words(str(error)))
            self.problem.show()
            return
        self.problem.hide()
        self.run_chosen.emit({"mqtt": text})

    def _choose_osc_in(self, _value: object) -> None:
        port = self.port.value() if self.takes.isChecked() else None
        self.run_chosen.emit({"osc_in": port})

    def show_settings(self, run: RunChoices) -> None:
        """Show what is chosen."""
        if not self.osc.hasFocus():
            self.osc.setText(run.osc)
        self.oscquery.setCurrentIndex(self.oscquery.findData(run.oscquery))
        if not self.mqtt.hasFocus():
            self.mqtt.setText(run.mqtt)
        self.takes.setChecked(run.osc_in is not None)
        if run.osc_in is not None:
            ui.show_number(self.port, run.osc_in)
        self.monitor.setCurrentIndex(self.monitor.findData(run.monitor))
        self.orders.setChecked(run.monitor_orders)
        self.orders.setEnabled(bool(run.monitor))

    def show_query(self, url: str) -> None:
        """Show where OSCQuery is served; nothing while it is not."""
        self.query.setText(texts.OSCQUERY_AT.format(url=url))
        self.query.setVisible(bool(url))

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
