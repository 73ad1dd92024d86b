"""MusER, live: element-disentangled piano that follows an emotion."""
