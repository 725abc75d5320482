"""What can go wrong with an encoder, and the packages that it needs."""

import importlib
from types import ModuleType


class EncoderError(ValueError):
    """An encoder that can't be found, read or run; the message is one line that says how to mend it."""


def need(module: str, extra: str) -> ModuleType:
    """Import a package of an optional extra.

    Parameters
    ----------
    module : str
        What to import, such as ``onnxruntime``.
    extra : str
        The extra of framescope that brings it.

    Raises
    ------
    EncoderError
        If it isn't installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise EncoderError(
            f"encoders need the package {(error.name or module).partition('.')[0]}, which isn't installed: "
            f"pip install 'framescope[{extra}]'"
        ) from None
