"""Turning points of the music: new section, build-up, drop, silence; each reported once."""

from collections.abc import Iterator

__all__ = ["TurnWatch"]

_BUILDS_FROM = 0.5
_BUILDS_NO_MORE = 0.15
"""A build that dips is still the same build."""


class TurnWatch:
    """Finds turning points in what `engine.mapping.sections.SectionWatch` measures."""

    def __init__(self) -> None:
        self._section = 0
        self._drop = 0.0
        self._builds = False
        self._silent = True  # how everything begins: no turn

    def update(self, section: int, build: float, drop: float, silent: bool) -> Iterator[str]:
        """Yield the kinds of turning point at this moment."""
        if section > self._section:
            yield "section"
        if drop > self._drop:
            yield "drop"
        builds = build >= (_BUILDS_NO_MORE if self._builds else _BUILDS_FROM)
        if builds and not self._builds:
            yield "build"
        if silent and not self._silent:
            yield "silence"
        self._section, self._drop = section, drop
        self._builds, self._silent = builds, silent
