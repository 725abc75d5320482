"""The program ``framescope``: nothing is imported before an interrupt is looked after, which may come at any moment."""

import sys

from experiments.scratch import own_scratch
from experiments.signals import interrupt_status, interruption, terminate_as_interrupt


def main() -> None:
    """Run the command line; an interrupt is one line, and status 130 (Ctrl-C) or 143 (a polite kill), as in a shell."""
    try:
        with terminate_as_interrupt(), own_scratch():
            from experiments.commands.main import main as run

            run()
    except (Exception, KeyboardInterrupt) as error:
        stop = interruption(error)
        if stop is None:
            raise
        print("framescope: interrupted; nothing half-written is left", file=sys.stderr)
        sys.exit(interrupt_status(stop))
