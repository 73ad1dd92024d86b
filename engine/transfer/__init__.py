"""Element transfer: chosen elements of given music move toward an emotion, the rest stays."""

from engine.transfer.elements import ELEMENTS, parse_elements

__all__ = ["ELEMENTS", "parse_elements"]
