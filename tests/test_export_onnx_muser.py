"""MusER's codes, networks, training and export on tiny things made here; no data set needed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import InputError, ModelError, ModelMetadataError
from engine.generators.muser.features import beat_features, statistics
from engine.generators.muser.model import (
    GRAPHS,
    NO_CODES,
    NO_EVENT,
    MuserModel,
    Told,
    condition_row,
    phase_row,
)
from engine.generators.muser.tokens import Beat, Header, Token
from engine.generators.muser.vocabulary import CODEBOOKS, ELEMENTS, END_TICK, FIELDS
from export_onnx.muser.codes import BeatCodes, Codebook, order_loss
from export_onnx.muser.config import CodesConfig, DecoderConfig, PriorConfig
from export_onnx.muser.export import ExportOptions, export
from export_onnx.muser.labels import Ridge
from export_onnx.muser.likelihood import LikelihoodOptions, likelihood
from export_onnx.muser.pool import load_pool
from export_onnx.muser.sequences import BeatSampler, Events, EventSampler, encode_pool, tempo_codes
from export_onnx.muser.store import Corpus, load_corpus, save_corpus
from export_onnx.muser.train import Course, TrainOptions, train
from export_onnx.muser.train_codes import load_codes
from export_onnx.muser.verify import VerifyOptions, verify
from export_onnx.training.contract import TOLERANCE

CODES = CodesConfig(hidden=16, steps=6, batch=64)
DECODER = DecoderConfig(
    hidden=24, field_size=8, code_size=4, head=16, blocks=2, feed=32, keys=2, length=40, batch=4
)
PRIOR = PriorConfig(hidden=24, code_size=6, past_size=4, head=16, length=24, batch=4)
COURSE = Course(decoder_steps=3, prior_steps=3)


def random_corpus(dataset, rng):
    """Return two pieces of random beats of each quadrant, as `prepare` stores them."""
    beats, labels, first, names = [], [], [0], []
    for number in range(8):
        loud, bright = number % 2, number // 2 % 2
        for place in range(24):
            header = Header(
                int(rng.integers(8, 20)), place % 4, 4, int(rng.integers(12)), 3, bright
            )
            rows = {
                (int(rng.integers(12)), int(rng.integers(20, 80))): None
                for _ in range(int(rng.integers(0, 4 + 3 * loud)))
            }
            low = 6 + 12 * loud
            notes = [
                Token(*key, int(rng.integers(22)), int(rng.integers(low, low + 10)))
                for key in sorted(rows)
            ]
            beats.append(Beat(header, tuple(notes)))
            known = dataset != "pop909"
            sides = (0.6 * (2 * bright - 1), 0.6 * (2 * loud - 1))
            labels.append(sides if known else (np.nan, np.nan))
        first.append(len(beats))
        names.append(f"{dataset}{number}")
    tokens = [(n.onset, n.pitch, n.duration, n.velocity) for b in beats for n in b.notes]
    heads = [
        (h.tempo, h.position, h.beats_per_bar, h.root, h.quality, h.mode, 12)
        for h in (b.header for b in beats)
    ]
    return Corpus(
        notes=np.array(tokens, np.int16),
        first_note=np.cumsum([0, *(len(b.notes) for b in beats)]).astype(np.int32),
        headers=np.array(heads, np.int16),
        features=np.stack([beat_features(b) for b in beats]).astype(np.float16),
        statistics=np.stack([statistics(b) for b in beats]),
        labels=np.array(labels, np.float32),
        first_beat=np.array(first, np.int32),
        names=np.array(names),
        groups=np.array(names),
    )


@pytest.fixture(scope="module")
def beats(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beats")
    rng = np.random.default_rng(5)
    for dataset in ("emopia", "vgmidi", "pop909"):
        for split in ("train", "val"):
            save_corpus(folder / f"{dataset}_{split}.npz", random_corpus(dataset, rng))
    return folder


@pytest.fixture(scope="module")
def options(beats, tmp_path_factory):
    return TrainOptions(
        beats=beats,
        out=tmp_path_factory.mktemp("train"),
        codes=CODES,
        decoder=DECODER,
        prior=PRIOR,
        course=COURSE,
    )


@pytest.fixture(scope="module")
def trained(options):
    train(options)
    return options.out


@pytest.fixture(scope="module")
def exported(trained, beats, tmp_path_factory):
    out = tmp_path_factory.mktemp("onnx")
    export(ExportOptions(checkpoints=trained, beats=beats, out=out, commit="abc"))
    return out


def test_onnx_steps_equal_torch_in_one_pass(trained, exported):
    report = verify(VerifyOptions(exported, trained))
    assert max(report.values()) < TOLERANCE, report


def test_model_says_what_it_is(exported):
    model = MuserModel(exported)
    assert model.metadata["commit"] == "abc"
    assert "NC" in model.metadata["licence"]
    for name in ELEMENTS:
        assert len(model.codes[name].statistic) == CODEBOOKS[name]
        assert model.codes[name].share.sum() == pytest.approx(1.0, abs=1e-3)
    chord = model.codes["chord"]
    assert len(chord.of_label) == 109 and len(chord.labels) == CODEBOOKS["chord"]


def test_one_beat_through_all_graphs(exported):
    model = MuserModel(exported)
    played = Beat(Header(12, root=0, quality=7), (Token(0, 40, 8, 20), Token(6, 52, 5, 12)))
    codes = model.encode_beat(played)[None]
    assert (codes < np.array(NO_CODES)).all()
    past = np.tile(np.array(NO_CODES, np.int64), (1, 4, 1))
    condition, phase = condition_row(0.5, -0.5), phase_row(0, 4)
    context, state = model.prior_step(past, phase, condition, model.prior_start())
    assert state.shape == model.prior_start().shape
    for element, name in enumerate(ELEMENTS):
        logits = model.code_logits(context, condition, codes, element)
        assert logits.shape == (CODEBOOKS[name],)
    told = Told.of(tuple(codes[0]), 0, phase, (0.5, -0.5), (2, 4))
    start = model.decoder_start()
    context, state = model.decoder_step(model.event_row(None), told, start)
    assert state.count == 1 and state.memory.any() and start.memory is None
    for _ in range(5):  # the memory of 40 events keeps the last of them, beat by beat
        for _ in range(15):
            _, state = model.decoder_step(model.event_row(Token(0, 40, 8, 20)), told, state)
        state = state.closed()
        _, state = model.decoder_step(model.event_row(None), told, state)
    assert state.count == 9 and sum(beat.shape[-2] for beat in state.past) >= 40
    context, state = model.decoder_step(model.event_row(None), told, start)
    event = model.event_row(played.notes[0])
    for number, field in enumerate(FIELDS):
        assert model.field_logits(context, codes, event, number).shape == (field.size,)


def test_later_fields_do_not_reach_earlier_ones(exported):
    model = MuserModel(exported)
    codes = np.zeros((1, 8), np.int64)
    told = Told.of((0,) * 8, 0, phase_row(0, 4))
    context, _ = model.decoder_step(model.event_row(None), told, model.decoder_start())
    first = np.array([[3, 20, 5, 6]])
    other = np.array([[3, 20, 9, 30]])
    for field in (0, 1, 2):
        np.testing.assert_array_equal(
            model.field_logits(context, codes, first, field),
            model.field_logits(context, codes, other, field),
        )
    assert not np.allclose(
        model.field_logits(context, codes, first, 3), model.field_logits(context, codes, other, 3)
    )


def test_unknown_emotion_hides_the_numbers(exported):
    np.testing.assert_array_equal(condition_row(0.7, -0.3, 0.0), condition_row(-1.0, 1.0, 0.0))


def test_long_bars_are_counted_in_groups():
    def told(beats):
        return [tuple(phase_row(place, beats)[0]) for place in range(beats)]

    three, four = [(0, 2), (1, 2), (2, 2)], [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert told(3) == three and told(4) == four
    assert told(5) == [*three, (0, 1), (1, 1)]
    assert told(6) == three * 2
    assert told(7) == four + three
    assert told(8) == four * 2
    assert told(1) == [(0, 1)]


def test_files_of_two_trainings_do_not_mix(trained, beats, exported, tmp_path):
    for graph in GRAPHS:
        name = f"muser_{graph}.onnx"
        (tmp_path / name).write_bytes((exported / name).read_bytes())
    (tmp_path / "muser_decoder.onnx").unlink()
    with pytest.raises(ModelError, match="not found"):
        MuserModel(tmp_path)
    (tmp_path / "muser_decoder.onnx").write_bytes((exported / "muser_fields.onnx").read_bytes())
    with pytest.raises(ModelMetadataError, match="muser_decoder"):
        MuserModel(tmp_path)


def test_stopped_training_ends_where_a_whole_one_does(options, trained, tmp_path):
    cut = replace(options, out=tmp_path, stages=("codes", "prior"))
    (tmp_path / "codes.pt").write_bytes((trained / "codes.pt").read_bytes())
    # The course's length stays, so the rate is the same; the run ends after one step.
    half = replace(cut, stages=("prior",), stop_after=1)
    train(half)
    train(replace(cut, stages=("prior",)))
    whole = torch.load(trained / "prior.pt", weights_only=True)["average"]
    resumed = torch.load(tmp_path / "prior.pt", weights_only=True)["average"]
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, msg=name)


def test_events_open_and_close_every_beat(beats):
    pool = load_pool(beats, "train")
    events = Events.of(pool)
    counts = np.diff(pool.first_note)
    assert len(events.event) == counts.sum() + len(counts)
    assert (events.event[events.first[:-1]] == NO_EVENT).all()
    assert (events.following[events.first[1:] - 1, 0] == END_TICK).all()
    inner = events.following[:, 0] != END_TICK
    np.testing.assert_array_equal(events.following[inner], pool.notes)
    np.testing.assert_array_equal(events.event[events.event[:, 0] != NO_EVENT[0]], pool.notes)


def test_spliced_sequences_look_back_by_whole_bars(trained, beats):
    pool = load_pool(beats, "train")
    network = load_codes(trained / "codes.pt")
    codes = encode_pool(network, pool)
    sampler = BeatSampler(pool, codes, tempo_codes(network), {"emopia": 0.5, "pop909": 0.5})
    past, _, condition, wanted = sampler.draw(np.random.default_rng(1), 3, 40)
    assert wanted.shape == (3, 40, 8) and condition.shape == (3, 40, 3)
    assert (past[:, 0, :, :] == torch.tensor(NO_CODES)).all()
    torch.testing.assert_close(past[:, 1:, 0], wanted[:, :-1])
    torch.testing.assert_close(past[:, 16:, 3], wanted[:, :-16])
    assert float(condition[..., :2].abs().max()) <= 1.0
    given, following = EventSampler(pool, codes, {"emopia": 1.0}).draw(
        np.random.default_rng(2), 2, 30
    )
    assert given.event.shape == following.shape == (2, 30, 4)
    assert given.form.shape == (2, 30, 2) and given.condition.shape == (2, 30, 3)


def test_louder_quadrants_get_higher_labels(beats):
    pool = load_pool(beats, "train")
    places = pool.beats_of("emopia")
    label = pool.labeller.rank("emopia", pool.raw[places])
    loud = pool.statistics[places, ELEMENTS.index("velocity")] > 64
    assert label[loud, 1].mean() > label[~loud, 1].mean() + 0.5
    assert np.abs(label).max() <= 1.0


def test_ridge_finds_a_line_and_leaves_out_what_it_must():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 3))
    y = x @ np.array([[1.0], [0.0], [2.0]]) + 0.5
    assert np.abs(Ridge.fit(x, y)(x) - y).max() < 0.2
    blind = Ridge.fit(x, y, (2,))
    moved = x.copy()
    moved[:, 2] += 5.0
    np.testing.assert_allclose(blind(moved), blind(x))


def test_order_loss_wants_numeric_order():
    numbers = torch.tensor([2.0, 10.0, 3.0, 100.0, float("nan"), 5.0])
    right, wrong = 5 * numbers.nan_to_num(0.0), -5 * numbers.nan_to_num(0.0)
    assert float(order_loss(right, numbers, 2.0)) < 0.01
    assert float(order_loss(wrong, numbers, 2.0)) > 1.9
    ties = torch.ones(6)
    assert float(order_loss(torch.zeros(6), ties, 2.0)) == 0.0
    assert float(order_loss(torch.arange(6.0), ties, 2.0)) > 0.9


def test_dead_codes_are_revived():
    torch.manual_seed(1)
    book = Codebook(8, 2, decay=0.5, dead_below=0.3)
    book.vectors.fill_(100.0)
    book.vectors[0] = 0.0
    book.sums.copy_(book.vectors)
    for _ in range(20):
        z = torch.randn(256, 2)
        book.follow(z, book.nearest(z))
    assert len(book.nearest(torch.randn(512, 2)).unique()) == 8


def test_a_code_reads_its_own_element_only(trained):
    network = load_codes(trained / "codes.pt")
    assert isinstance(network, BeatCodes)
    beat = Beat(Header(12, root=0, quality=7), (Token(0, 40, 8, 20),))
    louder = Beat(beat.header, (Token(0, 40, 8, 2),))
    rows = torch.from_numpy(np.stack([beat_features(beat), beat_features(louder)]))
    with torch.no_grad():
        codes, latents = network(rows)
    others = [i for i, name in enumerate(ELEMENTS) if name != "velocity"]
    assert (codes[0, others] == codes[1, others]).all()
    torch.testing.assert_close(latents[0, :-1], latents[1, :-1])


def test_held_out_music_is_scored_per_element(trained, beats):
    lines = likelihood(LikelihoodOptions(trained, beats))
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}
    assert set(ELEMENTS) <= set(rows) and {field.name for field in FIELDS} <= set(rows)
    chance = np.log(CODEBOOKS["rhythm"])
    assert 0.0 < float(rows["rhythm"].split("|")[2]) < 1.5 * chance


def test_missing_or_foreign_files_are_named(tmp_path, beats):
    with pytest.raises(InputError, match="emopia_train"):
        load_corpus(tmp_path, "emopia", "train")
    with pytest.raises(InputError, match="codes.pt"):
        load_codes(tmp_path / "codes.pt")
    with pytest.raises(ModelError, match="muser_prior"):
        MuserModel(tmp_path)
