"""Rhythm cells: within the beat, in order, no faster than can be played."""

from itertools import pairwise

from engine.music.rhythm import CELLS, MAX_ONSETS, cells, grid_limit


def test_every_cell_has_its_number_of_onsets_ascending_within_the_beat() -> None:
    for count, options in CELLS.items():
        for cell in options:
            assert len(cell.onsets) == count
            assert all(0.0 <= onset < 1.0 for onset in cell.onsets)
            assert all(low < high for low, high in pairwise(cell.onsets))
            assert cell.offbeat == (count > 0 and cell.onsets[0] > 0.0)


def test_there_is_a_cell_for_every_count_at_every_tempo() -> None:
    for tempo in (20, 40, 60, 90, 120, 180, 240, 400, 999):
        limit = grid_limit(tempo)
        for count in range(MAX_ONSETS + 1):
            options = cells(count, limit, triplets=False)
            assert options
            for cell in options:
                gaps = [high - low for low, high in pairwise((*cell.onsets, 1.0))]
                assert not gaps or min(gaps) >= 1.0 / limit - 1e-9


def test_the_limit_falls_with_the_tempo_and_stays_playable() -> None:
    limits = [grid_limit(tempo) for tempo in range(20, 1000, 10)]
    assert limits == sorted(limits, reverse=True)
    for tempo in range(20, 700, 10):
        assert 60.0 / tempo / grid_limit(tempo) >= 0.085
