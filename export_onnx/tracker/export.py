"""Write the tracker as one ONNX file, with the metadata that the engine needs."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.emotion.model import CHORDS, KEYS, MODEL_VERSION, PRESENCE, QUADRANTS
from engine.errors import InputError
from export_onnx.datasets.jamendo import MOODS
from export_onnx.datasets.labels import TAGS
from export_onnx.tracker.calibrate import calibrate
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.emotion import Emotion
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.weights import DIGEST_FILE, PRESENCE_FILE, load_emotion
from export_onnx.training.graph import write_graph
from export_onnx.training.options import option
from export_onnx.training.stage import load_checkpoint

__all__ = ["DIGEST_SHARE", "ExportOptions", "export", "load_tracker", "write_onnx"]

_LICENCE = "CC BY-NC-SA 4.0"
_TRAINING_DATA = "EMOPIA 1.0, VGMIDI, Emotify, POP909 (train parts)"
# Of the regression on statistics in valence; the emotion network has the rest.
DIGEST_SHARE = 0.6


@dataclass(frozen=True)
class ExportOptions:
    """Checkpoint in, ONNX file out."""

    checkpoint: Path = option(Path("runs/tracker/train/tracker.pt"))
    presence: Path = option(PRESENCE_FILE, "stage file that `presence` wrote")
    digest: Path = option(DIGEST_FILE, "file that `digest` wrote")
    out: Path = option(Path("presets/models/tracker.onnx"))
    commit: str = option("", "source the model was trained with, for the metadata")
    calibration: Path | None = option(
        None, "prepared features whose split scales the stated deviations"
    )
    split: str = option("val", "split used for the calibration")
    also: tuple[Path, ...] = option((), "stage file of one more emotion network")


def load_tracker(
    path: Path,
    also: tuple[Path, ...] = (),
    presence: Path | None = None,
    digest: Path | None = None,
) -> tuple[Tracker, dict[str, str]]:
    """Build the network of a training checkpoint; also returns facts for the metadata.

    Training leaves out what has commands of its own: `presence` is the file of what tells music
    from speech, `digest` that of the regression on statistics.

    `also` are stage files of emotion networks (``emotion0.pt`` as it was after some epoch) whose
    averages join those of the checkpoint: a network early in its course errs differently.

    Raises
    ------
    InputError
        Missing, unreadable or of another architecture.
    """
    stored = load_checkpoint(path)
    try:
        sizes = dict(stored["network"])
        sizes = {k: tuple(v) if isinstance(v, list) else v for k, v in sizes.items()}
        front, network = FrontEndConfig(), NetworkConfig(**sizes)
        tracker = Tracker(front, network, int(stored["n_emotions"]))
        if presence is not None:
            tracker.presence.load_state_dict(load_checkpoint(presence)["average"])
        if digest is not None:
            tracker.digest.load_state_dict(load_checkpoint(digest)["digest"])
            tracker.digest_share.fill_(DIGEST_SHARE)
        tracker.load_state_dict({**tracker.state_dict(), **stored["tracker"]})
        for extra in also:
            emotion = Emotion(front, network)
            load_emotion(emotion, extra)
            tracker.emotions.append(emotion)
        facts = {"seed": str(stored["train"]["seed"])}
    except (KeyError, TypeError, RuntimeError) as error:
        raise InputError(f"{path}: not a tracker checkpoint ({error})") from error
    return tracker.eval(), facts


def write_onnx(tracker: Tracker, out: Path, facts: dict[str, str]) -> None:
    """Export a tracker with its metadata; `facts` are added to them."""
    tracker.eval()
    tracker.set_closed_form()
    front = tracker.front_end.config
    shapes = tracker.state_shapes()
    names = list(shapes)
    outputs = tracker.outputs()
    labels = {
        "quadrants": QUADRANTS,
        "tags": TAGS,
        "key": KEYS,
        "chord": CHORDS,
        "presence": PRESENCE,
    }
    if tracker.config.n_moods:
        labels["moods"] = MOODS
    metadata = {
        "stimmung_model": "tracker",
        "version": str(MODEL_VERSION),
        "sample_rate": str(front.sample_rate),
        "hop_length": str(front.hop_length),
        "labels": json.dumps(labels),
        "states": json.dumps({name: [1, *shape] for name, shape in shapes.items()}),
        "licence": _LICENCE,
        "training_data": _TRAINING_DATA,
        "parameters": str(
            sum(p.numel() for name, p in tracker.named_parameters() if "statistics" not in name)
        ),
        **facts,
    }
    write_graph(
        tracker,
        {"pcm": torch.zeros(1, 3 * front.hop_length), **zeros(shapes)},
        [*outputs, *(f"next_{name}" for name in names)],
        out,
        metadata,
        lengths={"pcm": {1: "samples"}, **{name: {1: "hops"} for name in outputs}},
    )


def export(options: ExportOptions) -> Path:
    """Export a checkpoint; returns the file."""
    tracker, facts = load_tracker(
        options.checkpoint, options.also, options.presence, options.digest
    )
    if options.commit:
        facts["commit"] = options.commit
    if options.calibration is not None:
        factors = calibrate(tracker, options.calibration, options.split)
        facts["std_scale"] = json.dumps([round(factor, 6) for factor in factors])
    write_onnx(tracker, options.out, facts)
    return options.out
