"""``stimmung setlist``: presets in an order for a concert."""

import argparse
import sys
from pathlib import Path

from engine.choices import ENTRIES
from engine.cli.options import Commands

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "setlist",
        help="set lists: presets in an order, with notes and tempo",
        description="List, write and exchange set lists; play one with: stimmung live --set-list "
        "NAME. Without WHAT: list them.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run, do="list")
    verbs = parser.add_subparsers(metavar="WHAT")
    show = verbs.add_parser("show", help="print the songs of a set list")
    adding = verbs.add_parser("add", help="add a song; the first one creates the set list")
    adding.add_argument("name", metavar="NAME")
    adding.add_argument("preset", metavar="PRESET", help="see: stimmung presets")
    adding.add_argument("--title", default="", metavar="TEXT", help="instead of the preset's")
    adding.add_argument("--notes", default="", metavar="TEXT", help="notes for the players")
    adding.add_argument("--tempo", type=float, metavar="BPM", help="instead of the preset's")
    adding.add_argument("--entry", choices=ENTRIES, default="bar", help="how it begins (bar)")
    adding.add_argument(
        "--at", type=int, metavar="N", help="as song number N (default: at the end)"
    )
    drop = verbs.add_parser("remove", help="remove a song, or the whole set list")
    export = verbs.add_parser("export", help="write one file with the presets it needs")
    for verb in (show, drop, export):
        verb.add_argument("name", metavar="NAME|FILE")
    drop.add_argument("song", nargs="?", type=int, metavar="N", help="number of the song")
    export.add_argument("file", type=Path, metavar="FILE.json")
    taking = verbs.add_parser("import", help="import an exported file")
    taking.add_argument("file", type=Path, metavar="FILE.json")
    for name, verb in verbs.choices.items():
        verb.set_defaults(do=name)


def run(parsed: argparse.Namespace) -> int:
    """Do one of them; broken files and missing presets are named, and the exit code is 1."""
    from engine.settings.set_lists import (
        export_set_list,
        import_set_list,
        list_set_lists,
        load_set_list,
    )

    if parsed.do == "list":
        known, broken = list_set_lists()
        for one in known:
            print(f"{one.path.stem}  {one.name}, {len(one.songs)} songs")
        for error in broken:
            print(f"stimmung: {error}", file=sys.stderr)
        return 1 if broken else 0
    if parsed.do == "show":
        return _show(parsed.name)
    if parsed.do == "add":
        return _add(parsed)
    if parsed.do == "remove":
        return _remove(parsed)
    if parsed.do == "import":
        taken = import_set_list(parsed.file)
        print(taken.path)
        return 0
    missing = export_set_list(load_set_list(parsed.name), parsed.file)
    for slug in missing:
        print(f"stimmung: preset {slug} is missing and was left out", file=sys.stderr)
    return 1 if missing else 0


def _show(name: str) -> int:
    from rich.console import Console
    from rich.table import Table

    from engine.errors import PresetError
    from engine.settings.set_lists import load_set_list

    found, broken = load_set_list(name), []
    table = Table("", "song", "preset", "tempo", "begins", "notes", box=None)
    for number, song in enumerate(found.songs, 1):
        tempo = "" if song.tempo_bpm is None else f"{song.tempo_bpm:g}"
        table.add_row(str(number), song.words(), song.preset, tempo, song.entry, song.notes)
        try:
            song.performance()
        except PresetError as error:
            broken.append(f"song {number}: {error}")
    Console().print(table)
    for line in broken:
        print(f"stimmung: {line}", file=sys.stderr)
    return 1 if broken else 0


def _add(parsed: argparse.Namespace) -> int:
    from engine.settings.presets import load_preset
    from engine.settings.set_lists import Song, list_set_lists, save_set_list

    song = Song(
        load_preset(parsed.preset).slug, parsed.title, parsed.notes, parsed.tempo, parsed.entry
    )
    wanted = parsed.name.casefold()
    known = [one for one in list_set_lists()[0] if wanted in (one.path.stem, one.name.casefold())]
    songs = list(known[0].songs) if known else []
    songs.insert(len(songs) if parsed.at is None else _place(parsed.at, len(songs) + 1), song)
    print(save_set_list(known[0].name if known else parsed.name, songs).path)
    return 0


def _remove(parsed: argparse.Namespace) -> int:
    from engine.settings.set_lists import load_set_list, remove_set_list, save_set_list

    found = load_set_list(parsed.name)
    if parsed.song is None:
        remove_set_list(found)
        return 0
    at = _place(parsed.song, len(found.songs))
    save_set_list(found.name, (*found.songs[:at], *found.songs[at + 1 :]))
    return 0


def _place(number: int, most: int) -> int:
    from engine.choices import check_range

    check_range("song", number, 1, most)
    return number - 1
