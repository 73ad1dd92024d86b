"""What an engine loads before the order to play, so that it starts at once.

Loading the tracker's model and starting a sender's interpreter are most of what a start takes;
neither needs a device.
"""

import contextlib

from engine.emotion.tracker import Tracker
from engine.errors import StimmungError
from engine.generators.registry import create_generator
from engine.midi.sender.process import SenderProcess
from engine.settings.run import LiveConfig

__all__ = ["Prepared"]


class Prepared:
    """A tracker, and a sender process without a port. Used up by the run it is given to.

    Parameters
    ----------
    config : LiveConfig
        The run to be ready for; another one may come of it.

    Raises
    ------
    StimmungError
        The model cannot be loaded, or no process can be started.
    """

    def __init__(self, config: LiveConfig) -> None:
        self._output = config.output
        self._tracker: Tracker | None = Tracker(beside=True)
        with contextlib.suppress(StimmungError):  # reported when it is to play
            create_generator(config.performance.engine, 0, "tonic")  # its file is in memory now
        self._sender: SenderProcess | None = SenderProcess(
            config.output, "Stimmung", 0.0, spare=True
        )

    def take_tracker(self) -> Tracker:
        """Return a fresh tracker."""
        tracker, self._tracker = self._tracker, None
        return tracker or Tracker(beside=True)

    def take_sender(self, output: str) -> SenderProcess | None:
        """Return the sender, if it is one for this output."""
        if output != self._output:
            return None
        sender, self._sender = self._sender, None
        return sender

    def drop(self) -> None:
        """End what was not used."""
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.kill()
            sender.close()
