"""Temporary files of one command, ours and those of libraries, in one folder: what a kill leaves is found again."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "framescope-"
_OWN = ("TMPDIR", "TEMP", "TMP")  # where programs that are started look


@contextmanager
def own_scratch() -> Iterator[None]:
    """Keep temporary files of this process and of those that it starts in a folder that goes when the block ends.

    The folder is locked by the process. Folders of the same user that nobody holds are of processes that were killed,
    and are cleared away. Where there are no such locks (Windows), or no place for the folder, all is as without it.
    """
    made = _locked_folder()
    if made is None:
        yield
        return
    folder, handle = made
    former = {name: os.environ.get(name) for name in _OWN}
    try:
        for other in folder.parent.glob(f"{_PREFIX}*"):
            if other != folder:
                _clear(other)
        tempfile.tempdir = str(folder)
        os.environ.update(dict.fromkeys(_OWN, str(folder)))
        yield
    finally:
        tempfile.tempdir = None
        for name, value in former.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _locked_folder() -> tuple[Path, int] | None:
    """Make a folder that this process holds; None where there is no place or no lock for it."""
    try:
        import fcntl

        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.stat(folder)  # another process may have cleared it away before it was locked
    except OSError:
        os.close(handle)
        return None
    return folder, handle


def _clear(folder: Path) -> None:
    """Remove a folder of this user's that no process holds."""
    import fcntl

    try:
        # not through a link, which somebody else may have put there
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if os.fstat(handle).st_uid == os.getuid():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return  # its process works
    finally:
        os.close(handle)
