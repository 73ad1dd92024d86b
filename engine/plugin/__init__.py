"""The plug-in: a thin front in the workstation, and the line between it and the engine.

``src`` holds the plug-in itself (C++17); the modules are the engine's end of the line, and what
builds and installs it. The protocol is described in ``docs/plugin.md``.
"""
