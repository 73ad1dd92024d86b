"""Models of ours are what was shipped, or they are not loaded."""

import shutil

import pytest

from engine.emotion.model import TrackerModel, shipped_model_path
from engine.errors import ModelError
from engine.models import checksums as shipped


def test_table_names_every_model_and_every_model_is_whole():
    folder = shipped.shipped_folder()
    table = shipped.read_table()
    assert set(table) == {path.name for path in folder.glob("*.onnx")}
    for name in table:
        shipped.check_shipped(folder / name)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Return a model in a folder that counts as ours, with its table."""
    path = tmp_path / "tracker.onnx"
    shutil.copy(shipped_model_path(), path)
    monkeypatch.setattr(shipped, "shipped_folder", lambda: tmp_path)
    shipped.write_table()
    return path


def test_exchanged_model_is_refused_before_it_is_loaded(copy):
    TrackerModel(copy)
    data = bytearray(copy.read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(data)
    with pytest.raises(ModelError, match="damaged or exchanged"):
        TrackerModel(copy)


def test_model_that_is_not_in_the_table_is_refused(copy):
    other = copy.with_name("other.onnx")
    other.write_bytes(b"")
    with pytest.raises(ModelError, match="not in SHA256SUMS"):
        shipped.check_shipped(other)


def test_model_of_the_users_own_passes(tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"")
    shipped.check_shipped(path)
