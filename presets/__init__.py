"""What ships with Stimmung: performance presets, models, and the demo piece."""

from importlib.resources import files
from pathlib import Path

__all__ = ["DEMO_AUDIO", "FOLDER", "MODELS", "SOUNDFONT"]

FOLDER = Path(str(files(__name__)))
"""Folder of the shipped presets, one JSON file each."""

MODELS = FOLDER / "models"
"""Folder of the shipped ONNX models with their model cards."""

DEMO_AUDIO = FOLDER / "demo" / "demo.ogg"
"""The bundled demo piece."""

SOUNDFONT = FOLDER / "sounds" / "stimmung.sf3"
"""The instruments that play where no synthesizer is chosen."""
