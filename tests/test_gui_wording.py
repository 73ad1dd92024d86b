"""Words of the window: numbers as the language writes them, no command-line options."""

import ast
import re
from pathlib import Path

import pytest
from PyQt6.QtCore import QLocale

import engine
from gui.texts import wording

ENGINE = Path(engine.__file__).parent


@pytest.fixture
def language():
    yield lambda name: QLocale.setDefault(QLocale(name))
    QLocale.setDefault(QLocale("en_GB"))


@pytest.mark.parametrize(
    ("name", "words"), [("en_GB", "+1.50"), ("de_DE", "+1,50"), ("ja_JP", "+1.50")]
)
def test_numbers_are_written_as_the_language_does(language, name, words) -> None:
    language(name)
    assert wording.number(1.5, 2, sign=True) == words
    assert wording.number(12345.0) == "12345"  # no separator that looks like a decimal point


def test_numbers_that_round_to_nothing_have_no_minus(language) -> None:
    language("en_GB")
    assert wording.number(-0.04, 1) == "0.0" and wording.number(-0.06, 1) == "−0.1"
    assert wording.tempo_words(96.0) == "96 BPM" and wording.tempo_words(127.5) == "127.5 BPM"
    assert wording.percent(0.5) == "50 %"


def texts_with_options() -> list[str]:
    """Return every text of the engine that names an option and may reach the window."""
    found = []
    for path in ENGINE.rglob("*.py"):
        room = path.relative_to(ENGINE).parts[0]
        if room in ("cli", "bench"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = [node for node in ast.walk(tree) if isinstance(node, (ast.Raise, ast.Assign))]
        told += [node for node in ast.walk(tree) if isinstance(node, (ast.Call, ast.Return))]
        for node in told:
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    if re.search(r"(^| )--[a-z]", part.value):
                        found.append(part.value)
    return sorted(set(found))


def test_no_message_of_the_engine_shows_an_option_in_the_window() -> None:
    told = texts_with_options()
    assert any("--midi-out" in text for text in told)
    shown = {text: wording.window_words(text) for text in told}
    assert [words for words in shown.values() if "--" in words] == []


def test_advice_names_what_the_window_has() -> None:
    advice = "no MIDI system found; go on without notes: --midi-out none"
    assert wording.window_words(advice).endswith("MIDI out “None (only look)”")
    assert wording.window_words("choose another --sound-card") == "choose another sound card"
