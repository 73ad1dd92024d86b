"""Smoothing and thresholds of the tracker."""

from dataclasses import dataclass
from typing import Final

from engine.choices import check_range

__all__ = ["TrackerConfig"]

_RANGES: Final = (
    (0.0, 30.0, "base_tau_s valence_tau_s arousal_tau_s music_tau_s"),
    (0.0, 2.0, "lead arousal_lead uncertain_std"),
    (0.1, 60.0, "lead_tau_s arousal_lead_tau_s"),
    (0.0, 0.5, "dead_band"),
    (-120.0, 0.0, "silence_db"),
    (0.0, 60.0, "silence_after_s restart_after_s settle_s key_hold_s chord_hold_s"),
    (0.1, 600.0, "decay_tau_s"),
    (0.0, 1.0, "music_share"),
)


@dataclass(frozen=True)
class TrackerConfig:
    """How the tracked values are presented.

    Attributes
    ----------
    valence_tau_s, arousal_tau_s : float
        Smoothing time constants [s], 0..30; arousal is the fast lane.
    slow_lane : bool
        Whether the slow lane (the pretrained tagger) listens too; without it the fast graph alone
        decides, which does for piano and for weak machines.
    base_tau_s : float
        Time constant with which what the slow lane says is taken over [s], 0..30.
    lead, arousal_lead : float
        How strongly a change of valence or arousal is anticipated where the slow lane is off or
        has not spoken yet, 0..2.
    lead_tau_s, arousal_lead_tau_s : float
        Time constants of the recent means that changes are measured from [s], 0.1..60.
    dead_band : float
        Changes smaller than this are not shown, 0..0.5.
    silence_db : float
        Below this level a hop is silent [dBFS], -120..0.
    silence_after_s : float
        Silence this long is the state ``silence`` [s].
    restart_after_s : float
        Sound after a silence this long is a new piece: the model starts afresh [s].
    decay_tau_s : float
        In silence valence and arousal sink to zero with this time constant [s].
    settle_s : float
        Sound shorter than this is ``settling`` [s].
    uncertain_std : float
        Above this deviation of valence or arousal the state is ``uncertain``.
    music_share : float
        Below this probability of music the state is ``uncertain`` too and valence and arousal are
        held: speech and noise are no mood, 0..1.
    music_tau_s : float
        Smoothing of that probability [s].
    key_hold_s, chord_hold_s : float
        A new key or chord must lead this long before it is stated [s].
    """

    slow_lane: bool = True
    base_tau_s: float = 0.15
    valence_tau_s: float = 0.5
    arousal_tau_s: float = 0.1
    lead: float = 0.7
    lead_tau_s: float = 4.0
    arousal_lead: float = 1.0
    arousal_lead_tau_s: float = 2.5
    dead_band: float = 0.005
    silence_db: float = -70.0
    silence_after_s: float = 0.7
    restart_after_s: float = 3.0
    decay_tau_s: float = 12.0
    settle_s: float = 4.0
    uncertain_std: float = 0.7
    music_share: float = 0.4
    music_tau_s: float = 0.7
    key_hold_s: float = 1.5
    chord_hold_s: float = 0.15

    def __post_init__(self) -> None:
        for low, high, names in _RANGES:
            for name in names.split():
                check_range(name, getattr(self, name), low, high)
