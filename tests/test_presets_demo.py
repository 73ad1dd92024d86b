"""The demo piece is what it claims to be: measured in the notes and in the sound."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from servers.needs import need_program, need_soundfont

from engine.audio import AudioFile, mono_blocks
from engine.midi.file import read_midi_file

FOLDER = Path(__file__).parents[1] / "presets" / "demo"
RATE = 22_050


@dataclass(frozen=True, slots=True)
class Section:
    """One mood of the piece: ``quadrant`` 1..4 is what it is meant to express."""

    name: str
    start_beat: int
    end_beat: int
    key: str
    quadrant: int


SECTIONS = (
    Section("Morning Mood", 0, 24, "E:maj", 4),
    Section("Moonlight", 24, 42, "C#:min", 3),
    Section("Mountain King", 42, 74, "B:min", 2),
    Section("Mountain King, the storm", 74, 96, "F#:maj", 2),
    Section("Ode to Joy", 96, 128, "D:maj", 1),
    Section("Ode to Joy, softly", 128, 145, "D:maj", 4),
)
time_of = read_midi_file(FOLDER / "demo.mid").song_map.time.seconds

# Krumhansl and Kessler (1982): how well each pitch class fits a major or minor key.
PROFILES = {
    "maj": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "min": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return np.concatenate(list(mono_blocks(FOLDER / "demo.ogg", RATE)))


@pytest.fixture(scope="module")
def notes() -> list[tuple[float, float, int]]:
    """Return onset and length [beats] and pitch of everything but percussion."""
    played = read_midi_file(FOLDER / "demo.mid").notes
    return [(note.onset, note.duration, note.pitch) for note in played if note.channel != 9]


def within(section: Section, sound: np.ndarray) -> np.ndarray:
    start_s, end_s = time_of(section.start_beat), time_of(section.end_beat)
    return sound[int(start_s * RATE) : int(end_s * RATE)]


def level_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(sound**2) + 1e-12))


def pitch_classes(
    section: Section, notes: list[tuple[float, float, int]], slack: float = 0.1
) -> np.ndarray:
    weights = np.zeros(12)
    for onset, length, pitch in notes:
        if section.start_beat - slack <= onset < section.end_beat - slack:
            weights[pitch % 12] += length
    return weights


def chroma(sound: np.ndarray) -> np.ndarray:
    size = 8_192
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    audible = (frequencies > 60) & (frequencies < 1_500)
    classes = np.round(69 + 12 * np.log2(frequencies[audible] / 440)).astype(int) % 12
    total = np.zeros(12)
    for start in range(0, len(sound) - size, size // 2):
        spectrum = np.abs(np.fft.rfft(sound[start : start + size] * np.hanning(size)))[audible]
        total += np.bincount(classes, spectrum, 12)
    return total


def keys_by_fit(weights: np.ndarray) -> Iterator[str]:
    fits = [
        (float(np.corrcoef(np.roll(profile, tonic), weights)[0, 1]), f"{TONICS[tonic]}:{mode}")
        for mode, profile in PROFILES.items()
        for tonic in range(12)
    ]
    return (name for _, name in sorted(fits, reverse=True))


def test_it_lasts_about_a_minute_and_is_small(sound: np.ndarray) -> None:
    with AudioFile(FOLDER / "demo.ogg") as audio:
        assert 60 <= audio.nominal_s <= 70
        assert audio.channels == 2
    assert (FOLDER / "demo.ogg").stat().st_size < 1_000_000
    assert len(sound) / RATE - time_of(SECTIONS[-1].end_beat) == pytest.approx(0.8, abs=0.5)


def test_it_is_loud_enough_and_never_clips(sound: np.ndarray) -> None:
    assert 0.5 < np.abs(sound).max() < 1.0
    assert np.abs(sound.mean()) < 1e-3
    for section in SECTIONS:
        assert -36 < level_db(within(section, sound)) < -10
    seconds = sound[: len(sound) // RATE * RATE].reshape(-1, RATE)
    assert all(level_db(second) > -45 for second in seconds[:-1]), "no hole in the music"


def test_it_visits_every_quadrant() -> None:
    assert [section.quadrant for section in SECTIONS] == [4, 3, 2, 2, 1, 4]
    assert all(a.end_beat == b.start_beat for a, b in zip(SECTIONS, SECTIONS[1:], strict=False))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_every_section_is_in_its_key(
    section: Section, notes: list[tuple[float, float, int]]
) -> None:
    assert next(keys_by_fit(pitch_classes(section, notes))) == section.key


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_the_sound_is_that_of_the_notes(
    section: Section, sound: np.ndarray, notes: list[tuple[float, float, int]]
) -> None:
    heard, written = chroma(within(section, sound)), pitch_classes(section, notes)
    assert np.corrcoef(heard, written)[0, 1] > 0.7


def test_arousal_is_in_the_sound_too(
    sound: np.ndarray, notes: list[tuple[float, float, int]]
) -> None:
    morning, moonlight, king, storm, joy, soft = (level_db(within(s, sound)) for s in SECTIONS)
    assert storm > king + 6
    assert joy > morning + 6
    assert joy > soft + 8
    assert moonlight < morning

    def onsets_per_s(section: Section) -> float:
        onsets = {round(o * 4) for o, _, _ in notes if section.start_beat <= o < section.end_beat}
        return len(onsets) / (time_of(section.end_beat) - time_of(section.start_beat))

    rates = [onsets_per_s(section) for section in SECTIONS]
    assert rates[3] == max(rates)
    assert rates[5] == min(rates)


def test_the_mountain_king_grows_without_a_break(sound: np.ndarray) -> None:
    levels = [
        level_db(sound[int(time_of(beat) * RATE) : int(time_of(beat + 8) * RATE)])
        for beat in range(42, 90, 8)
    ]
    assert levels[-1] - levels[0] > 9
    assert all(later > earlier - 1.5 for earlier, later in zip(levels, levels[1:], strict=False))


@pytest.mark.proof
def test_any_soundfont_makes_it_again(tmp_path: Path, sound: np.ndarray) -> None:
    need_program("fluidsynth")
    rendered = tmp_path / "demo.wav"
    options = ["-n", "-i", "-q", "-g", "0.5", "-r", "44100", "-T", "wav", "-F", str(rendered)]
    subprocess.run(
        ["fluidsynth", *options, str(need_soundfont()), str(FOLDER / "demo.mid")], check=True
    )
    again = np.concatenate(list(mono_blocks(rendered, RATE)))
    seconds = len(sound) // RATE
    courses = [  # of differences: a soundfont's bass says little about the course
        [level_db(np.diff(piece[second * RATE : (second + 1) * RATE])) for second in range(seconds)]
        for piece in (again, sound)
    ]
    assert np.corrcoef(*courses)[0, 1] > 0.9
