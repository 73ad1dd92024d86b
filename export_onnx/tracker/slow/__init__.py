"""The slow lane: a pretrained tagger once a second, and a head that fuses both lanes."""
