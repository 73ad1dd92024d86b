"""The chord model from data sets to ONNX: slots, memory, network, export, measures."""

import json

import numpy as np
import pytest
import torch
from amt_samples import names_of, write_data

from engine.errors import InputError, ModelMetadataError
from engine.generators.amt.conditioning import MASKS, SLICES, WIDTH, Conditioning
from engine.generators.amt.dynamics import Dynamics
from engine.generators.amt.model import AmtModel
from engine.generators.amt.vocabulary import END, PAD, SIZE, parse_chord_id
from export_onnx.__main__ import main
from export_onnx.amt.batches import Sampler
from export_onnx.amt.config import NetworkConfig, TrainConfig
from export_onnx.amt.correspondence import affective_loss, quality_shares, wanted_qualities
from export_onnx.amt.evaluate import EvaluateOptions, evaluate
from export_onnx.amt.export import ExportOptions, StepGraph, export, load_networks, write_onnx
from export_onnx.amt.memory import advance, empty_memory, similarity
from export_onnx.amt.network import Amt
from export_onnx.amt.prepare import PrepareOptions, prepare
from export_onnx.amt.recover import recover_weights
from export_onnx.amt.regressor import RegressorOptions, export_regressor, train_regressor
from export_onnx.amt.songs import condition, load_songs
from export_onnx.amt.train import TrainOptions, score_songs, train
from export_onnx.amt.verify import probe_song, verify_network, verify_onnx
from export_onnx.training.contract import TOLERANCE

TINY = NetworkConfig(
    width=32, layers=1, heads=2, hidden=32, window=12, memory=24, pair=8, key=4, dropout=0.0
)
SMALL = NetworkConfig(
    width=32, layers=1, heads=2, hidden=32, window=16, memory=64, pair=8, key=4, dropout=0.0
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    root = tmp_path_factory.mktemp("amt")
    write_data(root / "data")
    counts = prepare(PrepareOptions(root / "data", root / "prepared", reader_steps=80))
    assert counts == {"train": 16, "val": 6}
    return root


@pytest.fixture(scope="module")
def trained(prepared):
    options = TrainOptions(
        prepared / "prepared",
        prepared / "train",
        network=SMALL,
        train=TrainConfig(epochs=12, batch=4, transpose=0.0, learning_rate=1e-2, average_decay=0.9),
    )
    assert train(TrainOptions(**{**vars(options), "stop_after_epochs": 5})) is None
    path = train(options)
    out = prepared / "amt.onnx"
    export(ExportOptions((path,), out, prepared / "prepared" / "readers.json", commit="abc"))
    return path, out


def network(config=TINY, seed=0):
    torch.manual_seed(seed)
    model = Amt(config)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def test_labelled_chords_come_through_and_slots_keep_the_beat(prepared):
    song = next(s for s in load_songs(prepared / "prepared" / "val.npz") if s.dataset == "pop909")
    lines = (prepared / "data" / "pop909" / song.name / "chord_midi.txt").read_text().splitlines()
    assert [parse_chord_id(line.split()[2]) for line in lines] == song.chord.tolist()
    assert song.column("phase").tolist() == [i % 2 for i in range(len(song))]
    assert song.column("tempo") == pytest.approx(120.0)
    assert song.complete and song.column("loudness") == pytest.approx(80 / 127)


def test_chords_are_read_off_notes_where_there_are_no_labels(prepared):
    songs = load_songs(prepared / "prepared" / "val.npz")
    piece = next(s for s in songs if s.dataset == "vgmidi")
    names = names_of(piece.chord)
    assert len(set(names)) >= 4 and "N" not in names
    assert {name.split(":")[1] for name in names} <= {"maj", "min", "min7"}


def test_conditioning_of_songs_tells_all_but_pictures(prepared):
    song = load_songs(prepared / "prepared" / "val.npz")[0]
    vectors = condition(song)
    assert vectors.shape == (len(song), WIDTH)
    assert vectors[:, MASKS["arousal"]].all() and not vectors[:, MASKS["semantic"]].any()


def test_memory_finds_where_the_song_was_here_before():
    chords = [5, 5, 7, 9, 5, 7]
    memory, alike = empty_memory(1, 8), similarity()
    for chord in chords:
        memory = advance(memory, torch.tensor([[chord]]), torch.tensor([[0]]), alike)
    assert memory.chord[0, -6:].tolist() == chords
    # Now "5 7": slot 2 ends "5 7" too (the slot before it was 5 again, here it was 9).
    assert memory.half[0, -6:].tolist() == [0, 0, 2, 0, 0, 0]
    assert memory.run[0, -6:].tolist() == [0, 0, 2, 0, 0, 0]
    memory = advance(memory, torch.tensor([[9]]), torch.tensor([[0]]), alike)
    assert memory.run[0, -7:].tolist() == [0, 0, 0, 3, 0, 0, 0]
    assert memory.age[0, -7:].tolist() == [0, 1, 0, 0, 0, 0, 0]


def test_slot_by_slot_equals_the_whole_song_beyond_window_and_memory():
    assert max(verify_network(network(), 40).values()) < TOLERANCE


def test_the_future_is_not_heard():
    chord, told = probe_song(20)
    model = network()
    before = torch.from_numpy(np.concatenate([[END], chord[:-1]]))[None]
    changed = before.clone()
    changed[0, 12:] = 1
    later = torch.from_numpy(told)[None].clone()
    later[0, 12:] = 0.0
    with torch.no_grad():
        first, second = model(before, torch.from_numpy(told)[None]), model(changed, later)
    assert torch.equal(first.change[0, :12], second.change[0, :12])
    assert not torch.equal(first.change[0, 12:], second.change[0, 12:])


def test_probabilities_are_whole_and_the_present_chord_is_no_change():
    chord, told = probe_song(30)
    before = torch.from_numpy(np.concatenate([[END], chord[:-1]]))[None]
    with torch.no_grad():
        seen = network()(before, torch.from_numpy(told)[None])
    assert seen.slot(before).sum(-1).numpy() == pytest.approx(1.0, abs=1e-4)
    assert seen.change.gather(-1, before[..., None]).max() < 1e-6
    assert seen.change[..., PAD].max() < 1e-6


@pytest.mark.parametrize("count", [1, 2])
def test_onnx_equals_torch_with_any_guidance(tmp_path, count):
    graph = StepGraph([network(seed=seed) for seed in range(count)])
    write_onnx(graph, tmp_path / "amt.onnx", {})
    assert max(verify_onnx(AmtModel(tmp_path / "amt.onnx"), graph, 40).values()) < TOLERANCE


def test_guidance_none_forgets_what_is_intended_but_not_the_metre(tmp_path):
    write_onnx(StepGraph([network()]), tmp_path / "amt.onnx", {})
    model = AmtModel(tmp_path / "amt.onnx")
    asked = Conditioning(valence=-0.9, onset_density=4.0, slot_in_bar=0)
    plain = Conditioning(slot_in_bar=0)
    start = model.initial_state()
    without, _ = model.step(END, asked, start, guidance=0.0)
    assert without == pytest.approx(model.step(END, plain, start, guidance=0.0)[0], abs=1e-5)
    assert np.abs(without - model.step(END, asked, start, guidance=1.0)[0]).max() > 1e-3
    assert np.exp(without).sum() == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(InputError, match="guidance"):
        model.step(END, asked, start, guidance=-1.0)
    with pytest.raises(InputError, match="chord id"):
        model.step(PAD, asked, start)


def test_stored_state_can_be_returned_to(tmp_path):
    write_onnx(StepGraph([network()]), tmp_path / "amt.onnx", {})
    model = AmtModel(tmp_path / "amt.onnx")
    _, state = model.step(END, Conditioning(), model.initial_state())
    first, _ = model.step(14, Conditioning(), state)
    model.step(99, Conditioning(), state)
    assert np.array_equal(model.step(14, Conditioning(), state)[0], first)


def test_files_of_other_models_are_refused(tmp_path):
    write_onnx(StepGraph([network()]), tmp_path / "amt.onnx", {"version": "99"})
    with pytest.raises(ModelMetadataError, match="version"):
        AmtModel(tmp_path / "amt.onnx")
    write_onnx(StepGraph([network()]), tmp_path / "amt.onnx", {"groups": "{}"})
    with pytest.raises(ModelMetadataError, match="groups"):
        AmtModel(tmp_path / "amt.onnx")


def test_training_goes_on_where_it_stopped_and_learns_to_copy(prepared, trained):
    path, _ = trained
    (model,), facts = load_networks([path])
    songs = [s for s in load_songs(prepared / "prepared" / "val.npz") if s.dataset == "pop909"]
    scores = score_songs(model, songs)
    assert np.mean([score.hits[1, 0] for score in scores]) > 0.7
    assert facts["seed"] == str(TrainConfig().seed)


def test_training_may_begin_with_the_weights_of_a_stopped_run(prepared, tmp_path):
    brief = TrainConfig(epochs=2, batch=8, learning_rate=1e-2)
    options = TrainOptions(
        prepared / "prepared", tmp_path, stop_after_epochs=1, network=SMALL, train=brief
    )
    assert train(options) is None
    stage = tmp_path / "amt.stage.pt"
    gentle = TrainConfig(epochs=1, batch=8, learning_rate=1e-9)
    again = train(
        TrainOptions(
            prepared / "prepared", tmp_path, name="b", start=stage, network=SMALL, train=gentle
        )
    )
    kept = torch.load(stage, weights_only=True)["average"]
    for name, value in torch.load(again, weights_only=True)["model"].items():
        assert torch.allclose(value, kept[name], atol=1e-6)
    other = NetworkConfig(**{**vars(SMALL), "width": 16})
    with pytest.raises(InputError, match="not weights"):
        train(TrainOptions(prepared / "prepared", tmp_path, name="c", start=stage, network=other))


def test_batches_withhold_and_delay(prepared):
    songs = load_songs(prepared / "prepared" / "train.npz")
    config = TrainConfig(batch=16, drop_all=0.0, drop_group=0.5)
    batch = next(iter(Sampler(songs, config, 3)))
    told = batch.told[..., MASKS["mode"]].amax(1)
    assert 0 < told.sum() < len(told)
    dropped = batch.told[told == 0]
    assert not dropped[..., SLICES["mode"]].any()
    silent = Sampler(songs, TrainConfig(batch=16, drop_all=1.0), 3)
    assert not next(iter(silent)).told.any()
    ends = (batch.target == END).any(1)
    assert ends.any() and not ends.all()  # clips have no end


def test_affective_loss_prefers_the_qualities_the_emotion_calls_for():
    prior = torch.full((1, 13), 1.0 / 13)
    sad, counted = torch.tensor([[-0.7, -0.4]]), torch.ones(1, 4)
    losses = []
    for name in ("C:min", "C:maj"):
        chords = torch.full((1, 4, SIZE), 0.2 / SIZE)
        chords[..., parse_chord_id(name)] += 0.8
        losses.append(affective_loss(chords, counted, sad, torch.ones(1), prior))
    assert losses[0] < losses[1]
    untold = affective_loss(torch.ones(1, 4, SIZE), counted, sad, torch.zeros(1), prior)
    assert float(untold) == 0.0


def test_quality_is_weighed_over_all_roots():
    table = torch.zeros(SIZE)
    table[parse_chord_id("C:min")] = table[parse_chord_id("F#:min")] = 0.5
    assert quality_shares(table)[4] == 1.0
    weights = torch.eye(6)
    assert wanted_qualities(weights)[3].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_everything_is_measured_from_the_data_folder(prepared, trained, tmp_path, monkeypatch):
    for both_ways, kind in ((True, "whole"), (False, "live")):
        options = RegressorOptions(prepared / "prepared", tmp_path, both_ways, epochs=3)
        place = tmp_path / f"amt_dynamics_{kind}.onnx"
        export_regressor(train_regressor(options), place)
    monkeypatch.setattr(
        "engine.generators.amt.dynamics.shipped_dynamics_path",
        lambda kind: tmp_path / f"amt_dynamics_{kind}.onnx",
    )
    rows = evaluate(
        EvaluateOptions(prepared / "data", model=trained[1], prepared=prepared / "prepared")
    )
    found = {(row.dataset, row.measure, row.system): row.score for row in rows}
    unigram = found["pop909", "changes hits@1", "unigram"]
    cache = found["pop909", "changes hits@1", "4-gram + in-song cache"]
    ours = found["pop909", "changes hits@1", "AMT"]
    assert unigram.value < cache.value and unigram.value < ours.value
    assert ours.low <= ours.value <= ours.high and ours.n == 2
    assert found["emopia", "density RMSE", "regressor, live"].value > 0
    json.dumps([row.to_json() for row in rows])


def test_dynamics_live_and_whole(prepared, tmp_path):
    rng = np.random.default_rng(0)
    told = rng.normal(0, 0.5, (9, WIDTH)).astype(np.float32)
    for both_ways, kind in ((True, "whole"), (False, "live")):
        options = RegressorOptions(prepared / "prepared", tmp_path, both_ways, epochs=1)
        export_regressor(train_regressor(options), tmp_path / f"{kind}.onnx")
    whole = Dynamics("whole", tmp_path / "whole.onnx").whole(told)
    assert whole.shape == (9, 2) and (whole >= 0).all() and (whole[:, 1] <= 1).all()
    live = Dynamics("live", tmp_path / "live.onnx")
    density, loudness, state = live.step(told[0], live.initial_state())
    blind = told[0].copy()
    blind[SLICES["density"]] += 1.0  # what it is to say is not heard
    assert live.step(blind, live.initial_state())[:2] == (density, loudness)
    assert live.step(told[0], state)[:2] != (density, loudness)
    with pytest.raises(ModelMetadataError, match="stimmung_model"):
        Dynamics("live", tmp_path / "whole.onnx")
    with pytest.raises(InputError, match="whole"):
        Dynamics("whole", tmp_path / "whole.onnx").step(told[0], state)


def test_commands_name_what_is_missing(tmp_path, capsys):
    assert main(["evaluate", "amt", "--data", str(tmp_path), "--model", str(tmp_path / "x")]) != 0
    assert main(["prepare", "amt"]) == 2
    assert main(["train", "amt", "--prepared", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "prepare amt" in capsys.readouterr().err


def test_weights_come_back_from_the_shipped_file():
    model = AmtModel()
    network = Amt(NetworkConfig())
    network.load_state_dict(recover_weights(model.path))
    assert max(verify_onnx(model, StepGraph([network.eval()])).values()) < TOLERANCE
