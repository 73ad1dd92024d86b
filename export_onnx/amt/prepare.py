"""From data sets to prepared songs: slots, chords in C major or A minor, what is known per slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.generators.amt.vocabulary import parse_chord_id, to_song_key, transpose
from engine.music.keys import Key, parse_key
from engine.music.profile import key_correlations
from engine.music.reading.beats import track_beats
from export_onnx.amt import slot_features as measure
from export_onnx.amt.affect import apply_guess, fit_guess
from export_onnx.amt.chord_reader import STEPS, ChordReader, train_reader
from export_onnx.amt.grid import Grid, grid_of_beats, grid_of_midi
from export_onnx.amt.readers import Readers
from export_onnx.amt.songs import RAW_GROUPS, Song, no_pictures, save_songs
from export_onnx.amt.videos import read_videos
from export_onnx.datasets import DATASETS, Item, read_items
from export_onnx.datasets.item import read_member
from export_onnx.judges.notes import Notes, from_messages
from export_onnx.training.options import data_option, option
from export_onnx.training.progress import Progress

__all__ = ["SETS", "PrepareOptions", "prepare", "read_songs"]

SETS = ("pop909", "vgmidi", "emopia")
_SHORTEST = 8
_REACTION_S = 3.0
_CURVE_SHARE = 0.4


@dataclass(frozen=True)
class PrepareOptions:
    """Where the data sets are, where the prepared songs go, which splits are prepared."""

    data: Path = data_option()
    out: Path = option(Path("runs/amt/prepared"), "folder of songs")
    splits: tuple[str, ...] = option(("train", "val"), "parts of the data sets", flag="--split")
    seed: int = option(20251121)
    reader_steps: int = STEPS


@dataclass(frozen=True)
class _Draft:
    """A piece on its slots before its chords are known to be in one key."""

    item: Item
    grid: Grid
    notes: Notes
    whole: np.ndarray
    bass: np.ndarray
    chord: np.ndarray | None
    keys: list[Key]


def _text_rows(item: Item, name: str) -> list[list[str]]:
    stem = item.path.rsplit("/", 1)[0]
    text = read_member(item.folder, item.archive, f"{stem}/{name}").decode()
    return [line.split() for line in text.splitlines() if line.strip()]


def _pop909_chords(item: Item, grid: Grid) -> np.ndarray:
    """Chord that sounds longest in each slot, the earlier one of equals, int16, shape (n,)."""
    longest = np.zeros(len(grid))
    chord = np.zeros(len(grid), np.int16)
    edges = grid.edges_s
    for begin, end, name in _text_rows(item, "chord_midi.txt"):
        start_s, end_s, identity = float(begin), float(end), parse_chord_id(name)
        first = int(np.searchsorted(edges, start_s + 1e-3, "right")) - 1
        for slot in range(max(first, 0), len(grid)):
            shared = min(end_s, edges[slot + 1]) - max(start_s, edges[slot])
            if shared <= 1e-3:
                break
            if shared > longest[slot] + 1e-3:
                longest[slot], chord[slot] = shared, identity
    return chord


def _pop909_keys(item: Item, grid: Grid) -> list[Key]:
    """Key of the region each slot starts in, or of the nearest one."""
    regions = [(float(a), float(b), parse_key(k)) for a, b, k in _text_rows(item, "key_audio.txt")]

    def distance(region: tuple[float, float, Key], at: float) -> float:
        return max(region[0] - at, at - region[1], 0.0)

    middles = 0.5 * (grid.edges_s[:-1] + grid.edges_s[1:])
    return [min(regions, key=lambda region: distance(region, at))[2] for at in middles]


def _tracked_grid(notes: Notes) -> Grid:
    rows = np.column_stack([notes.end_s, notes.pitch, notes.velocity]).astype(np.float64)
    track = track_beats(notes.start_s, rows)
    place = (np.arange(len(track.times_s)) - track.first_downbeat) % track.beats_per_bar
    strong = place == 0 if track.beats_per_bar == 3 else place % 2 == 0
    return grid_of_beats(track.times_s, strong, place == 0)


def _draft(item: Item) -> _Draft:
    notes = from_messages(item.messages())
    chord, keys = None, list[Key]()
    if item.dataset == "pop909":
        rows = np.array(_text_rows(item, "beat_midi.txt"), np.float64)
        grid = grid_of_beats(rows[:, 0], rows[:, 1] > 0, rows[:, 2] > 0)
        chord, keys = _pop909_chords(item, grid), _pop909_keys(item, grid)
    else:
        if item.dataset == "vgmidi":
            grid = grid_of_midi(read_member(item.folder, item.archive, item.path))
        else:
            grid = _tracked_grid(notes)
    whole, bass = measure.chroma(notes, grid)
    if chord is None:
        label = item.keys[0].label if item.keys else int(key_correlations(whole.sum(0)).argmax())
        keys = [Key(label % 12, "maj" if label < 12 else "min")] * len(grid)
    return _Draft(item, grid, notes, whole, bass, chord, keys)


def _labels(item: Item, grid: Grid) -> tuple[np.ndarray, np.ndarray, float]:
    """Valence and arousal per slot and how much they are trusted; NaN where there are none."""
    n = len(grid)
    if item.valence is None or item.arousal is None:
        return np.full(n, np.nan), np.full(n, np.nan), 0.0
    if item.curve is None:
        return np.full(n, item.valence), np.full(n, item.arousal), 1.0
    # Single moments are noisy (split-half r about .3): drawn most of the way to the mean.
    middles = 0.5 * (grid.edges_s[:-1] + grid.edges_s[1:])
    curves = [np.interp(middles + _REACTION_S, item.curve[:, 0], item.curve[:, c]) for c in (1, 2)]
    means = (item.valence, item.arousal)
    valence, arousal = (
        _CURVE_SHARE * c + (1 - _CURVE_SHARE) * m for c, m in zip(curves, means, strict=True)
    )
    return valence, arousal, 1.0


def _song(draft: _Draft, reader: ChordReader) -> Song | None:
    """Finish a piece; None where too little of it has notes."""
    item, grid = draft.item, draft.grid
    chord = reader.read(draft.whole, draft.bass) if draft.chord is None else draft.chord
    sounding = np.flatnonzero(chord > 0)
    if len(sounding) < _SHORTEST:
        return None
    shift = np.array([to_song_key(key) for key in draft.keys], np.int8)
    of = measure.texture(draft.notes, grid)
    lines = measure.boundaries(of, grid)
    since, until = measure.distances(lines, len(grid))
    valence, arousal, trust = _labels(item, grid)
    columns = {
        "valence": valence,
        "arousal": arousal,
        "density": of.density,
        "loudness": of.loudness,
        "motion": measure.motion(of),
        "since": since,
        "until": until,
        "energy": measure.section_energy(of, lines),
        "mode": np.array([1.0 if key.mode == "maj" else -1.0 for key in draft.keys]),
        "tempo": grid.tempo_bpm,
        "phase": grid.phase,
    }
    return Song(
        dataset=item.dataset,
        name=item.name,
        group=item.group,
        chord=np.array(
            [transpose(int(c), -int(s)) for c, s in zip(chord, shift, strict=True)], np.int16
        ),
        shift=shift,
        raw=np.column_stack([columns[name] for name in RAW_GROUPS]).astype(np.float32),
        trust=np.full(2, trust, np.float32),
        texture=np.column_stack([of.pitch, of.span, of.chord_size]).astype(np.float32),
        semantic=no_pictures(len(grid)),
        complete=item.dataset != "emopia",
    )


def _drafts(data: Path, split: str, sets: tuple[str, ...], limit: int = 0) -> list[_Draft]:
    items = read_items(data, (split,), sets)[: limit or None]
    drafts = []
    with Progress(f"slots of {split}", len(items)) as progress:
        for item in items:
            drafts.append(_draft(item))
            progress.advance(item.name)
    return drafts


def _finished(drafts: Sequence[_Draft], reader: ChordReader) -> list[Song]:
    songs = [_song(draft, reader) for draft in drafts]
    return [song for song in songs if song is not None]


def _fit_chords(drafts: Sequence[_Draft], seed: int, steps: int) -> ChordReader:
    labelled = [draft for draft in drafts if draft.chord is not None]
    chords = np.concatenate([draft.chord for draft in labelled if draft.chord is not None])
    whole = np.concatenate([draft.whole for draft in labelled])
    bass = np.concatenate([draft.bass for draft in labelled])
    return train_reader(whole, bass, chords, seed, steps)


def read_songs(
    data: Path, split: str, readers: Readers, sets: tuple[str, ...] = SETS, limit: int = 0
) -> list[Song]:
    """Read the songs of a split as those the model was trained on were read; 0 limits nothing.

    Raises
    ------
    InputError
        A data set is missing or unreadable.
    """
    songs = _finished(_drafts(data, split, sets, limit), readers.chord)
    return [apply_guess(readers.affect, song) for song in songs]


def prepare(options: PrepareOptions) -> dict[str, int]:
    """Write ``OUT/train.npz``, ``OUT/readers.json`` and a file for each other split.

    MuVi-Sync, where it is there, goes into ``OUT/videos.npz`` (train part). Returns the number of
    other songs per split.

    Raises
    ------
    InputError
        A data set is missing or unreadable.
    """
    drafts = _drafts(options.data, "train", SETS)
    reader = _fit_chords(drafts, options.seed, options.reader_steps)
    songs = _finished(drafts, reader)
    guess = fit_guess(
        [song for song in songs if song.trust[0] > 0],
        [song for song in songs if song.trust[0] == 0],
    )
    readers = Readers.from_json(Readers(reader, guess).to_json())
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "readers.json").write_text(readers.to_json(), encoding="utf-8")
    counts = {"train": len(songs)}
    save_songs(options.out / "train.npz", [apply_guess(readers.affect, song) for song in songs])
    if not DATASETS["muvisync"].lacks(options.data / "muvisync"):
        save_songs(options.out / "videos.npz", read_videos(options.data, "train"))
    for split in options.splits:
        if split != "train":
            others = read_songs(options.data, split, readers)
            save_songs(options.out / f"{split}.npz", others)
            counts[split] = len(others)
    return counts
