"""A small table whose rows are added, edited and removed by the user."""

from collections.abc import Collection, Sequence

from PyQt6.QtCore import QAbstractItemModel, QEvent, QModelIndex, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from gui.widgets import controls as ui

__all__ = ["Column", "RowTable"]

Column = tuple[str, Sequence[tuple[str, str]]]
"""Title, and words and values to choose from; none: any text."""

_SHOWN_ROWS = 5
_VALUE = Qt.ItemDataRole.UserRole


class RowTable(QTableWidget):
    """Rows of texts and choices; ``narrow`` columns are as wide as their content.

    Signals
    -------
    edited :
        The user has changed a cell: read `rows` again.
    """

    edited = pyqtSignal()

    def __init__(self, name: str, columns: Sequence[Column], narrow: Collection[int] = ()) -> None:
        super().__init__(0, len(columns))
        self._choices = [{value: words for words, value in choices} for _, choices in columns]
        self._shown: list[list[str]] | None = None
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels([title for title, _ in columns])
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header, rows = self.horizontalHeader(), self.verticalHeader()
        assert header is not None and rows is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column in narrow:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        rows.hide()
        for column, (title, choices) in enumerate(columns):
            if choices:
                self.setItemDelegateForColumn(column, _Choice(title, choices, self))
        self._fit_text()
        self.itemChanged.connect(self._changed)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self._fit_text()

    def rows(self) -> list[list[str]]:
        """Return the texts and chosen values of every row."""
        return [
            [self._value(row, column) for column in range(self.columnCount())]
            for row in range(self.rowCount())
        ]

    def show_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Show these rows; nothing happens if they are shown already."""
        wanted = [list(row) for row in rows]
        if wanted == self._shown:
            return
        self._shown = None  # what is set now was not edited
        self.setRowCount(0)
        for values in wanted:
            row = self.rowCount()
            self.insertRow(row)
            for column, value in enumerate(values):
                item = QTableWidgetItem(self._choices[column].get(value, value))
                item.setData(_VALUE, value)
                self.setItem(row, column, item)
        self._shown = wanted

    def choose(self, row: int, column: int, value: str) -> None:
        """Choose a value of a cell, as the user does."""
        item = self.item(row, column)
        assert item is not None
        item.setData(_VALUE, value)
        item.setText(self._choices[column].get(value, value))

    def remove_chosen(self) -> bool:
        """Remove the row the user is in, or else the last; return whether there was one."""
        row = self.currentRow() if self.currentRow() >= 0 else self.rowCount() - 1
        if row < 0:
            return False
        self.removeRow(row)
        return True

    def _value(self, row: int, column: int) -> str:
        item = self.item(row, column)
        if item is None:
            return ""
        return str(item.data(_VALUE)) if self._choices[column] else item.text().strip()

    def _changed(self, _item: QTableWidgetItem) -> None:
        if self._shown is not None and (rows := self.rows()) != self._shown:
            self._shown = rows
            self.edited.emit()

    def _fit_text(self) -> None:
        line, rows = round(1.8 * self.fontMetrics().height()), self.verticalHeader()
        assert rows is not None
        rows.setDefaultSectionSize(line)
        self.setFixedHeight((_SHOWN_ROWS + 1) * line + 4)


class _Choice(QStyledItemDelegate):
    """Edits a cell with a list to choose from."""

    def __init__(self, title: str, entries: Sequence[tuple[str, str]], table: RowTable) -> None:
        super().__init__(table)
        self._title, self._entries, self._table = title, entries, table

    def createEditor(  # noqa: N802, D102 (Qt's name)
        self, parent: QWidget | None, _option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget | None:
        value = str(index.data(_VALUE))
        known = [*self._entries]
        if value not in [name for _, name in known]:
            known.append((value, value))
        box = ui.picker(self._title, known)
        box.setParent(parent)
        return box

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:  # noqa: N802, D102
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findData(index.data(_VALUE)))

    def setModelData(  # noqa: N802, D102
        self, editor: QWidget | None, _model: QAbstractItemModel | None, index: QModelIndex
    ) -> None:
        if isinstance(editor, QComboBox):
            self._table.choose(index.row(), index.column(), str(editor.currentData()))
