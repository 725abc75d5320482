"""What a result was made with: versions of packages, and the commit of the code around it."""

import hashlib
import platform
import subprocess
from contextlib import suppress
from importlib import metadata
from pathlib import Path


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that predictions depend on."""
    names = ("framescope", "scikit-learn", "numpy", "scipy", "nltk", "skops", "mlflow")
    found = {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}
    # those that are there: a served model of words comes without ONNX Runtime, and the others are an extra
    for name in ("onnxruntime", "tokenizers", "torch", "transformers"):
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def git_commit() -> str | None:
    """Return the commit that the working directory is at, or None outside a repository."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()


def code_digest() -> str:
    """Return the first 16 hex digits of a SHA-256 over the kit's own code, which its users add features to."""
    found = hashlib.sha256()
    for package in ("experiments", "features"):
        folder = Path(__file__).resolve().parent.parent / package
        for path in sorted(folder.rglob("*.py")):
            found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()[:16]
