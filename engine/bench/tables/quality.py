"""Words of the tables: how well music and films are read and answered."""

from typing import Final

from engine.bench.table import Table

__all__ = ["QUALITY"]

QUALITY: Final = (
    Table(
        "control",
        "control",
        "Does the music follow the target",
        tuple(
            (
                f"`{engine}`",
                *(
                    f"{{control.{engine}.{axis}_{how}}}"
                    for axis in ("arousal", "valence")
                    for how in ("r_squared", "spearman", "spearman_unfitted")
                ),
            )
            for engine in ("rules", "muser", "amt")
        ),
        (
            "engine",
            "arousal, R²",
            "Spearman, fitted",
            "unfitted",
            "valence, R²",
            "Spearman, fitted",
            "unfitted",
        ),
        "147 pieces per engine: a 7 × 7 grid of targets, three seeds, 16 bars each. Commanded "
        "valence and arousal are regressed on five plain measurements of the notes (mean velocity, "
        "onsets per second, major minus minor key profile, mean pitch, articulation), each piece "
        "left out of its own fit. Unfitted is the mean of the measurements in the directions the "
        "literature gives. In brackets 95 % intervals over resampled pieces.",
    ),
    Table(
        "video",
        "video",
        "Reading films",
        (
            (
                "cuts within 0.1 s, of {video.cuts} in {video.films} films",
                "precision {video.cut precision|.3f}, recall {video.cut recall|.3f}, "
                "F1 {video.cut F1|.3f}",
            ),
            (
                "true cuts within one beat / 50 ms of a bar line",
                "{video.cuts within a beat of a bar line|.1%} / "
                "{video.cuts within 50 ms of a bar line|.1%}",
            ),
            (
                "largest change of tempo from the first section",
                "{video.tempo, largest change from the first section|.1%}",
            ),
            (
                "a film of {video.long_s|.0f} s in 720p, watched",
                "{video.watching_s|.1f} s, of processors {video.watching_processor_s|.1f} s",
            ),
        ),
    ),
    Table(
        "films",
        "video",
        "Music for films",
        tuple(
            (
                f"`{engine}`",
                f"{{video.{engine}.fit to own film|.3f}} / "
                f"{{video.{engine}.fit to other films|.3f}}",
                f"[{{video.{engine}.gain, 95 % low|.3f}}, {{video.{engine}.gain, 95 % high|.3f}}]",
                f"{{video.{engine}.gain, p|.5f}}",
                f"{{video.{engine}.films with gain}}",
                *(
                    f"{{video.{engine}.r {axis}, own|.3f}} / "
                    f"{{video.{engine}.r {axis}, swapped|.3f}}"
                    for axis in ("valence", "arousal")
                ),
                f"{{video.{engine}.composing_s|.1f}} s",
            )
            for engine in ("rules", "amt")
        ),
        (
            "engine",
            "fit to own / other films",
            "gain, 95 %",
            "p",
            "films with gain",
            "r valence, own / swapped",
            "r arousal, own / swapped",
            "composing 3 minutes",
        ),
        "Fit is minus the mean absolute difference of standardised valence and arousal, painted "
        "against measured on the notes, in windows of 8 s; p by a paired permutation test.",
    ),
)
