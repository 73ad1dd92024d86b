"""What a screen reader is told: Qt's accessibility interface, which PyQt6 does not wrap.

`QAccessibleInterface` is reached through its table of virtual functions in the library that PyQt6
loads; their order is part of Qt 6's binary interface. Here for Linux on x86-64.
"""

import ctypes
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import PyQt6
from PyQt6 import sip
from PyQt6.QtWidgets import QWidget

__all__ = ["AVAILABLE", "Accessible", "Role", "accessible"]

AVAILABLE = sys.platform == "linux" and platform.machine() == "x86_64"

_CHILD, _CHILD_COUNT, _TEXT, _ROLE, _STATE = 9, 10, 12, 15, 16
"""Places in the table of virtual functions; the first two are destructors."""
_NAME, _DESCRIPTION, _VALUE = 0, 1, 2
_DISABLED, _FOCUSABLE, _CHECKED, _INVISIBLE = 1 << 0, 1 << 2, 1 << 6, 1 << 17


class Role(IntEnum):
    """Roles of `QAccessible` that the window has."""

    SCROLL_BAR = 0x03
    WINDOW = 0x09
    CLIENT = 0x0A
    MENU_ITEM = 0x0C
    PANE = 0x10
    GROUPING = 0x14
    TABLE = 0x18
    LIST = 0x21
    LIST_ITEM = 0x22
    PAGE_TAB = 0x25
    GRAPHIC = 0x28
    STATIC_TEXT = 0x29
    EDITABLE_TEXT = 0x2A
    BUTTON = 0x2B
    CHECK_BOX = 0x2C
    COMBO_BOX = 0x2E
    PROGRESS_BAR = 0x30
    SLIDER = 0x33
    SPIN_BOX = 0x34
    PAGE_TAB_LIST = 0x3C
    SPLITTER = 0x3E


class _String(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("text", ctypes.c_void_p), ("size", ctypes.c_ssize_t)]


@dataclass(frozen=True)
class Accessible:
    """One node of the tree that a screen reader walks."""

    address: int

    @property
    def role(self) -> int:
        return int(self._call(_ROLE, ctypes.c_int))

    @property
    def name(self) -> str:
        return self._text(_NAME)

    @property
    def description(self) -> str:
        return self._text(_DESCRIPTION)

    @property
    def value(self) -> str:
        return self._text(_VALUE)

    @property
    def enabled(self) -> bool:
        return not self._state & _DISABLED

    @property
    def focusable(self) -> bool:
        return bool(self._state & _FOCUSABLE)

    @property
    def checked(self) -> bool:
        return bool(self._state & _CHECKED)

    @property
    def visible(self) -> bool:
        return not self._state & _INVISIBLE

    def children(self) -> Iterator["Accessible"]:
        for index in range(self._call(_CHILD_COUNT, ctypes.c_int)):
            found = self._call(_CHILD, ctypes.c_void_p, ctypes.c_int(index))
            if found:
                yield Accessible(found)

    @property
    def _state(self) -> int:
        return int(self._call(_STATE, ctypes.c_uint64))

    def _text(self, what: int) -> str:
        made = _String()
        self._function(_TEXT, None, ctypes.c_void_p, ctypes.c_int, first=True)(
            ctypes.addressof(made), self.address, what
        )
        return ctypes.string_at(made.text, 2 * made.size).decode("utf-16") if made.text else ""

    def _call(self, place: int, result: type, *arguments: ctypes.c_int) -> int:
        kinds = [type(argument) for argument in arguments]
        return self._function(place, result, *kinds)(self.address, *arguments)  # type: ignore

    def _function(self, place: int, result: type | None, *kinds: type, first: bool = False):
        table = ctypes.cast(self.address, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
        kinds = (*kinds[:1], ctypes.c_void_p, *kinds[1:]) if first else (ctypes.c_void_p, *kinds)
        return ctypes.CFUNCTYPE(result, *kinds)(table[place])


def accessible(widget: QWidget) -> Accessible:
    """Return the node of a widget."""
    library = ctypes.CDLL(str(Path(PyQt6.__file__).parent / "Qt6" / "lib" / "libQt6Gui.so.6"))
    ask = library._ZN11QAccessible24queryAccessibleInterfaceEP7QObject
    ask.restype, ask.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    found = ask(sip.unwrapinstance(widget))
    assert found, f"{widget} is not accessible"
    return Accessible(found)
