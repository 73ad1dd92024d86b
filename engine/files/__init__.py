"""Writing files: whole or not at all, and never over what is read."""

from engine.files.output import check_output, output_file, staged_output, write_output

__all__ = ["check_output", "output_file", "staged_output", "write_output"]
