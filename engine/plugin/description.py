"""What an LV2 host reads before it loads the plug-in: its ports, in Turtle."""

from engine.plugin.parameters import PARAMETERS, Parameter

__all__ = ["manifest", "ports"]

_URI = "urn:stimmung:plugin"
_PREFIXES = """@prefix atom: <http://lv2plug.in/ns/ext/atom#> .
@prefix doap: <http://usefulinc.com/ns/doap#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix midi: <http://lv2plug.in/ns/ext/midi#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rsz: <http://lv2plug.in/ns/ext/resize-port#> .
@prefix time: <http://lv2plug.in/ns/ext/time#> .
@prefix urid: <http://lv2plug.in/ns/ext/urid#> .
"""
_EVENT_BYTES = 16384


def manifest(library: str) -> str:
    """Return ``manifest.ttl`` for a library's file name."""
    return (
        f"{_PREFIXES}\n<{_URI}> a lv2:Plugin ;\n"
        f"    lv2:binary <{library}> ;\n    rdfs:seeAlso <stimmung.ttl> .\n"
    )


def ports() -> str:
    """Return ``stimmung.ttl``: the ports in the order of ``src/lv2.cpp``."""
    audio = [
        f'a lv2:{way}Port, lv2:AudioPort ; lv2:symbol "{symbol}_{side}" ; lv2:name "{name} {side}"'
        for way, symbol, name in (("Input", "in", "Heard"), ("Output", "out", "Through"))
        for side in ("left", "right")
    ]
    events = [
        "a lv2:InputPort, atom:AtomPort ; atom:bufferType atom:Sequence ; "
        'atom:supports time:Position ; lv2:designation lv2:control ; lv2:symbol "control" ; '
        f'lv2:name "Control" ; rsz:minimumSize {_EVENT_BYTES}',
        "a lv2:OutputPort, atom:AtomPort ; atom:bufferType atom:Sequence ; "
        'atom:supports midi:MidiEvent ; lv2:symbol "notes" ; '
        f'lv2:name "Notes" ; rsz:minimumSize {_EVENT_BYTES}',
    ]
    freewheel = (
        "a lv2:InputPort, lv2:ControlPort ; lv2:designation lv2:freeWheeling ; "
        'lv2:portProperty lv2:toggled ; lv2:symbol "freewheel" ; lv2:name "Freewheel" ; '
        "lv2:default 0 ; lv2:minimum 0 ; lv2:maximum 1"
    )
    listed = [*audio, *events, freewheel, *map(_control, PARAMETERS)]
    numbered = (f"[ lv2:index {index} ; {port} ]" for index, port in enumerate(listed))
    return (
        f"{_PREFIXES}\n<{_URI}> a lv2:Plugin, lv2:UtilityPlugin ;\n"
        '    doap:name "Stimmung" ;\n'
        "    doap:license <https://spdx.org/licenses/GPL-3.0-or-later> ;\n"
        '    doap:maintainer [ foaf:name "Stimmung" ] ;\n'
        "    lv2:requiredFeature urid:map ;\n"
        "    lv2:optionalFeature lv2:hardRTCapable ;\n"
        "    lv2:port\n        " + " ,\n        ".join(numbered) + " .\n"
    )


def _control(parameter: Parameter) -> str:
    if parameter.symbol == "bypass":  # the other way round in LV2
        return (
            'a lv2:InputPort, lv2:ControlPort ; lv2:symbol "enabled" ; lv2:name "Enabled" ; '
            "lv2:designation lv2:enabled ; lv2:portProperty lv2:toggled ; lv2:default 1 ; "
            "lv2:minimum 0 ; lv2:maximum 1"
        )
    way = "Output" if parameter.output else "Input"
    text = (
        f'a lv2:{way}Port, lv2:ControlPort ; lv2:symbol "{parameter.symbol}" ; '
        f'lv2:name "{parameter.name}" ; lv2:default {parameter.initial} ; '
        f"lv2:minimum {parameter.low} ; lv2:maximum {parameter.high}"
    )
    if parameter.labels:
        points = " , ".join(
            f'[ rdfs:label "{label}" ; rdf:value {value} ]'
            for value, label in enumerate(parameter.labels)
        )
        return f"{text} ; lv2:portProperty lv2:integer, lv2:enumeration ; lv2:scalePoint {points}"
    if parameter.whole:
        kind = "toggled" if (parameter.low, parameter.high) == (0.0, 1.0) else "integer"
        return f"{text} ; lv2:portProperty lv2:{kind}"
    return text
