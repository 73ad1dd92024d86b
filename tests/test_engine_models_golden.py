"""Every shipped model gives its golden output here, and one that does not is named."""

import shutil

import numpy as np
import pytest

from engine.errors import ModelError
from engine.models.golden import check_golden, golden_path, shipped_models, write_golden


@pytest.mark.parametrize("model", shipped_models(), ids=lambda path: path.stem)
def test_shipped_model_gives_its_golden_output(model):
    assert check_golden(model) < 1e-3
    assert golden_path(model).stat().st_size < 2_000_000


def test_a_model_that_computes_something_else_is_refused(tmp_path):
    model = tmp_path / "dynamics.onnx"
    source = next(path for path in shipped_models() if path.stem == "amt_dynamics_live")
    shutil.copy(source, model)
    with pytest.raises(ModelError, match="missing"):
        check_golden(model)
    with np.load(golden_path(source)) as stored:
        inputs = {name[3:]: stored[name] for name in stored.files if name.startswith("in_")}
        outputs = {name[4:]: stored[name] for name in stored.files if name.startswith("out_")}
    write_golden(model, inputs, {name: value + 0.5 for name, value in outputs.items()})
    with pytest.raises(ModelError, match="differs by"):
        check_golden(model)
