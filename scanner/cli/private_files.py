"""Files that only their owner can read: what they hold names what is weak in a fleet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from scanner.errors import SettingsError


@contextmanager
def private_file(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """Write a file with mode 0600. It is there whole or not at all: until its end it has another name.

    Raises ``SettingsError``: it cannot be written.
    """
    if path.is_dir():
        raise SettingsError(f"--out names {str(path)!r}, which is a folder; it must name a file.")
    kind: dict[str, Any] = {"mode": "wb"} if binary else {"mode": "w", "encoding": "utf-8", "newline": ""}
    part: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made with mode 0600 by the library, in the same folder, so that it can take its name in one step.
        with NamedTemporaryFile(**kind, dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            part = Path(file.name)
            yield file
        part.replace(path)
        part = None
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
