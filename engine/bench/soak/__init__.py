"""Hours on stage: real processes, a real JACK server and a receiver that is not ours, and faults.

Nothing is imported here: `engine.bench.soak.concert` and `drummer` are programs of their own.
"""
