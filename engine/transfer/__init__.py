"""Element transfer: chosen elements of given music move toward an emotion, the rest stays.

Notes themselves are moved, by monotone maps to the levels that rated music has at the emotion.
The published way, swapping codes of MusER and decoding them, moves the emotion as well, but its
decoder writes new notes: the tune it leaves is not the one that was given. It is used for
generating, not for transfer.
"""

from engine.transfer.elements import ELEMENTS, parse_elements

__all__ = ["ELEMENTS", "parse_elements"]
