"""A headless Chromium, driven from Python through ``driver.mjs``."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Literal, Self

DRIVER = Path(__file__).parent / "driver.mjs"
NO_BROWSER = (
    "Chromium could not be started. It comes from npm (@sparticuz/chromium, for Linux on x64): run make setup; where that"
    " package does not run, set CHROME_PATH to a Chromium or Chrome."
)
type Scheme = Literal["light", "dark"]


class BrowserError(Exception):
    """The browser could not be started, or a command failed in it."""


class Browser:
    """One browser with one page. ``CHROME_PATH`` names another Chromium than the one that npm installs."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the browser
        try:
            self._process = subprocess.Popen(
                ["node", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
            )
        except OSError as error:
            raise BrowserError(f"{NO_BROWSER} (node: {error.strerror})") from error
        self.version = str(self._answer().get("version", ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()

    def open(  # noqa: PLR0913 - each is a property of the reader
        self,
        path: Path,
        *,
        fragment: str = "",
        width: int = 1440,
        height: int = 1000,
        scheme: Scheme = "light",
        javascript: bool = True,
        scale: float = 1,
    ) -> float:
        """Open a file; answer the milliseconds until it is loaded."""
        return float(
            self.ask(
                "open",
                url=path.resolve().as_uri() + fragment,
                width=width,
                height=height,
                scheme=scheme,
                javascript=javascript,
                scale=scale,
            )
        )

    def ask(self, command: str, **given: object) -> Any:
        """Send a command of the driver; answer what it answers. Raises ``BrowserError``."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(json.dumps({"command": command, **given}) + os.linesep)
        self._process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise BrowserError(f"{command}: {answer['error']}")
        return answer.get("answer")

    def evaluate(self, code: str) -> Any:
        """Run an expression of JavaScript in the page."""
        return self.ask("evaluate", code=code)

    def until(self, code: str) -> None:
        """Wait until an expression of JavaScript is true in the page. Raises ``BrowserError`` after ten seconds."""
        self.ask("until", code=code)

    def texts(self, selector: str) -> list[str]:
        """Read the text of every element that a selector finds."""
        return [str(text) for text in self.ask("texts", selector=selector)]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._process.wait()
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip()[-600:]
        self._close_pipes()
        raise BrowserError(f"{NO_BROWSER} ({said})")
