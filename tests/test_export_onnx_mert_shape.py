import numpy as np
import pytest

from engine.bench import mert as bench
from export_onnx.mert_shape import main, write_random_mert


def test_random_network_runs_in_the_runtime_and_gives_two_blocks(tmp_path):
    import onnxruntime

    out = tmp_path / "small.onnx"
    count = write_random_mert(out, 1.0, size=32, heads=2, feed_forward=48, channels=64)
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    sound = np.random.default_rng(1).standard_normal((1, 24000)).astype(np.float32)
    (heard,) = session.run(None, {"pcm": sound})
    assert heard.shape == (1, 74, 64)
    assert count > 10_000
    assert not np.allclose(heard[..., :32], heard[..., 32:])


def test_wrong_arguments_are_refused():
    with pytest.raises(Exception, match="usage"):
        main([])


def test_bench_says_so_where_there_is_no_torch(monkeypatch):
    monkeypatch.setattr(bench, "find_spec", lambda _name: None)
    assert bench.measure_mert(1.0, 92.9) == {"missing": "PyTorch is not installed"}


def test_bench_says_why_there_is_no_figure(monkeypatch):
    monkeypatch.setattr(bench, "child_command", lambda *_words: ["/bin/false"])
    figures = bench.measure_mert(1.0, 92.9)
    assert list(figures) == ["missing"]
    assert "PyTorch does not run" in figures["missing"]
