"""How much music that leans on a player's style is like that player's other pieces.

A folder holds a folder of MIDI files for each player. The style is learned from every second
piece; boosted trees learn who is who on windows of the others, which no style has seen, and say
of clips of one engine how much they sound like each player: with that player's style, without
any, and with the other players'.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.errors import InputError
from engine.generators.muser.generator import load_model
from engine.generators.muser.model import shipped_model_folder
from engine.generators.muser.styles import MIDI_SUFFIXES, learn_style
from engine.generators.shared.styles import styles_kept_in
from export_onnx.judges.material import Made, Plan, make_all, quadrant_requests
from export_onnx.judges.notes import Notes, from_file
from export_onnx.judges.real import Group, cut
from export_onnx.judges.real_features import describe_real
from export_onnx.judges.train import Bench
from export_onnx.judges.verdict import accuracies
from export_onnx.training.metrics import Score, accuracy, bootstrap

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

__all__ = ["compare_players"]

_FEWEST_PIECES: Final = 6
_WINDOWS: Final = 6
"""Most windows of one piece."""
_FOLDS: Final = 5
_SEED: Final = 20251202


def compare_players(folder: Path, plan: Plan, bench: Bench) -> list[tuple[str, str, Score]]:
    """Return rows of who, measure, score.

    Raises
    ------
    InputError
        There are not two players with six pieces each.
    """
    players = {
        place.name: pieces
        for place in sorted(folder.iterdir())
        if place.is_dir() and len(pieces := _pieces(place)) >= _FEWEST_PIECES
    }
    if len(players) < 2:
        raise InputError(
            f"--players needs folders of at least {_FEWEST_PIECES} MIDI files for at least two "
            f"players; {folder} has {len(players)}"
        )
    seconds = plan.bars * 4 * 60.0 / plan.tempo_bpm
    held = [
        [window for piece in pieces[1::2] for window in _windows(piece, seconds)]
        for pieces in players.values()
    ]
    rows = [_told_right(held)]
    judge = _fit(held)
    made: dict[str, list[Made]] = {"": make_all(plan, quadrant_requests(plan), "no style")}
    for name, pieces in players.items():
        with _learned(name, pieces[::2], plan) as styled:
            made[name] = make_all(styled, quadrant_requests(styled), name)
    shares = {
        name: judge.predict_proba(_features([m.notes for m in clips]))
        for name, clips in made.items()
    }
    own, without, others = [], [], []
    for index, name in enumerate(players):
        own.append(shares[name][:, index])
        without.append(shares[""][:, index])
        others.append(
            np.mean([shares[other][:, index] for other in players if other != name], axis=0)
        )
    each = [str(clip) for clip in range(own[0].size)] * len(players)
    flat = [np.concatenate(one) for one in (own, without, others)]
    for who, values in zip(("that player's style", "no style", "other styles"), flat, strict=True):
        rows.append((who, "share judged that player's", bootstrap(np.mean, (values,), each)))
    gain = bootstrap(np.mean, (flat[0] - flat[1],), each)
    rows.append(("style minus none", "share judged that player's", gain))
    leaning = [clip for name in players for clip in made[name]]
    for who, clips in (("no style", made[""]), ("with styles", leaning)):
        for judged_by, measure, score in accuracies(bench, clips):
            rows.append((who, f"{measure}, {judged_by}", score))
    return rows


def _pieces(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in MIDI_SUFFIXES)


def _windows(piece: Path, seconds: float) -> list[Group]:
    notes = from_file(piece)
    found = []
    for number in range(_WINDOWS):
        found += cut([Group(piece.name, notes.between(number * seconds, np.inf))], seconds)
    return found


def _features(clips: list[Notes]) -> np.ndarray:
    return np.hstack(list(describe_real(clips).values()))


def _fit(held: list[list[Group]]) -> "HistGradientBoostingClassifier":
    from sklearn.ensemble import HistGradientBoostingClassifier

    labels = np.repeat(np.arange(len(held)), [len(windows) for windows in held])
    trees = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=8, min_samples_leaf=8, l2_regularization=1.0,
        class_weight="balanced", random_state=_SEED,
    )  # fmt: skip
    return trees.fit(_features([one.notes for windows in held for one in windows]), labels)


def _told_right(held: list[list[Group]]) -> tuple[str, str, Score]:
    """Return how often windows of pieces left out are given to the right player."""
    found, true, songs = [], [], []
    for fold in range(_FOLDS):
        inside = [[one for one in windows if _fold(one) != fold] for windows in held]
        outside = [
            (one, index)
            for index, windows in enumerate(held)
            for one in windows
            if _fold(one) == fold
        ]
        if not outside:
            continue
        found.append(_fit(inside).predict(_features([one.notes for one, _ in outside])))
        true += [index for _, index in outside]
        songs += [one.song for one, _ in outside]
    score = bootstrap(accuracy, (np.concatenate(found), np.array(true)), songs)
    return "held pieces", f"told right, of {len(held)} players", score


def _fold(one: Group) -> int:
    return sum(one.song.encode()) % _FOLDS


@contextmanager
def _learned(name: str, pieces: list[Path], plan: Plan) -> Iterator[Plan]:
    """Learn a style in a folder of its own; yield the plan with it."""
    with TemporaryDirectory() as place:
        learned, kept = Path(place) / "pieces", Path(place) / "styles"
        learned.mkdir()
        for piece in pieces:
            (learned / piece.name).symlink_to(piece.resolve())
        with styles_kept_in(kept):
            learn_style(learned, name, load_model(shipped_model_folder()), print)
            yield replace(plan, style=name)
