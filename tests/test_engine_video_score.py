import csv

import av
import mido
import numpy as np
import pytest
import soundfile
from film_samples import shots, write_film

from engine.cli import main
from engine.midi.file import read_midi_file
from engine.video.film_score import ScoreRequest, score_course, watch

RULES = ("--engine", "rules")
LENGTHS = (70, 83, 60, 112, 75)  # frames at 25 a second; 16 s in all
CUTS = np.cumsum(LENGTHS)[:-1] / 25


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("score") / "film.mp4", shots(LENGTHS))


@pytest.fixture(scope="module")
def course(film):
    return watch(film)[1]


def song_times(path):
    """Return time [s] of each bar line, marker and note-on as a player would play them."""
    song = mido.MidiFile(path)
    bars, markers, notes = [], [], []
    tempo, meter, seconds, beats_left, beat_ticks = 500_000, 4, 0.0, 0.0, song.ticks_per_beat
    for message in mido.merge_tracks(song.tracks):
        left = message.time
        while left:
            step = min(left, beats_left) if beats_left else left
            if not beats_left:
                bars.append(seconds)
                beats_left = meter * beat_ticks
                continue
            seconds += step * tempo / beat_ticks / 1e6
            beats_left -= step
            left -= step
        if message.type == "set_tempo":
            tempo = message.tempo
        elif message.type == "time_signature":
            meter = message.numerator
        elif message.type == "marker":
            markers.append((seconds, message.text))
        elif message.type == "note_on" and message.velocity:
            notes.append(seconds)
    return bars, markers, notes


@pytest.mark.parametrize("engine", [["--engine", "rules"], []])
def test_score_puts_bar_lines_and_markers_on_cuts(film, tmp_path, capsys, engine):
    out, table = tmp_path / "out.mid", tmp_path / "features.csv"
    arguments = ["-o", str(out), "--features", str(table), "--seed", "3", *engine]
    assert main(["score", str(film), *arguments]) == 0
    bars, markers, notes = song_times(out)
    assert [seconds for seconds, _ in markers] == pytest.approx(CUTS, abs=0.002)
    assert markers[0][1] == "Cut 1 0:02.80"
    away = np.abs(np.subtract.outer(CUTS, bars)).min(1)
    assert (away < 0.002).mean() >= 0.75
    assert max(notes) < 16.0 < max(notes) + 3.0
    song = read_midi_file(out)
    assert {control.control for control in song.controls} >= {20, 21}
    assert {note.role for note in song.notes} >= {"chords", "bass"}
    said = capsys.readouterr().err
    assert "4 cuts" in said and "16.0 s" in said
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["cut_s"]) for row in rows if row["cut_s"]] == pytest.approx(CUTS, abs=0.002)


def test_notes_end_at_the_cuts_that_are_met(course):
    film_score = score_course(course, ScoreRequest("rules", seed=1))
    for section in film_score.spotting.sections[1:]:
        for note in film_score.score.notes:
            if note.onset < section.start_beat - 0.05:
                assert note.onset + note.duration <= section.start_beat + 1e-6


def test_same_seed_same_music_and_another_seed_another(course):
    one, two, other = (score_course(course, ScoreRequest("rules", seed=s)).score for s in (1, 1, 2))
    assert one == two
    assert one.notes != other.notes


@pytest.mark.parametrize("unit", ["time_s", "beat"])
def test_a_curve_replaces_the_mood_of_the_film(film, tmp_path, unit):
    velocities, thirds = {}, {}
    for name, mood in (("up", (0.9, 0.9)), ("down", (-0.9, -0.9))):
        curve = tmp_path / f"{name}.csv"
        curve.write_text(f"{unit},valence,arousal\n0,{mood[0]},{mood[1]}\n")
        out = tmp_path / f"{name}.mid"
        arguments = ["--curve", str(curve), "--key", "C:maj", "--tempo", "100"]
        arguments += ["--engine", "rules", "-o", str(out)]
        assert main(["score", str(film), *arguments]) == 0
        notes = read_midi_file(out).notes
        velocities[name] = np.mean([note.velocity for note in notes])
        classes = [note.pitch % 12 for note in notes]
        thirds[name] = classes.count(4) - classes.count(3)
    assert velocities["up"] > velocities["down"] + 20
    assert thirds["up"] > thirds["down"]


def test_a_curve_that_changes_in_the_middle_changes_the_music_there(course):
    points = ((0.0, 0.0, -0.9), (7.9, 0.0, -0.9), (8.1, 0.0, 0.9))
    film_score = score_course(course, ScoreRequest("rules", curve=points))
    middle = film_score.spotting.beat_at(8.0)
    notes = film_score.score.notes
    before = [note.velocity for note in notes if note.onset < middle]
    after = [note.velocity for note in notes if note.onset > middle]
    assert np.mean(after) > np.mean(before) + 15


def test_generators_hear_of_boundaries_movement_and_sections(course, monkeypatch):
    from engine.generators.rules import RulesGenerator

    heard = []
    extend = RulesGenerator.extend
    monkeypatch.setattr(
        RulesGenerator, "extend", lambda self, c: heard.append(c) or extend(self, c)
    )
    spotting = score_course(course, ScoreRequest("rules", beats_per_bar=3)).spotting
    beats = [context.beat for context in heard]
    assert beats == sorted(set(beats))
    starts = [context for context in heard if context.cues.beats_since_boundary == 0.0]
    assert len(starts) == len(spotting.sections) - 1
    assert all(context.beat % 3 == 0 for context in starts)
    for context in heard:
        assert context.cues.beats_until_boundary >= 1.0
        assert 0.0 <= context.cues.motion <= 1.0
        assert 0.0 <= context.cues.section_energy <= 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tempo", "fast"], "--tempo"),
        (["--tempo", "5"], "tempo_bpm"),
        (["--tempo-range", "80"], "--tempo-range"),
        (["--key", "H"], "key"),
        (["--parts", "flute"], "parts"),
        (["--set", "swing"], "--set"),
        (["--set", "nothing=1"], "nothing"),
        (["--engine", "none"], "engine"),
        (["--beats-per-bar", "9"], "beats_per_bar"),
        (["--curve", "missing.csv"], "missing.csv"),
        (["--neutral", "missing.csv"], "missing.csv"),
        (["--soundfont", "x.sf2"], "cannot read x.sf2"),
        (["--audio", "x.mp3"], "--audio must end in"),
        (["--render", "x.xyz"], "--render must end in"),
        (["--render", "x.mp4", "--soundfont", "missing.sf2"], "missing.sf2"),
    ],
)
def test_bad_requests_are_refused_before_the_film_is_watched(
    film, tmp_path, capsys, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    assert main(["score", str(film), *RULES, "-o", "out.mid", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not (tmp_path / "out.mid").exists()


def test_a_film_shorter_than_a_second_is_refused(tmp_path, capsys):
    path = write_film(tmp_path / "blink.mp4", shots([5]))
    assert main(["score", str(path), *RULES, "-o", str(tmp_path / "out.mid")]) == 2
    assert "at least 1 s" in capsys.readouterr().err


def test_only_the_parts_asked_for_sound(course):
    film_score = score_course(course, ScoreRequest("rules", parts=("bass",)))
    assert {note.role for note in film_score.score.notes} == {"bass"}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_render_puts_the_music_under_the_pictures(film, tmp_path, suffix):
    out, render = tmp_path / "out.mid", tmp_path / f"scored{suffix}"
    assert main(["score", str(film), *RULES, "-o", str(out), "--render", str(render)]) == 0
    with av.open(str(film)) as before, av.open(str(render)) as after:
        copied = [bytes(p) for p in after.demux(video=0) if p.size]
        assert copied == [bytes(p) for p in before.demux(video=0) if p.size]
    with av.open(str(render)) as after:
        sound = np.concatenate([f.to_ndarray() for f in after.decode(audio=0)], 1)
        rate = after.streams.audio[0].rate
        assert sound.shape[1] / rate == pytest.approx(16.0, abs=0.1)
    assert np.sqrt((sound[:, rate : 2 * rate] ** 2).mean()) > 0.005


def test_its_sound_is_as_long_as_the_film(film, tmp_path):
    wave = tmp_path / "music.wav"
    arguments = [*RULES, "-o", str(tmp_path / "out.mid"), "--audio", str(wave)]
    assert main(["score", str(film), *arguments]) == 0
    sound, rate = soundfile.read(wave)
    assert len(sound) / rate == pytest.approx(16.0, abs=0.01)
    assert 0.05 < np.abs(sound).max() <= 0.9
    assert not list(tmp_path.glob(".*part*"))


def test_the_film_is_never_overwritten(film, tmp_path, capsys):
    before = film.read_bytes()
    out = tmp_path / "out.mid"
    assert main(["score", str(film), "-o", str(out), "--render", str(film)]) == 2
    assert main(["score", str(film), "-o", str(film)]) == 2
    assert film.read_bytes() == before
