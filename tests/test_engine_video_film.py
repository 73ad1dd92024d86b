import os
import sys

import av
import numpy as np
import pytest
import soundfile
from film_samples import pattern, shots, states_of, write_film

from engine.errors import DeviceError, InputError
from engine.video import camera
from engine.video.analyser import VideoAnalyser
from engine.video.camera import Camera, list_cameras
from engine.video.film import Film, watch_film


def watched(path):
    with Film(path) as film:
        return list(watch_film(film)), film


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "film.mp4", shots([40, 55, 35]))


@pytest.mark.parametrize(
    ("suffix", "codec", "fps"),
    [(".mp4", "mpeg4", 25), (".mkv", "libx264", 24), (".avi", "ffv1", 30), (".ts", "mpeg4", 50)],
)
def test_cuts_and_length_survive_encoding(tmp_path, suffix, codec, fps):
    path = write_film(tmp_path / f"film{suffix}", shots([2 * fps, 3 * fps, fps]), fps, codec)
    states, film = watched(path)
    cuts = [state.cut_s for state in states if state.cut_s is not None]
    assert cuts == pytest.approx([2.0, 5.0], abs=0.002)
    assert film.end_s == pytest.approx(6.0, abs=0.01)
    assert film.damaged == 0


def test_titles_that_are_no_text_do_not_matter(tmp_path):
    path = write_film(tmp_path / "film.mkv", shots([20]))
    with av.open(str(path)) as container:
        encoder = container.metadata["ENCODER"].encode()
    data = path.read_bytes()
    assert encoder in data
    path.write_bytes(data.replace(encoder, b"\xff\xfe" + encoder[2:]))
    with pytest.raises(UnicodeDecodeError):
        av.open(str(path))
    states, film = watched(path)
    assert states and film.end_s == pytest.approx(20 / 25, abs=0.01)


def test_a_file_looks_like_its_pictures(tmp_path):
    frames = shots([60])
    path = write_film(tmp_path / "film.mp4", frames)
    seen, shown = watched(path)[0][-1], states_of(frames)[-1]
    assert seen.brightness == pytest.approx(shown.brightness, abs=0.03)
    assert seen.saturation == pytest.approx(shown.saturation, abs=0.12)


def test_stamps_that_are_missing_or_start_late_do_not_matter(tmp_path):
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        for index, picture in enumerate(shots([50, 50])):
            frame = av.VideoFrame.from_ndarray(picture.repeat(2, 0).repeat(2, 1), format="rgb24")
            frame.pts = index + 250
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    states, film = watched(path)
    assert states[0].time_s == 0.0
    assert [state.cut_s for state in states if state.cut_s] == pytest.approx([2.0], abs=0.002)
    assert film.end_s == pytest.approx(4.0, abs=0.01)


def test_variable_frame_rate_is_held_on_the_grid(tmp_path):
    path = tmp_path / "slides.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        for slide, at in enumerate((0, 60, 85, 150)):
            picture = pattern(slide).repeat(2, 0).repeat(2, 1)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    states, _ = watched(path)
    assert [s.time_s for s in states] == pytest.approx([i / 10 for i in range(len(states))])
    cuts = [state.cut_s for state in states if state.cut_s is not None]
    assert cuts[:2] == pytest.approx([2.4, 3.4], abs=0.01)


def test_one_picture_is_a_film_of_one_frame(tmp_path):
    states, film = watched(write_film(tmp_path / "one.mp4", shots([1])))
    assert len(states) == 1
    assert film.end_s == pytest.approx(0.04)


def test_a_film_cut_off_in_the_middle_is_watched_up_to_there(tmp_path):
    whole = write_film(tmp_path / "whole.ts", shots([100, 100]))
    part = tmp_path / "part.ts"
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    states, film = watched(part)
    assert 2.0 < film.end_s < 6.0
    assert len(states) == pytest.approx(10 * film.end_s, abs=1.1)


def test_damage_inside_is_counted_or_decoded_around(film, tmp_path):
    data = bytearray(film.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 2000] = os.urandom(2000)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    try:
        states, _ = watched(broken)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert all(np.isfinite(state.valence) for state in states)


def test_what_is_no_film_is_said_in_one_line(film, tmp_path):
    sound = tmp_path / "sound.wav"
    soundfile.write(sound, np.zeros(8000, np.float32), 8000)
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/never.ts\n")
    half = tmp_path / "half.mp4"  # the index at its end is missing
    half.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    garbage = tmp_path / "garbage.mp4"
    garbage.write_bytes(os.urandom(20_000))
    empty = tmp_path / "empty.mov"
    empty.touch()
    for path in (sound, playlist, half, garbage, empty, tmp_path, tmp_path / "missing.mp4"):
        with pytest.raises(InputError) as caught:
            watched(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_device_delivers_pictures_in_time(monkeypatch):
    # FFmpeg's own signal generator stands in for a camera: a device like any other to it.
    monkeypatch.setitem(camera._FORMATS, sys.platform, "lavfi")
    source = Camera("testsrc2=size=128x72:rate=30:duration=1.5")
    analyser = VideoAnalyser()
    states = [state for picture in source.pictures() for state in analyser.push(picture)]
    source.close()
    assert [state.time_s for state in states] == pytest.approx([i / 10 for i in range(15)])
    assert states[-1].motion > 0.1


@pytest.mark.parametrize(
    ("platform", "name", "address"),
    [
        ("v4l2", "2", "/dev/video2"),
        ("v4l2", "/dev/video1", "/dev/video1"),
        ("avfoundation", "0", "0:none"),
        ("dshow", "HD Webcam", "video=HD Webcam"),
    ],
)
def test_cameras_are_addressed_as_each_system_wants(platform, name, address):
    assert camera._address(platform, name) == address


def test_listing_cameras_raises_nothing_but_device_errors():
    try:
        assert all(isinstance(line, str) and line for line in list_cameras())
    except DeviceError as error:
        assert "\n" not in str(error)


def test_a_camera_that_is_not_there_is_said_in_one_line():
    with pytest.raises(DeviceError, match="camera 'no such camera'") as caught:
        Camera("no such camera")
    assert "\n" not in str(caught.value)
