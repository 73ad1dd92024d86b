"""Colours and style: dark, light and high contrast.

The signal colours are those of Okabe and Ito (2008), distinct for every common kind of colour
blindness; shape and words always say the same as the colour.
"""

from dataclasses import dataclass
from typing import Final

from PyQt6.QtGui import QColor, QPalette

__all__ = ["DEFAULT_THEME", "THEMES", "Theme", "headings", "palette", "stylesheet"]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as ``#rrggbb``.

    Attributes
    ----------
    ground, surface, raised, edge : str
        Window, panels, buttons, and lines between them.
    text, muted, disabled : str
        Words, words that matter less, and words on what cannot be used now.
    heard, target : str
        The two things never to be confused: the tracked emotion and the one played.
    good, caution, bad : str
        Health. ``bad`` is also the panic button.
    on_bad : str
        Words on ``bad`` and on ``target``.
    roles : dict of str to str
        Parts in the piano roll.
    """

    name: str
    ground: str
    surface: str
    raised: str
    edge: str
    text: str
    muted: str
    disabled: str
    heard: str
    target: str
    good: str
    caution: str
    bad: str
    on_bad: str
    on_target: str
    roles: dict[str, str]


_NAMES: Final = ("dark", "light", "contrast")
_COLOURS: Final = {
    "ground": ("#12151a", "#eef0f3", "#000000"),
    "surface": ("#1a1f26", "#ffffff", "#000000"),
    "raised": ("#2a313b", "#e3e7ec", "#262626"),
    "edge": ("#3d4653", "#aab3bf", "#ffffff"),
    "text": ("#f2f4f7", "#14181d", "#ffffff"),
    "muted": ("#aeb8c4", "#4d5864", "#ffffff"),
    "disabled": ("#8a94a0", "#6b7580", "#a8a8a8"),
    "heard": ("#56b4e9", "#0072b2", "#6cc8ff"),
    "target": ("#f0a02c", "#c25e00", "#ffb000"),
    "good": ("#2fbf93", "#00795a", "#3dffc0"),
    "caution": ("#f0e442", "#7a6500", "#fff45c"),
    "bad": ("#d0480a", "#b93a00", "#e03c00"),
    "on_bad": ("#ffffff", "#ffffff", "#ffffff"),
    "on_target": ("#101010", "#ffffff", "#000000"),
}
_ROLES: Final = {
    "lead": ("#e08bbb", "#a8447c", "#ff9bd2"),
    "chords": ("#2fbf93", "#00795a", "#3dffc0"),
    "bass": ("#f0e442", "#7a6500", "#fff45c"),
    "pad": ("#8fa8ff", "#3550b8", "#a9bcff"),
    "drums": ("#c4c4c4", "#555555", "#ffffff"),
}

THEMES: Final = {
    name: Theme(
        name=name,
        roles={role: colours[place] for role, colours in _ROLES.items()},
        **{what: colours[place] for what, colours in _COLOURS.items()},
    )
    for place, name in enumerate(_NAMES)
}
"""Theme name → colours."""

DEFAULT_THEME: Final = "dark"


def palette(theme: Theme) -> QPalette:
    """Return the colours of everything the system's style draws itself."""
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    colours = {
        role.Window: theme.ground,
        role.WindowText: theme.text,
        role.Base: theme.raised,
        role.AlternateBase: theme.surface,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.target,
        role.Light: theme.edge,
        role.Midlight: theme.edge,
        role.Mid: theme.edge,
        role.Dark: theme.edge,
        role.Shadow: theme.ground,
        role.Highlight: theme.heard,
        role.HighlightedText: theme.ground,
        role.Link: theme.heard,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
    }
    result = QPalette()
    for name, colour in colours.items():
        result.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(group.Disabled, name, QColor(theme.disabled))
    return result


def stylesheet(theme: Theme, points: float) -> str:
    """Return the style sheet of the whole window, on top of `palette`.

    Parameters
    ----------
    theme : Theme
        Colours.
    points : float
        Size of body text [pt]; everything else scales with it.
    """
    t = theme
    pad = round(points * 0.45)
    radius = round(points * 0.5)
    tall = round(points * 1.9)
    mark = round(points * 1.5)
    target = QColor(t.target)
    translucent = f"rgba({target.red()}, {target.green()}, {target.blue()}, 110)"
    handle, groove = round(points * 1.8), round(points * 0.4)
    return f"""
* {{ font-size: {points:g}pt; }}
QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.edge};
  padding: {pad}px; }}
QMenuBar {{ background: {t.surface}; }}
QMenuBar::item {{ padding: {pad}px {2 * pad}px; background: transparent; }}
QMenuBar::item:selected {{ background: {t.heard}; color: {t.ground}; }}
QFrame#panel {{ background: {t.surface}; border: 1px solid {t.edge}; border-radius: {radius}px; }}
QLabel[role="muted"] {{ color: {t.muted}; }}
QLabel[role="small"] {{ color: {t.muted}; font-size: {points * 0.9:g}pt; }}
QLabel[role="title"] {{ font-weight: 600; }}
QLabel[role="big"], QLabel[role="huge"] {{ font-weight: 600; }}
QLabel[role="huge"]:disabled {{ color: {t.muted}; }}
QLabel[level="good"] {{ color: {t.good}; }}
QLabel[level="caution"] {{ color: {t.caution}; font-weight: 600; }}
QLabel[level="bad"] {{ color: {t.on_bad}; background: {t.bad}; font-weight: 700;
  border: 1px solid {t.bad}; border-radius: {radius}px; padding: 0px {pad}px; }}
QPushButton {{ background: {t.raised}; border: 1px solid {t.edge}; color: {t.text};
  border-radius: {radius}px; padding: {pad}px {2 * pad}px; }}
QPushButton:hover {{ border-color: {t.heard}; }}
QPushButton:pressed {{ background: {t.edge}; }}
QPushButton:checked {{ background: {t.target}; color: {t.on_target}; border-color: {t.target};
  font-weight: 600; }}
QPushButton:disabled {{ color: {t.disabled}; background: {t.surface}; border-style: dashed; }}
QPushButton:focus {{ border: 2px solid {t.target}; }}
QPushButton#mode {{ padding: {pad}px {pad}px; }}
QPushButton#panic {{ background: {t.bad}; color: {t.on_bad}; border: 2px solid {t.on_bad};
  font-weight: 800; padding: {pad}px {3 * pad}px; }}
QPushButton#panic:hover, QPushButton#panic:pressed {{ background: {t.on_bad}; color: {t.bad}; }}
QPushButton#primary {{ background: {t.good}; color: {t.ground}; border-color: {t.good};
  font-weight: 700; }}
QPushButton#primary[running="true"], QPushButton#primary:disabled {{ background: {t.raised};
  color: {t.text}; border-color: {t.edge}; }}
QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{ min-height: {tall}px; }}
#tempo {{ font-weight: 600; }}
QCheckBox {{ min-height: {tall}px; }}
QCheckBox::indicator {{ width: {mark}px; height: {mark}px; }}
QSlider {{ min-height: {handle + 4}px; }}
QSlider::groove:horizontal {{ height: {groove}px; background: {t.edge};
  border-radius: {groove // 2}px; }}
QSlider::handle:horizontal {{ width: {handle}px; margin: {-((handle - groove) // 2)}px 0;
  background: {t.text}; border-radius: {handle // 3}px; }}
QSlider::handle:horizontal:focus {{ background: {t.target}; }}
QTabWidget::pane {{ border: 1px solid {t.edge}; border-radius: {radius}px;
  background: {t.surface}; top: -1px; }}
QTabBar::tab {{ background: transparent; color: {t.muted}; padding: {pad}px {2 * pad}px;
  border-bottom: 3px solid transparent; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom-color: {t.heard}; font-weight: 600; }}
QListView, QPlainTextEdit {{ background: {t.ground}; border: 1px solid {t.edge};
  border-radius: {radius}px; }}
QListView::item {{ padding: {pad}px; }}
QListView::indicator {{ width: {mark}px; height: {mark}px; border: 1px solid {t.muted};
  border-radius: 3px; background: {t.ground}; }}
QListView::indicator:checked {{ background: {t.heard}; border-color: {t.heard}; }}
QListView::item:selected {{ background: {t.heard}; color: {t.ground}; }}
QProgressBar {{ background: {t.raised}; border: 1px solid {t.edge}; border-radius: {radius}px;
  text-align: center; min-height: {tall}px; }}
QProgressBar::chunk {{ background: {translucent}; border-radius: {radius}px; }}
QScrollArea, QScrollArea > QWidget > QWidget#page {{ background: transparent; border: none; }}
QSplitter::handle {{ background: transparent; }}
#badge {{ background: {t.target}; color: {t.on_target}; border-radius: {radius}px;
  padding: 0 {pad}px; font-size: {points * 0.8:g}pt; font-weight: 600; }}
#tile {{ background: {t.ground}; border: 1px dashed {t.edge}; border-radius: {radius}px;
  padding: {2 * pad}px; }}
#stage {{ background: {t.ground}; }}
#notice {{ background: {t.caution}; border-radius: {radius}px; }}
#notice[level="bad"] {{ background: {t.bad}; }}
#notice QLabel {{ color: {t.ground}; font-weight: 600; }}
#notice[level="bad"] QLabel {{ color: {t.on_bad}; }}
{headings(points)}"""


_HEADINGS: Final = {
    'QLabel[role="huge"]': 2.4,
    'QLabel[role="big"]': 1.7,
    "QPushButton#panic": 1.5,
    "QPushButton#primary": 1.3,
    "#tempo": 1.3,
}
"""What is set larger than body text → how many times as large."""


def headings(points: float, size: float = 1.0) -> str:
    """Return the style sheet of the headings: ``size`` 1 is full size, 0 that of body text."""
    return "".join(
        f"{name} {{ font-size: {points * (1.0 + (times - 1.0) * size):g}pt; }}\n"
        for name, times in _HEADINGS.items()
    )
