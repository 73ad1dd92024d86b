"""What is loaded beforehand is what plays, and what is not used is ended."""

from engine.live.prepared import Prepared
from engine.live.runtime import Runtime
from engine.settings.run import LiveConfig


def test_a_run_takes_tracker_and_sender_that_wait() -> None:
    config = LiveConfig(input="none", midi_out="none")
    prepared = Prepared(config)
    waiting, tracker = prepared._sender, prepared._tracker
    assert waiting is not None
    with Runtime(config, prepared) as runtime:
        assert runtime._sender.pid == waiting.pid
        assert runtime._pipeline.tracker is tracker
        assert runtime.snapshot().midi.alive
    prepared.drop()
    assert waiting._process.poll() is not None


def test_a_sender_for_another_output_is_not_taken_and_ends() -> None:
    prepared = Prepared(LiveConfig(input="none", midi_out="jack"))
    waiting = prepared._sender
    assert waiting is not None and prepared.take_sender("none") is None
    prepared.drop()
    assert waiting._process.poll() is not None
