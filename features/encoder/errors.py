"""What can go wrong with an encoder, and the packages that it needs."""

import importlib
from types import ModuleType


class EncoderError(ValueError):
    """An encoder that can't be found, read or run; the message is one line that says how to mend it."""


CORE = ("onnxruntime", "tokenizers")
"""Packages that framescope itself depends on, so that a model made with an encoder scores wherever framescope is."""


def need(module: str, extra: str = "") -> ModuleType:
    """Import a package that encoders are run or trained with, only when it is used.

    Parameters
    ----------
    module : str
        What to import, such as ``onnxruntime``.
    extra : str
        The extra of framescope that brings it; it isn't looked at for a package in :data:`CORE`.

    Raises
    ------
    EncoderError
        If it isn't installed; the message names the extra, or says to reinstall framescope.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).partition(".")[0]
        if module.partition(".")[0] in CORE:
            # an editable installation doesn't know of dependencies that came in with a later pull
            raise EncoderError(
                f"encoders need the package {missing}, which comes with framescope but isn't installed: "
                "reinstall framescope (pip install framescope; in a clone of it: pip install -e .)"
            ) from None
        raise EncoderError(
            f"encoders need the package {missing}, which isn't installed: pip install 'framescope[{extra}]'"
        ) from None
