"""Training of the beat network: clips with beats, network, measures, export."""
