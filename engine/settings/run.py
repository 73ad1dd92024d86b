"""One run of the live engine: devices, files, network and the performance it starts with.

A setting is one field of `LiveConfig`; command line, pipe and window read it from there
(`engine.settings.fields`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.choices import AUTO_OUT, BUILT_IN, LIGHT_EXITS, PLUGIN, SYNCS, Sync
from engine.errors import InputError
from engine.mapping.lights import Fixture, read_fixtures
from engine.midi.ports.built_in import with_options
from engine.settings.addresses import (
    MONITOR_PORT,
    OSCQUERY_PORT,
    Broker,
    LightTarget,
    parse_address,
    parse_broker,
    parse_destination,
    parse_lights,
)
from engine.settings.curve import Points, read_curve
from engine.settings.fields import check_settings, read_setting, setting, settings_of
from engine.settings.performance import Performance
from engine.settings.resume import Resume
from engine.settings.set_lists import SetList, load_set_list

__all__ = ["LiveConfig"]


def _path(text: Any) -> Path | None:
    return Path(text) if text else None


def _curve(text: Any) -> Points:
    return read_curve(Path(text)) if text else ()


def _set_list(text: Any) -> SetList | None:
    return load_set_list(str(text)) if text else None


def _address(text: Any) -> tuple[str, int] | None:
    return None if text is None else parse_address(str(text))


def _query_address(text: Any) -> tuple[str, int] | None:
    return None if text is None else parse_address(str(text), OSCQUERY_PORT, "oscquery")


def _osc_address(text: Any) -> tuple[str, int] | None:
    return None if text is None else parse_address(str(text), 0, "osc_in")


def _broker(given: Any) -> Broker | None:
    return given if given is None or isinstance(given, Broker) else parse_broker(str(given))


def _light_target(given: Any) -> LightTarget:
    return given if isinstance(given, LightTarget) else parse_lights(str(given))


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """One run. For ``midi_out`` see `engine.midi.ports.outputs`.

    ``input``, ``midi_out`` and ``sync`` may be ``"plugin"``, see `engine.plugin`; notes to the
    plug-in are given in its host's beat.
    """

    performance: Performance = field(default_factory=Performance)
    input: str = setting(
        "",
        "audio input or file, see: stimmung devices; none for no sound; plugin for what the "
        "plug-in hears",
        metavar="NAME|FILE",
    )
    midi_out: str = setting(
        AUTO_OUT,
        "auto (default): a new port named Stimmung; while nobody is connected to it, or where none "
        "can be made, the built-in instrument plays; virtual: the port only; built-in; jack: the "
        "port, sample-accurately over JACK; plugin (with --sync plugin); an existing port; or none",
        metavar="auto|virtual|built-in|jack|plugin|NAME|none",
    )
    audio_out: str = setting(
        "",
        "audio output of the built-in instrument, see: stimmung devices (default: the system's)",
        metavar="NAME",
    )
    soundfont: Path | None = setting(
        None,
        "sounds of the built-in instrument (default: those that come with Stimmung)",
        kind=Path,
        metavar="FILE.sf2|sf3",
        read=_path,
    )
    sync: Sync = setting(
        "internal",
        "where tempo and position come from: Stimmung's own tempo (default), MIDI clock, Ableton "
        "Link, the JACK transport, the host of the plug-in, or the beat of the input sound",
        choices=SYNCS,
    )
    midi_in: str = setting(
        "",
        "where MIDI clock comes in: a new port named 'Stimmung in' (default), the same on JACK, "
        "or an existing port",
        metavar="virtual|jack|NAME",
    )
    clock_out: bool = setting(False, "send MIDI clock too")
    keys_in: tuple[str, ...] = setting(
        (),
        "a MIDI keyboard, pads or pedals to play and control with; may be given repeatedly",
        metavar="virtual|jack|NAME",
        repeated=True,
        read=str,
    )
    thru: bool = setting(False, "pass the keyboard through to the MIDI output")
    video: str = setting("", "analyse a film or a camera as well", metavar="FILE|CAMERA")
    neutral: Path | None = setting(
        None,
        "features of pictures that count as neutral (see: stimmung score --features)",
        kind=Path,
        metavar="CSV",
        read=_path,
    )
    clip: Path | None = setting(
        None, "CLIP model that analyses the pictures", kind=Path, metavar="FILE.onnx", read=_path
    )
    curve: Points = setting(
        (),
        "emotion over beats: columns beat, valence, arousal",
        kind=Path,
        metavar="CSV",
        read=_curve,
    )
    osc: tuple[tuple[str, int], ...] = setting(
        (),
        "send OSC there; may be given repeatedly",
        metavar="HOST:PORT",
        repeated=True,
        read=parse_destination,
    )
    osc_in: tuple[str, int] | None = setting(
        None,
        "accept OSC commands on this UDP port (from this machine only, unless HOST is given; "
        "0.0.0.0: from every network, and anyone there can control Stimmung)",
        metavar="[HOST:]PORT",
        read=_osc_address,
    )
    oscquery: tuple[str, int] | None = setting(
        None,
        "list all OSC addresses with their values for OSCQuery, and announce them by zeroconf "
        f"(default: this machine only, port {OSCQUERY_PORT}); they can be set with --osc-in",
        metavar="HOST:PORT",
        alone="",
        read=_query_address,
    )
    monitor: tuple[str, int] | None = setting(
        None,
        "serve a page for a phone at the side of the stage (default: this machine only, port "
        f"{MONITOR_PORT})",
        metavar="HOST:PORT",
        alone="",
        read=_address,
    )
    monitor_token: str = setting(
        "",
        "let those who know this token control Stimmung from the page; auto creates one",
        metavar="TOKEN|auto",
    )
    mqtt: Broker | None = setting(
        None,
        "publish emotion, beat, section, chord and tempo at an MQTT broker, and accept commands",
        metavar="[mqtt[s]://][USER:PASSWORD@]HOST[:PORT][/PREFIX]",
        read=_broker,
    )
    lights_to: tuple[LightTarget, ...] = setting(
        (),
        "send light levels there: artnet:HOST, sacn:HOST, or sacn-multicast:OWN-ADDRESS; may be "
        "given repeatedly",
        option="--lights",
        metavar="KIND:HOST[:PORT]",
        repeated=True,
        read=_light_target,
    )
    fixtures: tuple[Fixture, ...] = setting(
        (),
        "the light fixtures: a list of name, universe, address and channels",
        kind=Path,
        metavar="FILE.json",
        read=read_fixtures,
    )
    lights_exit: str = setting(
        "blackout",
        "when the music ends or the engine dies, lights go dark (default) or stay as they are",
        choices=LIGHT_EXITS,
    )
    lights_hz: float = setting(
        30.0, "light frames per second at most, 1..44", limits=(1.0, 44.0), metavar="HZ"
    )
    record: Path | None = setting(
        None, "session folder to write", kind=Path, metavar="DIR", read=_path
    )
    record_audio: bool = setting(False, "record the input sound in the session folder too")
    capture_audio: bool = setting(
        False, "with each capture of the last bars, write an .ogg file of their sound too"
    )
    seconds: float | None = setting(
        None, "stop after this many seconds", limits=(0.1, 86400.0), kind=float, metavar="S"
    )
    latency_ms: float | None = setting(
        None,
        "delay all MIDI by -200..200 ms (default: minus the measured latency of the output, see "
        "stimmung calibrate --latency; 0 if none was measured)",
        limits=(-200.0, 200.0),
        kind=float,
        metavar="MS",
    )
    input_latency_ms: float = setting(
        0.0,
        "with --sync audio: delay of the sound at the input, 0..500 ms",
        limits=(0.0, 500.0),
        metavar="MS",
    )
    set_list: SetList | None = setting(
        None,
        "play this set list (see: stimmung setlist); next and previous by pedal, OSC or window",
        kind=Path,
        metavar="NAME|FILE",
        read=_set_list,
    )
    song: int = setting(
        0,
        "with --set-list: begin with this song, from 1",
        limits=(0, 500),
        metavar="N",
    )
    player: str = setting(
        "",
        "in a duet by turns: whose pauses are learned, kept under this name for the next time",
        metavar="NAME",
    )
    seed: int = setting(0, "fixes every choice (default 0)", limits=(0, 2**31 - 1))
    resume: Resume | None = None
    """Where an engine that died stood; None starts from the beginning."""

    def __post_init__(self) -> None:
        check_settings(self)
        if self.midi_out == PLUGIN and self.sync != PLUGIN:
            raise InputError(
                f"midi_out plugin is in the beat of the plug-in's host and needs sync plugin; got "
                f"sync {self.sync}"
            )
        if self.lights_to and not self.fixtures:
            raise InputError("lights need fixtures: a file that says where which lamp hangs")
        songs = 0 if self.set_list is None else len(self.set_list.songs)
        if self.song > songs:
            raise InputError(f"song must be from 0 to {songs}; got {self.song}")
        if self.record_audio and self.record is None:
            raise InputError("record_audio needs a session folder to record into")
        if self.performance.mode == "curve" and not self.curve:
            raise InputError("mode 'curve' needs a curve file; give one with --curve")

    @property
    def output(self) -> str:
        """``midi_out`` for the sender, with the choices of the built-in instrument."""
        if self.midi_out not in (AUTO_OUT, BUILT_IN):
            return self.midi_out
        return with_options(self.midi_out, self.audio_out, str(self.soundfont or ""))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "LiveConfig":
        """Return a run from JSON values, or from texts as the command line gives them.

        ``performance`` holds settings of the performance, ``resume`` a moment of another run.

        Raises
        ------
        InputError
            A name is unknown or a value out of range.
        """
        known = settings_of(cls)
        unknown = set(values) - {*known, "performance", "resume"}
        if unknown:
            raise InputError(
                f"config must hold only {', '.join(sorted(known))}, performance and resume; got "
                f"{', '.join(sorted(unknown))}"
            )
        given = {name: read_setting(known[name], values[name]) for name in known if name in values}
        performance = values.get("performance", {})
        if not isinstance(performance, Performance):
            performance = Performance.from_mapping(performance)
        resume = Resume.from_mapping(values.get("resume"))
        return replace(cls(), performance=performance, resume=resume, **given)
