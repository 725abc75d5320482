"""Encoders from the Hugging Face Hub or a folder, run by ONNX Runtime: no PyTorch is needed to read text with them."""

from features.encoder.errors import EncoderError, need
from features.encoder.runner import TextEncoder
from features.encoder.weights import find_encoder

__all__ = ["EncoderError", "TextEncoder", "find_encoder", "need"]
