import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from film_samples import shots, states_of, write_film
from servers.jack import until

from engine.audio import NoInput, open_source
from engine.errors import DeviceError, InputError
from engine.events import EmotionState
from engine.live.runtime import Runtime
from engine.music.clock import InternalClock
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig
from engine.video.capture import means_file
from engine.video.film import Film, watch_film
from engine.video.input import Seen, VideoInput
from engine.video.semantic import Meaning
from engine.video.video_emotion import VideoEmotion

LENGTHS = (20, 22)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("live") / "film.mp4", shots(LENGTHS))


def start(request):
    return subprocess.Popen(
        [sys.executable, "-m", "engine.video.capture", json.dumps(request)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def heard(state="tracking"):
    return EmotionState(
        1.0, 0.8, -0.6, 0.1, 0.1, (1.0, 0.0, 0.0, 0.0), (), "G:maj", "C:maj", -20.0, state
    )


def test_the_process_says_what_the_file_says(film):
    with start({"video": str(film), "neutral": {}, "clip": None}) as process:
        lines = [json.loads(line) for line in process.stdout]
    assert lines[0] == {"is": "open", "video": film.name}
    assert lines[-1] == {"is": "end"}
    told = [{k: v for k, v in line.items() if k != "is"} for line in lines[1:-1]]
    with Film(film) as whole:
        assert told == [state.to_json() for state in watch_film(whole)]


def test_the_process_ends_with_its_parent(film):
    with start({"video": str(film)}) as process:
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(10) == 0


def test_the_process_says_why_it_cannot_watch(tmp_path):
    with start({"video": str(tmp_path / "missing.mp4")}) as process:
        answer = json.loads(process.stdout.readline())
        assert answer["is"] == "error" and "missing.mp4" in answer["message"]
        assert process.wait(10) == 2


def test_an_input_shows_a_film_in_real_time_and_says_when_it_is_over(film):
    with VideoInput(str(film)) as video:
        began_s = time.perf_counter()
        until(lambda: video.seen is not None, "a picture", 15.0)
        until(lambda: video.cut_at_s is not None, "the cut", 15.0)
        assert video.cut_at_s > began_s + LENGTHS[0] / 25 - 0.1  # never ahead of its time
        until(lambda: video.ended, "the end", 15.0)
        assert video.error is None


def test_an_input_that_cannot_be_opened_raises_in_one_line(tmp_path):
    with pytest.raises(DeviceError, match="no such camera") as caught:
        VideoInput("no such camera").start()
    assert "\n" not in str(caught.value)
    with pytest.raises(DeviceError, match=r"missing\.mp4"):
        VideoInput(str(tmp_path / "missing.mp4")).start()


def test_a_process_that_is_killed_is_reported_and_the_input_ends(film):
    with VideoInput(str(film)) as video:
        until(lambda: video.seen is not None, "a picture", 15.0)
        video._watcher._process.send_signal(signal.SIGKILL)
        until(lambda: video.error is not None, "the report", 15.0)
        assert str(film) in video.error
        assert video.ended


def test_a_lost_camera_is_looked_for_until_it_is_back(film):
    video = VideoInput(str(film))
    video._is_file = False  # a camera that stops after its last picture
    with video:
        until(lambda: video.error is not None, "the report", 15.0)
        assert "lost" in video.error
        until(
            lambda: video.restarts >= 1 and video.error is None and video.seen is not None,
            "the camera again",
            15.0,
        )


@pytest.fixture
def video(film):
    clock = InternalClock(120.0)
    clock.start(100.0)
    video = VideoEmotion(str(film), clock)
    state = replace(states_of(shots([40]))[-1], valence=-0.4, arousal=0.2, motion=0.7)
    now_s = time.perf_counter()
    video.input._seen = Seen(state, now_s)
    return video


def test_sound_and_picture_are_joined_by_weight(video):
    video.weight = 0.25
    joint = video.join(heard(), 101.0)
    assert (joint.valence, joint.arousal) == pytest.approx((0.8 - 0.3, -0.6 + 0.2))
    assert (joint.key, joint.chord, joint.state) == ("G:maj", "C:maj", "tracking")
    video.weight = 0.0
    assert video.join(heard(), 101.0).valence == pytest.approx(0.8)


@pytest.mark.parametrize("sound", [None, heard("silence")])
def test_in_silence_the_picture_decides(video, sound):
    joint = video.join(sound, 101.0)
    assert (joint.valence, joint.arousal) == pytest.approx((-0.4, 0.2))
    assert joint.state != "silence"


def test_the_joint_emotion_is_new_only_if_something_is_new(video):
    sound = heard()
    joint = video.join(sound, 101.0)
    assert video.join(sound, 101.2) is joint
    assert video.join(heard(), 101.3) is joint  # equal, hence nothing new
    assert video.join(replace(sound, valence=0.1), 101.4) is not joint


def test_without_a_picture_the_sound_is_left_as_it_is(video):
    video.input._seen = replace(video.input._seen, at_s=time.perf_counter() - 60.0)
    sound = heard()
    assert video.join(sound, 101.0) is sound
    assert video.cues(4).motion is None
    assert not video.health().alive


def test_cues_tell_of_cut_movement_section_and_meaning(video):
    video.join(heard(), 101.0)
    video.input._cut_at_s = 102.0  # beat 4
    video.input._meaning = Meaning(0.0, 0.6, 0.6, (1.0,), (0.1, 0.2))
    cues = video.cues(7)
    assert cues.motion == 0.7
    assert cues.beats_since_boundary == pytest.approx(3.0)
    assert cues.section_energy == pytest.approx(0.6)
    assert cues.semantic == (0.1, 0.2)


def test_what_clip_says_moves_the_picture_s_mood(video):
    video.input._meaning = Meaning(0.0, 0.6, -0.6, (1.0,), ())
    joint = video.join(None, 101.0)
    assert (joint.valence, joint.arousal) == pytest.approx((0.1, -0.2))


def test_files_and_cameras_are_told_apart(film, tmp_path):
    assert means_file(str(film))
    assert means_file(str(tmp_path / "not there.mkv"))
    assert not means_file("0")
    assert not means_file("/dev/video0")
    assert not means_file("FaceTime HD Camera")


def test_no_input_is_silence_without_trouble():
    source = open_source("none")
    assert isinstance(source, NoInput)
    with source:
        assert source.alive and not source.ended and source.error is None
    assert source.ended


def test_a_film_alone_is_played_to_and_its_end_ends_the_run(film):
    performance = Performance(slew_per_s=50.0)
    config = LiveConfig(performance, input="none", midi_out="none", video=str(film))
    with Runtime(config) as runtime:
        until(lambda: runtime.snapshot().video.alive, "the film", 15.0)
        until(lambda: runtime.snapshot().midi.sent > 0, "a note", 15.0)
        shown = runtime.snapshot()
        assert shown.emotion is None
        assert shown.target_valence == pytest.approx(shown.video.valence, abs=0.3)
        assert json.dumps(shown.to_json())
        until(lambda: runtime.input_ended, "the end of the film", 15.0)
        assert runtime.failure is None
        sent = runtime.snapshot().midi.sent
        until(lambda: runtime.snapshot().midi.sent > sent, "more notes", 15.0)  # the music goes on


def test_a_film_that_is_missing_stops_the_start(tmp_path):
    config = LiveConfig(input="none", midi_out="none", video=str(tmp_path / "missing.mp4"))
    with pytest.raises(DeviceError, match=r"missing\.mp4"):
        Runtime(config).start()
    with pytest.raises(InputError, match="neutral"):
        Runtime(replace(config, neutral=tmp_path / "neutral.csv")).start()
