"""What is checked of every model before it runs."""

import onnx
import pytest
from onnx import TensorProto, helper

from engine.errors import ModelError, ModelMetadataError
from engine.models.onnx_file import ModelFile


@pytest.fixture
def path(tmp_path):
    shape = [1, "n"]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["given"], ["found"])],
        "echo",
        [helper.make_tensor_value_info("given", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(
        model, {"stimmung_model": "echo", "version": "3", "table": "[1, 2]", "torn": "[1,"}
    )
    found = tmp_path / "echo.onnx"
    onnx.save(model, found)
    return found


def test_a_model_says_what_it_is(path):
    file = ModelFile(path, "echo model")
    file.expect("echo", 3)
    assert file.inputs == {"given": [1, "n"]} and file.outputs == {"found": [1, "n"]}
    assert file.read_json("table") == [1, 2]


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (lambda file: file.expect("tracker", 3), "stimmung_model is 'echo', expected 'tracker'"),
        (lambda file: file.expect("echo", 4), "version is '3', expected '4'"),
        (lambda file: file.read_json("torn"), "torn is missing or not JSON"),
        (lambda file: file.read_json("labels"), "labels is missing or not JSON"),
    ],
)
def test_another_model_is_refused(path, check, reason):
    with pytest.raises(ModelMetadataError, match=rf"^echo model .*echo\.onnx: .*{reason}"):
        check(ModelFile(path, "echo model"))


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="file not found"):
        ModelFile(tmp_path / "none.onnx", "echo model")
    (tmp_path / "text.onnx").write_text("no model", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        ModelFile(tmp_path / "text.onnx", "echo model")
