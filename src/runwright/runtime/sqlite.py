"""The embedded database: one writer thread whose transactions are shared by all that waits (group commit).

On disk it is SQLite in WAL mode with synchronous=FULL, in memory the same code on a memory database. It knows no table;
the tables are `migrations`'. A file that turns out to be corrupted is named in the log once and written no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from runwright.logs import get_logger
from runwright.runtime import damage, migrations
from runwright.runtime.damage import Damaged
from runwright.runtime.migrations import DataRefused

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

FILE_NAME = "runwright.sqlite3"
_STATEMENTS_KEPT = 256
_MADE = b"A database has been made in this folder.\n"
"""What the lock file says from then on: an empty database beside it has lost what it held."""

log = get_logger()


class Database:
    """Open with `Database.open`. `write` and `read` may be called from the event loop that opened it.

    What reads or writes raises Damaged where the file is corrupted, and what writes does so ever after: SQLite would go
    by pages that are wrong, and spoil more. Reads go on for what can still be read.
    """

    def __init__(
        self, writer: sqlite3.Connection, reader: sqlite3.Connection, lock: int | None, file: Path | None = None
    ) -> None:
        self._file, self._is_damaged = file, False
        self._writer, self._reader, self._lock_file = writer, reader, lock
        self._turn = threading.Lock() if writer is reader else None
        self._queue: queue.SimpleQueue[tuple[Work[Any], asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._is_closed = False
        self._thread = threading.Thread(target=self._write_all, name="runwright-writer", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, folder: Path | None) -> Database:
        """Open the database of a folder, made when it is not there; None keeps everything in memory.

        Raises DataRefused.
        """
        if folder is None:
            connection = _connect(":memory:")
            migrations.create(connection)
            return cls(connection, connection, None)
        file = folder / FILE_NAME
        with contextlib.ExitStack() as opened:
            try:
                make_folder(folder)
                lock = lock_folder(folder)
                opened.callback(os.close, lock)
                was_made = bool(os.pread(lock, 1, 0)) and file.exists()  # who removes the file wants a new one
                if (stray := damage.stray_wal(file)) is not None:
                    text = f"{folder} is corrupted ({stray}): restore a backup of it, or give another --data"
                    raise DataRefused(text)
                make_private(file)
            except OSError as failed:
                raise DataRefused(f"cannot use the data directory {folder}: {failed.strerror or failed}") from failed
            try:
                writer = opened.enter_context(contextlib.closing(_connect(str(file))))
                migrations.prepare(writer, file, was_made=was_made)
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON"):
                    writer.execute(f"PRAGMA {pragma}")
                reader = opened.enter_context(
                    contextlib.closing(_connect(f"{file.resolve().as_uri()}?mode=ro", uri=True))
                )
            except sqlite3.DatabaseError as failed:
                raise DataRefused(f"{file} cannot be read as a database: {failed}") from failed
            if not os.pread(lock, 1, 0):
                os.pwrite(lock, _MADE, 0)
            database = cls(writer, reader, lock, file)
            opened.pop_all()
            return database

    async def write(self, work: Work[T]) -> T:
        """Run `work` in the next transaction, in a savepoint of its own; its value comes after the commit.

        An exception of `work` undoes that work alone and comes out here; a failed commit comes out everywhere.
        """
        if self._is_closed:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        if self._is_damaged:
            raise Damaged(damage.TOLD)
        done: asyncio.Future[T] = self._loop.create_future()
        self._queue.put((work, done))
        return await done

    async def read(self, work: Work[T]) -> T:
        """Run a short query on committed data, here and now."""
        try:
            if self._turn is None:
                return work(self._reader)
            with self._turn:
                return work(self._reader)
        except sqlite3.DatabaseError as failed:
            if (damaged := self._damaged_by(failed)) is not None:
                raise damaged from failed
            raise

    async def read_aside(self, work: Work[T]) -> T:
        """Run a query that may take long in a thread of its own, on a connection of its own where there is a file."""
        try:
            return await asyncio.to_thread(self._read_aside, work)
        except sqlite3.DatabaseError as failed:
            if (damaged := self._damaged_by(failed)) is not None:
                raise damaged from failed
            raise

    def _read_aside(self, work: Work[T]) -> T:
        if self._turn is not None:
            with self._turn:
                return work(self._reader)
        name = self._reader.execute("PRAGMA database_list").fetchone()[2]
        connection = _connect(f"{Path(name).as_uri()}?mode=ro", uri=True)
        try:
            return work(connection)
        finally:
            connection.close()

    def _damaged_by(self, failed: BaseException) -> Damaged | None:
        """What a failure comes out as that says that the file is corrupted; the log has the first one."""
        if (told := damage.told_by(failed)) is None:
            return None
        if not self._is_damaged:
            self._is_damaged = True
            log.error(
                "the database is corrupted and nothing is stored any more: stop the server and restore a backup",
                file=str(self._file or ":memory:"),
                reason=told,
            )
        return Damaged(damage.TOLD)

    async def close(self) -> None:
        """Finish what is queued and close the file, also when cancelled. Closing it again changes nothing."""
        self._is_closed = True
        self._queue.put(None)
        try:
            await asyncio.to_thread(self._thread.join)
        finally:
            self._thread.join()
            lock, self._lock_file = self._lock_file, None
            with contextlib.ExitStack() as closing:
                if lock is not None:
                    closing.callback(os.close, lock)
                closing.callback(self._writer.close)
                closing.callback(self._reader.close)

    # ------------------------------------------------------------------------------------------ writer thread

    def _write_all(self) -> None:
        closing = False
        while not closing:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            closing = None in batch
            works = [each for each in batch if each is not None]
            if works:
                self._transaction(works)

    def _transaction(self, works: list[tuple[Work[Any], asyncio.Future[Any]]]) -> None:
        results: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
        try:
            if self._is_damaged:
                raise Damaged(damage.TOLD)
            if self._turn is not None:
                with self._turn:
                    self._run_all(works, results)
            else:
                self._run_all(works, results)
        except BaseException as broken:
            with contextlib.suppress(sqlite3.Error):  # the next transaction asks for it again
                if self._writer.in_transaction:
                    self._writer.rollback()
            reason = self._damaged_by(broken) or broken
            results = [(done, None, reason) for _, done in works]
        self._loop.call_soon_threadsafe(_settle, results)

    def _run_all(
        self,
        works: list[tuple[Work[Any], asyncio.Future[Any]]],
        results: list[tuple[asyncio.Future[Any], Any, BaseException | None]],
    ) -> None:
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        for work, done in works:
            connection.execute("SAVEPOINT work")
            try:
                value = work(connection)
            except Exception as failed:
                if not connection.in_transaction:  # SQLite gave up the whole transaction (disk full)
                    raise
                if damage.told_by(failed) is not None:
                    raise
                connection.execute("ROLLBACK TO work")
                results.append((done, None, failed))
            else:
                results.append((done, value, None))
            connection.execute("RELEASE work")
        connection.execute("COMMIT")


def _settle(results: list[tuple[asyncio.Future[Any], Any, BaseException | None]]) -> None:
    for done, value, failed in results:
        if done.cancelled():
            continue
        if failed is not None:
            done.set_exception(failed)
        else:
            done.set_result(value)


def _connect(name: str, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(
        name, isolation_level=None, check_same_thread=False, uri=uri, cached_statements=_STATEMENTS_KEPT, timeout=10
    )


def make_folder(folder: Path) -> None:
    """Make a folder, with those it lies in, so that it is still there after a power failure. Raises OSError.

    What is made is its owner's alone; what was there keeps its mode.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, f"{folder} is no directory") from None
    sync_entries(folder.parent)


def make_private(database: Path) -> None:
    """Make the empty file of a database, its owner's alone, where there is none. Raises OSError.

    SQLite would let everyone read it whom the umask does not keep out. What it puts beside a database has that one's
    mode.
    """
    with contextlib.suppress(FileExistsError):
        database.touch(mode=0o600, exist_ok=False)


def sync_entries(folder: Path) -> None:
    """Make durable which files a folder holds, where its file system knows of that and lets us."""
    try:
        sync(folder)
    except OSError as failed:
        if failed.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
            raise


def sync(path: Path) -> None:
    """Make the content of a file or folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock_folder(folder: Path) -> int:
    """Keep all others out until the descriptor is closed. Raises DataRefused when somebody else has it."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise DataRefused(f"{folder} is in use by another server: stop that one, or give another --data") from None
    return lock
