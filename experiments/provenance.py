"""What a result was made with: versions of packages, and the commit of the code around it."""

import platform
import subprocess
from contextlib import suppress
from importlib import metadata


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
