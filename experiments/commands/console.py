"""How commands speak: progress on standard error, one JSON object on standard output, errors in one line."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from experiments.errors import InputError, UnfinishedError, first_line, one_line
from experiments.files import finite
from experiments.signals import interrupt_status, interruption

_SURROGATE = re.compile("[\ud800-\udfff]")


class Console:
    """What one command says to its user.

    Parameters
    ----------
    as_json : bool
        Print one JSON object on standard output and nothing else.
    debug : bool
        Show tracebacks.
    """

    def __init__(self, as_json: bool, debug: bool) -> None:
        self.as_json = as_json
        self.debug = debug

    def say(self, line: str) -> None:
        """Tell of progress, on standard error."""
        typer.echo(one_line(line), err=True)

    def show(self, result: Mapping[str, Any], text: str) -> None:
        """Print the command's result: the object with ``--json``, else the text."""
        shown = json.dumps(finite(result), ensure_ascii=False) if self.as_json else text
        typer.echo(_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", shown))  # of files' names that are not UTF-8

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn exceptions into one line and an exit status: 2 for the user's input, 1 for anything else.

        An interrupt has 130 (Ctrl-C) or 143 (a polite kill).
        """
        try:
            yield
        except (typer.Exit, typer.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:
            if stop := interruption(error):
                self._fail("interrupted; nothing half-written is left", interrupt_status(stop), error)
            if isinstance(error, BrokenPipeError):
                sys.stderr.close()  # the reader (such as head) has gone; there is nobody to tell
                raise typer.Exit(0) from None
            if isinstance(error, InputError | UnfinishedError):
                self._fail(str(error), 2 if isinstance(error, InputError) else 1, error)
            self._fail(f"{type(error).__name__}: {first_line(error)} (see the traceback with --debug)", 1, error)

    def _fail(self, message: str, status: int, error: BaseException) -> NoReturn:
        if self.debug:
            raise error
        message = one_line(message)
        typer.echo(f"framescope: {message}", err=True)
        if self.as_json:
            typer.echo(json.dumps({"error": message, "status": status}, ensure_ascii=False))
        raise typer.Exit(status)
