"""Clips with beats: recordings, and pieces that are rendered afresh.

A beat's number is 1 on a downbeat, 2, 3, … behind it, 0 where the bar is unknown and -1 where the
place of the beat itself is uncertain.

Layout of the folders::

    beats/real/audio/ID.ogg, beats/real/annotations/ID.beats
    beats/midi.zip                  groove/ID.mid, asap/ID.mid and .beats, manifest.csv
    beats/emotify_consensus/ID.beats
    pop909/pop909.zip, manifest.csv
    LABELS/SET_NAME.beats           written by `teach beat`, of SET/audio/NAME.ogg
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.beat.augment import RECUTS, draw_bend
from export_onnx.beat.band import PROGRAMS, accompany, style_of
from export_onnx.datasets.render import Rendering, Synth, TimedMessage, read_midi
from export_onnx.datasets.tables import read_rows

__all__ = ["Clip", "Sound", "find_clips", "read_beats"]

CLIP_S = 46.0
_DRUM_CHANNEL = 9
_EARLY = 0.06  # of a beat: strokes so early belong to the next one
# Pads of Roland's TD-11, as played in Groove, that General MIDI names otherwise.
_PADS = {22: 42, 26: 46, 58: 43, 55: 49, 52: 49, 59: 51, 40: 38, 50: 48, 47: 45}


@dataclass(frozen=True)
class Sound:
    """Mono audio [its rate] and its beats, shape (n, 2): time [s], number."""

    pcm: np.ndarray
    sample_rate: int
    beats: np.ndarray


Make = Callable[[np.random.Generator, Synth], Sound]


@dataclass(frozen=True)
class Clip:
    """Something that can be heard; ``make`` gives another rendering for every generator state.

    Attributes
    ----------
    kind : str
        real, consensus, taught, groove, change (groove, its tempo changing), metre (groove in 5
        or 7), asap or pop909.
    """

    kind: str
    name: str
    split: str
    make: Make


def read_beats(text: str, name: str) -> np.ndarray:
    """Read lines of time and number, shape (n, 2).

    Raises
    ------
    InputError
        Another kind of file, or times that do not ascend.
    """
    try:
        rows = [[float(cell) for cell in line.split()[:2]] for line in text.splitlines() if line]
        beats = np.array(rows, np.float64).reshape(-1, 2)
    except ValueError as error:
        raise InputError(f"{name}: lines must be a time and a beat number ({error})") from error
    if np.any(np.diff(beats[:, 0]) <= 0):
        raise InputError(f"{name}: the times of beats must ascend")
    return beats


def _recording(path: Path, beats: Path) -> Make:
    def make(rng: np.random.Generator, synth: Synth) -> Sound:
        import soundfile

        pcm, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return Sound(pcm.mean(1), rate, read_beats(beats.read_text(encoding="utf-8"), str(beats)))

    return make


def _note(
    time_s: float, length_s: float, channel: int, pitch: int, velocity: int
) -> list[TimedMessage]:
    import mido

    on = mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
    off = mido.Message("note_off", channel=channel, note=pitch)
    return [TimedMessage(time_s, channel, on), TimedMessage(time_s + length_s, channel, off)]


def _programs(style: str, rng: np.random.Generator) -> list[TimedMessage]:
    import mido

    return [
        TimedMessage(
            0.0, i, mido.Message("program_change", channel=i, program=int(rng.choice(choice)))
        )
        for i, choice in enumerate(PROGRAMS[style])
    ]


def _render(messages: list[TimedMessage], rng: np.random.Generator, synth: Synth) -> np.ndarray:
    messages = sorted(messages, key=lambda message: message.time_s)
    how = Rendering(reverb=float(rng.uniform(0.0, 0.6)))
    return synth.render(messages, how, 0.0, CLIP_S)


def _groove(kind: str, data: bytes, name: str, bpm: float, metre: int, style: str) -> Make:
    """Return a drummer with a band: as played, with a changing tempo, or in another metre."""

    def make(rng: np.random.Generator, synth: Synth) -> Sound:
        played = [
            (m.time_s, m.message.note, m.message.velocity)
            for m in read_midi(name, data)
            if m.message.type == "note_on" and m.message.velocity > 0
        ]
        period = 60.0 / bpm
        end_s = played[-1][0] + 2 * period
        bar = int(rng.integers(max(1, int((end_s - CLIP_S * 1.2) / (metre * period)))))
        start_s = bar * metre * period
        n_beats = max(8, int(min(end_s - start_s, CLIP_S * 1.4) / period))
        cut, bar_length = np.arange(n_beats), metre  # which beats of the drummer are heard
        if kind == "metre":
            bar_length = int(rng.choice((5, 7)))
            choice = RECUTS[bar_length][rng.integers(len(RECUTS[bar_length]))]
            source = 8 if bar_length == 7 else 4
            cut = np.add.outer(np.arange(0, n_beats, source), choice).ravel()
        n_beats = len(cut)
        bend = draw_bend(n_beats * period, rng, changing=kind == "change")
        beats = bend.to(np.arange(n_beats + 1) * period)
        messages: list[TimedMessage] = []
        drummed, accompanied = rng.random() < 0.88, rng.random() < 0.85
        if drummed or not accompanied:
            for time_s, pitch, velocity in played:
                beat, since = divmod((time_s - start_s) / period + _EARLY, 1.0)
                for place in np.flatnonzero(cut == beat):
                    at = max(0.0, float(bend.to((place + since - _EARLY) * period)))
                    messages += _note(at, 0.1, _DRUM_CHANNEL, _PADS.get(pitch, pitch), velocity)
        if accompanied:
            band = style_of(style, rng)
            swing = float(rng.uniform(0.58, 0.68)) if band == "jazz" else 0.5
            messages += _programs(band, rng)
            places = np.arange(n_beats + 1)
            for note in accompany(band, n_beats, bar_length, swing, rng):
                start, end = np.interp((note.beat, note.beat + note.length), places, beats)
                start = max(0.0, start + rng.normal(0.0, 0.008))
                channel = ("bass", "chord", "lead").index(note.part)
                messages += _note(start, max(0.03, end - start), channel, note.pitch, note.velocity)
        numbers = 1 + np.arange(n_beats + 1) % bar_length
        return Sound(
            _render(messages, rng, synth), synth.sample_rate, np.stack((beats, numbers), axis=1)
        )

    return make


def _piano(data: bytes, name: str, beats: np.ndarray) -> Make:
    def make(rng: np.random.Generator, synth: Synth) -> Sound:
        messages = read_midi(name, data)
        latest = max(0.0, messages[-1].time_s - CLIP_S)
        start_s = float(rng.uniform(0.0, latest))
        how = Rendering(
            programs=(int(rng.choice((0, 0, 1, 2, 3, 4, 6))),),
            transpose=int(rng.integers(-3, 4)),
            reverb=float(rng.uniform(0.0, 0.8)),
        )
        pcm = synth.render(messages, how, start_s, CLIP_S)
        heard = beats[(beats[:, 0] >= start_s) & (beats[:, 0] < start_s + CLIP_S)]
        return Sound(pcm, synth.sample_rate, heard - (start_s, 0.0))

    return make


def _drum_pattern(beats: np.ndarray, rng: np.random.Generator) -> list[TimedMessage]:
    """Write a plain beat: bass drum, snare, cymbals on eighths or quarters."""
    messages: list[TimedMessage] = []
    cymbal, busy = int(rng.choice((42, 51, 46))), rng.random() < 0.7
    kick = rng.random(4) < (1.0, 0.2, 0.8, 0.2)
    for (at, number), (following, _) in zip(beats[:-1], beats[1:], strict=True):
        place = (int(number) - 1) % 4
        loud = int(rng.integers(70, 115))
        messages += _note(at, 0.1, _DRUM_CHANNEL, cymbal, loud - 20)
        if busy:
            messages += _note((at + following) / 2, 0.1, _DRUM_CHANNEL, cymbal, loud - 35)
        if place % 2:
            messages += _note(at, 0.1, _DRUM_CHANNEL, 38, loud)
        if kick[place]:
            messages += _note(at, 0.1, _DRUM_CHANNEL, 36, loud)
    return messages


def _song(archive: Path, number: str) -> Make:
    def make(rng: np.random.Generator, synth: Synth) -> Sound:
        with zipfile.ZipFile(archive) as files:
            midi = read_midi(number, files.read(f"{number}/{number}.mid"))
            lines = files.read(f"{number}/beat_midi.txt").decode().splitlines()
        table = np.array([[float(cell) for cell in line.split()] for line in lines])
        downs = table[:, 2] > 0
        since = np.arange(len(table)) - np.maximum.accumulate(
            np.where(downs, np.arange(len(table)), -1000)
        )
        numbers = np.where(since < 12, since + 1, 0)
        beats = np.stack((table[:, 0], numbers), axis=1)
        start_s = float(rng.uniform(0.0, max(0.0, beats[-1, 0] - CLIP_S)))
        programs = tuple(int(p) for p in rng.choice((0, 4, 24, 25, 27, 48, 73, 81, 0, 0), 3))
        if rng.random() < 0.5:
            midi = [*midi, *_drum_pattern(beats, rng)]
            midi.sort(key=lambda message: message.time_s)
        how = Rendering(programs=programs, reverb=float(rng.uniform(0.0, 0.6)))
        pcm = synth.render(midi, how, start_s, CLIP_S)
        heard = beats[(beats[:, 0] >= start_s) & (beats[:, 0] < start_s + CLIP_S)]
        return Sound(pcm, synth.sample_rate, heard - (start_s, 0.0))

    return make


def _performances(archive: Path) -> Iterator[Clip]:
    with zipfile.ZipFile(archive) as files:
        for row in csv.DictReader(io.StringIO(files.read("manifest.csv").decode())):
            name, data = row["id"], files.read(row["file"])
            if row["file"].startswith("asap"):
                text = files.read(row["beats"]).decode()
                make = _piano(data, name, read_beats(text, row["beats"]))
                yield Clip("asap", name, row["split"], make)
            elif row["meter"] in ("4-4", "3-4"):
                metre = int(row["meter"][0])
                for kind in ("groove", "change", "metre") if metre == 4 else ("groove",):
                    make = _groove(kind, data, name, float(row["bpm"]), metre, row["style"])
                    yield Clip(kind, name, row["split"], make)


def find_clips(data: Path, labels: Path | None = None) -> list[Clip]:
    """Return what there is; missing sets are left out.

    Parameters
    ----------
    data : Path
        Folder with a sub-folder per data set.
    labels : Path, optional
        Beats of recordings, written by `teach`.

    Raises
    ------
    InputError
        There is nothing at all.
    """
    found: list[Clip] = []
    real = data / "beats" / "real"
    for path in sorted((real / "audio").glob("*.ogg")):
        beats = real / "annotations" / f"{path.stem}.beats"
        found.append(Clip("real", path.stem, "val", _recording(path, beats)))
    emotify = data / "emotify"
    splits = {}
    for name in ("emotify", "q4audio"):
        if (data / name / "manifest.csv").is_file():
            for row in read_rows(data / name / "manifest.csv"):
                splits[f"{name}_{Path(row['path']).stem}"] = (
                    row["split"],
                    data / name / row["path"],
                )
    agreed = set()
    for beats in sorted((data / "beats" / "emotify_consensus").glob("*.beats")):
        split = splits.get(f"emotify_{beats.stem}")
        if split is not None:
            agreed.add(beats.stem)
            make = _recording(emotify / "audio" / f"{beats.stem}.ogg", beats)
            found.append(Clip("consensus", beats.stem, split[0], make))
    for beats in sorted(labels.glob("*.beats")) if labels is not None else ():
        split = splits.get(beats.stem)
        if split is not None and beats.stat().st_size > 0:
            found.append(Clip("taught", beats.stem, split[0], _recording(split[1], beats)))
    if (data / "beats" / "midi.zip").is_file():
        found += _performances(data / "beats" / "midi.zip")
    if (data / "pop909" / "pop909.zip").is_file():
        for row in read_rows(data / "pop909" / "manifest.csv"):
            make = _song(data / "pop909" / "pop909.zip", row["song_id"])
            found.append(Clip("pop909", row["song_id"], row["split"], make))
    if not found:
        raise InputError(f"{data}: no clips with beats (beats/ or pop909/ expected)")
    return found
