"""What is loaded beforehand is what plays, and what is not used is ended."""

from engine.live.prepared import Warm
from engine.live.runtime import Runtime
from engine.settings.run import LiveConfig


def test_a_run_takes_tracker_and_sender_that_wait() -> None:
    config = LiveConfig(input="none", midi_out="none")
    warm = Warm(config)
    waiting, tracker = warm._sender, warm._tracker
    assert waiting is not None
    with Runtime(config, warm) as runtime:
        assert runtime._sender.pid == waiting.pid
        assert runtime._running_pipeline().tracker is tracker
        assert runtime.snapshot().midi.alive
    warm.drop()
    assert waiting._process.poll() is not None


def test_a_sender_for_another_output_is_not_taken_and_ends() -> None:
    warm = Warm(LiveConfig(input="none", midi_out="jack"))
    waiting = warm._sender
    assert waiting is not None and warm.take_sender("none") is None
    warm.drop()
    assert waiting._process.poll() is not None
