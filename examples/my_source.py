"""A value of your own to map to controllers, pitch bend, pressure, programs or notes.

    python examples/my_source.py live --input none --preset my-set.json

where the preset holds ``"outputs": [{"source": "sureness", "to": "cc", "number": 22}]``. In the
tree the function and the line at the end would stand in `engine/mapping/sources.py`.
"""

import sys

from engine.cli import main
from engine.mapping.sources import SOURCES, Moment, Source


def sureness(moment: Moment) -> float | None:
    """Return how sure the tracker is, 0..1; None (nothing is sent) while it has heard nothing."""
    emotion = moment.emotion
    if emotion is None:
        return None
    return 1.0 - min(1.0, (emotion.valence_std + emotion.arousal_std) / 2.0)


SOURCES["sureness"] = Source(0.0, 1.0, sureness, "how sure the tracker is")

if __name__ == "__main__":
    sys.exit(main())
