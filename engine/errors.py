"""Every error Stimmung raises on purpose.

::

    StimmungError
    ├── InputError (also ValueError)      bad value, file or name given by the user
    │   ├── PresetError
    │   └── AudioFileError
    ├── DeviceError
    │   ├── AudioDeviceError
    │   └── MidiPortError
    ├── ModelError
    │   └── ModelMetadataError
    └── SessionError                      the session folder cannot be written or read

Messages name the thing, the value given and the allowed range, in one line: the
command line prints them as they are. ``exit_code`` follows the command-line
contract: 2 for bad input or usage, 1 for anything else.
"""

__all__ = [
    "AudioDeviceError",
    "AudioFileError",
    "DeviceError",
    "InputError",
    "MidiPortError",
    "ModelError",
    "ModelMetadataError",
    "PresetError",
    "SessionError",
    "StimmungError",
]


class StimmungError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1


class InputError(StimmungError, ValueError):
    """A value, file or name given by the user is not usable."""

    exit_code = 2


class PresetError(InputError):
    """A preset is missing, broken or of a newer version."""


class AudioFileError(InputError):
    """An audio file is missing or cannot be decoded."""


class DeviceError(StimmungError):
    """An audio or MIDI device is missing or failed."""

    exit_code = 2


class AudioDeviceError(DeviceError):
    """An audio device is missing, or PortAudio is."""


class MidiPortError(DeviceError):
    """A MIDI port is missing or cannot be opened."""


class ModelError(StimmungError):
    """A model file cannot be loaded or run."""


class ModelMetadataError(ModelError):
    """A model file lacks metadata or contradicts what the engine expects."""


class SessionError(StimmungError):
    """A session folder cannot be written or read."""

    exit_code = 2
