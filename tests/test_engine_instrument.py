"""The built-in instrument: what sounds, when, and how it ends."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.needs import need_program, need_soundfont

from engine.errors import InputError
from engine.instrument.process import BlockClock
from engine.instrument.sound_file import SAMPLE_RATE, file_messages, render, write_sound
from engine.instrument.soundfont import DRUM_BANK, SoundFont
from engine.instrument.synth import BLOCK, Synth
from engine.instrument.voices import MOST
from engine.midi.file import write_midi_file
from engine.midi.smf import Event, encode_midi
from presets import SOUNDFONT

RHODES, ORGAN = 4, 16


def on(key, velocity=100, channel=0):
    return bytes((0x90 | channel, key, velocity))


def off(key, channel=0):
    return bytes((0x80 | channel, key, 64))


def cc(number, value, channel=0):
    return bytes((0xB0 | channel, number, value))


def program(number, channel=0):
    return bytes((0xC0 | channel, number))


@pytest.fixture(scope="module")
def organ() -> Synth:
    """One for all: reading the samples takes longer than a test."""
    synth = Synth(None, SAMPLE_RATE)
    synth.load(0, ORGAN)
    return synth


@pytest.fixture
def synth(organ):
    organ.silence()
    played(organ, 0.05)
    organ.silence()  # the room again, too
    for channel in range(16):
        organ.send(cc(121, 0, channel))
        for number, value in ((7, 100), (10, 64), (91, 0), (100, 127), (101, 127)):
            organ.send(cc(number, value, channel))
        organ.send(program(ORGAN, channel))
    organ.volume = 1.0
    return organ


def played(synth, seconds):
    blocks = round(seconds * SAMPLE_RATE / BLOCK)
    return np.concatenate([synth.render() for _ in range(blocks)])


def level(sound):
    return float(np.sqrt(np.mean(np.square(sound))))


def pitch_hz(sound, near_hz):
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), size))
    hz = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    close = (hz > near_hz * 0.94) & (hz < near_hz * 1.06)
    return float(hz[close][spectrum[close].argmax()])


def cents(measured_hz, key):
    return 1200.0 * np.log2(measured_hz / (440.0 * 2.0 ** ((key - 69) / 12.0)))


@pytest.mark.parametrize("key", [45, 57, 69, 81])
def test_a_key_sounds_at_its_pitch(synth, key):
    synth.send(on(key))
    sound = played(synth, 1.0)[SAMPLE_RATE // 4 :, 0]
    assert abs(cents(pitch_hz(sound, 440.0 * 2.0 ** ((key - 69) / 12.0)), key)) < 12.0


def test_a_bend_moves_two_semitones_or_as_far_as_it_is_told(synth):
    synth.send(on(69))
    synth.send(bytes((0xE0, 127, 127)))
    up = played(synth, 0.7)[SAMPLE_RATE // 5 :, 0]
    for number, value in ((101, 0), (100, 0), (6, 12)):
        synth.send(cc(number, value))
    far = played(synth, 0.7)[SAMPLE_RATE // 5 :, 0]
    assert abs(cents(pitch_hz(up, 493.9), 71)) < 15.0
    assert abs(cents(pitch_hz(far, 880.0), 81)) < 15.0


@pytest.mark.parametrize("offset", [0, 1, 60, BLOCK - 1])
def test_a_note_begins_at_its_sample(synth, offset):
    synth.load(0, RHODES)  # begins without an attack
    synth.send(program(RHODES))
    synth.send(on(60), offset)
    block = synth.render()[:, 0]
    assert not block[:offset].any()
    assert np.abs(np.concatenate([block, synth.render()[:, 0]])[offset:]).max() > 1e-3


def test_a_released_key_falls_silent_and_a_pedal_holds_it(synth):
    synth.send(on(60))
    held = level(played(synth, 0.5)[-4800:])
    synth.send(cc(64, 127))
    synth.send(off(60))
    assert level(played(synth, 1.0)[-4800:]) == pytest.approx(held, rel=0.3)
    synth.send(cc(64, 0))
    assert level(played(synth, 1.5)[-4800:]) < held / 1000
    assert synth.sounding == 0


def test_sostenuto_holds_only_what_was_down(synth):
    synth.send(on(60))
    synth.send(cc(66, 127))
    synth.send(on(67))
    synth.send(off(60))
    synth.send(off(67))
    sound = played(synth, 1.5)[-SAMPLE_RATE // 2 :, 0]
    assert abs(cents(pitch_hz(sound, 261.6), 60)) < 15.0
    synth.send(cc(66, 0))
    assert level(played(synth, 1.5)[-4800:]) < 1e-4


@pytest.mark.parametrize(
    "ending", [cc(120, 0), cc(123, 0), cc(121, 0)], ids=["sound off", "notes off", "reset"]
)
def test_ends_of_a_channel_end_it_and_no_other(synth, ending):
    synth.send(on(60, channel=0))
    if ending[1] == 121:  # it lifts the pedal that holds
        synth.send(cc(64, 127))
        synth.send(off(60))
    played(synth, 0.3)
    alone = synth.sounding
    synth.load(1, ORGAN)
    synth.send(on(72, channel=1))
    played(synth, 0.1)
    synth.send(ending)
    played(synth, 1.5)
    assert synth.sounding == alone  # the other channel's voices


def test_volume_expression_and_pan(synth):
    synth.send(on(60))
    full = level(played(synth, 0.5)[-4800:])
    synth.send(cc(7, 50))
    assert level(played(synth, 0.3)[-4800:]) == pytest.approx(full / 4, rel=0.2)
    synth.send(cc(7, 100))
    synth.volume = 0.5
    assert level(played(synth, 0.3)[-4800:]) == pytest.approx(full / 2, rel=0.2)
    synth.send(cc(10, 127))
    right = played(synth, 0.3)[-4800:]
    assert level(right[:, 0]) < level(right[:, 1]) / 4  # what is left comes from the room


def test_harder_is_louder(synth):
    levels = []
    for velocity in (30, 60, 90, 120):
        synth.send(on(60, velocity))
        levels.append(level(played(synth, 0.2)))
        synth.send(cc(120, 0))
        played(synth, 0.3)
    assert levels == sorted(levels) and levels[-1] > 8 * levels[0]


def test_percussion_is_on_channel_ten_and_a_closed_hat_ends_the_open_one(synth):
    synth.load(9, 0)
    synth.send(on(46, channel=9))
    played(synth, 0.2)
    open_hat = level(played(synth, 0.05))
    synth.send(on(42, 1, channel=9))
    played(synth, 0.1)
    assert level(played(synth, 0.05)) < open_hat / 5


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0x80, 0x90, 0xB0, 0xE0]),
            st.integers(0, 3),
            st.integers(0, 127),
            st.integers(0, 127),
        ),
        max_size=80,
    )
)
def test_whatever_comes_it_stays_within_range_and_can_be_silenced(organ, messages):
    for kind, channel, first, second in messages:
        organ.send(program(ORGAN, channel))
        organ.send(bytes((kind | channel, first, second)), first)
        sound = organ.render()
        assert np.isfinite(sound).all() and np.abs(sound).max() <= 1.0
        assert organ.sounding <= MOST
    organ.silence()
    played(organ, 0.1)
    assert organ.sounding == 0


# ---------------------------------------------------------------------- SoundFonts


def test_every_family_has_an_instrument_and_the_shipped_file_decodes():
    font = SoundFont(SOUNDFONT)
    assert font.programs[-1] == (DRUM_BANK, 0)
    for number in (0, 25, 33, 50, 74):
        bank, found = font.nearest(number, drums=False)
        assert bank == 0 and found // 8 == number // 8
    for bank, number in font.programs:
        regions = font.regions(bank, number)
        keys = {key for r in regions for key in range(r.keys[0], r.keys[1] + 1)}
        assert {60} <= keys or bank == DRUM_BANK
        region = regions[len(regions) // 2]
        sample = font.sample(region)
        assert np.isfinite(sample).all() and len(sample) > 100
        if region.loops:
            assert 0 <= region.loop_start < region.loop_end <= len(sample)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0sfbk", b"RIFFxxxxWAVEfmt "])
def test_what_is_no_soundfont_is_named(tmp_path: Path, content):
    path = tmp_path / "x.sf2"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a SoundFont"):
        Synth(path)
    with pytest.raises(InputError, match="cannot read"):
        Synth(tmp_path / "missing.sf2")


def test_a_damaged_soundfont_is_an_error_or_plays(tmp_path: Path):
    whole = SOUNDFONT.read_bytes()
    random = np.random.default_rng(1)
    for _ in range(12):
        data = bytearray(whole)
        for place in random.integers(len(whole) - 60_000, len(whole), 40):
            data[place] = random.integers(256)
        path = tmp_path / "x.sf3"
        path.write_bytes(data)
        try:
            synth = Synth(path)
            synth.send(on(60))
            assert np.isfinite(synth.render()).all()
        except InputError:
            pass


def test_another_synthesizer_plays_a_soundfont_as_loud_and_as_bright(tmp_path: Path):
    """FluidSynth plays the same notes of the same font; only its master volume is its own."""
    fluidsynth, font = need_program("fluidsynth"), need_soundfont()
    midi, wave = tmp_path / "x.mid", tmp_path / "x.wav"
    apart_db, brighter = [], []
    for number in (0, 4, 24, 32, 48, 73, 89):
        events = [Event(0, program(number)), Event(0, on(60)), Event(960, off(60))]
        midi.write_bytes(encode_midi([events], [960], kind=0, division=480))
        options = ["-n", "-i", "-q", "-R", "0", "-C", "0", "-r", str(SAMPLE_RATE), "-F", str(wave)]
        subprocess.run([fluidsynth, *options, font, midi], check=True, stdout=subprocess.DEVNULL)
        theirs = soundfile.read(wave)[0][:SAMPLE_RATE].mean(1)
        synth = Synth(font, SAMPLE_RATE)
        for _tick, data in events[:2]:
            synth.send(data)
        ours = played(synth, 1.0).mean(1)
        apart_db.append(20.0 * np.log10(level(ours) / level(theirs)))
        brighter.append(centroid_hz(ours) / centroid_hz(theirs))
    assert np.ptp(apart_db) < 3.0
    assert all(0.75 < ratio < 1.33 for ratio in brighter)


def centroid_hz(sound):
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float(power @ np.fft.rfftfreq(len(sound), 1.0 / SAMPLE_RATE) / power.sum())


# ---------------------------------------------------------------------- files


def notes_at(*times_s):
    found = []
    for number, at_s in enumerate(times_s):
        found += [(at_s, on(60 + number)), (at_s + 0.2, off(60 + number))]
    return sorted(found)


def test_a_file_has_its_notes_in_time():
    sound = render([(0.0, program(ORGAN)), *notes_at(0.25, 1.0)])
    loud = np.abs(sound[:, 0]) > 0.1 * np.abs(sound).max()
    assert loud.argmax() / SAMPLE_RATE == pytest.approx(0.25, abs=0.01)
    assert not loud[int(0.9 * SAMPLE_RATE) : SAMPLE_RATE].any()
    assert loud[int(0.9 * SAMPLE_RATE) :].argmax() / SAMPLE_RATE == pytest.approx(0.1, abs=0.01)
    assert np.abs(sound).max() <= 0.9 and len(sound) < 5 * SAMPLE_RATE


def test_a_length_is_kept_and_faded():
    sound = render([(0.0, program(ORGAN)), (0.1, on(60))], length_s=1.0)
    assert sound.shape == (SAMPLE_RATE, 2) and not sound[-1].any()
    assert render([], length_s=0.5).shape == (SAMPLE_RATE // 2, 2)


@pytest.mark.parametrize("suffix", [".ogg", ".flac", ".wav"])
def test_sound_is_written_by_its_name(tmp_path: Path, suffix):
    sound = render([(0.0, program(ORGAN)), *notes_at(0.1)])
    path = tmp_path / f"x{suffix}"
    write_sound(path, sound)
    read, rate = soundfile.read(path, always_2d=True)
    assert rate == SAMPLE_RATE and read.shape == sound.shape
    assert level(read - sound) < 0.05 * level(sound)


def test_another_ending_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"must end in \.ogg, \.flac, \.wav; got 'x\.mp3'"):
        write_sound(tmp_path / "x.mp3", render([], length_s=0.1))


def test_a_midi_file_is_played_along_its_tempo_map(tmp_path: Path):
    from engine.events import NoteEvent
    from engine.music.song_map import SongMap

    path = tmp_path / "x.mid"
    notes = [NoteEvent(n, 4.0 * n, 1.0, 60, 90, 0, "lead") for n in range(3)]
    write_midi_file(
        path,
        notes,
        (),
        tempo_bpm=120.0,
        key="C:maj",
        beats_per_bar=4,
        song_map=SongMap(((4.0, 60.0),)),
    )
    starts = [at_s for at_s, data in file_messages(path) if data[0] == 0x90]
    assert starts == pytest.approx([0.0, 2.0, 6.0])


# ---------------------------------------------------------------------- in time


@given(st.lists(st.floats(0.0, 0.002), min_size=400, max_size=400))
@settings(max_examples=20, deadline=None)
def test_blocks_follow_each_other_evenly_however_late_we_wake(delays):
    clock, block_s = BlockClock(48_000), BLOCK / 48_000
    ends = [clock.next_end(100.0 + n * block_s + late, 1) for n, late in enumerate(delays)]
    assert np.abs(np.diff(ends[10:]) - block_s).max() < 0.0002
    assert all(0.0 <= end - 100.0 - n * block_s + 1e-9 < 0.0021 for n, end in enumerate(ends))
