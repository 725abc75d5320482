"""Vectors of texts that have been encoded before, kept on disk under digests of the encoder and the text."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from features.encoder.errors import EncoderError

ENVIRONMENT = "FRAMESCOPE_CACHE"


def cache_folder() -> Path:
    """Return the folder for what can be computed again: ``$FRAMESCOPE_CACHE``, else ``framescope`` in the user's cache.

    Raises
    ------
    EncoderError
        If it can't be made or written to.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get(ENVIRONMENT) or Path(base) / "framescope").expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EncoderError(_advice(folder, error.strerror)) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EncoderError(_advice(folder, "not writable"))
    return folder


class VectorCache:
    """Vectors by text, in one SQLite file an encoder; several processes may read and write it at once.

    Parameters
    ----------
    encoder : str
        Digest of everything that the vectors depend on besides the text.
    width : int
        Numbers in a vector.

    Raises
    ------
    EncoderError
        If the cache folder can't be written.
    """

    def __init__(self, encoder: str, width: int) -> None:
        self.path = cache_folder() / f"embeddings-{encoder[:16]}.sqlite"
        self.width = width

    def through(self, texts: Sequence[str], encode: Callable[[Sequence[str]], np.ndarray]) -> np.ndarray:
        """Return the vectors of n texts, shape (n, width), float32, encoding only those that are new."""
        keys = [hashlib.sha256(text.encode()).digest()[:16] for text in texts]
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as store:
                store.execute("CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
                known = self._known(store, keys)
                new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
                if new:
                    vectors = np.ascontiguousarray(encode(list(new.values())), dtype=np.float32)
                    known.update(zip(new, vectors, strict=True))
                    with store:
                        store.executemany(
                            "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                            [(key, vector.tobytes()) for key, vector in zip(new, vectors, strict=True)],
                        )
        except sqlite3.Error as error:
            raise EncoderError(_advice(self.path, str(error))) from None
        return np.stack([known[key] for key in keys]) if keys else np.zeros((0, self.width), dtype=np.float32)

    def _known(self, store: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        found: dict[bytes, np.ndarray] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            rows = store.execute(f"SELECT text, vector FROM vectors WHERE text IN ({marks})", part)
            found.update(
                (key, vector) for key, blob in rows if len(vector := np.frombuffer(blob, np.float32)) == self.width
            )
        return found


def _advice(path: Path, why: str | None) -> str:
    return f"{path}: the cache can't be used ({why}); set {ENVIRONMENT} to a folder that you may write to"
