import pytest

from engine.errors import InputError
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("valence", 3.0, "valence must be a number from -1 to 1; got 3.0"),
        ("arousal", float("nan"), "arousal must be a number from -1 to 1"),
        ("tempo_bpm", 0, "from 20 to 300"),
        ("tempo_bpm", "fast", "got 'fast'"),
        ("tempo_bpm", True, "got True"),
        ("beats_per_bar", 4.5, "whole number"),
        ("engine", "nonsense", "engine must be one of rules"),
        ("mode", "swing", "mode must be one of follow"),
        ("key", "H:dur", "H:dur"),
        ("parts", ("triangle",), "triangle"),
        ("valence_cc", 21, "must differ"),
        ("colour", "red", "setting must be one of"),
    ],
)
def test_bad_setting_is_named_with_its_range(name, value, words):
    with pytest.raises(InputError, match="(?s).*") as caught:
        Performance.from_mapping({name: value})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_changing_one_setting_keeps_the_others():
    before = Performance(tempo_bpm=77.0, key="D:min")
    after = before.changed({"valence": 0.5, "parts": ["lead"]})
    assert (after.tempo_bpm, after.key, after.valence, after.parts) == (
        77.0,
        "D:min",
        0.5,
        ("lead",),
    )


def test_curve_mode_needs_a_curve():
    with pytest.raises(InputError, match="--curve"):
        LiveConfig(Performance(mode="curve"))
