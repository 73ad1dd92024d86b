"""How late notes leave and arrive: our outputs beside those of other Python programs.

All play the same rhythm on the same JACK server at the same time, each from a process of its
own; a receiver in another process stamps what arrives with the server's frames.
"""
