"""Music under films: every picture is kept, and both start together."""

import av
import numpy as np
import pytest
from film_samples import encode, shots, write_film

from engine.errors import InputError
from engine.instrument.sound_file import SAMPLE_RATE
from engine.video.film import Film
from engine.video.render import _mux

B_FRAMES = {"b": "2000000", "bf": "2", "g": "25"}
SHOTS = (50, 40, 30)  # frames at 25 a second
SOUND = np.zeros((6 * SAMPLE_RATE, 2), np.float32)


def with_b_frames(path):
    large = (frame.repeat(2, 0).repeat(2, 1) for frame in shots(SHOTS))
    encode(path, large, fps=25, codec="mpeg4", options=B_FRAMES)
    return path


def cut_times(path):
    """Return the times of the pictures that differ most from the one before [s]."""
    with av.open(str(path)) as film:
        frames = [(f.time, f.to_ndarray(format="gray").astype(float)) for f in film.decode(video=0)]
    changes = [np.abs(b - a).mean() for (_, a), (_, b) in zip(frames, frames[1:], strict=False)]
    largest = np.sort(np.argsort(changes)[-2:])
    return len(frames), [frames[index + 1][0] - frames[0][0] for index in largest]


def starts(path):
    with av.open(str(path)) as film:
        picture = next(film.decode(video=0)).time
    with av.open(str(path)) as film:
        return picture, next(film.decode(audio=0)).time


@pytest.mark.parametrize("source", [".mkv", ".mp4", ".avi"])
@pytest.mark.parametrize("target", [".mkv", ".mp4"])
def test_every_picture_is_kept_and_starts_with_the_music(tmp_path, source, target):
    film, out = with_b_frames(tmp_path / f"film{source}"), tmp_path / f"scored{target}"
    _mux(film, SOUND[: int(4.8 * SAMPLE_RATE)], out)
    frames, cuts = cut_times(out)
    assert frames == cut_times(film)[0] == sum(SHOTS)
    assert cuts == pytest.approx([2.0, 3.6], abs=0.002)
    picture, music = starts(out)
    assert picture == pytest.approx(music, abs=0.03)  # the coder's priming


def test_a_trimmed_film_and_its_music_start_together(tmp_path):
    """Players leave out what lies before zero: an edit list, as trimming without coding makes."""
    whole, film, out = (tmp_path / name for name in ("whole.mp4", "film.mp4", "scored.mp4"))
    with_b_frames(whole)
    with av.open(str(whole)) as source, av.open(str(film), "w") as trimmed:
        stream = trimmed.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                by = round(1.2 / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - by, packet.dts - by, stream
                trimmed.mux(packet)
    frames, cuts = cut_times(film)
    assert (frames, cuts) == (90, pytest.approx([0.8, 2.4], abs=0.002))
    _mux(film, SOUND[: int(3.6 * SAMPLE_RATE)], out)
    frames, cuts = cut_times(out)
    assert (frames, cuts) == (90, pytest.approx([0.8, 2.4], abs=0.002))
    assert starts(out) == pytest.approx((0.0, 0.0), abs=0.03)
    with Film(film) as watched:
        assert len(list(watched.pictures())) == 90


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_what_no_container_takes_is_to_be_converted(tmp_path, suffix):
    film = tmp_path / "clip.gif"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "rgb8"
        for frame in shots((3, 3)):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(picture.reformat(format="rgb8")))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match=r"`ffmpeg -i clip\.gif clip\.mp4`") as caught:
        _mux(film, SOUND, tmp_path / f"x{suffix}")
    assert "try .mkv" not in str(caught.value)


def test_the_pictures_of_a_film_are_not_its_cover(tmp_path):
    film, out = tmp_path / "film.mp4", tmp_path / "scored.mp4"
    plain = write_film(tmp_path / "plain.mp4", shots((25, 25)))
    with av.open(str(plain)) as source, av.open(str(film), "w") as target:
        cover = target.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 64, 36, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        stream = target.add_stream_from_template(source.streams.video[0])
        image = av.VideoFrame.from_ndarray(shots((1,))[0], format="rgb24")
        target.mux(cover.encode(image.reformat(format="yuvj420p")))
        target.mux(cover.encode(None))
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    _mux(film, SOUND[: 2 * SAMPLE_RATE], out)
    assert cut_times(out)[0] == 50
