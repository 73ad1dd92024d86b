"""A model's ONNX file: opened for one core, with what it says about itself.

Everything that runs a model of ours begins here: the file is there, is the one that was shipped,
can be loaded, and its metadata are those of the kind and version that are asked for.
"""

import json
from pathlib import Path
from typing import Any

from engine.errors import ModelError, ModelMetadataError
from engine.models.checksums import check_shipped

__all__ = ["ModelFile", "open_session"]


def open_session(path: Path) -> Any:
    """Return an onnxruntime session of one thread that does not spin: others share the cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class ModelFile:
    """An opened model.

    Parameters
    ----------
    path : Path
        The ONNX file.
    title : str
        What error messages call it, such as ``"tracker model"``.

    Attributes
    ----------
    session : onnxruntime.InferenceSession
        As `open_session` makes it.
    metadata : dict of str to str
        Everything the file says about itself.

    Raises
    ------
    ModelError
        The file is missing, is not the one that was shipped, or is no ONNX model.
    """

    def __init__(self, path: Path, title: str) -> None:
        self._name = f"{title} {path}"
        if not path.is_file():
            raise ModelError(f"{self._name}: file not found")
        check_shipped(path)
        try:
            self.session: Any = open_session(path)
        except Exception as error:  # onnxruntime raises its own classes, without a common base
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"{self._name}: cannot be loaded ({reason})") from error
        self.metadata: dict[str, str] = dict(self.session.get_modelmeta().custom_metadata_map)

    @property
    def inputs(self) -> dict[str, list[Any]]:
        """Input → its shape; what is not fixed has a name for a length."""
        return {tensor.name: list(tensor.shape) for tensor in self.session.get_inputs()}

    @property
    def outputs(self) -> dict[str, list[Any]]:
        """Output → its shape."""
        return {tensor.name: list(tensor.shape) for tensor in self.session.get_outputs()}

    def refuse(self, reason: str) -> ModelMetadataError:
        """Return the error that says why this is not the model that is needed."""
        return ModelMetadataError(f"{self._name}: {reason}")

    def expect(self, kind: str, version: int) -> None:
        """Check what the file is.

        Raises
        ------
        ModelMetadataError
            It is of another kind or version.
        """
        for name, expected in (("stimmung_model", kind), ("version", str(version))):
            found = self.metadata.get(name)
            if found != expected:
                raise self.refuse(f"metadata {name} is {found!r}, expected {expected!r}")

    def read_json(self, name: str) -> Any:
        """Return an entry of the metadata.

        Raises
        ------
        ModelMetadataError
            It is missing or no JSON.
        """
        try:
            return json.loads(self.metadata[name])
        except (KeyError, ValueError) as error:
            raise self.refuse(f"metadata {name} is missing or not JSON") from error
