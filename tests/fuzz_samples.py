"""What broken, torn and hostile input is made of, for the fuzz tests."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

__all__ = ["EDITS", "FLOATS", "FUZZ", "damaged"]

FUZZ = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

# Libraries loaded by other tests switch subnormal numbers off for the whole process.
FLOATS = st.floats(allow_subnormal=False)

# What a torn cable, a full disk or a hostile hand does to good bytes.
EDITS = st.lists(
    st.tuples(
        st.sampled_from(("set", "cut", "insert", "truncate", "repeat")),
        st.integers(0, 1 << 16),
        st.binary(min_size=1, max_size=8),
    ),
    max_size=8,
)


def damaged(good: bytes, edits: list[tuple[str, int, bytes]]) -> bytes:
    """Return bytes with some edits made."""
    data = bytearray(good)
    for kind, place, new in edits:
        at = place % (len(data) + 1)
        if kind == "set":
            data[at : at + len(new)] = new
        elif kind == "cut":
            del data[at : at + len(new)]
        elif kind == "insert":
            data[at:at] = new
        elif kind == "truncate":
            del data[at:]
        else:
            data[at:at] = data[at : at + 64] * len(new)
    return bytes(data)
