"""Emotion and position as OSC messages, for lights, visuals and effects.

=======================  ==========  ============================================
address                  types       arguments
=======================  ==========  ============================================
/stimmung/emotion        ,ffff       valence, arousal, their standard deviations
/stimmung/state          ,s          silence, settling, tracking or uncertain
/stimmung/key            ,s          ``C:maj`` …, when it changes
/stimmung/chord          ,s          ``A:min`` … or ``N``, when it changes
/stimmung/tuning         ,f          frequency of A4 [Hz], when it changes
/stimmung/beat           ,i          index of the beat, as it starts
/stimmung/heard/beat     ,iiff       beat of the bar (1: downbeat), beats of a bar, tempo
                                     [BPM] and confidence, with each beat that is heard
/stimmung/heard/state    ,s          searching, locked or holding, when it changes
=======================  ==========  ============================================

UDP: nothing waits, and a destination that is not there costs nothing.
"""

from engine.events import EmotionState

__all__ = ["OscOutput"]


class OscOutput:
    """Sends to several destinations; failures never raise.

    Attributes
    ----------
    errors : int
        Messages that could not be sent.
    problem : str
        Destinations that are left out, because nothing is known of their hosts; empty if all are
        served.
    """

    def __init__(self, destinations: tuple[tuple[str, int], ...]) -> None:
        from pythonosc.udp_client import SimpleUDPClient

        self.errors = 0
        self.problem = ""
        self._last: dict[str, str | float] = {}
        self._clients: list[SimpleUDPClient] = []
        for host, port in destinations:
            try:
                self._clients.append(SimpleUDPClient(host, port))
            except OSError as error:
                reason = error.strerror or error
                self.problem = f"nothing is sent to {host}:{port}: {reason}"

    def emotion(self, state: EmotionState) -> None:
        """Send one tracked state; state, key, chord and tuning only when they change."""
        numbers = [state.valence, state.arousal, state.valence_std, state.arousal_std]
        self._send("/stimmung/emotion", [float(number) for number in numbers])
        for name, value in (
            ("state", state.state),
            ("key", state.key),
            ("chord", state.chord),
            ("tuning", float(state.tuning_hz)),
        ):
            if self._last.get(name) != value:
                self._last[name] = value
                self._send(f"/stimmung/{name}", value)

    def beat(self, beat: int) -> None:
        """Send the index of the beat that starts."""
        self._send("/stimmung/beat", beat)

    def heard_beat(self, number: int, metre: int, tempo_bpm: float, confidence: float) -> None:
        """Send a beat as it is heard, with what is known of it."""
        self._send("/stimmung/heard/beat", [number, metre, float(tempo_bpm), float(confidence)])

    def heard_state(self, state: str) -> None:
        """Send how sure the beat is, when that changes."""
        if self._last.get("heard") != state:
            self._last["heard"] = state
            self._send("/stimmung/heard/state", state)

    def close(self) -> None:
        """Close the sockets."""
        for client in self._clients:
            client._sock.close()  # python-osc offers no public way
        self._clients.clear()

    def _send(self, address: str, value: str | float | list[int | float]) -> None:
        for client in self._clients:
            try:
                client.send_message(address, value)
            except OSError:
                self.errors += 1
