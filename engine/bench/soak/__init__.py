"""Hours on stage with faults: real processes, a real JACK server, a receiver that is not ours."""
