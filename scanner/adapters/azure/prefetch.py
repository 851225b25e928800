"""Work done in a thread of its own while the caller does something else, waited for no longer than the time left."""

from collections.abc import Callable
from threading import Thread


class Prefetch[T]:
    """One call that runs at once, in the background; ``result`` waits for it.

    The thread is a daemon: a download that is given up does not keep the process alive.
    """

    def __init__(self, call: Callable[[], T], name: str) -> None:
        self._call = call
        self._answers: list[T] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def result(self, seconds: float) -> T:
        """Answer what the call returned or raise what it raised; the answer is handed over once and not kept.

        Raises ``TimeoutError`` when the call has not ended after ``seconds``.
        """
        self._thread.join(None if seconds == float("inf") else max(0.0, seconds))
        if self._thread.is_alive():
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._answers.pop()

    def _run(self) -> None:
        try:
            self._answers.append(self._call())
        except BaseException as error:  # noqa: BLE001 -- raised again where the result is asked for
            self._error = error
