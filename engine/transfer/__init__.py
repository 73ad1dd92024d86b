"""Element transfer: chosen elements of given music move toward an emotion, the rest stays.

Notes are moved by monotone maps to the levels that rated music has at the emotion. The published
method swaps codes of MusER and decodes them. It moves the emotion too, but its decoder writes a new
tune, so it serves for generating, not for transfer.
"""

from engine.transfer.elements import ELEMENTS, parse_elements

__all__ = ["ELEMENTS", "parse_elements"]
