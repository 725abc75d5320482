"""The digest of a saved model: tells it from every other, whatever its folder is called."""

import hashlib
from pathlib import Path

from experiments.model.card import CARD_FILE
from experiments.model.pipeline_file import PIPELINE_FILE
from experiments.untrusted.regular import open_regular


def digest_of(home: Path) -> str:
    """Return the first 16 hex digits of a SHA-256 over the card and pipeline in a saved model's folder."""
    whole = hashlib.sha256()
    for name in (CARD_FILE, PIPELINE_FILE):
        part = hashlib.sha256()
        with open_regular(home / name) as stream:
            while block := stream.read(1 << 20):
                part.update(block)
        whole.update(part.digest())
    return whole.hexdigest()[:16]
