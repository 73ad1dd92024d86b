"""Small data sets in our own layout: songs of block chords over a bass, in phrases that repeat."""

import csv
import io
import json

import mido
import numpy as np

from engine.generators.amt.vocabulary import chord_name, parse_chord_id, pitch_classes

PHRASES = (
    ("C", "C", "G", "G", "A:min", "A:min", "F", "G"),
    ("A:min", "A:min", "F", "F", "C", "C", "G", "E"),
    ("F", "G", "E:min", "A:min", "D:min7", "G", "C", "C"),
)
BEAT_S = 0.5


def midi_of(chords, beats_per_slot=2, velocity=80, onsets=2):
    """Return the bytes of a file with one chord per slot at 120 beats per minute."""
    midi = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500000)])
    midi.tracks.append(track)
    events = []
    length = 480 * beats_per_slot
    for slot, name in enumerate(chords):
        classes = pitch_classes(parse_chord_id(name))
        if not classes:
            continue
        begin = slot * length
        events += [(begin, 1, 36 + classes[0]), (begin + length, 0, 36 + classes[0])]
        for part in range(onsets):
            at = begin + part * length // onsets
            for pitch_class in classes:
                events += [
                    (at, 1, 60 + pitch_class),
                    (at + length // onsets - 5, 0, 60 + pitch_class),
                ]
    last = 0
    for at, on, pitch in sorted(events):
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity if on else 0, time=at - last))
        last = at
    buffer = io.BytesIO()
    midi.save(file=buffer)
    return buffer.getvalue()


def write_table(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def progression(rng, phrases):
    """Chords of so many phrases, each of two that take turns."""
    first, second = rng.permutation(len(PHRASES))[:2]
    names = []
    for index in range(phrases):
        names += PHRASES[first if index % 4 < 2 else second]
    return names


def write_pop909(folder, split_of_song, rng, phrases=5):
    rows = []
    for song, split in split_of_song.items():
        names = progression(rng, phrases)
        place = folder / song
        place.mkdir(parents=True)
        (place / f"{song}.mid").write_bytes(midi_of(names, onsets=int(rng.integers(1, 4))))
        beats = 2 * len(names)
        lines = [f"{b * BEAT_S} {float(b % 2 == 0)} {float(b % 4 == 0)}" for b in range(beats)]
        (place / "beat_midi.txt").write_text("\n".join(lines))
        width = 2 * BEAT_S
        spans = [f"{i * width}\t{(i + 1) * width}\t{name}" for i, name in enumerate(names)]
        (place / "chord_midi.txt").write_text("\n".join(spans))
        (place / "key_audio.txt").write_text(f"0.0\t{len(names) * width}\tC:maj")
        rows.append({"path": f"{song}/{song}.mid", "song_id": song, "split": split})
    write_table(folder / "manifest.csv", rows)


def write_rated(data, rng, splits=("train", "train", "train", "train", "val", "val")):
    clips, pieces, notes = [], [], {}
    for index, split in enumerate(splits):
        quadrant = 1 + index % 4
        names = progression(rng, 3)
        bright = quadrant in (1, 4)
        if not bright:
            names = [n if ":" in n else f"{n}:min" for n in names]
        velocity = 100 if quadrant <= 2 else 50
        music = midi_of(names, velocity=velocity, onsets=4 if quadrant <= 2 else 1)
        name = f"Q{quadrant}_song{index}_0"
        (data / "emopia" / "midi").mkdir(parents=True, exist_ok=True)
        (data / "emopia" / "midi" / f"{name}.mid").write_bytes(music)
        clips.append(
            {"path": f"midi/{name}.mid", "clip": name, "song": f"song{index}", "split": split}
            | {"quadrant": f"Q{quadrant}", "duration_s": 24, "key_est": "C:maj"}
        )
        path = f"midi/game{index}.mid"
        (data / "vgmidi" / "midi").mkdir(parents=True, exist_ok=True)
        (data / "vgmidi" / path).write_bytes(music)
        values = {"valence_mean": 0.4 if bright else -0.4, "arousal_mean": 0.3}
        pieces.append(
            {"path": path, "split": split, "franchise": f"f{index}", "duration_s": 24}
            | {"key_est": "C:maj", **values}
        )
        notes[path] = {
            "time_uncertain": 0,
            "step_s": 2.0,
            "t_start": [2.0 * i for i in range(12)],
            "valence_median": [values["valence_mean"]] * 12,
            "arousal_median": [0.3] * 12,
        }
    write_table(data / "emopia" / "manifest.csv", clips)
    write_table(data / "vgmidi" / "manifest.csv", pieces)
    (data / "vgmidi" / "annotations.json").write_text(json.dumps(notes))


def write_data(data, seed=1):
    """Write all three sets below ``data``."""
    rng = np.random.default_rng(seed)
    songs = {f"{i:03d}": "val" if i > 8 else "train" for i in range(1, 11)}
    write_pop909(data / "pop909", songs, rng)
    write_rated(data, rng)


def names_of(chords):
    return [chord_name(int(chord)) for chord in chords]
