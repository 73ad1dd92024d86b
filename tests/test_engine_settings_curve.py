import pytest

from engine.errors import InputError
from engine.settings.curve import read_curve


def test_points_come_back_in_order(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text("beat, valence, arousal\n0,-1,0.5\n4.5,1,-0.5\n", encoding="utf-8")
    assert read_curve(path) == ((0.0, -1.0, 0.5), (4.5, 1.0, -0.5))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "columns"),
        ("beat,valence\n0,0\n", "columns"),
        ("beat,valence,arousal\n", "no points"),
        ("beat,valence,arousal\n0,0,soft\n", "line 2"),
        ("beat,valence,arousal\n0,0\n", "line 2"),
        ("beat,valence,arousal\n0,2,0\n", "from -1 to 1; got 2"),
        ("beat,valence,arousal\n0,nan,0\n", "from -1 to 1"),
        ("beat,valence,arousal\n4,0,0\n4,0,0\n", "ascend"),
        ("\x00\x01\x02", "curve"),
    ],
)
def test_bad_curve_is_refused_naming_the_line(tmp_path, text, words):
    path = tmp_path / "curve.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_curve(path)
    assert words in str(caught.value)


def test_missing_curve_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_curve(tmp_path / "none.csv")
