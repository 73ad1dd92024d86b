"""Lights: where they are reached, which lamps hang there, and what moves them."""

from collections.abc import Mapping
from typing import Any

from PyQt6.QtWidgets import QLabel, QLineEdit, QWidget

from engine.choices import LIGHT_EXITS
from engine.errors import InputError
from engine.mapping.lights import DEFAULT_LIGHTS, QUANTITIES, Fixture, LightMapping
from engine.mapping.sources import SOURCES
from engine.settings.addresses import parse_lights
from engine.settings.performance import Performance
from gui import texts
from gui.state.preferences import RunChoices
from gui.texts import wording
from gui.widgets import controls as ui
from gui.widgets.row_table import RowTable

__all__ = ["LightsPanel"]


class LightsPanel(ui.Panel):
    """Nodes, fixtures and the table of the performance."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes = QLineEdit()
        self.nodes.setPlaceholderText(texts.LIGHTS_EXAMPLE)
        self.nodes.setAccessibleName(texts.LIGHTS_TO)
        self.nodes.setToolTip(texts.LIGHTS_TIP)
        self.nodes.editingFinished.connect(self._choose_nodes)
        exits = [(texts.LIGHTS_EXITS[name], name) for name in LIGHT_EXITS]
        self.exit = ui.picker(texts.LIGHTS_EXIT, exits, self.choose_run("lights_exit"))
        self.fixtures = RowTable(
            texts.FIXTURES, [(title, ()) for title in texts.FIXTURE_COLUMNS], (1, 2)
        )
        sources = [(name.replace("_", " "), name) for name in SOURCES]
        goals = [(texts.LIGHT_QUANTITIES[name], name) for name in QUANTITIES]
        choices = ((), sources, goals, (), ())
        self.lines = RowTable(
            texts.LIGHT_LINES, list(zip(texts.LIGHT_COLUMNS, choices, strict=True)), narrow=(3, 4)
        )
        self.lines.setToolTip(texts.LIGHT_LINES_TIP)
        self.problem = ui.label(role="small", wrap=True)
        self.problem.hide()
        self._colours = ui.Row()
        self._swatches: dict[str, QLabel] = {}
        self.colours = QWidget()
        self.colours.setLayout(self._colours)
        self.fixtures.edited.connect(self._choose_fixtures)
        self.lines.edited.connect(self._choose_lines)
        ui.column(
            ui.label(texts.LIGHTS, "title"),
            ui.form((texts.LIGHTS_TO, self.nodes), (texts.LIGHTS_EXIT, self.exit)),
            ui.label(texts.FIXTURES),
            self.fixtures,
            ui.Row(
                ui.button(texts.FIXTURE_ADD, self._add_fixture),
                ui.button(texts.FIXTURE_REMOVE, lambda: self._remove(self.fixtures)),
            ),
            ui.label(texts.LIGHT_LINES),
            self.lines,
            ui.Row(
                ui.button(texts.LINE_ADD, self._add_line),
                ui.button(texts.LINE_REMOVE, lambda: self._remove(self.lines)),
            ),
            self.problem,
            self.colours,
            parent=self,
        )

    # ------------------------------------------------------------------ what is chosen

    def _choose_nodes(self) -> None:
        text = self.nodes.text().replace(",", " ").strip()
        if self._good(lambda: [parse_lights(node) for node in text.split()]):
            self.run_chosen.emit({"lights_to": text})

    def _choose_fixtures(self) -> None:
        found: list[Fixture] = []

        def read() -> None:
            for name, universe, address, channels in self.fixtures.rows():
                place = {"universe": _whole(universe), "address": _whole(address)}
                found.append(Fixture.from_json({"name": name, **place, "channels": channels}))

        if self._good(read):
            self.run_chosen.emit({"fixtures": tuple(found)})

    def _choose_lines(self) -> None:
        found: list[LightMapping] = []

        def read() -> None:
            for row, (fixture, source, to, low, high) in enumerate(self.lines.rows()):
                before = self._shown[row] if row < len(self._shown) else LightMapping("valence")
                # What has no column stays as it was: curve, smoothing, part of the source.
                kept = before.to_json() if before.source == source else {}
                changed = {"fixture": fixture, "source": source, "to": to}
                numbers = {"low": _number(low), "high": _number(high)}
                found.append(LightMapping.from_json({**kept, **changed, **numbers}))

        if self._good(read):
            self._shown = tuple(found)
            self.chosen.emit({"lights": self._shown})

    def _good(self, read: Any) -> bool:
        """Return whether everything can be read; else show what is wrong."""
        try:
            read()
        except InputError as error:
            self.problem.setText(wording.window_words(str(error)))
            self.problem.show()
            return False
        self.problem.hide()
        return True

    def _add_fixture(self) -> None:
        rows = self.fixtures.rows()
        free = 1 + max((_whole(row[2]) + len(row[3].split()) - 1 for row in rows), default=0)
        universe = rows[-1][1] if rows else "1"
        name = texts.FIXTURE_NEW.format(number=len(rows) + 1)
        self.fixtures.show_rows([*rows, [name, universe, str(free), "dimmer red green blue"]])
        self._choose_fixtures()

    def _add_line(self) -> None:
        self.lines.show_rows([*self.lines.rows(), _row(LightMapping("arousal"))])
        self._choose_lines()

    def _remove(self, table: RowTable) -> None:
        row = table.currentRow()
        if table.remove_chosen():
            if table is self.lines:
                place = row if row >= 0 else len(self._shown) - 1
                self._shown = self._shown[:place] + self._shown[place + 1 :]
            table.edited.emit()

    # ------------------------------------------------------------------ what is shown

    def show_settings(self, run: RunChoices) -> None:
        """Show what is chosen for the run."""
        if not self.nodes.hasFocus():
            self.nodes.setText(run.lights_to)
        self.exit.setCurrentIndex(self.exit.findData(run.lights_exit))
        self.fixtures.show_rows(
            [[f.name, str(f.universe), str(f.address), " ".join(f.channels)] for f in run.fixtures]
        )

    def show_performance(self, performance: Performance) -> None:
        """Show the table of the performance, or the one that is used where it has none."""
        self._shown = performance.lights or DEFAULT_LIGHTS
        self.lines.show_rows([_row(line) for line in self._shown])

    _shown: tuple[LightMapping, ...] = DEFAULT_LIGHTS

    def show_colours(self, colours: Mapping[str, tuple[int, int, int]]) -> None:
        """Show what every fixture shows now."""
        for name in set(self._swatches) - set(colours):
            swatch = self._swatches.pop(name)
            self._colours.removeWidget(swatch)
            swatch.deleteLater()
        for name, (red, green, blue) in colours.items():
            if name not in self._swatches:
                swatch = self._swatches[name] = ui.label(name)
                swatch.setContentsMargins(8, 4, 8, 4)
                self._colours.addWidget(swatch)
            words = "#000000" if 0.3 * red + 0.6 * green + 0.1 * blue > 110 else "#ffffff"
            style = f"background: rgb({red}, {green}, {blue}); color: {words};"
            if self._swatches[name].styleSheet() != style:
                self._swatches[name].setStyleSheet(style)


def _row(line: LightMapping) -> list[str]:
    return [line.fixture, line.source, line.to, f"{line.low:g}", f"{line.high:g}"]


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"universe and address must be whole numbers; got {text!r}") from None


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise InputError(f"from and to must be numbers; got {text!r}") from None
