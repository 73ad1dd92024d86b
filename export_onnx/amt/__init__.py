"""The chord model: songs to half-bar slots, training, measuring, export."""
