"""Cut the shipped SoundFont out of a larger one: ``python packaging/soundfont.py FILE.sf3``.

The file is FluidR3Mono_GM.sf3 (MIT), as in Debian's package fluidr3mono-gm-soundfont. Instruments
and samples that no chosen program plays are left out; what stays is copied as it is.
"""

import sys
from pathlib import Path

import numpy as np

from engine.instrument.soundfont import TABLES, read_tables
from presets import SOUNDFONT

__all__ = ["main"]

PROGRAMS = {
    0: (0, 4, 8, 10, 11, 12, 16, 24, 25, 32, 35, 40, 45, 46, 47, 48, 49, 52, 53, 56, 60)
    + (68, 71, 73, 75, 80, 81, 88, 89, 91, 92, 95, 99, 108, 114, 118),
    128: (0,),
}
"""Bank → General MIDI programs: at least one of each family that music for emotions needs."""
_INSTRUMENT, _SAMPLE = 41, 53
_INFO = {
    b"ifil": b"\x03\x00\x01\x00",
    b"isng": b"EMU8000\0",
    b"INAM": b"Stimmung, cut from Fluid (R3) Mono GM\0",
    b"ICOP": b"MIT licence; see README.md beside this file\0",
}


def main() -> int:
    """Cut, write, say how large it is."""
    chunks = read_tables(Path(sys.argv[1]))
    table = {name: np.frombuffer(chunks[name], kind) for name, kind in TABLES.items()}
    wanted = {(bank, program) for bank, programs in PROGRAMS.items() for program in programs}
    heads = [
        number
        for number, head in enumerate(table[b"phdr"][:-1])
        if (int(head["bank"]), int(head["program"])) in wanted
    ]
    instruments: dict[int, int] = {}
    samples: dict[int, int] = {}
    made = _copied(table, b"p", b"phdr", heads, _INSTRUMENT, instruments)
    made |= _copied(table, b"i", b"inst", list(instruments), _SAMPLE, samples)
    sound, made[b"shdr"] = _sound(table[b"shdr"], list(samples), chunks[b"smpl"])
    for name in (b"pmod", b"imod"):
        made[name] = bytes(10)
    order = (b"phdr", b"pbag", b"pmod", b"pgen", b"inst", b"ibag", b"imod", b"igen", b"shdr")
    tables = b"".join(_chunk(name, made[name]) for name in order)
    lists = [
        b"INFO" + b"".join(_chunk(name, text) for name, text in _INFO.items()),
        b"sdta" + _chunk(b"smpl", sound),
        b"pdta" + tables,
    ]
    data = b"sfbk" + b"".join(_chunk(b"LIST", content) for content in lists)
    SOUNDFONT.parent.mkdir(exist_ok=True)
    SOUNDFONT.write_bytes(_chunk(b"RIFF", data))
    print(f"{SOUNDFONT}: {len(heads)} programs, {SOUNDFONT.stat().st_size / 1e6:.1f} MB")
    return 0


def _copied(
    table: dict[bytes, "np.ndarray"],
    letter: bytes,
    heads: bytes,
    numbers: list[int],
    points_to: int,
    used: dict[int, int],
) -> dict[bytes, bytes]:
    """Return heads, bags and generators of some presets or instruments, renumbered.

    ``used`` gets what they point to → its new number.
    """
    head_rows, bag_rows, gen_rows = [], [], []
    bags, gens = table[letter + b"bag"], table[letter + b"gen"]
    for number in numbers:
        head = table[heads][number].copy()
        first, end = int(head["bag"]), int(table[heads]["bag"][number + 1])
        head["bag"] = len(bag_rows)
        head_rows.append(head)
        for zone in range(first, end):
            bag = bags[zone].copy()
            bag["gen"], bag["mod"] = len(gen_rows), 0
            bag_rows.append(bag)
            for gen in gens[int(bags["gen"][zone]) : int(bags["gen"][zone + 1])]:
                gen = gen.copy()
                if int(gen["what"]) == points_to:
                    gen["amount"] = used.setdefault(int(gen["amount"]), len(used))
                gen_rows.append(gen)
    last = table[heads][-1].copy()
    last["bag"] = len(bag_rows)
    end_bag = np.zeros(1, bags.dtype)
    end_bag["gen"] = len(gen_rows)
    return {
        heads: _bytes([*head_rows, last], table[heads].dtype),
        letter + b"bag": _bytes(bag_rows, bags.dtype) + end_bag.tobytes(),
        letter + b"gen": _bytes(gen_rows, gens.dtype) + bytes(4),
    }


def _sound(heads: "np.ndarray", numbers: list[int], data: memoryview) -> tuple[bytes, bytes]:
    """Return the compressed samples, one behind the other, and their heads."""
    rows, parts, at = [], [], 0
    for number in numbers:
        head = heads[number].copy()
        part = bytes(data[int(head["start"]) : int(head["end"])])
        head["start"], head["end"], head["link"] = at, at + len(part), 0
        parts.append(part)
        rows.append(head)
        at += len(part)
    return b"".join(parts), _bytes([*rows, heads[-1]], heads.dtype)


def _bytes(rows: list["np.void"], kind: "np.dtype") -> bytes:
    return np.array(rows, kind).tobytes()


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


if __name__ == "__main__":
    sys.exit(main())
