"""The fingerprints of the texts that a model was trained on, in a file beside it: good to have, and no more."""

import re
from collections.abc import Iterable
from pathlib import Path

from experiments.errors import InputError
from experiments.notices import Warn
from experiments.untrusted.regular import read_regular

SEEN_FILE = "trained-on.txt"

LARGEST = 68_000_000
"""Bytes of the file: four million texts. The file of a stranger may not fill the memory."""

_FINGERPRINT = re.compile(r"[0-9a-z]{1,64}")


def seen_text(trained_on: Iterable[str]) -> str:
    """Return fingerprints as the file holds them: sorted, one a line."""
    return "".join(f"{each}\n" for each in sorted(trained_on))


def read_seen(file: Path, say: Warn) -> frozenset[str]:
    """Return the fingerprints of a file; those that there are if it is damaged, and none if it can't be used.

    Nothing but a warning of an evaluation depends on them, so no fault of the file is an error: it is said in a line.
    """
    try:
        content = read_regular(file, LARGEST)
    except FileNotFoundError:
        fault = "is missing"
    except (InputError, OSError) as error:
        fault = str(error).removeprefix(f"{file}: ").partition(";")[0]
    else:
        lines = content.decode("utf-8", errors="replace").split()
        good = frozenset(line for line in lines if _FINGERPRINT.fullmatch(line))
        if all(line in good for line in lines):
            return good
        say(f"{file}: is damaged; an evaluation may not tell all rows on which the model was trained")
        return good
    say(f"{file}: {fault}; an evaluation can't tell on which rows the model was trained")
    return frozenset()
