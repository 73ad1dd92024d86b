"""The bundled demo piece: what it plays, section by section."""

from presets.demo.score import SECTIONS, Section

__all__ = ["SECTIONS", "Section"]
