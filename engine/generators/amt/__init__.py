"""The chord player: the Affective Multimodal Transformer, its vocabulary and its inputs."""
