"""ONNX files: opened, checked against what they promise, and their checksums."""
