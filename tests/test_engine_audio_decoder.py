"""Any sound file is decoded to its true end, and damage is reported with its time."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sound_files import encode, tones

from engine.audio.decoder import AudioFile
from engine.audio.file_input import mono_blocks
from engine.errors import AudioFileError

RATE = 48_000


def heard(path: Path) -> tuple[np.ndarray, list[str]]:
    damage: list[str] = []
    return np.concatenate(list(mono_blocks(path, 16_000, report=damage.append))), damage


def level(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("x.ogg", "libopus"),
        ("x.opus", "libopus"),
        ("x.m4a", "aac"),
        ("x.mp4", "aac"),
        ("x.aac", "aac"),
        ("x.webm", "libopus"),
        ("x.mka", "flac"),
        ("x.wma", "wmav2"),
        ("x.ac3", "ac3"),
        ("x.mp2", "mp2"),
        ("x.wv", "wavpack"),
        ("x.caf", "pcm_s16le"),
        ("x.m4a", "alac"),
        ("x.wav", "pcm_s24le"),
        ("x.wav", "pcm_mulaw"),
        ("x.wav", "pcm_u8"),
        ("x.wav", "pcm_f64le"),
        ("x.w64", "pcm_s16le"),
        ("x.au", "pcm_s16be"),
        ("x.aiff", "pcm_s24be"),
        ("x.eac3", "eac3"),
        ("x.tta", "tta"),
        ("x.flv", "libmp3lame"),
        ("x.avi", "ac3"),
        ("x.ts", "aac"),
    ],
)
def test_formats_are_decoded_whole(tmp_path: Path, name: str, codec: str) -> None:
    path = encode(tmp_path / name, tones(RATE, 3.0), RATE, codec)
    sound, damage = heard(path)
    assert len(sound) / 16_000 == pytest.approx(3.0, abs=0.1)
    assert level(sound[8_000:40_000]) == pytest.approx(0.184, abs=0.02)
    assert damage == []


def test_sound_of_a_film_begins_where_it_does_in_the_film(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mkv", tones(RATE, 2.0), RATE, "flac", start_s=1.5, pictures_s=4.0)
    sound, damage = heard(path)
    assert len(sound) / 16_000 == pytest.approx(3.5, abs=0.05)
    assert level(sound[:23_000]) < 1e-3 < level(sound[24_500:])
    assert damage == []


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_film_that_outlasts_its_sound_is_not_damaged(tmp_path: Path, suffix: str) -> None:
    path = encode(tmp_path / f"x.{suffix}", tones(RATE, 2.0), RATE, "aac", pictures_s=5.0)
    sound, damage = heard(path)
    assert len(sound) / 16_000 == pytest.approx(2.0, abs=0.1)
    assert damage == []


def test_a_stated_length_is_not_trusted(tmp_path: Path) -> None:
    """The first frames of variable bit rate are of silence: FFmpeg guesses an hour from them."""
    quiet = np.zeros((2 * RATE, 2), np.float32)
    sound = np.concatenate([quiet, tones(RATE, 6.0)])
    path = encode(tmp_path / "x.mp3", sound, RATE, "libmp3lame", write_xing="0")
    with AudioFile(path) as audio:
        while len(audio.read(10_000)):
            pass
        assert audio.position_s == pytest.approx(8.0, abs=0.1)
        assert audio.damage == []


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_whose_recorder_died_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    soundfile.write(tmp_path / "x.wav", tones(RATE, 2.0), RATE, "PCM_16")
    data = bytearray((tmp_path / "x.wav").read_bytes())
    place = data.index(b"data") + 4
    data[place : place + 4] = data[4:8] = size.to_bytes(4, "little")
    (tmp_path / "x.wav").write_bytes(data)
    sound, damage = heard(tmp_path / "x.wav")
    assert len(sound) == pytest.approx(32_000, abs=20)
    assert damage == []


@pytest.mark.parametrize("zeros", [20_000, 200_000])
def test_zeros_before_mp3_frames_are_passed_over(tmp_path: Path, zeros: int) -> None:
    whole = encode(tmp_path / "x.mp3", tones(RATE, 3.0), RATE, "libmp3lame").read_bytes()
    (tmp_path / "y.mp3").write_bytes(bytes(zeros) + whole)
    assert len(heard(tmp_path / "y.mp3")[0]) / 16_000 == pytest.approx(3.0, abs=0.15)


def test_a_tag_of_impossible_length_is_passed_over(tmp_path: Path) -> None:
    whole = encode(tmp_path / "x.mp3", tones(RATE, 3.0), RATE, "libmp3lame").read_bytes()
    frames = whole[whole.index(b"\xff\xfb") :]
    rubbish = np.random.default_rng(1).integers(0, 255, 500, np.uint8).tobytes()
    (tmp_path / "y.mp3").write_bytes(b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + rubbish + frames)
    assert len(heard(tmp_path / "y.mp3")[0]) / 16_000 == pytest.approx(3.0, abs=0.15)


def test_mp3_files_joined_with_their_tags_are_not_damaged(tmp_path: Path) -> None:
    whole = encode(tmp_path / "x.mp3", tones(RATE, 3.0), RATE, "libmp3lame").read_bytes()
    (tmp_path / "y.mp3").write_bytes(whole + b"TAG" + bytes(125) + whole)
    sound, damage = heard(tmp_path / "y.mp3")
    assert len(sound) / 16_000 == pytest.approx(6.0, abs=0.2)
    assert damage == []


def test_a_file_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"")
    for name, words in (("x.wav", "audio file is empty"), ("y.wav", "audio file not found")):
        with pytest.raises(AudioFileError) as caught:
            AudioFile(tmp_path / name)
        assert str(caught.value) == f"{words}: {tmp_path / name}"


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("flac", "flac"), ("ogg", "libopus"), ("mka", "flac"), ("mp3", "libmp3lame"), ("ac3", "ac3")],
)
def test_what_follows_a_hole_is_decoded_in_its_place(
    tmp_path: Path, suffix: str, codec: str
) -> None:
    sound = tones(RATE, 8.0)
    sound[7 * RATE :] *= 0.1
    path = encode(tmp_path / f"x.{suffix}", sound, RATE, codec)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3_000] = bytes(3_000)
    path.write_bytes(data)
    out, damage = heard(path)
    assert len(out) / 16_000 == pytest.approx(8.0, abs=0.1)
    assert level(out[: 6 * 16_000]) > 0.1 > 0.03 > level(out[int(7.1 * 16_000) : int(7.9 * 16_000)])
    assert damage
    at_s = float(damage[0].partition("at ")[2].partition(" s")[0])
    assert 2.0 < at_s < 5.0
    assert damage[0].startswith(str(path))


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [("wav", None), ("wav", "RF64"), ("w64", None), ("aiff", None), ("flac", None), ("ogg", None)]
    + [("caf", None), ("mp3", None), ("ac3", "ac3"), ("eac3", "eac3")],
)
def test_a_file_that_was_cut_off_says_where_it_ends(
    tmp_path: Path, suffix: str, kind: str | None
) -> None:
    path = tmp_path / f"x.{suffix}"
    if kind == suffix:
        encode(path, tones(RATE, 6.0), RATE, kind)
    else:
        soundfile.write(path, tones(RATE, 6.0), RATE, format=kind)
    assert heard(path)[1] == []
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 33])
    out, damage = heard(path)
    assert 1.0 < len(out) / 16_000 < 4.5
    assert f"at {len(out) / 16_000:.1f} s" in damage[-1]


def test_a_film_without_its_index_is_named_so(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mp4", tones(RATE, 1.0), RATE, "aac")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    with pytest.raises(AudioFileError, match=r"its index \(moov\) is missing"):
        AudioFile(path)


@pytest.mark.parametrize("second", [(RATE, 2), (44_100, 1)])
def test_chained_ogg_is_decoded_whole(tmp_path: Path, second: tuple[int, int]) -> None:
    rate, channels = second
    soundfile.write(tmp_path / "a.ogg", tones(RATE, 2.0), RATE)
    soundfile.write(tmp_path / "b.ogg", tones(rate, 3.0, channels), rate)
    path = tmp_path / "ab.ogg"
    path.write_bytes((tmp_path / "a.ogg").read_bytes() + (tmp_path / "b.ogg").read_bytes())
    out, damage = heard(path)
    assert len(out) / 16_000 == pytest.approx(5.0, abs=0.1)
    assert level(out[40_000:76_000]) == pytest.approx(0.184, abs=0.02)
    assert damage == []


def test_channels_that_cancel_behind_a_mono_part_are_heard(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", tones(RATE, 2.0, 1), RATE)
    soundfile.write(tmp_path / "b.ogg", tones(RATE, 3.0) * [1.0, -1.0], RATE)
    path = tmp_path / "ab.ogg"
    path.write_bytes((tmp_path / "a.ogg").read_bytes() + (tmp_path / "b.ogg").read_bytes())
    assert level(heard(path)[0][45_000:75_000]) == pytest.approx(0.082, abs=0.01)


def test_a_radio_recording_that_changes_its_rate_again_and_again_is_decoded_whole(
    tmp_path: Path,
) -> None:
    parts = []
    for number, (rate, channels) in enumerate([(RATE, 2), (44_100, 1), (32_000, 2), (RATE, 1)]):
        path = tmp_path / f"{number}.ogg"
        soundfile.write(path, tones(rate, 2.0, channels), rate)
        parts.append(path.read_bytes())
    (tmp_path / "radio.ogg").write_bytes(b"".join(parts))
    out, damage = heard(tmp_path / "radio.ogg")
    assert len(out) / 16_000 == pytest.approx(8.0, abs=0.2)
    for second in (1, 3, 5, 7):
        part = out[second * 16_000 - 4_000 : second * 16_000 + 4_000]
        assert level(part) == pytest.approx(0.184, abs=0.02)
    assert damage == []


def test_surround_sound_with_one_channel_is_heard(tmp_path: Path) -> None:
    sound = np.zeros((3 * RATE, 6), np.float32)
    sound[:, 2] = tones(RATE, 3.0, 1)[:, 0]
    path = encode(tmp_path / "x.flac", sound, RATE, "flac")
    assert level(heard(path)[0][16_000:]) == pytest.approx(0.082, abs=0.01)


@pytest.mark.parametrize(("suffix", "channels"), [("wav", 8), ("wav", 24), ("flac", 8)])
def test_as_many_channels_as_anybody_records_are_decoded(
    tmp_path: Path, channels: int, suffix: str
) -> None:
    """With planes for each channel PyAV ended the whole process."""
    sound = np.zeros((RATE, channels), np.float32)
    sound[:, -1:] = tones(RATE, 1.0, 1)
    soundfile.write(tmp_path / f"x.{suffix}", sound, RATE)
    with AudioFile(tmp_path / f"x.{suffix}") as file:
        block = file.read(2 * RATE)
    assert block.shape == sound.shape
    np.testing.assert_allclose(block, sound, atol=1e-3)


def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path) -> None:
    path = tmp_path / "take2:final.wav"
    soundfile.write(path, tones(RATE, 0.5), RATE)
    assert len(heard(path)[0]) == 8_000


def test_a_rewound_file_is_the_same_again(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.m4a", tones(RATE, 1.0), RATE, "aac")
    with AudioFile(path) as audio:
        first = audio.read(30_000)
        audio.rewind()
        np.testing.assert_array_equal(audio.read(30_000), first)
