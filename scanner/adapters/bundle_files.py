"""Bundles of evidence as folders and zip files. Only their owner can read them: they name what is weak in a fleet."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from scanner.errors import SettingsError, UnreadableError
from scanner.evidence.manifest import FileEntry, entry_of
from scanner.evidence.verify import Bundle

_LONGEST_LINE = 8_000_000
"""Bytes; a row of Log Analytics has at most 1 MB."""


class BundleWriter:
    """Writes the files of a bundle into a folder, each readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.entries: dict[str, FileEntry] = {}
        """What was written, by name."""

    def write(self, name: str, lines: Iterable[bytes]) -> FileEntry:
        """Write a file. Raises ``SettingsError`` when that is not possible."""
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                self.entries[name] = entry_of(_passed_on(lines, file.write))
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror or error}.") from error
        return self.entries[name]

    def lines(self, name: str) -> Iterator[bytes]:
        """Read a file that was written."""
        with (self._folder / name).open("rb") as file:
            yield from file


def _passed_on(lines: Iterable[bytes], write: Callable[[bytes], object]) -> Iterator[bytes]:
    for line in lines:
        write(line)
        yield line


@contextmanager
def new_bundle(path: Path) -> Iterator[BundleWriter]:
    """Make a bundle: a zip file where the name ends in .zip, else a folder. Raises ``SettingsError``.

    What is there already is not touched. Where the making fails, nothing is left behind.
    """
    if path.exists():
        raise SettingsError(f"--out names {str(path)!r}, which is there already; name a new file or folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))  # mode 0700
    try:
        yield BundleWriter(folder)
        if path.suffix.lower() == ".zip":
            _pack(folder, path)
        else:
            folder.rename(path)
    except OSError as error:
        raise SettingsError(f"--out {path} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pack(folder: Path, path: Path) -> None:
    with (
        os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb+") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for item in sorted(folder.rglob("*")):
            if item.is_file():
                archive.write(item, item.relative_to(folder).as_posix())


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a bundle for reading, folder or zip. Raises ``UnreadableError``."""
    if path.is_dir():
        names = {item.relative_to(path).as_posix() for item in path.rglob("*") if not item.is_dir()}
        yield Bundle(names=frozenset(names), lines=lambda name: _file_lines(path / name, name))
        return
    try:
        with zipfile.ZipFile(path) as archive:
            listed = [item.filename for item in archive.infolist() if not item.is_dir()]
            if len(listed) != len(set(listed)):
                raise UnreadableError(f"{path} holds a file of the same name twice.")
            yield Bundle(names=frozenset(listed), lines=lambda name: _packed_lines(archive, name))
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadableError(f"{path} cannot be read as a bundle, a folder or a zip file: {error}.") from error


def _file_lines(path: Path, name: str) -> Iterator[bytes]:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise UnreadableError(f"{name} is not a name inside a bundle.")
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                yield line
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror or error}.") from error


def _packed_lines(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        with archive.open(name) as file:
            while line := file.readline(_LONGEST_LINE):
                yield line
    except (KeyError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise UnreadableError(f"{name} cannot be read: {error}.") from error
