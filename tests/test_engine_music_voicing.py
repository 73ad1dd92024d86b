"""Voice leading: exact notes, small motion, few parallels, and the best chain of all."""

from itertools import product

import pytest

from engine.errors import InputError
from engine.music.chords import QUALITIES, Chord, parse_chord
from engine.music.voicing import (
    VoicingRules,
    best_voicing,
    motion,
    parallels,
    voice_progression,
    voicings,
)


def chords(names: str) -> list[Chord]:
    found = [parse_chord(name) for name in names.split()]
    return [chord for chord in found if chord is not None]


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_quality_is_voiced_with_exactly_its_notes(quality: str) -> None:
    for root in range(12):
        chord = Chord(root, quality)
        for voices in (3, 4, 5):
            voicing = best_voicing(chord, VoicingRules(voices=voices))
            assert {pitch % 12 for pitch in voicing} == set(chord.pitch_classes)
            assert len(voicing) == max(voices, len(chord.pitch_classes))
            assert list(voicing) == sorted(set(voicing))


def test_no_close_intervals_in_the_low_register() -> None:
    for voicing in voicings(Chord(0, "maj7"), 4, 36, 72):
        for low, high in zip(voicing[:-1], voicing[1:], strict=True):
            assert high - low >= (7 if low < 48 else 3 if low < 55 else 1)


def test_sevenths_are_not_doubled_where_roots_can_be() -> None:
    voicing = best_voicing(Chord(7, "7"), VoicingRules(voices=5))
    assert [pitch % 12 for pitch in voicing].count(5) == 1


def test_motion_pairs_voices_as_cheaply_as_possible() -> None:
    assert motion((60, 64, 67), (60, 65, 69)) == 3
    assert motion((60, 64, 67), (60, 64, 67, 72)) == 5
    assert motion((48, 60, 64, 67), (60, 64, 67)) == 12
    assert motion((), (60,)) == 0


def test_unequal_motion_agrees_with_trying_every_pairing() -> None:
    few, many = (50, 61, 66), (49, 55, 60, 64, 70)
    best = min(
        sum(abs(many[i] - few[assigned[i]]) for i in range(len(many)))
        for assigned in product(range(len(few)), repeat=len(many))
        if list(assigned) == sorted(assigned) and set(assigned) == {0, 1, 2}
    )
    assert motion(few, many) == motion(many, few) == best


def test_parallel_fifths_and_octaves_are_counted() -> None:
    assert parallels((48, 55), (50, 57)) == 1
    assert parallels((48, 60), (50, 62)) == 1
    assert parallels((48, 55), (48, 55)) == 0
    assert parallels((48, 55), (50, 58)) == 0


def test_a_common_progression_moves_little_and_has_no_parallels_with_the_bass() -> None:
    rules = VoicingRules(low=45)
    progression = chords("C:maj A:min F:maj D:min7 G:7 C:maj E:min A:min D:7 G:maj C:maj")
    basses = [36, 45, 41, 38, 43, 36, 40, 45, 38, 43, 36]
    voicing = best_voicing(progression[0], rules)
    moved = 0
    for index in range(1, len(progression)):
        bass = (basses[index - 1], basses[index])
        following = best_voicing(progression[index], rules, voicing, bass)
        assert parallels((bass[0], *voicing), (bass[1], *following)) == 0
        moved += motion(voicing, following)
        voicing = following
    assert moved / (len(progression) - 1) / rules.voices <= 2.5


def test_the_best_chain_costs_no_more_than_going_step_by_step() -> None:
    progression = chords("C:maj F:maj Bb:maj Eb:maj Ab:maj7 D:hdim7 G:7 C:min")
    rules = VoicingRules(register=0.0, spacing=0.0, top=0.0, parallel=0.0)
    chain = voice_progression(progression, rules)
    greedy = [best_voicing(progression[0], rules)]
    for chord in progression[1:]:
        greedy.append(best_voicing(chord, rules, greedy[-1]))

    def total(path: list[tuple[int, ...]]) -> int:
        return sum(motion(a, b) for a, b in zip(path[:-1], path[1:], strict=True))

    assert total(chain) <= total(greedy)
    for chord, voicing in zip(progression, chain, strict=True):
        assert {pitch % 12 for pitch in voicing} == set(chord.pitch_classes)


def test_an_empty_progression_has_no_voicings() -> None:
    assert voice_progression([], VoicingRules()) == []


def test_impossible_ranges_and_voice_counts_are_refused() -> None:
    with pytest.raises(InputError, match="does not fit"):
        voicings(Chord(0, "maj"), 4, 60, 64)
    with pytest.raises(InputError, match="at least 4"):
        voicings(Chord(0, "maj7"), 3, 48, 72)
