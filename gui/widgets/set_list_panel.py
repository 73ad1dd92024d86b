"""The set list on the page Presets: songs in an order, and what is known of each."""

from collections.abc import Sequence
from dataclasses import replace

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from engine.music.clock import TEMPO_RANGE_BPM
from engine.settings.set_lists import SetList, Song
from engine.snapshot import SongLook
from gui import texts
from gui.widgets import controls as ui

__all__ = ["SetListPanel"]

_ROWS = 5


class SetListPanel(ui.Panel):
    """A set list to go through and to edit.

    Signals
    -------
    edited : tuple of engine.settings.set_lists.Song
        The songs as they are to be from now on.
    add_wanted, new_wanted, import_wanted, export_wanted, delete_wanted :
        Add the preset that is chosen; make, take over, write out, delete a set list.
    """

    edited = pyqtSignal(tuple)
    add_wanted = pyqtSignal()
    new_wanted = pyqtSignal()
    import_wanted = pyqtSignal()
    export_wanted = pyqtSignal()
    delete_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.picker = ui.picker(texts.SET_LIST, act=self.choose_run("set_list"))
        self.list = QListWidget()
        self.list.setAccessibleName(texts.SET_LIST)
        self.list.setMinimumHeight(round(_ROWS * 1.8 * self.fontMetrics().height()))
        self.list.currentRowChanged.connect(self._show_song)
        self.previous = ui.button(
            texts.SONG_PREVIOUS, self.ask("previous_song"), texts.SONG_STEP_TIP
        )
        self.next = ui.button(texts.SONG_NEXT, self.ask("next_song"), texts.SONG_STEP_TIP)
        self.add = ui.button(texts.SONG_ADD, self.add_wanted.emit, texts.SONG_ADD_TIP)
        self.up = ui.button(texts.SONG_UP, lambda: self._move(-1))
        self.down = ui.button(texts.SONG_DOWN, lambda: self._move(1))
        self.remove = ui.button(texts.SONG_REMOVE, self._remove)
        self.title, self.notes = QLineEdit(), QLineEdit()
        for field, name in ((self.title, texts.SONG_TITLE), (self.notes, texts.SONG_NOTES)):
            field.setAccessibleName(name)
            field.editingFinished.connect(self._edit)
        self.tempo = ui.amount_box(
            texts.SONG_TEMPO,
            TEMPO_RANGE_BPM[0] - 1.0,
            TEMPO_RANGE_BPM[1],
            lambda _: self._edit(),
            suffix=texts.TEMPO_SUFFIX,
            decimals=1,
        )
        self.tempo.setSpecialValueText(texts.SONG_TEMPO_PRESET)
        entries = [(words, name) for name, words in texts.SONG_ENTRIES.items()]
        self.entry = ui.picker(texts.SONG_ENTRY, entries, lambda _: self._edit())
        self._files = {
            words: ui.button(words, signal.emit)
            for words, signal in (
                (texts.SET_LIST_NEW, self.new_wanted),
                (texts.SET_LIST_IMPORT, self.import_wanted),
                (texts.SET_LIST_EXPORT, self.export_wanted),
                (texts.SET_LIST_DELETE, self.delete_wanted),
            )
        }
        self._broken = ui.label(texts.SET_LIST_HINT, "small", wrap=True)
        self._song = QWidget()
        ui.column(
            ui.form(
                (texts.SONG_TITLE, self.title),
                (texts.SONG_NOTES, self.notes),
                (texts.SONG_TEMPO, ui.Row(self.tempo)),
                (texts.SONG_ENTRY, self.entry),
            ),
            parent=self._song,
        )
        ui.column(
            ui.form((texts.SET_LIST, self.picker)),
            ui.Row(*self._files.values()),
            self.list,
            ui.Row(self.previous, self.next),
            ui.Row(self.add, self.up, self.down, self.remove),
            self._song,
            self._broken,
            parent=self,
            margin=8,
        )
        self._songs: tuple[Song, ...] = ()
        self._words: tuple[str, ...] = ()
        self._look: SongLook | None = None
        self.show_set_lists((), None)

    @property
    def row(self) -> int:
        """The song that is chosen, -1 for none."""
        return self.list.currentRow()

    def show_set_lists(
        self, known: Sequence[SetList], chosen: SetList | None, broken: Sequence[str] = ()
    ) -> None:
        """Offer these, show one of them, and name the files that cannot be read."""
        entries = [(texts.SET_LIST_NONE, "")] + [(one.name, one.path.stem) for one in known]
        ui.fill(self.picker, entries, "" if chosen is None else chosen.path.stem, listed=True)
        for widget in (self.list, self.previous, self.next, self.add, self.up, self.down):
            widget.setVisible(chosen is not None)
        for widget in (self.remove, self._files[texts.SET_LIST_EXPORT]):
            widget.setVisible(chosen is not None)
        self._files[texts.SET_LIST_DELETE].setVisible(chosen is not None)
        self._songs = () if chosen is None else chosen.songs
        self._words = tuple(song.words() for song in self._songs)
        row = min(self.row, len(self._songs) - 1)
        self.list.blockSignals(True)
        self.list.clear()
        for song in self._songs:
            item = QListWidgetItem()
            item.setToolTip(song.notes)
            self.list.addItem(item)
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        hint = texts.SET_LIST_HINT if chosen is not None and not self._songs else ""
        lines = [texts.PRESET_BROKEN.format(reason=reason) for reason in broken]
        self._broken.setText("\n".join(filter(None, (hint, *lines))))
        self._broken.setVisible(bool(self._broken.text()))
        self._show_rows()
        self._show_song(row)

    def show_look(self, look: SongLook | None, playing: bool) -> None:
        """Mark the song that plays and the one that comes; None without a set list."""
        self.previous.setEnabled(playing and look is not None)
        self.next.setEnabled(playing and look is not None)
        if look != self._look:
            self._look = look
            self._show_rows()

    def choose_song(self, row: int) -> None:
        """Choose a song in the list."""
        self.list.setCurrentRow(row)

    def _show_rows(self) -> None:
        on = 0 if self._look is None else self._look.number
        for number, words in enumerate(self._words, 1):
            row = texts.SONG_ROW.format(number=number, title=words)
            if self._look is not None and number == on:
                row = texts.SONG_ON.format(row=row)
            elif self._look is not None and number == on + 1:
                row = texts.SONG_COMES.format(row=row)
            item = self.list.item(number - 1)
            assert item is not None
            item.setText(row)
            font = item.font()
            font.setBold(self._look is not None and number == on)
            item.setFont(font)
            item.setTextAlignment(Qt.AlignmentFlag.AlignLeft)

    def _show_song(self, row: int) -> None:
        there = 0 <= row < len(self._songs)
        self._song.setVisible(there)
        self.up.setEnabled(row > 0)
        self.down.setEnabled(there and row < len(self._songs) - 1)
        self.remove.setEnabled(there)
        if there:
            song = self._songs[row]
            self.title.setText(song.title)
            self.title.setPlaceholderText(self._words[row])
            self.notes.setText(song.notes)
            ui.show_number(self.tempo, song.tempo_bpm or self.tempo.minimum())
            self.entry.setCurrentIndex(self.entry.findData(song.entry))

    def _edit(self) -> None:
        row = self.row
        if not 0 <= row < len(self._songs):
            return
        tempo = self.tempo.value()
        changed = replace(
            self._songs[row],
            title=self.title.text().strip(),
            notes=self.notes.text().strip(),
            tempo_bpm=tempo if tempo >= TEMPO_RANGE_BPM[0] else None,
            entry=self.entry.currentData(),
        )
        if changed != self._songs[row]:
            self.edited.emit((*self._songs[:row], changed, *self._songs[row + 1 :]))

    def _move(self, by: int) -> None:
        row, songs = self.row, list(self._songs)
        songs.insert(row + by, songs.pop(row))
        self.edited.emit(tuple(songs))
        self.choose_song(row + by)

    def _remove(self) -> None:
        row = self.row
        self.edited.emit((*self._songs[:row], *self._songs[row + 1 :]))
