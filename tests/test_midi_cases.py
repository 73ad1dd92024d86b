"""MIDI files of every kind: what transfer reads, what it writes, and what it leaves as it was."""

import io
import re
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import midi_samples as made
import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from midi_samples import DAMAGED, DRUMS, GOOD, REFUSED

from engine.cli import main
from engine.midi.file import read_midi_file
from engine.midi.smf import META, parse_midi
from engine.performer.primer import read_primer
from engine.transfer.song import Song

CORNERS = [("0.8", "0.8"), ("-0.8", "-0.8"), ("-0.9", "0.3")]
Notes = dict[tuple[int, int, int], list[tuple[int, int, int]]]


def transfer(path: Path, valence: str, arousal: str, *options: str) -> bytes:
    out = path.with_name("out.mid")
    words = ["--valence", valence, "--arousal", arousal, *options, "-o", str(out)]
    assert main(["transfer", str(path), *words]) == 0
    return out.read_bytes()


def sounding(data: bytes) -> Notes:
    """Return (track, channel, pitch) → start, end and velocity; every note must be a whole one."""
    found: Notes = defaultdict(list)
    for number, events in enumerate(parse_midi(data, "out").tracks):
        open_notes: dict[tuple[int, int], tuple[int, int]] = {}
        for tick, message in events:
            if message[0] & 0xF0 not in (0x80, 0x90):
                continue
            place = (message[0] & 15, message[1])
            if message[0] & 0xF0 == 0x90 and message[2]:
                assert place not in open_notes, f"{place} is struck twice at {tick}"
                open_notes[place] = (tick, message[2])
            elif place in open_notes:
                start, velocity = open_notes.pop(place)
                assert tick > start, f"{place} has no length at {tick}"
                found[number, *place].append((start, tick, velocity))
        assert not open_notes, f"hanging in track {number}: {open_notes}"
    return dict(found)


def others(data: bytes) -> list[list[tuple[int, bytes]]]:
    """Return all events but notes and tempi."""
    return [
        [
            (tick, message)
            for tick, message in events
            if message[0] & 0xF0 not in (0x80, 0x90) and message[:2] != b"\xff\x51"
        ]
        for events in parse_midi(data, "file").tracks
    ]


def end_of(data: bytes) -> int:
    return max(parse_midi(data, "file").ends)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(("valence", "arousal"), CORNERS)
def test_all_the_way_every_note_is_whole_and_within_the_piece(
    name: str, valence: str, arousal: str, tmp_path: Path
) -> None:
    path = made.write(tmp_path, GOOD[name])
    begun = time.process_time()
    data = transfer(path, valence, arousal)
    assert time.process_time() - begun < 20.0  # bounded; usually some hundredths
    assert sounding(data)
    assert end_of(data) == end_of(GOOD[name])
    before, after = parse_midi(GOOD[name], "in"), parse_midi(data, "out")
    assert (after.division, len(after.tracks)) == (before.division, len(before.tracks))
    if "sysex escape" not in name:  # which mido cannot read
        mido.MidiFile(file=io.BytesIO(data))


@pytest.mark.parametrize("name", GOOD)
def test_nothing_at_all_is_the_same_file(name: str, tmp_path: Path) -> None:
    path = made.write(tmp_path, GOOD[name])
    content = GOOD[name][20:] if name == "RIFF" else GOOD[name]
    assert transfer(path, "0.8", "-0.8", "--strength", "0") == content


@pytest.mark.parametrize("name", ["no notes", "wrapped time", "a pause of days"])
def test_nothing_at_all_needs_no_music(name: str, tmp_path: Path) -> None:
    content = REFUSED[name][0]
    assert transfer(made.write(tmp_path, content), "1", "1", "--strength", "0") == content


@pytest.mark.parametrize("name", ["track length too small", "track length too large"])
def test_a_wrong_length_of_a_track_loses_nothing(name: str, tmp_path: Path) -> None:
    contents = read_midi_file(made.write(tmp_path, GOOD[name]))
    assert len(contents.notes) == 32 and contents.left_out == ()


@pytest.mark.parametrize("name", GOOD)
def test_what_is_no_note_stays_as_it_was(name: str, tmp_path: Path) -> None:
    data = transfer(
        made.write(tmp_path, GOOD[name]), "0.9", "0.9", "--elements", "velocity,density"
    )
    assert others(data) == others(GOOD[name])


@pytest.mark.parametrize("name", ["plain", "unison", "held and struck", "mpe", "many tracks"])
def test_velocity_alone_changes_velocities_alone(name: str, tmp_path: Path) -> None:
    data = transfer(made.write(tmp_path, GOOD[name]), ".5", ".9", "--elements", "velocity")
    before, after = parse_midi(GOOD[name], "in").tracks, parse_midi(data, "out").tracks
    assert after != before

    def silent(message: bytes) -> bytes:
        return message[:2] if message[0] & 0xF0 == 0x90 else message

    assert [[(tick, silent(message)) for tick, message in events] for events in after] == [
        [(tick, silent(message)) for tick, message in events] for events in before
    ]


@pytest.mark.parametrize("name", ["doubled", "doubled and touching"])
def test_a_note_written_twice_is_one(name: str, tmp_path: Path) -> None:
    (row,) = sounding(
        transfer(made.write(tmp_path, GOOD[name]), ".3", ".3", "--elements", "velocity")
    ).values()
    length, count = (400, 8) if name == "doubled" else (480, 16)
    assert [(start, end) for start, end, _ in row] == [
        (480 * beat, 480 * beat + length) for beat in range(count)
    ]


@pytest.mark.parametrize(("valence", "arousal"), CORNERS)
def test_an_end_in_the_tick_of_a_start_ends_the_note_before(
    valence: str, arousal: str, tmp_path: Path
) -> None:
    path = made.write(tmp_path, GOOD["repeat, on before off"])
    data = transfer(path, valence, arousal, "--elements", "velocity,pitch")
    tune = [row for (track, _, _), row in sounding(data).items() if track == 1]
    assert sorted((start, end) for row in tune for start, end, _ in row) == [
        (240 * index, 240 * index + 240) for index in range(32)
    ]


def test_notes_that_come_to_touch_are_all_heard(tmp_path: Path) -> None:
    data = transfer(made.write(tmp_path, GOOD["touching"]), "-.9", "0", "--elements", "pitch")
    before = read_midi_file(tmp_path / "in.mid").notes
    after = sounding(data)
    assert sum(map(len, after.values())) == len(before)
    assert [row[0][0] for (_, _, pitch), row in after.items() if pitch == 63] == [0]
    for bar in range(8):  # both E and E flat are E flat now, one after the other
        spans = [(s, e) for s, e, _ in after[0, 0, 63] if 1920 * bar <= s < 1920 * (bar + 1)]
        assert spans == [(1920 * bar, 1920 * bar + 960), (1920 * bar + 960, 1920 * bar + 1440)]


def test_longer_notes_end_with_their_harmony_and_with_the_piece(tmp_path: Path) -> None:
    path = made.write(tmp_path, GOOD["staccato over pads"])
    notes = sounding(transfer(path, "-.8", "-.8", "--elements", "duration"))
    for (track, _, _), row in notes.items():
        for start, end, _ in row:
            assert end <= (start // 1920 + 1) * 1920 + (track == 1) * 1920  # one C follows another
            if track == 1:
                assert end > start + 80
    assert max(end for row in notes.values() for _, end, _ in row) == 8 * 1920 - 20


def test_a_long_note_becomes_no_longer_than_the_piece(tmp_path: Path) -> None:
    drone = [(0, made.on(36, 80, 1)), (32 * 480, made.off(36, 1))]
    content = made.file(made.track(made.HEAD), made.track(made.scale(count=64)), made.track(drone))
    notes = sounding(transfer(made.write(tmp_path, content), "-1", "-1"))
    assert all(end <= 32 * 480 for row in notes.values() for _, end, _ in row)


@pytest.mark.parametrize("name", DRUMS)
@pytest.mark.parametrize(("valence", "arousal"), CORNERS)
def test_drum_kits_are_left_alone(name: str, valence: str, arousal: str, tmp_path: Path) -> None:
    content = GOOD[f"drums: {name}"]
    data = transfer(
        made.write(tmp_path, content),
        valence,
        arousal,
        "--elements",
        "register,pitch,chord,duration,density",
    )
    kit = {place: row for place, row in sounding(data).items() if place[0] == 1}
    assert kit == {place: row for place, row in sounding(content).items() if place[0] == 1}
    notes = read_midi_file(tmp_path / "in.mid").notes
    assert {note.role for note in notes if note.channel == DRUMS[name][0]} == {"drums"}
    assert {note.role for note in notes if note.channel != DRUMS[name][0]} == {"lead"}


def test_a_channel_that_stops_being_a_kit_has_pitches_again(tmp_path: Path) -> None:
    setup = [(0, made.control(0, 127, 10)), (0, b"\xca\0")]
    events = [*setup, *made.drum_track(10), (15600, made.control(0, 0, 10)), (15600, b"\xca\0")]
    path = made.write(
        tmp_path, made.file(made.track([*events, *made.later(made.scale(10), 15600)]))
    )
    roles = [note.role for note in read_midi_file(path).notes]
    assert roles == ["drums"] * 64 + ["lead"] * 32


def test_channel_ten_of_an_mpe_zone_is_no_kit(tmp_path: Path) -> None:
    path = made.write(tmp_path, GOOD["mpe"])
    assert {note.role for note in read_midi_file(path).notes} == {"lead"}
    data = transfer(path, ".9", "-.9", "--elements", "register")
    moved = Counter(pitch for (_, _, pitch), row in sounding(data).items() for _ in row)
    assert len(moved) <= 4  # no octave is left behind on one channel


@pytest.mark.parametrize(
    ("name", "valence", "expected"),
    [("key signature C", "-.9", "Cm"), ("key signature C", ".9", "C")],
)
def test_the_key_signature_follows_the_mode(
    name: str, valence: str, expected: str, tmp_path: Path
) -> None:
    data = transfer(made.write(tmp_path, GOOD[name]), valence, "0", "--elements", "pitch")
    song = mido.MidiFile(file=io.BytesIO(data))
    assert [m.key for track in song.tracks for m in track if m.type == "key_signature"] == [
        expected
    ]


def test_a_signature_of_the_relative_key_follows_too(tmp_path: Path) -> None:
    tune = []
    for index in range(64):
        pitch = (57, 59, 60, 62, 64, 65, 67, 69)[index % 8]
        tune += [(240 * index, made.on(pitch)), (240 * index + 220, made.off(pitch))]
    chords = []
    for bar in range(8):
        chords += made.chord(1920 * bar, 1920 * bar + 1900, (45, 48, 52))
    head = [*made.HEAD, (0, made.key(0))]  # C major, which has the notes of A minor
    content = made.file(made.track(head), made.track(tune), made.track(chords))
    data = transfer(made.write(tmp_path, content), ".9", "0", "--elements", "pitch")
    song = mido.MidiFile(file=io.BytesIO(data))
    assert [m.key for track in song.tracks for m in track if m.type == "key_signature"] == ["A"]


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_good_is_read_and_the_rest_is_named(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = DAMAGED[name]
    path = made.write(tmp_path, content)
    data = transfer(path, ".5", ".5")
    assert re.search(rf"in\.mid: {words}", capsys.readouterr().err)
    mido.MidiFile(file=io.BytesIO(data))
    least = 28 if name == "cut short" else 32
    assert least <= len(read_midi_file(path).notes) <= 32
    assert sum(map(len, sounding(data).values())) >= 20
    assert len(read_primer(path).notes) >= least


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_music_is_refused_in_no_time(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = REFUSED[name]
    path, out = made.write(tmp_path, content), tmp_path / "out.mid"
    emotion = ["--valence", "0.1", "--arousal", "0", "-o", str(out)]
    begun = time.process_time()
    for command in (["transfer", str(path)], ["generate", "--bars", "1", "--primer", str(path)]):
        assert main([*command, *emotion]) == 2
        assert words in capsys.readouterr().err
    assert time.process_time() - begun < 20.0
    assert not out.exists()


def test_notes_of_no_length_are_notes_for_primer_and_transfer(tmp_path: Path) -> None:
    path = made.write(tmp_path, GOOD["notes of no length"])
    assert (
        len(read_primer(path).notes)
        == len(Song(path).notes)
        == len(read_midi_file(path).notes)
        == 32
    )


@pytest.mark.parametrize(
    ("tempi", "expected"),
    [
        ([(0, 120), (13440, 90), (13920, 60), (14400, 40), (14880, 25)], 120.0),
        ([(0, 40), (480, 120)], 120.0),
        ([(480 * beat, 100 + beat % 5) for beat in range(32)], 102.0),
        ([], 120.0),
    ],
)
def test_the_prevailing_tempo_is_gone_on_with(
    tempi: list[tuple[int, float]], expected: float, tmp_path: Path
) -> None:
    events = [(tick, made.tempo(bpm)) for tick, bpm in tempi]
    path = made.write(tmp_path, made.file(made.track(events), made.track(made.scale(count=64))))
    assert read_primer(path).tempo_bpm == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("metres", "notes", "expected", "first"),
    [
        ([(0, (4, 4)), (13440, (2, 4))], 60, (4, 32), 0.0),
        ([(0, (1, 4)), (480, (3, 4))], 50, (3, 27), 2.0),
        ([(0, (3, 4)), (1440, (4, 4)), (13920 - 480, (3, 4))], 56, (4, 32), 1.0),
        ([(0, (6, 8))], 48, (3, 24), 0.0),
        ([(0, (7, 8))], 48, (4, 24), 0.0),
    ],
)
def test_bars_of_the_prevailing_metre_on_the_files_own_bar_lines(
    metres: list[tuple[int, tuple[int, int]]],
    notes: int,
    expected: tuple[int, int],
    first: float,
    tmp_path: Path,
) -> None:
    events = [(tick, made.metre(*metre)) for tick, metre in metres]
    path = made.write(tmp_path, made.file(made.track(events), made.track(made.scale(count=notes))))
    primer = read_primer(path)
    assert (primer.beats_per_bar, primer.beats) == expected
    assert primer.notes[0].onset == first


NOTE = st.tuples(
    st.integers(0, 40),  # start
    st.integers(0, 12),  # length
    st.sampled_from([0, 1, 9]),
    st.integers(60, 63),
    st.integers(1, 127),
    st.booleans(),  # whether it is ended
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tracks=st.lists(st.lists(NOTE, max_size=12), min_size=1, max_size=3).filter(any),
    emotion=st.sampled_from([("0.9", "0.9"), ("-0.9", "-0.9"), ("-0.9", "0.9"), ("0", "0")]),
    elements=st.sampled_from(["all", "velocity", "pitch,register", "duration", "density,chord"]),
    shuffle=st.randoms(use_true_random=False),
    division=st.sampled_from([1, 24, 480]),
)
def test_any_tangle_of_notes_comes_out_whole(
    tracks: list[list[tuple[int, int, int, int, int, bool]]],
    emotion: tuple[str, str],
    elements: str,
    shuffle: Random,
    division: int,
    tmp_path: Path,
) -> None:
    chunks = []
    for notes in tracks:
        events = []
        for start, length, channel, pitch, velocity, ended in notes:
            events.append((start, made.on(pitch, velocity, channel)))
            if ended:
                events.append((start + length, made.off(pitch, channel)))
        shuffle.shuffle(events)
        chunks.append(made.track(sorted(events, key=lambda event: event[0])))
    content = made.file(*chunks, division=division)
    path = made.write(tmp_path, content)
    assert transfer(path, *emotion, "--strength", "0") == content
    before = Song(path)
    data = transfer(path, *emotion, "--elements", elements)
    after = sounding_by_start(data)
    assert end_of(data) <= max(end_of(content), 1)
    if elements == "velocity":
        wanted = {(n.track, n.channel, n.pitch) for n in before.notes}
        assert {place[:3] for place in after} == wanted
        assert len(after) == len(before.notes)


def sounding_by_start(data: bytes) -> set[tuple[int, int, int, int]]:
    """Return (track, channel, pitch, start), as a receiver hears them."""
    found = set()
    for number, events in enumerate(parse_midi(data, "out").tracks):
        held: dict[tuple[int, int], int] = {}
        balance: Counter[tuple[int, int]] = Counter()
        for tick, message in events:
            if message[0] == META or message[0] & 0xF0 not in (0x80, 0x90):
                continue
            place = (message[0] & 15, message[1])
            if message[0] & 0xF0 == 0x90 and message[2]:
                held[place] = tick
                balance[place] += 1
                found.add((number, *place, tick))
            else:
                balance[place] -= 1
                assert held.pop(place, -1) != tick, f"no length at {tick}"
        assert not held and max(balance.values(), default=0) <= 0, "hanging"
    return found


def test_dense_and_long_files_take_bounded_time(tmp_path: Path) -> None:
    random = Random(1)
    events: made.Events = []
    for _ in range(12_000):
        tick, pitch, channel = (
            random.randrange(480 * 60),
            random.randrange(20, 110),
            random.randrange(16),
        )
        events += [(tick, made.on(pitch, 80, channel)), (tick + 48_000, made.off(pitch, channel))]
    dense = made.file(made.track([*made.HEAD, *sorted(events)]))
    far = made.later(made.scale(), 480 * 99_000)
    long = made.file(made.track([(0, made.tempo(4)), *made.scale(), *far]))
    for content in (dense, long):
        begun = time.process_time()
        path = made.write(tmp_path, content)
        sounding_by_start(transfer(path, "-.9", ".9"))
        assert read_primer(path).notes
        assert time.process_time() - begun < 60.0  # usually one or two


@pytest.mark.parametrize("damages", [50, pytest.param(600, marks=pytest.mark.proof)])
def test_damage_at_random_is_refused_or_comes_out_whole(tmp_path: Path, damages: int) -> None:
    random = Random(7)
    names = [name for name in GOOD if name != "many tracks"]
    for _ in range(damages):
        content = bytearray(GOOD[random.choice(names)])
        for _ in range(random.randint(1, 12)):
            place = random.randrange(len(content))
            if random.random() < 0.6:
                content[place] = random.randrange(256)
            else:
                del content[place : place + random.randint(1, 4)]
        path, out = made.write(tmp_path, bytes(content)), tmp_path / "out.mid"
        words = ["--valence", "-.9", "--arousal", ".7", "-o", str(out)]
        if main(["transfer", str(path), *words]) == 0:
            sounding_by_start(out.read_bytes())
            assert end_of(out.read_bytes()) <= max(end_of(bytes(content)), 1)
            assert not parse_midi(out.read_bytes(), "out").left_out
