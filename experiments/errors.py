"""The one exception that means: what the user gave cannot be used, and here is how to mend it."""


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
