"""DEAM, EmoMusic and PMEmo in the layouts they are distributed in; ratings, swap, overlap."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError
from export_onnx.datasets import DATASETS, read_items
from export_onnx.datasets.deam import correct_swap, read_static
from export_onnx.datasets.ratings import Rating
from export_onnx.datasets.split import main_artist, split_of

N_EARLY, N_LATE = 60, 20
ALL = ("train", "val", "test")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def true_ratings():
    """Make nine-point ratings per song; the two axes are related, as they are in the originals."""
    rng = np.random.default_rng(5)
    songs = [*range(2, 2 + N_EARLY), *range(1001, 1001 + N_LATE), 2001]
    valence = rng.uniform(2, 8, len(songs))
    arousal = np.clip(0.5 * valence + 2.5 + rng.normal(0, 1, len(songs)), 1, 9)
    return {
        song: (round(v, 2), round(a, 2))
        for song, v, a in zip(songs, valence.tolist(), arousal.tolist(), strict=True)
    }


def trace_table(ratings, axis, n_samples=5):
    header = ["song_id"] + [f"sample_{15000 + 500 * i}ms" for i in range(n_samples)]
    rows = [",".join(header)]
    for number, (song, pair) in enumerate(ratings.items()):
        level = (pair[axis] - 5) / 4 * 0.7
        cells = [f"{level + 0.01 * i:.4f}" for i in range(n_samples)]
        if number == 0:
            cells[-1] = ""  # a song that ends earlier
        rows.append(",".join([str(song), *cells]))
    return "\n".join(rows) + "\n"


def make_deam(folder, ratings, swapped=True, traces=True):
    averaged = folder / "annotations" / "annotations averaged per song"
    header = "song_id, valence_mean, valence_std, arousal_mean, arousal_std\n"
    lines, full = [header], ["song_id, valence_mean, valence_std, valence_ max_mean, "
                             "valence_max_std, arousal_mean, arousal_std\n"]  # fmt: skip
    for song, (valence, arousal) in ratings.items():
        if song > 2000:
            full.append(f"{song}, {valence}, 0.8, {valence + 1}, 0.5, {arousal}, 1.2\n")
        elif song <= 1000 and swapped:
            lines.append(f"{song},{arousal},1.2,{valence},0.8\n")
        else:
            lines.append(f"{song},{valence},0.8,{arousal},1.2\n")
    static = averaged / "song_level"
    write(static / "static_annotations_averaged_songs_1_2000.csv", "".join(lines))
    write(static / "static_annotations_averaged_songs_2000_2058.csv", "".join(full))
    dynamic = averaged / "dynamic (per second annotations)"
    traced = ratings if traces else {}
    write(dynamic / "valence.csv", trace_table(traced, 0))
    write(dynamic / "arousal.csv", trace_table(traced, 1))
    early = "\n".join(
        f'{s}, "\t{s}.mp3","Artist {s // 3}\t","\tSong, {s}\t",0.48,1.33,"\tBlues\t"'
        for s in ratings
        if s <= 1000
    )
    write(
        folder / "metadata" / "metadata_2013.csv",
        f'song_id,file_name,Artist,"Song title",start of the segment,end,Genre\n{early}\n',
    )
    later = "\n".join(
        f"{s},Ärtist {s // 3} feat. X,Album,Track {s},Rock,15,60,tag one,tag two"
        for s in ratings
        if 1000 < s <= 2000
    )
    write(
        folder / "metadata" / "metadata_2014.csv",
        f"Id,Artist,Album,Track,Genre,segment start,segment end\n{later}\n",
    )
    write(
        folder / "metadata" / "metadata_2015.csv",
        "id,Filename,title,artist,album,genre\n2001,2001.mp3,A title,Somebody,N/A,Jazz\n",
    )
    for song in ratings:
        write(folder / "MEMD_audio" / f"{song}.mp3", "")
    write(folder / "features" / "2.csv", "not read")


def make_emomusic(folder, ratings, songs):
    chosen = {song: ratings[song] for song in songs}
    info = "\n".join(
        f'{s},"\t{s}.mp3","Artist {s // 3}\t","\tSong {s}\t","\t0.48\t","\t1.33\t","\tBlues\t",'
        f'"{"evaluation" if s % 5 == 0 else "development"}"'
        for s in chosen
    )
    write(
        folder / "annotations" / "songs_info.csv",
        '"song_id","file_name","Artist","Song title","start of the segment (min.sec)",'
        f'"end of the segment (min.sec)","Genre","Mediaeval 2013 set"\n{info}\n',
    )
    static = "".join(f"{s},{a},1.2,{v},0.8\n" for s, (v, a) in chosen.items())
    write(
        folder / "annotations" / "static_annotations.csv",
        f"song_id,mean_arousal,std_arousal,mean_valence,std_valence\n{static}",
    )
    write(folder / "annotations" / "valence_cont_average.csv", trace_table(chosen, 0))
    write(folder / "annotations" / "arousal_cont_average.csv", trace_table(chosen, 1))
    for song in chosen:
        write(folder / "clips_45sec" / "clips_45seconds" / f"{song}.mp3", "")


def early_songs(ratings):
    return [song for song in ratings if song <= 1000]


def by_name(items, dataset):
    return {item.name: item for item in items if item.dataset == dataset}


@pytest.mark.parametrize("place", ["", "DEAM"])
def test_deam_is_read_as_distributed(tmp_path, place):
    ratings = true_ratings()
    make_deam(tmp_path / "deam", ratings)
    if place:  # the archives unpacked into folders of their own
        (tmp_path / "deam" / "annotations").rename(tmp_path / "deam" / "x")
        (tmp_path / "deam" / "DEAM_Annotations").mkdir()
        (tmp_path / "deam" / "x").rename(tmp_path / "deam" / "DEAM_Annotations" / "annotations")
        (tmp_path / "deam" / "DEAM_audio").mkdir()
        audio = tmp_path / "deam" / "MEMD_audio"
        audio.rename(tmp_path / "deam" / "DEAM_audio" / "MEMD_audio")
    items = by_name(read_items(tmp_path, ALL), "deam")
    assert set(items) == {str(song) for song in ratings}
    for song, (valence, arousal) in ratings.items():
        item = items[str(song)]
        assert item.valence == pytest.approx((valence - 5) / 4)
        assert item.arousal == pytest.approx((arousal - 5) / 4)
        assert item.spread == pytest.approx((0.2, 0.3))
        assert (item.folder / item.path).is_file()
    assert items["2"].curve.shape == (4, 3)
    assert items["3"].curve[:2, 0].tolist() == [15.0, 15.5]
    assert items["2001"].group == "somebody"
    assert items["1002"].group == items["1003"].group == "artist 334"


def test_static_axes_of_early_songs_are_exchanged_back(tmp_path):
    ratings = true_ratings()
    make_deam(tmp_path / "deam", ratings)
    path = next((tmp_path / "deam").rglob("static_annotations_averaged_songs_1_2000.csv"))
    released = read_static(path)
    items = by_name(read_items(tmp_path, ALL), "deam")
    early = [str(song) for song in early_songs(ratings)]
    means = np.array([items[name].curve[:, 1:].mean(0) for name in early])

    def agreement(values):
        return [np.corrcoef(np.array(values)[:, axis], means[:, axis])[0, 1] for axis in (0, 1)]

    before = agreement([(released[int(n)].valence, released[int(n)].arousal) for n in early])
    after = agreement([(items[n].valence, items[n].arousal) for n in early])
    assert min(after) > 0.999
    assert max(before) < 0.9
    late = str(1001)
    assert (items[late].valence, items[late].arousal) == (
        released[1001].valence,
        released[1001].arousal,
    )


def test_a_repaired_release_is_left_alone(tmp_path):
    ratings = true_ratings()
    make_deam(tmp_path / "deam", ratings, swapped=False)
    items = by_name(read_items(tmp_path, ALL), "deam")
    assert items["2"].valence == pytest.approx((ratings[2][0] - 5) / 4)


def test_without_traces_the_known_defect_is_corrected(tmp_path):
    ratings = true_ratings()
    make_deam(tmp_path / "deam", ratings, traces=False)
    items = by_name(read_items(tmp_path, ALL), "deam")
    assert items["2"].valence == pytest.approx((ratings[2][0] - 5) / 4)
    assert items["2"].curve is None


def test_emomusic_is_read_as_distributed(tmp_path):
    ratings = true_ratings()
    songs = early_songs(ratings)
    make_emomusic(tmp_path / "emomusic", ratings, songs)
    items = by_name(read_items(tmp_path, ALL), "emomusic")
    assert set(items) == {str(song) for song in songs}
    valence, arousal = ratings[7]
    assert items["7"].valence == pytest.approx((valence - 5) / 4)
    assert items["7"].arousal == pytest.approx((arousal - 5) / 4)
    assert items["7"].spread == pytest.approx((0.2, 0.3))
    assert items["7"].group == "artist 2"
    assert items["7"].curve.shape == (5, 3)
    for artist in {item.group for item in items.values()}:
        assert len({item.split for item in items.values() if item.group == artist}) == 1


@pytest.mark.parametrize("layout", ["distributed", "manifest"])
def test_no_song_of_emomusic_and_deam_is_on_two_sides(tmp_path, layout):
    ratings = true_ratings()
    songs = early_songs(ratings)
    # DEAM lacks the audio of some songs that EmoMusic has: their artists still have one side.
    make_deam(tmp_path / "deam", {s: r for s, r in ratings.items() if s % 3 or s > 1000})
    if layout == "distributed":
        make_emomusic(tmp_path / "emomusic", ratings, songs)
    else:
        rows = "".join(f"{s}.mp3,train,0.1,0.2\n" for s in songs)
        write(tmp_path / "emomusic" / "manifest.csv", f"path,split,valence,arousal\n{rows}")
    together = read_items(tmp_path, ALL)
    deam, emomusic = by_name(together, "deam"), by_name(together, "emomusic")
    assert {item.split for item in deam.values()} == set(ALL)
    shared = deam.keys() & emomusic.keys()
    assert all(deam[name].split == emomusic[name].split for name in shared)
    assert {deam[name].split for name in shared} <= {"val", "test"}
    assert {n for n in map(str, songs) if n in deam and deam[n].split != "train"} == shared
    if layout == "distributed":
        sides = {}
        for item in (*deam.values(), *emomusic.values()):
            sides.setdefault(item.group, set()).add(item.split)
        assert all(len(side) == 1 for side in sides.values())

    # Asked for alone, EmoMusic keeps its songs to train on, on the side DEAM has them.
    alone = by_name(read_items(tmp_path, ALL, ("emomusic",)), "emomusic")
    assert set(alone) == {str(song) for song in songs}
    assert all(alone[name].split == deam[name].split for name in alone.keys() & deam.keys())


def make_pmemo(folder, artists=("Adele", "Adele feat. Q", "Björk")):
    song_rows = "".join(
        f'{n},{n}.mp3,Title {n},"{artist}",Album,30.5,00:40,01:10\n'
        for n, artist in enumerate(artists, 1)
    )
    write(
        folder / "metadata.csv",
        "musicId,fileName,title,artist,album,duration,chorus_start_time,chorus_end_time\n"
        + song_rows,
    )
    write(
        folder / "annotations" / "static_annotations.csv",
        "musicId,Arousal(mean),Valence(mean)\n1,0.4,0.575\n2,0.2625,0.2875\n3,1.0,0.0\n",
    )
    write(
        folder / "annotations" / "static_annotations_std.csv",
        "musicId,Arousal(std),Valence(std)\n1,0.15,0.16\n2,0.1,0.2\n3,0.1,0.1\n",
    )
    write(
        folder / "annotations" / "dynamic_annotations.csv",
        "musicId,frameTime,Arousal(mean),Valence(mean)\n"
        "1,15.5,0.25,0.5\n1,15.0,0.5,0.75\n2,15.0,0.5,0.5\n",
    )
    for number in range(1, len(artists) + 1):
        write(folder / "chorus" / f"{number}.mp3", "")


@pytest.mark.parametrize("root", ["pmemo", "pmemo/PMEmo2019"])
def test_pmemo_is_read_as_distributed(tmp_path, root):
    make_pmemo(tmp_path / root)
    items = by_name(read_items(tmp_path, ALL), "pmemo")
    assert items["1"].valence == pytest.approx(0.15)
    assert items["1"].arousal == pytest.approx(-0.2)
    assert items["1"].spread == pytest.approx((0.32, 0.3))
    assert items["1"].curve.tolist() == [[15.0, 0.5, 0.0], [15.5, 0.0, -0.5]]
    assert (items["3"].valence, items["3"].arousal) == (-1.0, 1.0)
    assert items["3"].curve is None
    assert items["1"].split == items["2"].split
    assert items["3"].group == "bjork"


def test_songs_without_audio_are_left_out(tmp_path):
    make_pmemo(tmp_path / "pmemo")
    (tmp_path / "pmemo" / "chorus" / "2.mp3").unlink()
    assert set(by_name(read_items(tmp_path, ALL), "pmemo")) == {"1", "3"}


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("static_annotations.csv", "musicId,Arousal(mean)\n1,0.4\n", r"no column valence\(mean\)"),
        ("static_annotations.csv", "musicId,Arousal(mean),Valence(mean)\n1,0.4,x\n", "'x'"),
        ("static_annotations.csv", "", "empty"),
        ("static_annotations_std.csv", "musicId,Arousal(std),Valence(std)\n", "musicId 1"),
    ],
)
def test_broken_tables_are_named(tmp_path, file, text, message):
    make_pmemo(tmp_path / "pmemo")
    (tmp_path / "pmemo" / "annotations" / file).write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_items(tmp_path, ALL)
    assert file in str(raised.value)


def test_split_is_the_same_everywhere_and_about_a_tenth_each():
    assert split_of("pmemo", "adele") == split_of("pmemo", "adele")
    sides = [split_of("pmemo", f"artist {n}") for n in range(2000)]
    assert 0.08 < sides.count("val") / 2000 < 0.12
    assert 0.08 < sides.count("test") / 2000 < 0.12


@pytest.mark.parametrize(
    ("text", "artist"),
    [("Beyoncé feat. Jay-Z", "beyonce"), ("The  BEATLES\t", "the beatles"), ("Various Artists", ""),
     ("Left", "left"), ("Simon & Garfunkel", "simon"), ("", "")],
)  # fmt: skip
def test_first_named_artist(text, artist):
    assert main_artist(text) == artist


TABLES = os.environ.get("STIMMUNG_MER_TABLES", "")


def real_tables_swap_and_overlap(tmp_path):
    """Read DEAM's and EmoMusic's real ratings: `deam/`, `emomusic/` with static_annotations.csv."""
    deam = read_static(Path(TABLES) / "deam" / "static_annotations.csv")
    emomusic = read_static(Path(TABLES) / "emomusic" / "static_annotations.csv")
    corrected = correct_swap(deam, {})
    shared = sorted(deam.keys() & emomusic.keys())
    assert len(shared) == len(emomusic) == 744

    def axes(ratings: dict[int, Rating]) -> np.ndarray:
        return np.array([[ratings[song].valence, ratings[song].arousal] for song in shared])

    def correlations(ratings: dict[int, Rating]) -> list[float]:
        left, right = axes(ratings), axes(emomusic)
        return [float(np.corrcoef(left[:, axis], right[:, axis])[0, 1]) for axis in (0, 1)]

    assert max(correlations(deam)) < 0.7
    assert min(correlations(corrected)) > 0.999
    assert all(corrected[song] == deam[song] for song in deam if song > 1000)

    pairs = {s: (4 * r.valence + 5, 4 * r.arousal + 5) for s, r in corrected.items()}
    make_deam(tmp_path / "deam", pairs, traces=False)
    make_emomusic(tmp_path / "emomusic", pairs, shared)
    items = read_items(tmp_path, ALL)
    sides = {}
    for item in items:
        sides.setdefault(item.name, set()).add(item.split)
    assert len(sides) == 1802 and all(len(side) == 1 for side in sides.values())
    pool = [item.name for item in items if item.split == "train"]
    assert len(pool) == len(set(pool))


if TABLES:  # whoever has the real tables names their folder
    test_real_tables_swap_and_overlap = real_tables_swap_and_overlap


def test_every_set_says_what_it_is_and_what_it_lacks(tmp_path):
    assert set(DATASETS) == {
        "emopia", "vgmidi", "pop909", "emotify", "deam", "emomusic", "pmemo", "mtg_jamendo",
        "muvisync", "q4audio",
    }  # fmt: skip
    page = (Path(__file__).parent.parent / "docs" / "datasets.md").read_text(encoding="utf-8")
    for name, dataset in DATASETS.items():
        assert dataset.name == name and f"`{name}`" in page
        assert dataset.lacks(tmp_path / name)


def test_annotations_without_audio_are_not_taken_for_the_set(tmp_path):
    ratings = true_ratings()
    make_deam(tmp_path / "deam", ratings)
    for path in (tmp_path / "deam" / "MEMD_audio").iterdir():
        path.unlink()
    (tmp_path / "deam" / "MEMD_audio").rmdir()
    assert DATASETS["deam"].lacks(tmp_path / "deam") == "MEMD_audio"
    with pytest.raises(InputError, match="deam lacks MEMD_audio"):
        read_items(tmp_path, ALL, ("deam",))


def test_manifest_layout_is_read_for_every_rated_set(tmp_path):
    for name in ("deam", "pmemo"):
        folder = tmp_path / name
        folder.mkdir()
        with (folder / "manifest.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["path", "split", "group", "valence", "arousal"])
            writer.writerow(["a/1.wav", "val", "somebody", "-0.5", "0.25"])
    items = read_items(tmp_path, ("val",))
    assert [(i.dataset, i.name, i.group, i.valence, i.arousal) for i in items] == [
        ("deam", "1", "somebody", -0.5, 0.25),
        ("pmemo", "1", "somebody", -0.5, 0.25),
    ]
