"""A setting or an action is declared once; everything that needs it reads that line."""

import argparse
from dataclasses import dataclass

import pytest

from engine.choices import ACTIONS
from engine.cli import build_parser
from engine.cli.options import add_settings, given_settings
from engine.errors import InputError
from engine.live.triggers import Actions
from engine.mapping.table import InputMapping
from engine.settings.fields import check_settings, read_setting, setting, settings_of
from engine.settings.performance import Performance, controller_range
from engine.settings.run import LiveConfig


@dataclass(frozen=True)
class Knobs:
    """Two settings, each one line."""

    brightness: float = setting(0.5, "how bright, 0..1", limits=(0.0, 1.0), metavar="B")
    voices: tuple[str, ...] = setting((), "who sings", repeated=True, read=str.upper)

    def __post_init__(self):
        check_settings(self)


def test_one_line_gives_option_words_check_and_reading():
    parser = argparse.ArgumentParser()
    add_settings(parser, Knobs, "live")
    assert "--brightness B how bright, 0..1" in " ".join(parser.format_help().split())
    parsed = parser.parse_args(["--brightness", "0.25", "--voices", "a", "--voices", "b"])
    given = given_settings(parsed, Knobs)
    known = settings_of(Knobs)
    values = {name: read_setting(known[name], value) for name, value in given.items()}
    assert Knobs(**values) == Knobs(0.25, ("A", "B"))
    with pytest.raises(InputError, match="brightness must be a number from 0 to 1; got 2"):
        Knobs(brightness=2)


def live_options() -> set[str]:
    live = build_parser()._subparsers._group_actions[0].choices["live"]
    return {option for action in live._actions for option in action.option_strings}


@pytest.mark.parametrize("owner", [Performance, LiveConfig])
def test_the_command_line_has_every_setting_of_a_run(owner):
    wanted = {item.option for item in settings_of(owner).values() if item.group != "none"}
    assert wanted <= live_options()


@pytest.mark.parametrize("name", settings_of(Performance))
def test_presets_pipe_osc_and_learn_take_every_setting_of_the_performance(name):
    default = getattr(Performance(), name)
    changed = Performance.from_mapping({name: default})  # preset, pipe, window and OSC /set
    assert getattr(changed, name) == default
    if settings_of(Performance)[name].controller is not None:
        mapping = InputMapping(on="cc", number=1, sets=name)
        low, high = mapping.ends(*controller_range(name))
        for value in (low, high):
            assert getattr(Performance().changed({name: value}), name) == value


@pytest.mark.parametrize("name", settings_of(LiveConfig))
def test_the_pipe_takes_every_setting_of_a_run(name):
    default = getattr(LiveConfig(), name)
    if isinstance(default, tuple):
        default = None if name == "curve" else []
    LiveConfig.from_mapping({name: default})
    with pytest.raises(InputError, match="config must hold only"):
        LiveConfig.from_mapping({name + "s": default})


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_a_method_and_can_be_learned(name):
    assert callable(getattr(Actions, name))
    assert InputMapping(on="cc", number=1, does=name).does == name
