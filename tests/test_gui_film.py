"""The film page: a real film through real processes, and what is watched live."""

import av
import numpy as np
import pytest
from gui_samples import look, settings
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from engine.snapshot import VideoHealth
from gui import texts
from gui.app import make_window
from gui.controllers.filmstrip import HEIGHT_PX, draw_strip

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Eight seconds: dark and still, then bright and moving."""
    path = tmp_path_factory.mktemp("film") / "eight.mp4"
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(80):
            picture = np.full((96, 160, 3), 30, np.uint8)
            if number >= 40:
                picture[...] = (230, 180, 60)
                left = int(rng.integers(0, 100))
                picture[20:70, left : left + 50] = (250, 250, 240)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def window(qapp, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.settings.presets.user_folder", lambda: tmp_path / "presets")
    window = make_window(settings(tmp_path, midi_out="none"))
    window.show()
    yield window
    window.close()


def test_a_film_is_shown_scored_and_can_be_dragged_out(window, qtbot, film):
    panel = window.page.film
    assert not panel.score.isEnabled()
    window.film.open(film)
    qtbot.waitUntil(lambda: not panel.strip.isHidden(), timeout=30_000)
    panel.engine.setCurrentIndex(panel.engine.findData("rules"))
    panel.auto.setChecked(False)
    panel.tempo.setValue(90.0)
    assert panel.choice() == ("rules", "90")
    QTest.mouseClick(panel.score, LEFT)
    assert not panel.busy.isHidden() and not panel.score.isEnabled()
    qtbot.waitUntil(lambda: panel.tile.path is not None, timeout=60_000)
    assert panel.tile.mime() is not None and panel.busy.isHidden()
    cuts = [item for item in panel.plot.getPlotItem().items if hasattr(item, "angle")]
    assert [round(item.value(), 1) for item in cuts] == [4.0]
    kept = panel.tile.path
    window.close()
    assert not kept.exists()  # what was not dragged out leaves nothing behind


def test_a_file_that_is_no_film_is_said(window, qtbot, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 1000)
    window.film.open(broken)
    window.film.score("rules", "auto")
    qtbot.waitUntil(lambda: "broken.mp4" in window.notice.label.text(), timeout=60_000)
    assert window.page.film.strip.isHidden() and not window.film.scoring.running


def test_a_strip_has_the_height_of_its_row(film, tmp_path):
    from PyQt6.QtGui import QImage

    assert draw_strip(film, tmp_path / "strip.png")
    image = QImage(str(tmp_path / "strip.png"))
    assert image.height() == HEIGHT_PX and image.width() == 6 * 120
    assert image.pixelColor(10, 10).lightness() < 60 < image.pixelColor(700, 10).lightness()


def test_what_is_watched_live_is_told_to_the_engine_and_shown(window):
    window.page.film.live.setText("/dev/video7")
    window.page.film.live.editingFinished.emit()
    assert window.controller.config()["video"] == "/dev/video7"
    seen = VideoHealth("camera", True, 0.25, -0.5, 0.1, 4.0, None)
    window.film.show_snapshot(look(video=seen))
    words = texts.FILM_SEEN.format(valence="+0.25", arousal="−0.50", motion="10 %")
    assert window.page.film._seen.text() == words
    window.film.show_snapshot(look(video=VideoHealth("camera", False, 0, 0, 0, 0, "unplugged")))
    assert window.page.film._seen.text() == "unplugged"
