"""Writes the files that a user asked for: whole or not at all, over no input, and in the place that was named."""

import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from experiments.errors import InputError
from experiments.files import find_file

_LINKS = 40
"""Symbolic links that are followed one after the other; Linux itself follows as many."""

_LONGEST = 180
"""Bytes of a file's name that stand in that of its temporary file: folders take 255 in all."""

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"
"""Of several machines that write to one folder, each tells whether its own processes are alive."""

_under_way: set[str] = set()
"""Names of the temporary files that this process is writing."""


def check_output(path: Path | None, inputs: Iterable[str | Path] = ()) -> None:
    """Make sure that a file can be written, and that it is none of those that are read: before any work is done.

    Parameters
    ----------
    path : Path or None
        Where the output goes; None for standard output, which may lead to a file as well.
    inputs : iterable of str or Path, default ()
        Everything that is read: files, folders (of which every file is an input but those whose names begin with a
        dot), ``-`` for standard input. What isn't there, or lies elsewhere (``hub:owner/name``), is passed over.

    Raises
    ------
    InputError
        If it is an input, by whatever name or link; a folder; read-only, or its folder is; or its links lead in a
        circle.
    """
    try:
        target = 1 if path is None else _followed(path)
        state = _state(target)
        if state is not None and stat.S_ISREG(state.st_mode):
            _refuse_inputs(path, state, inputs)
        if isinstance(target, Path):
            _refuse_unwritable(target, state, path or target)
    except OSError as error:
        if path is not None:  # standard output may be closed
            raise _unwritten(path, error) from error


@contextmanager
def writing(path: Path, inputs: Iterable[str | Path] = ()) -> Iterator[Path]:
    """Yield the path of a temporary file, which takes the place of ``path`` when the block ends well.

    The temporary file lies beside. It is on the disk before it is renamed, so that a power cut leaves the old file or
    the new one. Permissions, owner and group of a file that is replaced are kept as far as one may. Of a symbolic link
    the target is replaced. What is there and is no regular file (a device, a pipe, a socket) isn't replaced: what was
    written is sent there when the block ends well.

    Temporary files that killed processes have left beside the same output are removed.

    Parameters
    ----------
    path : Path
        The output; its folder is made if it isn't there.
    inputs : iterable of str or Path, default ()
        As for :func:`check_output`, which is asked first. Where there is work to do before the block, ask it before
        that work.

    Raises
    ------
    InputError
        As :func:`check_output` does; and if the folder can't be made or written to, the disk is full, or nobody reads
        a pipe. Nothing is left behind then.
    """
    check_output(path, inputs)
    target = None
    try:
        target = _followed(path)
        state = _state(target)
        if isinstance(target, Path) and (state is None or stat.S_ISREG(state.st_mode)):
            target.parent.mkdir(parents=True, exist_ok=True)
            # others may read it from the first byte on only if they may read the file in the end
            with _temporary(target.name, target.parent, 0o666 if state is None else 0o600) as temporary:
                yield temporary
                _put(temporary, target)
        else:
            with _sink(target, path) as sink, _temporary(path.name, Path(tempfile.gettempdir()), 0o600) as temporary:
                yield temporary
                with temporary.open("rb") as content:
                    shutil.copyfileobj(content, sink)
                sink.flush()
    except BrokenPipeError as error:
        if target == 1:
            raise  # the reader of standard output has gone (``| head``), as of any output that goes there
        raise _unwritten(path, error) from error
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: can't be written: {error.strerror or error}")


def _followed(path: Path) -> Path | int:
    """Return the file, there or not, that a path leads to; or the number of an open file (``/dev/stdout``)."""
    place = path
    for _ in range(_LINKS):
        if place.name.isdecimal() and os.path.realpath(place.parent) == f"/proc/{os.getpid()}/fd":
            return int(place.name)  # to open it anew would begin at its first byte again
        if not place.is_symlink():
            return place
        place = place.parent / os.readlink(place)
    raise InputError(f"{path}: its symbolic links lead in a circle; name a file, or remove the link")


def _state(target: Path | int) -> os.stat_result | None:
    try:
        return os.stat(target)
    except FileNotFoundError:
        return None


def _refuse_inputs(path: Path | None, state: os.stat_result, inputs: Iterable[str | Path]) -> None:
    for name in inputs:
        same, folder = _same(state, name)
        if same is None:
            continue
        out = "standard output" if path is None else str(path)
        another = f"name a file outside of {folder}, or remove this one first," if folder else "name another file"
        raise InputError(f"{out}: is also read, as {same}, and would be lost; {another} for the output")


def _same(state: os.stat_result, name: str | Path) -> tuple[str | None, str | None]:
    """Return what the file is called among an input's, if it is one of them, and the input if that is a folder."""
    try:
        if str(name) == "-":
            return ("standard input" if os.path.samestat(os.stat(0), state) else None), None
        path = find_file(str(name))
        if not path.is_dir():
            return (str(name) if os.path.samestat(path.stat(), state) else None), None
    except (InputError, OSError, ValueError, RuntimeError):  # the command itself says what is wrong with it
        return None, None
    return next((file.path for file in _files_below(path) if _is(file, state)), None), str(name)


def _files_below(folder: Path) -> Iterator["os.DirEntry[str]"]:
    folders = [folder]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                else:
                    yield entry


def _is(entry: "os.DirEntry[str]", state: os.stat_result) -> bool:
    """Return whether a folder's entry is the file; most are told by their number alone, without asking the disk."""
    if not entry.is_symlink() and entry.inode() != state.st_ino:
        return False
    try:
        return os.path.samestat(os.stat(entry.path), state)
    except OSError:
        return False


def _refuse_unwritable(target: Path, state: os.stat_result | None, path: Path) -> None:
    """Raise if a file can't be replaced, or made: told before the work rather than after it."""
    if state is None or stat.S_ISREG(state.st_mode):
        folder = target.parent
        while not os.path.lexists(folder) and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{folder} is not a folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(
                f"{path}: can't be written: its folder {folder} is read-only, and a file is written beside the old one "
                "and renamed, so that no half of it is left; change the folder's permissions, or name another"
            )
    if state is None:
        return
    if stat.S_ISDIR(state.st_mode):
        raise InputError(f"{path}: is a folder; name a file in it")
    if not os.access(target, os.W_OK):
        raise InputError(f"{path}: can't be written: it is read-only; change its permissions, or name another file")


@contextmanager
def _temporary(name: str, folder: Path, mode: int) -> Iterator[Path]:
    """Yield a new, empty file, which is gone when the block ends; those that dead processes have left go first."""
    raw = os.fsencode(name)
    stem = name if len(raw) <= _LONGEST else hashlib.sha256(raw).hexdigest()[:32]
    _clear(stem, folder)
    temporary = folder / f".{stem}.{os.getpid()}-{_HOST}-{secrets.token_hex(4)}.part"
    _under_way.add(temporary.name)
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        _under_way.discard(temporary.name)


def _clear(stem: str, folder: Path) -> None:
    pattern = re.compile(rf"\.{re.escape(stem)}\.(\d{{1,9}})-{_HOST}-[0-9a-f]{{8}}\.part")
    with suppress(OSError):
        for name in os.listdir(folder):
            found = pattern.fullmatch(name)
            if found and not _is_written(name, int(found[1])):
                with suppress(OSError):  # another user's, or another process was faster
                    (folder / name).unlink()


def _is_written(name: str, process: int) -> bool:
    """Return whether the process that made a temporary file may be writing it still."""
    if process == os.getpid():  # in containers every process has the number of the one before
        return name in _under_way
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _put(temporary: Path, target: Path) -> None:
    """Put a finished file in the place of another, or where none is."""
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        if (former := _state(target)) is not None:
            _keep_permissions(descriptor, former)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(target)


def _keep_permissions(descriptor: int, former: os.stat_result) -> None:
    """Give a file the group, permissions and owner of the one that it replaces, as far as one may; no set-user-id."""
    mode = former.st_mode & 0o777
    own = os.fstat(descriptor)
    if own.st_gid != former.st_gid:
        try:
            os.fchown(descriptor, -1, former.st_gid)
        except OSError:  # another group gets no more than everybody does
            mode = mode & 0o707 | (mode >> 3 & mode & 0o007) << 3
    with suppress(OSError):  # there are disks without permissions
        os.fchmod(descriptor, mode)
    if own.st_uid != former.st_uid:
        with suppress(OSError):
            os.fchown(descriptor, former.st_uid, -1)


def _sink(target: Path | int, path: Path) -> IO[bytes]:
    """Open what is no regular file, or is open already, to be written to."""
    if isinstance(target, int):
        return os.fdopen(os.dup(target), "wb")
    if target.is_socket():
        import socket

        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(target))
            return connection.makefile("wb")
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        if error.errno == errno.ENXIO:  # without O_NONBLOCK it would wait for a reader, maybe for ever
            raise InputError(f"{path}: is a pipe that nobody reads; start its reader first") from None
        raise
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")
