"""Command line of what stands beside plain training: teachers, ablation, speech."""

import argparse
from dataclasses import replace
from pathlib import Path

from engine.errors import InputError
from export_onnx.training.stage import TrainConfig

__all__ = ["STUDIES"]

_RUNS = Path("runs/tracker")


def _budget(arguments: argparse.Namespace) -> TrainConfig:
    names = ("mood_epochs", "crop_s", "seed")
    given = {name: getattr(arguments, name) for name in names}
    return replace(TrainConfig(), **{k: v for k, v in given.items() if v is not None})


def _budget_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--features", type=Path, default=_RUNS / "features")
    parser.add_argument(
        "--harmony", type=Path, default=None, help="trained stage to start from (harmony.pt)"
    )
    parser.add_argument("--mood-epochs", type=int, default=None)
    parser.add_argument("--steps", type=int, default=0, help="per epoch; 0: all of EMOPIA once")
    parser.add_argument("--crop-s", type=float, default=None, help="length of a sequence [s]")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--commit", default="", help="source, for the record")


def _ablate_options(parser: argparse.ArgumentParser) -> None:
    _budget_options(parser)
    parser.add_argument("--out", type=Path, default=_RUNS / "ablation")
    parser.add_argument(
        "--rows",
        default="single,deaf,joint",
        help="single, deaf, joint, taught, without_emopia, without_vgmidi, without_emotify",
    )
    parser.add_argument("--lessons", type=Path, default=None, help="what `distill` wrote")
    parser.add_argument("--split", default="val")
    parser.add_argument("--report", type=Path, default=None, help="write the tables here")


def _ablate(arguments: argparse.Namespace) -> int:
    from export_onnx.studies.tracker_ablate import AblateOptions, ablate
    from export_onnx.studies.tracker_ablation_table import write_report

    ablate(
        AblateOptions(
            features=arguments.features,
            out=arguments.out,
            rows=tuple(name for name in arguments.rows.split(",") if name),
            harmony=arguments.harmony,
            lessons=arguments.lessons,
            split=arguments.split,
            steps=arguments.steps,
            threads=arguments.threads,
            commit=arguments.commit,
            train=_budget(arguments),
        )
    )
    taught = None if arguments.lessons is None else arguments.lessons.parent
    text = write_report(arguments.out, arguments.report, taught)
    print(text)
    return 0


def _distill_options(parser: argparse.ArgumentParser) -> None:
    _budget_options(parser)
    parser.add_argument("--out", type=Path, default=_RUNS / "student")
    parser.add_argument("--mert", default=None, help="teachers see MERT: folder or hub name")
    parser.add_argument("--split", default="val", help="part the teachers are measured on")
    parser.add_argument("--folds", type=int, default=3, help="teachers per data set")
    parser.add_argument("--variants", type=int, default=2, help="renderings teachers see")
    parser.add_argument("--teacher-epochs", type=int, default=8)
    parser.add_argument("--lesson", type=float, default=0.5, help="share of the teachers, 0..1")
    parser.add_argument("--emotions", type=int, default=1, help="0: teachers and lessons only")


def _distill(arguments: argparse.Namespace) -> int:
    from export_onnx.studies.distill import DistillOptions, distill

    if arguments.harmony is None:
        raise InputError("--harmony FILE is required: harmony.pt of `train tracker`")
    if not 0.0 <= arguments.lesson <= 1.0:
        raise InputError(f"--lesson {arguments.lesson}: must be in 0..1")
    path = distill(
        DistillOptions(
            features=arguments.features,
            out=arguments.out,
            harmony=arguments.harmony,
            data=None if arguments.data is None else Path(arguments.data),
            mert=arguments.mert,
            split=arguments.split,
            folds=arguments.folds,
            variants=arguments.variants,
            teacher_epochs=arguments.teacher_epochs,
            lesson=arguments.lesson,
            students=arguments.emotions,
            steps=arguments.steps,
            threads=arguments.threads,
            commit=arguments.commit,
            train=_budget(arguments),
        )
    )
    print(f"written: {path}")
    return 0


def _courses_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=_RUNS / "courses.npz")
    parser.add_argument(
        "--set", action="append", default=[], help="data set with notes (default: all three)"
    )


def _courses(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.score_teacher import write_courses

    if arguments.data is None:
        raise InputError("--data DIR is required: the folder with a sub-folder per data set")
    sets = tuple(arguments.set) or ("vgmidi", "emopia", "pop909")
    skill = write_courses(Path(arguments.data), arguments.out, sets)
    for name, (valence, arousal) in zip(("vgmidi", "emopia"), skill.tolist(), strict=True):
        print(f"{name}: held-out pieces, r of valence {valence:.2f}, arousal {arousal:.2f}")
    print(f"written: {arguments.out}")
    return 0


def _speech_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=_RUNS / "features", help="folder of features")
    parser.add_argument("--clips", type=int, default=320, help="for training")
    parser.add_argument("--held-out-clips", type=int, default=48, help="of voices kept apart")
    parser.add_argument("--seed", type=int, default=20251121)


def _speech(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.speech import prepare_speech

    counts = (arguments.clips, arguments.held_out_clips)
    written = prepare_speech(arguments.out, *counts, arguments.seed)
    print(f"{written} clips prepared in {arguments.out}")
    return 0


def _presence_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--features", type=Path, default=_RUNS / "features")
    parser.add_argument("--out", type=Path, default=_RUNS / "train", help="folder of checkpoints")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=20251121)
    parser.add_argument("--threads", type=int, default=1)


def _presence(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.presence_train import PresenceOptions, train_presence

    options = PresenceOptions(
        features=arguments.features,
        out=arguments.out,
        epochs=arguments.epochs,
        threads=arguments.threads,
        seed=arguments.seed,
    )
    print(f"trained: {train_presence(options)}")
    return 0


def _digest_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--features", type=Path, default=_RUNS / "features")
    parser.add_argument("--harmony", type=Path, default=_RUNS / "train" / "harmony.pt")
    parser.add_argument("--out", type=Path, default=_RUNS / "train" / "digest.pt")
    parser.add_argument("--seed", type=int, default=20251121)


def _digest(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.digest_fit import DigestOptions, fit_digest

    options = DigestOptions(
        features=arguments.features,
        harmony=arguments.harmony,
        out=arguments.out,
        seed=arguments.seed,
    )
    for name, value in fit_digest(options).items():
        print(f"{name}: r of valence on groups left out {value:.2f}")
    print(f"written: {arguments.out}")
    return 0


def _blend_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", type=Path, default=_RUNS / "train" / "tracker.pt")
    parser.add_argument(
        "--part", action="append", default=[], metavar="FILE=SHARE", help="stage file and share"
    )
    parser.add_argument("--out", type=Path, default=_RUNS / "blend.pt")


def _blend(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.blend import blend

    parts = []
    for part in arguments.part:
        path, _, share = part.rpartition("=")
        try:
            parts.append((Path(path), float(share)))
        except ValueError as error:
            raise InputError(f"--part {part}: must look like FILE=0.5") from error
    blend(arguments.checkpoint, parts, arguments.out)
    print(f"written: {arguments.out}")
    return 0


def _quantise_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    parser.add_argument("--kind", choices=("dynamic", "static"), default="dynamic")
    parser.add_argument("--out", type=Path, default=_RUNS / "tracker.int8.onnx")


def _quantise(arguments: argparse.Namespace) -> int:
    import numpy as np

    import presets
    from engine.audio import mono_blocks
    from engine.emotion.model import TrackerModel, shipped_model_path
    from export_onnx.studies.quantise import compare, quantise

    source = arguments.model or shipped_model_path()
    rate = TrackerModel(source).sample_rate
    sound = np.concatenate(list(mono_blocks(presets.DEMO_AUDIO, rate)))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    count = quantise(source, arguments.out, arguments.kind, sound)
    found = compare(source, arguments.out, sound)
    print(f"{count} products quantised ({arguments.kind}): {arguments.out}")
    for name, (before, after) in (
        ("size [MB]", found.size_mb),
        ("hop p50 [ms]", found.hop_p50_ms),
        ("hop p99 [ms]", found.hop_p99_ms),
    ):
        print(f"{name:14} {before:8.3f} -> {after:8.3f}")
    for name, value in found.differences.items():
        print(f"largest difference of {name:12} {value:.3g}")
    return 0


STUDIES = {
    "digest": (_digest_options, _digest, "fit the regression on statistics"),
    "blend": (_blend_options, _blend, "average the weights of networks of one descent"),
    "quantise": (_quantise_options, _quantise, "try eight-bit products, and compare"),
    "courses": (_courses_options, _courses, "let the notes say what every passage expresses"),
    "speech": (_speech_options, _speech, "prepare speech of free synthesisers"),
    "presence": (_presence_options, _presence, "train what tells music from speech and noise"),
    "distill": (_distill_options, _distill, "train teachers, and a student that listens to them"),
    "ablate": (_ablate_options, _ablate, "train with parts of the recipe left out, and compare"),
}
