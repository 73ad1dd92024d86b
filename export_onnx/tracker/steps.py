"""Command line of the tracker's steps beside plain training: speech, note statistics, blending."""

import argparse
from pathlib import Path

from engine.errors import InputError
from export_onnx.training.arguments import data_folder

__all__ = ["STEPS"]

_RUNS = Path("runs/tracker")


def _courses_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=_RUNS / "courses.npz")
    parser.add_argument(
        "--set", action="append", default=[], help="data set with notes (default: all three)"
    )


def _courses(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.score_teacher import write_courses

    data = data_folder(arguments)
    sets = tuple(arguments.set) or ("vgmidi", "emopia", "pop909")
    skill = write_courses(data, arguments.out, sets)
    for name, (valence, arousal) in zip(("vgmidi", "emopia"), skill.tolist(), strict=True):
        print(f"{name}: held-out pieces, r of valence {valence:.2f}, arousal {arousal:.2f}")
    print(f"written: {arguments.out}")
    return 0


def _speech_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=_RUNS / "features", help="folder of features")
    parser.add_argument("--clips", type=int, default=320, help="for training")
    parser.add_argument("--held-out-clips", type=int, default=48, help="clips of held-out voices")
    parser.add_argument("--seed", type=int, default=20251121)


def _speech(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.noises import prepare_noises
    from export_onnx.tracker.speech import prepare_speech

    counts = (arguments.clips, arguments.held_out_clips)
    written = prepare_speech(arguments.out, *counts, arguments.seed)
    written += prepare_noises(arguments.out, *counts, arguments.seed)
    print(f"{written} clips prepared in {arguments.out}")
    return 0


def _presence_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--features", type=Path, default=_RUNS / "features")
    parser.add_argument("--out", type=Path, default=_RUNS / "train", help="folder of checkpoints")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=20251121)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, default=None, help="stage file to begin with")
    parser.add_argument(
        "--into", type=Path, default=None, help="exported model that gets the new weights"
    )


def _presence(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.presence_train import PresenceOptions, train_presence

    options = PresenceOptions(
        features=arguments.features,
        out=arguments.out,
        epochs=arguments.epochs,
        threads=arguments.threads,
        seed=arguments.seed,
        start=arguments.start,
    )
    path = train_presence(options)
    print(f"trained: {path}")
    if arguments.into is not None:
        from export_onnx.tracker.weights import load_presence, replace_presence

        replace_presence(arguments.into, load_presence(path), arguments.into)
        print(f"written into: {arguments.into}")
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


STEPS = {
    "digest": (_digest_options, _digest, "fit the regression on statistics"),
    "blend": (_blend_options, _blend, "average the weights of networks of one descent"),
    "courses": (_courses_options, _courses, "let the notes say what every passage expresses"),
    "speech": (_speech_options, _speech, "prepare speech of free synthesisers, noises and tones"),
    "presence": (_presence_options, _presence, "train the detector of music, speech and noise"),
}
