"""Opens files of a model's folder: only regular ones, and reads no more of them than was agreed."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from experiments.errors import InputError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a symbolic link to one will do, as caches are made of them.

    Raises
    ------
    FileNotFoundError
        If there is none.
    InputError
        If it is something else, which might never end or never answer, or can't be opened.
    """
    try:
        # a pipe without a writer would be waited for; opened this way it isn't
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); give a model's folder of regular files") from None
    kind = stat.S_IFMT(os.fstat(handle).st_mode)
    if kind != stat.S_IFREG:
        os.close(handle)
        raise InputError(
            f"{path}: is {_KINDS.get(kind, 'no regular file')}; a model is made of regular files alone: "
            "train or download it again"
        )
    return os.fdopen(handle, "rb")


def read_regular(path: Path, most: int) -> bytes:
    """Return the bytes of a regular file, of ``most`` at most.

    Raises
    ------
    FileNotFoundError
        If there is none.
    InputError
        If it is no regular file, or larger.
    """
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InputError(f"{path}: is larger than {most / 1e6:.0f} MB, which none of its kind is; download it again")
    return content
