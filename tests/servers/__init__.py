"""Real servers and third-party programs for tests: JACK, FluidSynth, Ardour."""
