"""The only place that opens stepscope's own files: run files, locks, breakpoints, exports, and the folders they are in.

A cloned project or a shared folder can hold anything under the names that are ours: a link to a file of the user's, a
pipe that nobody writes, a device without an end, a file of somebody else. So what is opened here is looked at before
and after, is never reached through a link, and is made under a name that nobody can prepare. Folders above `.stepscope`
are the user's own, and may be links.
"""

import contextlib
import errno
import os
import secrets
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

OWN_FOLDER: Final = ".stepscope"
"""Where a project keeps what is ours; it and all below it must be what they seem."""

_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
# O_NONBLOCK: to open a pipe must not wait for its other end. For regular files it means nothing.
_CAREFULLY: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_KINDS: Final = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_COMPANIONS: Final = ("-wal", "-shm")
"""What SQLite keeps beside a run file."""
_JOURNAL: Final = "-journal"
_BUSY_SECONDS: Final = 5.0
_MOST_NUMBERED: Final = 100


class UnsafeFileError(OSError):
    """A file or folder is not what it must be; `strerror` says what it is, and what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(errno.EPERM, reason, str(path))

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


# Looking


def check_folder(folder: Path) -> None:
    """Refuse a folder that is `.stepscope`, or below one, and is reached through a link or is somebody else's.

    Raises:
        UnsafeFileError: It is.
        OSError: It cannot be looked at.
    """
    parts = folder.parts
    if OWN_FOLDER not in parts:
        return
    first = len(parts) - parts[::-1].index(OWN_FOLDER)
    for end in range(first, len(parts) + 1):
        part = Path(*parts[:end])
        try:
            status = part.lstat()
        except FileNotFoundError:
            return
        if stat.S_ISLNK(status.st_mode):
            raise UnsafeFileError(part, f"{part} is a link, and could lead anywhere: put a folder in its place")
        if not stat.S_ISDIR(status.st_mode):
            raise UnsafeFileError(part, f"{part} is not a folder: move it away")
        _check_owner(part, status)


def look_at(path: Path, *, owned: bool = True) -> os.stat_result | None:
    """Look at a file without opening it; return None where there is nothing.

    Args:
        path: The file.
        owned: Whether it must be this user's, root's, or of the one whose folder it is in.

    Raises:
        UnsafeFileError: It is not a file, or somebody else's.
        OSError: It cannot be looked at.
    """
    check_folder(path.parent)
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    _check(path, status, owned=owned)
    return status


def _check(path: Path, status: os.stat_result, *, owned: bool) -> None:
    for is_kind, kind in _KINDS:
        if is_kind(status.st_mode):
            hint = "remove it, or use the file that it leads to" if kind == "a link" else "remove it or move it away"
            raise UnsafeFileError(path, f"{path.name} is {kind} and not a file: {hint}")
    if owned:
        _check_owner(path, status)


def _check_single(path: Path, status: os.stat_result | None) -> None:
    """Refuse what has a second name: what is written into it would be in the file of that name."""
    if status is not None and status.st_nlink > 1:
        raise UnsafeFileError(path, f"{path.name} has another name besides (a hard link): replace it by a copy of it")


def _check_owner(path: Path, status: os.stat_result) -> None:
    # Where the whole folder is somebody else's (a project mounted into a container), so are our files in it.
    if status.st_uid not in (os.geteuid(), 0) and status.st_uid != path.parent.stat().st_uid:
        raise UnsafeFileError(path, f"{path.name} belongs to another user ({status.st_uid}): remove it or move it away")


# Reading


def open_to_read(path: Path, *, owned: bool = False) -> int:
    """Open a file to read; return its descriptor.

    Args:
        path: The file.
        owned: As for `look_at`; what is obeyed must be ours, what is only shown need not.

    Raises:
        UnsafeFileError: It is not a file.
        OSError: It is missing or cannot be read.
    """
    look_at(path, owned=owned)  # to open some devices already does something
    return _open(path, os.O_RDONLY, owned=owned)


def read_bytes(path: Path, limit: int) -> bytes:
    """Return what a file of ours holds.

    Raises:
        UnsafeFileError: It is not a file, or is larger than `limit` bytes.
        OSError: It is missing or cannot be read.
    """
    with os.fdopen(open_to_read(path, owned=True), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise UnsafeFileError(path, f"{path.name} is larger than {limit:,} bytes, which is more than it may be")
    return content


def _open(path: Path, flags: int, *, owned: bool) -> int:
    try:
        file = os.open(path, flags | _CAREFULLY, _FILE_MODE)
    except OSError as error:
        if error.errno == errno.ELOOP:  # it has become a link since it was looked at
            raise UnsafeFileError(path, f"{path.name} is a link and not a file: remove it") from None
        raise
    try:
        _check(path, os.fstat(file), owned=owned)
    except BaseException:
        os.close(file)
        raise
    return file


# Writing


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it, that only this user can look into; one that is there stays as it is.

    Raises:
        UnsafeFileError: It is `.stepscope`, or below it, and a link or somebody else's.
        OSError: It cannot be made.
    """
    check_folder(folder)
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(_FOLDER_MODE)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        if stat.S_IMODE(folder.lstat().st_mode) != _FOLDER_MODE:  # the umask may take rights from the user as well
            folder.chmod(_FOLDER_MODE)


def keep_out_of_version_control(folder: Path) -> None:
    """Put a `.gitignore` into a folder that has none."""
    with contextlib.suppress(FileExistsError), os.fdopen(create(folder / ".gitignore"), "wb") as file:
        file.write(b"*\n")


def create(path: Path) -> int:
    """Make a new file that only this user can read; return its descriptor, for reading and writing.

    Raises:
        FileExistsError: There is something of this name, be it a link that leads nowhere.
        OSError: It cannot be made.
    """
    check_folder(path.parent)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _CAREFULLY, _FILE_MODE)
    with contextlib.suppress(OSError):  # not every file system has modes
        os.fchmod(file, _FILE_MODE)
    return file


def create_beside(path: Path) -> tuple[Path, int]:
    """Make a file in the folder of another, under a name that nobody can know before; return it with its descriptor."""
    while True:
        temporary = path.with_name(f"{path.name}-{secrets.token_hex(8)}-new")
        with contextlib.suppress(FileExistsError):
            return temporary, create(temporary)


def check_writable(folder: Path) -> None:
    """Raise OSError where no file can be made in a folder."""
    path, file = create_beside(folder / "try")
    os.close(file)
    path.unlink()


@contextlib.contextmanager
def replacing(path: Path, *, synced: bool = False) -> Iterator[IO[bytes]]:
    """Write a file under another name and put it in its place when it is whole; where that fails, nothing changes.

    Args:
        path: The file; what is there must be a file of ours.
        synced: Whether it must be on the disk before it takes its place, so that a power cut leaves one of the two.

    Raises:
        UnsafeFileError: What is there is not a file.
        OSError: It cannot be written.
    """
    look_at(path)
    temporary, file = create_beside(path)
    try:
        with os.fdopen(file, "wb") as stream:
            yield stream
            stream.flush()
            if synced:
                os.fsync(stream.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - beside the other calls of the system
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def writing_where_asked(path: Path) -> Iterator[IO[bytes]]:
    """Write where the user has said: a new file, one in place of another, or a pipe or device that is there.

    Raises:
        UnsafeFileError: It is a link or a folder, or a pipe that nobody reads.
        OSError: It cannot be written.
    """
    mode = path.lstat().st_mode if os.path.lexists(path) else 0
    is_of_system = stat.S_ISLNK(mode) and _is_of_system(path.absolute().parent)  # /dev/stdout is a link to what it is
    if not (is_of_system or stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        with replacing(path, synced=True) as stream:
            yield stream
        return
    flags = os.O_WRONLY | (_CAREFULLY & ~os.O_NOFOLLOW if is_of_system else _CAREFULLY)
    try:
        file = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise UnsafeFileError(path, f"nobody reads from the pipe {path.name}: start what reads it first") from None
        raise
    with os.fdopen(file, "wb") as stream:
        os.set_blocking(file, True)
        yield stream


def _is_of_system(folder: Path) -> bool:
    return folder == Path("/dev") or folder.resolve().is_relative_to("/proc")


def move_aside(path: Path, suffix: str) -> Path:
    """Rename whatever is at a path to a free name beside it; return that.

    Raises:
        OSError: It cannot be renamed.
    """
    check_folder(path.parent)
    for aside in _names_beside(path, suffix):
        if path.is_dir() and not path.is_symlink():
            if not os.path.lexists(aside):
                return path.rename(aside)  # puts a folder in the place of an empty one at most
            continue
        with contextlib.suppress(FileExistsError):
            os.close(create(aside))
            try:
                return path.replace(aside)
            except BaseException:
                aside.unlink()
                raise
    raise FileExistsError(errno.EEXIST, "too many files of this kind are there already", str(path))


def copy_aside(path: Path, content: bytes, suffix: str) -> Path:
    """Write what a file holds into a new one beside it, unless it is there from before; return that.

    Raises:
        OSError: It cannot be written.
    """
    for aside in _names_beside(path, suffix):
        with contextlib.suppress(FileExistsError), os.fdopen(create(aside), "wb") as file:
            file.write(content)
            return aside
        with contextlib.suppress(OSError):
            if read_bytes(aside, len(content)) == content:
                return aside
    raise FileExistsError(errno.EEXIST, "too many files of this kind are there already", str(path))


def _names_beside(path: Path, suffix: str) -> Iterator[Path]:
    yield path.with_name(path.name + suffix)
    for number in range(2, _MOST_NUMBERED):
        yield path.with_name(f"{path.name}{suffix}.{number}")


# Locks


def open_lock(path: Path) -> int:
    """Open a lock file, made if it is missing; return its descriptor.

    Raises:
        UnsafeFileError: It is not a file of ours, or has another name besides.
        OSError: It cannot be opened.
    """
    look_at(path)
    file = _open(path, os.O_RDWR | os.O_CREAT, owned=True)
    try:
        _check_single(path, os.fstat(file))
    except BaseException:
        os.close(file)
        raise
    return file


def open_folder(folder: Path) -> int:
    """Open a folder to lock it; return its descriptor."""
    check_folder(folder)
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


# Databases


def connect(
    path: Path, guard: Callable[[sqlite3.Connection], None], *, read_only: bool, immutable: bool = False
) -> sqlite3.Connection:
    """Open an SQLite file that is there, after a look at all that SQLite opens and obeys beside it.

    Args:
        path: The file.
        guard: Guards the connection before its first look at the file.
        read_only: Whether it is only read.
        immutable: Whether nothing beside the file counts.

    Raises:
        UnsafeFileError: The file, or what lies beside it, is not what it must be.
        OSError: It cannot be looked at.
        sqlite3.Error: It cannot be opened.
    """
    main = path.parent.resolve() / path.name
    check_folder(path.parent)
    before = check_database(main, is_written=not read_only)
    # By URI, so that a fork can attach its source to read only; and no mode ever makes a file.
    uri = f"{main.as_uri()}?mode={'ro' if read_only else 'rw'}{'&immutable=1' if immutable else ''}"
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        guard(connection)
        # The first read opens what lies beside the file. Nothing keeps others from putting something there just then,
        # but nothing is read or written after that.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _check_same(path, before, check_database(main, is_written=not read_only))
    except BaseException:
        connection.close()
        raise
    return connection


def _check_same(path: Path, before: os.stat_result | None, after: os.stat_result | None) -> None:
    if before is None or after is None or not os.path.samestat(before, after):
        raise UnsafeFileError(path, f"{path.name} was replaced while it was opened: try again")


def check_database(path: Path, *, is_written: bool) -> os.stat_result | None:
    """Look at a database and what lies beside it, which must be ours where it is written; return its status.

    Raises:
        UnsafeFileError: One of them is not what it must be.
        OSError: It cannot be looked at.
    """
    journal = path.with_name(path.name + _JOURNAL)
    if os.path.lexists(journal):
        # SQLite would do what it says, which may be to remove another file.
        reason = f"{journal.name} lies beside it, which stepscope never writes and SQLite would obey: remove it"
        raise UnsafeFileError(path, reason)
    for suffix in _COMPANIONS:
        companion = path.with_name(path.name + suffix)
        _check_single(companion, look_at(companion, owned=is_written))  # SQLite writes the index to read as well
    status = look_at(path, owned=is_written)
    if is_written:
        _check_single(path, status)
    return status


def remove_left_over(path: Path) -> None:
    """Remove what SQLite left beside a file that is gone; links are removed, and not followed."""
    check_folder(path.parent)
    for suffix in _COMPANIONS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
