"""A session made again from what went in: emotions, orders, seed; the notes are the same."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from session_samples import INFO, TARGET, hop

import presets
from engine.errors import InputError, SessionError
from engine.live.runtime import Runtime
from engine.session import Session, SessionRecorder, read_session
from engine.session.recover import PRODUCTS
from engine.session.rerun import describe_inputs, rerun
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(PRODUCTS, "picture.png")


def live(folder: Path, engine: str, seconds: float) -> Session:
    """Play the demo piece to nobody, while somebody turns every knob; return the record."""
    config = LiveConfig(
        Performance(engine=engine, tempo_bpm=160.0, smoothing_s=0.3),
        input=str(presets.DEMO_AUDIO),
        midi_out="none",
        record=folder,
        seed=11,
    )
    with Runtime(config) as runtime:
        orders = runtime.orders
        steps = [
            lambda: orders.change({"bias_valence": 0.4, "tempo_bpm": 173.0}),
            lambda: orders.set_frozen(True),
            lambda: orders.regenerate(5),
            lambda: orders.set_frozen(False),
            lambda: orders.set_playing(False),
            lambda: orders.set_playing(True),
            lambda: orders.change_at_bar(Performance(tempo_bpm=120.0, key="D:min", mpe=True)),
            lambda: orders.change({"mode": "manual", "arousal": 0.9}),
        ]
        end = time.perf_counter() + seconds
        for order in steps:
            time.sleep(max(0.0, seconds / (len(steps) + 1)))
            order()
        time.sleep(max(0.0, end - time.perf_counter()))
        assert runtime.failure is None
    return read_session(folder)


def test_a_live_session_gives_the_same_notes_and_controllers(tmp_path: Path) -> None:
    recorded = live(tmp_path / "live", "rules", 5.0)
    made = rerun(tmp_path / "live")
    assert len(recorded.notes) > 20
    assert made.notes == recorded.notes
    assert made.controls == recorded.controls
    events = tmp_path / "live" / "events.jsonl"
    events.write_bytes(events.read_bytes().replace(b'"seed":11', b'"seed":12', 1))
    assert [item.note.pitch for item in rerun(tmp_path / "live").notes] != [
        item.note.pitch for item in recorded.notes
    ]


def session_with(folder: Path, run: dict[str, object]) -> Path:
    with SessionRecorder(folder, replace(INFO, run=run), origin_s=0.0) as recorder:
        recorder.emotion(hop(0.5), TARGET)
    return folder


def test_what_others_shaped_is_refused_by_name(tmp_path: Path) -> None:
    config = LiveConfig(input="none", keys_in=("virtual",), sync="link")
    folder = session_with(tmp_path / "a", describe_inputs(config, 0.0))
    with pytest.raises(InputError, match="another clock and a keyboard"):
        rerun(folder)


@pytest.mark.parametrize("run", [{}, {"others": []}, {"others": [], "origin_s": "x"}])
def test_a_session_that_does_not_hold_what_it_takes_says_so(
    tmp_path: Path, run: dict[str, object]
) -> None:
    with pytest.raises(SessionError, match="again"):
        rerun(session_with(tmp_path / "a", run))


@pytest.mark.proof
@pytest.mark.parametrize("engine", ["muser", "amt"])
def test_so_do_sessions_of_the_models(tmp_path: Path, engine: str) -> None:
    recorded = live(tmp_path / "live", engine, 12.0)
    made = rerun(tmp_path / "live")
    assert len(recorded.notes) > 20
    assert made.notes == recorded.notes
