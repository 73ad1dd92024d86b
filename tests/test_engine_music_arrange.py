"""Chords become parts that keep the metre, the harmony, the density and the hand's reach."""

from itertools import pairwise, product

import pytest

from engine.generators.amt.slots import slot_at
from engine.generators.amt.vocabulary import AMT_QUALITIES
from engine.music.arrange.arranger import ArrangerState, arrange
from engine.music.arrange.comping import FIGURES
from engine.music.arrange.drums import KITS
from engine.music.arrange.groove import GROOVES, onsets
from engine.music.arrange.metre import Unit, finest_step, swung, units
from engine.music.arrange.performance import Touch, perform
from engine.music.arrange.scene import STYLES, Scene, choose_style
from engine.music.arrange.voices import lead_voices, leading_note
from engine.music.chords import Chord, parse_chord
from engine.music.draws import Draws
from engine.music.form import locate
from engine.music.keys import Key
from engine.music.voicing import motion
from engine.music.written import CHANNELS

VOCABULARY = [Chord(root, quality) for root in range(12) for quality in AMT_QUALITIES]
KEY = Key(0, "maj")
POP = [parse_chord(name) for name in "C:maj A:min F:maj7 G:7 E:min D:min7 G:sus4 C:maj6".split()]


def progression(seed: int, length: int) -> list[Chord]:
    """Return diatonic walks with now and then any chord at all."""
    draws = Draws(seed)
    found = []
    for index in range(length):
        wild = draws.uniform("wild", index) < 0.15
        options = VOCABULARY if wild else POP
        found.append(options[int(draws.uniform("pick", index) * len(options))])
    return found


def scene_at(beat, style, *, chords=POP, arousal=0.0, beats=4, tempo=100.0, seed=1, **changes):
    draws = Draws(seed)
    slot = slot_at(beat, beats)
    chord = chords[slot.index % len(chords)]
    before = chords[(slot.index - 1) % len(chords)] if slot.index else None
    values = {
        "position": locate(beat, beats, draws),
        "beat_s": 60.0 / tempo,
        "chord": chord,
        "changed": beat == slot.start and chord != before,
        "begins": beat == slot.start,
        "until": slot.end,
        "sure": slot.end,
        "joined": False,
        "following": chords[(slot.index + 1) % len(chords)],
        "key": KEY,
        "style": style,
        "density": 2.0,
        "arousal": arousal,
        "chord_centre": 60.0,
        "bass_centre": 38.0,
        "compound": False,
        "strong": False,
        "closes": False,
        "draws": draws,
    }
    return Scene(**values | changes)


def played(style, beats_in_all, **scene):
    """Return per part (beat, note) pairs."""
    state, parts = ArrangerState(), {}
    for beat in range(beats_in_all):
        written, state = arrange(state, scene_at(beat, style, **scene))
        for role, notes in written.items():
            parts.setdefault(role, []).extend((beat, note) for note in notes)
    return parts


@pytest.mark.parametrize("centre", [55.0, 60.0, 66.0])
def test_the_whole_vocabulary_is_voiced_without_a_wrong_or_missing_note(centre):
    for key in (KEY, Key(9, "min"), Key(6, "maj")):
        voicing = ()
        for chord in VOCABULARY:
            voicing = lead_voices(chord, None, voicing, centre, key)
            assert {pitch % 12 for pitch in voicing} == set(chord.pitch_classes)
            assert [pitch % 12 for pitch in voicing].count(leading_note(key)) <= 1
            assert list(voicing) == sorted(set(voicing)) and 46 <= voicing[0] <= voicing[-1] <= 84


def test_voices_move_little_over_generated_progressions():
    moved = voices = 0
    for seed in range(6):
        voicing = ()
        chords = progression(seed, 24)
        for chord, following in pairwise(chords):
            led = lead_voices(chord, following, voicing, 60.0, KEY)
            if voicing:
                moved += motion(voicing, led)
                voices += len(led)
            voicing = led
    assert moved / voices <= 2.5


def test_looking_ahead_saves_motion():
    def moved(ahead):
        total = 0
        for seed in range(10):
            voicing, chords = (), progression(seed, 16)
            for chord, following in pairwise(chords):
                led = lead_voices(chord, following if ahead else None, voicing, 60.0, KEY)
                total += motion(voicing, led)
                voicing = led
        return total

    assert moved(ahead=True) < moved(ahead=False)


@pytest.mark.parametrize("beats", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("tempo", [20.0, 55.0, 100.0, 180.0, 300.0])
def test_units_tile_every_bar_in_pulses_one_can_tap(beats, tempo):
    chain = units(beats, 60.0 / tempo)
    assert chain[0].start == 0.0 and chain[-1].end == beats
    assert all(before.end == after.start for before, after in pairwise(chain))
    assert all(0.1 < unit.pulse * 60.0 / tempo <= 1.1 for unit in chain)


@pytest.mark.parametrize("groove", GROOVES)
@pytest.mark.parametrize("pulses", [2, 3, 4])
@pytest.mark.parametrize("compound", [False, True])
def test_a_groove_fills_up_without_moving_and_keeps_the_density(groove, pulses, compound):
    unit = Unit(0.0, pulses, 1.0)

    def cells(density, place=0, variety=0.0):
        return onsets(
            groove, unit, 0.6, density, Draws(3), "x", place, compound=compound, variety=variety
        )

    for place in range(4):
        chain = [set(cells(density / 4, place)) for density in range(17)]
        assert all(few <= many for few, many in pairwise(chain))
        assert len(chain[-1]) == 4 * pulses
    mean = sum(len(cells(1.3, place, 1.0)) for place in range(64)) / 64 / pulses
    assert mean == pytest.approx(1.3, abs=0.1)


def test_grooves_differ_from_one_another_in_every_metre():
    for pulses in (3, 4):
        unit = Unit(0.0, pulses, 1.0)
        shapes = {onsets(g, unit, 0.6, 1.01, Draws(3), "x", 0, variety=0.0) for g in GROOVES}
        assert len(shapes) >= len(GROOVES) * 0.5


def test_six_eight_is_felt_in_two_and_three_four_in_three():
    unit = Unit(0.0, 3, 1.0)
    for groove, two, three in (("straight", (0, 6), (0, 4)), ("waltz", (0, 4), (0, 4))):
        found = [
            onsets(groove, unit, 0.5, 0.67, Draws(1), "x", 0, compound=compound, variety=0.0)
            for compound in (True, False)
        ]
        assert found == [two, three]


def test_fast_music_uses_coarser_cells_and_slow_music_double_time():
    fast = Unit(0.0, 4, 1.0)
    assert finest_step(fast, 60.0 / 300.0) == 2
    assert {c % 2 for c in onsets("sixteenths", fast, 0.2, 9.0, Draws(1), "x", 0)} == {0}
    assert units(4, 3.0)[0].pulse == 0.25


def test_swing_delays_the_middle_of_a_pulse_and_nothing_else():
    assert [swung(at, 1.0, 1.0) for at in (0.0, 0.5, 1.0)] == pytest.approx([0.0, 2 / 3, 1.0])
    assert swung(0.5, 1.0, 0.0) == 0.5
    assert swung(0.25, 0.5, 1.0) == pytest.approx(1 / 3)
    warped = [swung(index / 16, 1.0, 0.7) for index in range(17)]
    assert warped == sorted(warped)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_plays_every_metre_within_beat_chord_and_reach(style):
    for beats, tempo, arousal in product((2, 3, 4, 5, 7), (30.0, 110.0, 290.0), (-1.0, 1.0)):
        parts = played(style, 4 * beats + 1, beats=beats, tempo=tempo, arousal=arousal)
        for role, notes in parts.items():
            for beat, note in notes:
                assert 0.0 <= note.at < 1.0 and note.length > 0.0, (role, note)
                assert len({(b, n.at, n.pitch) for b, n in notes}) == len(notes), role
                slot = slot_at(beat, beats)
                members = POP[slot.index % len(POP)].pitch_classes
                if role in ("chords", "pad"):
                    assert note.pitch % 12 in members and 40 <= note.pitch <= 90
                    assert beat + note.at + note.length <= slot.end + 1e-6
                if role == "bass":
                    assert 24 <= note.pitch <= 57


def test_styles_differ_in_rhythm_and_texture():
    prints = {
        style: tuple(
            (beat, round(note.at, 3), note.pitch)
            for beat, note in played(style, 16, arousal=0.2)["chords"]
        )
        for style in STYLES
    }
    assert len(set(prints.values())) == len(STYLES)


def test_material_that_returns_has_its_rhythm_again_but_bars_are_not_all_alike():
    bars = {}
    for beat, note in played("comp", 32)["chords"]:
        bars.setdefault(beat // 4, set()).add((beat % 4, note.at))
    assert len({frozenset(bar) for bar in bars.values()}) >= 3


def test_the_bass_has_the_root_under_every_new_chord_and_leads_into_the_next():
    for style in ("hymn", "comp", "backbeat", "waltz"):
        led = leaps = 0
        notes = played(style, 64, arousal=0.4)["bass"]
        for (beat, note), (after, following) in pairwise(notes):
            slot = slot_at(beat, 4)
            chord = POP[slot.index % len(POP)]
            if beat == slot.start and note.at == 0.0:
                assert note.pitch % 12 in chord.pitch_classes[:2]
            if style == "comp" and beat == slot.end - 1 and after == slot.end:
                led += abs(note.pitch - following.pitch) <= 2
                leaps += abs(note.pitch - following.pitch) > 2
        assert style != "comp" or led > leaps


def test_chords_are_doubled_nowhere_and_the_walking_bass_keeps_walking():
    notes = [note for _, note in played("comp", 64, arousal=0.5, density=2.5)["bass"]]
    repeated = sum(a.pitch == b.pitch for a, b in pairwise(notes))
    assert repeated < len(notes) * 0.2


@pytest.mark.parametrize("kit", KITS)
def test_drums_fill_up_with_arousal_and_fills_end_lively_phrases(kit):
    style = next(name for name, style in STYLES.items() if style.drums == kit)
    calm, wild = (len(played(style, 32, arousal=a)["drums"]) for a in (-0.9, 0.9))
    assert wild > 1.5 * calm > 0
    toms = {43, 45, 47, 50}
    filled = [b for b, n in played(style, 64, arousal=0.9)["drums"] if n.pitch in toms]
    assert filled and {beat % 16 for beat in filled} <= {14, 15}
    assert not toms & {n.pitch for _, n in played(style, 64, arousal=-0.9)["drums"]}


def test_a_cut_is_struck_hard():
    plain, cut = (
        arrange(ArrangerState(), scene_at(0, "arpeggio", strong=strong))[0]
        for strong in (False, True)
    )
    assert 49 not in {note.pitch for note in plain["drums"]}
    assert 49 in {note.pitch for note in cut["drums"]}
    assert max(n.accent for n in cut["chords"]) > max(n.accent for n in plain["chords"])
    assert len(cut["bass"]) == 2


def test_no_chord_leaves_the_drums_alone():
    parts, _ = arrange(ArrangerState(), scene_at(0, "comp", chord=None))
    assert parts["drums"] and not any(parts.get(r) for r in ("bass", "chords", "pad"))


def test_what_is_wanted_of_all_is_about_what_is_played():
    for style in ("arpeggio", "comp", "push", "alberti", "rocking", "pulse"):
        for density in (0.7, 1.5, 3.0):
            parts = played(style, 128, density=density)
            both = {(b, n.at) for r in ("chords", "bass") for b, n in parts[r]}
            assert len(both) / 128 == pytest.approx(density, rel=0.3, abs=0.25), style


def test_styles_follow_the_emotion_and_stay_with_their_material():
    def share(arousal, figures, beats=4):
        drawn = [
            choose_style(locate(beat, beats, Draws(seed)), 0.0, arousal, Draws(seed))
            for seed in range(60)
            for beat in (0, 16 * beats, 32 * beats)
        ]
        return sum(STYLES[style].figure in figures for style in drawn) / len(drawn)

    assert set(FIGURES) >= {style.figure for style in STYLES.values()}
    assert share(-0.9, ("held", "broken", "pairs")) > 0.7 > 0.4 > share(0.9, ("held", "pairs"))
    assert share(0.9, ("block",)) > share(-0.9, ("block",)) + 0.3
    assert share(0.0, ("oompah",), 3) > 0.15 > share(0.0, ("oompah",), 4)


def test_playing_is_uneven_as_hands_are_bounded_and_repeatable():
    scene = scene_at(5, "pulse", density=4.0, arousal=0.5)
    written = arrange(ArrangerState(), scene)[0]
    strict = perform(written["chords"], "chords", scene, Touch(humanise=0.0))
    loose = perform(written["chords"], "chords", scene, Touch())
    assert loose == perform(written["chords"], "chords", scene, Touch())
    assert [n.onset for n in strict] == [5 + note.at for note in written["chords"]]
    for plain, human in zip(strict, loose, strict=True):
        assert abs(plain.onset - human.onset) <= 0.06 and 5 <= human.onset < 6
        assert abs(plain.velocity - human.velocity) <= 12
        assert human.channel == CHANNELS["chords"]
    assert strict != loose
    swings = perform(written["chords"], "chords", scene, Touch(swing=1.0, humanise=0.0))
    late = [n.onset % 1 for n, w in zip(swings, written["chords"], strict=True) if w.at == 0.5]
    assert late and late == pytest.approx([2 / 3] * len(late))
