"""How soon what is heard is answered: sound in, controllers and notes out, over real JACK."""
