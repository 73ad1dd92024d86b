"""Stimmung's engine: audio in, valence and arousal tracked, MIDI out.

The line, each room in the order the sound passes it::

    audio ─ emotion ─ target ─ generators ─ plan ─ midi
                │        │          │                │
                └─ session recorder, OSC, snapshots ─┘

`pipeline` is the pure chain without threads; `runtime` runs it live, `offline` as fast as the
machine allows. Importing this package loads nothing heavy: onnxruntime, sounddevice and
rtmidi are imported where they are opened, torch and Qt never.
"""
