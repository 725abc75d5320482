"""The one exception that means: what the user gave cannot be used, and here is how to mend it."""

import re
from typing import Any

SHOWN = 60
"""Characters of a value that a message shows at most."""

_LONG = re.compile(r"'[^'\n]{300,}'|\S{300,}")
_REMARK = "(raised as a result of"  # what SQLAlchemy says before it says what happened
_LINE = 1500
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


def short(value: Any) -> str:
    """Return a value as a message shows it: as Python writes it, and cut where that is long.

    Parameters
    ----------
    value : Any
        Also an integer of more digits than Python writes, or what can't be written at all.

    Examples
    --------
    >>> short("talks"), short("x" * 10_000), short([1, 2])
    ("'talks'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...", '[1, 2]')
    """
    if isinstance(value, str):
        return cut(repr(value[: 2 * SHOWN]))
    try:
        return cut(repr(value))
    except ValueError:
        digits = int(abs(value).bit_length() * 0.30103) if isinstance(value, int) else 0
        return f"a number of some {digits} digits" if digits else "a value with a number of thousands of digits"
    except RecursionError:
        return "a value nested too deep to be shown"


def cut(text: str) -> str:
    """Return the beginning of a text, and dots if there is more."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def one_line(message: str) -> str:
    r"""Return a message that a terminal can show: endless values cut, what can't be seen or written as its escape.

    Examples
    --------
    >>> one_line("caf\udce9.txt: is empty")
    'caf\\xe9.txt: is empty'
    """
    message = _LONG.sub(lambda found: cut(found[0]), _UNSEEN.sub(_escaped, message))
    lines = message.split("\n")
    return "\n".join(line if len(line) <= _LINE else f"{line[: _LINE - 300]} ... {line[-300:]}" for line in lines)


def first_line(error: BaseException) -> str:
    r"""Return the first line of an exception that says what is wrong, or its kind if none does.

    Examples
    --------
    >>> first_line(ValueError("(raised as a result of Query-invoked autoflush; ...)\n(OperationalError) it is locked"))
    '(OperationalError) it is locked'
    """
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith(_REMARK)]
    return lines[0] if lines else type(error).__name__


def _escaped(found: re.Match[str]) -> str:
    number = ord(found[0])
    byte = number - 0xDC00  # how Python keeps a byte of a file's name that is not UTF-8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else repr(found[0])[1:-1]


class InputError(Exception):
    """Something the user gave (a file, field, value or option) is at fault.

    The message is one line that names the place, what is wrong and what would be right. The command
    line prints it without a traceback and exits with status 2; every other exception exits with 1.
    """


class UnfinishedError(Exception):
    """Of several parts of one command some failed; the others are kept, and the message says how to go on.

    The command line prints it without a traceback and exits with status 1.
    """


class UnloggedError(UnfinishedError):
    """MLflow's store didn't take what a run has to say; all of it is in a folder, which the message names."""
