"""The documentation holds: links lead somewhere, commands parse, code is code."""

import ast
import importlib
import json
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from engine.cli import build_parser
from engine.settings.performance import Performance
from export_onnx.__main__ import make_parser

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").glob("*.md"),
        *(ROOT / "packaging").glob("*.md"),
        *(ROOT / "presets").rglob("*.md"),
    ]
)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.M | re.S)
INDENTED = re.compile(r"(?:^\n)((?:    .*\n)+)", re.M)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    return FENCE.sub("", text_of(page))


def blocks(page: Path, *languages: str) -> list[str]:
    return [
        re.sub(rf"^{indent}", "", body, flags=re.M)
        for indent, language, body in FENCE.findall(text_of(page))
        if language in languages
    ]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.*?) *#*$", prose(page), re.M)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@each_page
def test_links_lead_somewhere(page):
    for target in LINK.findall(SPAN.sub("", prose(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{target}: nothing there"
        assert ROOT in (goal, *goal.parents), f"{target}: outside"
        if anchor:
            assert anchor in anchors(goal), f"{target}: no such heading"


def programs(line: str) -> list[tuple[str, list[str]]]:
    """Return the calls of our own programs in a line of shell: name, arguments."""
    found = []
    for call in re.split(r"&&|\|\||[|;]", line):
        words = shlex.split(call, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words and Path(words[0]).name == "stimmung":
            found.append(("stimmung", words[1:]))
        elif "export_onnx" in words and words[words.index("export_onnx") - 1] == "-m":
            found.append(("export_onnx", words[words.index("export_onnx") + 1 :]))
    return found


def shell_lines(page: Path) -> list[str]:
    """Return the lines that call our programs, variables replaced by what the page gives them."""
    pieces = [*blocks(page, "sh", "bash", "console", ""), *INDENTED.findall(prose(page))]
    shell = "\n".join(pieces).replace("\\\n", " ")
    given = {
        name: quoted or plain
        for name, quoted, plain in re.findall(r'\b([A-Z]+)=(?:"([^"\n]*)"|(\S+))', shell)
    }
    lines = [line.strip() for line in shell.splitlines()]
    return [
        re.sub(r"\$([A-Z]+)", lambda match: given.get(match[1], match[1]), line)
        for line in lines
        if re.search(r"\bstimmung |-m export_onnx", line)
    ]


@cache
def parsers():
    return {"stimmung": build_parser(), "export_onnx": make_parser()}


@each_page
def test_command_lines_parse(page, capsys):
    for line in shell_lines(page):
        for program, arguments in programs(line):
            if arguments == ["--version"] or "--help" in arguments:
                continue
            try:
                parsers()[program].parse_args(arguments)
            except SystemExit:
                pytest.fail(f"{line}\n{capsys.readouterr().err}")


def known_options(program: str, arguments: list[str]) -> set[str]:
    """Return the options of the sub-command that these arguments name."""
    parser, options = parsers()[program], set()
    for word in [*arguments, ""]:
        if hasattr(parser, "complete"):
            parser.complete()
        options |= set(parser._option_string_actions)
        choices = next((a.choices for a in parser._actions if a.choices and not a.type
                        and isinstance(a.choices, dict)), None)  # fmt: skip
        if choices is None or word.startswith("-"):
            break
        if word in choices:
            parser = choices[word]
    return options


@each_page
def test_options_named_in_the_text_exist(page):
    for span in SPAN.findall(prose(page)):
        if not re.match(r"(stimmung|python -m export_onnx) [a-z]", span):
            continue
        program = "stimmung" if span.startswith("stimmung") else "export_onnx"
        arguments = span.split()[1 if program == "stimmung" else 3 :]
        commands = {
            word
            for action in parsers()[program]._actions
            if isinstance(action.choices, dict)
            for word in action.choices
        }
        assert set(arguments[0].split("|")) <= commands, span
        options = known_options(program, arguments)
        wanted = [re.split(r"[=\]|,…]", word.strip("[]"))[0] for word in arguments]
        for option in wanted:
            assert not option.startswith("--") or option in options, f"{span}: no {option}"


@each_page
def test_python_is_python_and_names_what_there_is(page):
    for block in blocks(page, "python", "py"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                for name in node.names:
                    assert hasattr(module, name.name), f"{node.module} has no {name.name}"


@each_page
def test_json_is_json_and_presets_are_presets(page):
    for block in blocks(page, "json"):
        values = json.loads(block)
        if isinstance(values, dict) and "performance" in values:
            Performance.from_mapping(values["performance"])


@pytest.mark.proof
def test_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models" / "tracker" / "index.html").is_file()
    outside = re.compile(
        r"<(?:script|link|img)[^>]+(?:src|href)=\"?https?://(?!127)[^> \"]+\.(?:js|css|woff2?)"
    )
    for page in tmp_path.rglob("*.html"):
        assert not outside.search(page.read_text(encoding="utf-8")), f"{page} needs a network"
