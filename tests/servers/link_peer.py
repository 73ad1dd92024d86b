"""Another program in the Ableton Link session, through the library itself.

Run as ``python -P link_peer.py TEMPO``. Obeys lines on standard input: ``tempo BPM``,
``play``, ``stop``, ``look``; answers ``look`` with its clock [µs], beat at that time, tempo,
whether the session plays, and its number of peers.
"""

import sys

import link

QUANTUM = 4.0


def main() -> None:
    session = link.Link(float(sys.argv[1]))
    session.startStopSyncEnabled = True
    session.enabled = True
    print("there", flush=True)
    for line in sys.stdin:
        state = session.captureSessionState()
        now = session.clock().micros()
        match line.split():
            case ["tempo", bpm]:
                state.setTempo(float(bpm), now)
                session.commitSessionState(state)
            case ["play" | "stop" as word]:
                state.setIsPlaying(word == "play", now)
                session.commitSessionState(state)
            case ["look"]:
                beat = state.beatAtTime(now, QUANTUM)
                print(now, beat, state.tempo(), int(state.isPlaying()), session.numPeers())
                sys.stdout.flush()
    session.enabled = False


if __name__ == "__main__":
    main()
