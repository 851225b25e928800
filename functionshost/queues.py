"""The queues behind triggers and outputs: Azure's own client, tokens, and messages in base64 as the real host writes them.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, cast

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.queue import (
    QueueClient,
    QueueMessage,
    QueueServiceClient,
    TextBase64DecodePolicy,
    TextBase64EncodePolicy,
)

logger = logging.getLogger("functionshost")

POISON = "-poison"
HIDDEN = timedelta(minutes=10)
"""How long a message is hidden while it is worked on; renewed at half time until that ends."""


class QueueSettingsError(Exception):
    """The settings name no storage account."""


@dataclass(slots=True)
class Held:
    """A message that is being worked on; hidden from every other reader."""

    message: QueueMessage

    @property
    def text(self) -> str:
        """What it says."""
        return cast("str", self.message.content)

    @property
    def dequeue_count(self) -> int:
        """How often it was taken, this time included."""
        return int(self.message.dequeue_count or 0)


class Queues:
    """The queues of one storage account, found by the settings of a connection."""

    def __init__(self, connection: str, settings: Mapping[str, str], hidden: timedelta = HIDDEN) -> None:
        self._hidden = hidden
        self._credential = _credential(connection, settings)
        self._service = QueueServiceClient(_address(connection, settings), credential=self._credential)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._service.close()
        self._credential.close()

    def send(self, queue: str, text: str) -> None:
        """Send a message; the queue is made when it is not there."""
        with self._queue(queue) as client:
            try:
                client.send_message(text, time_to_live=-1 if queue.endswith(POISON) else None)
            except ResourceNotFoundError:
                client.create_queue()
                client.send_message(text)

    def take(self, queue: str) -> Held | None:
        """Take the next message and hide it, if there is one."""
        with self._queue(queue) as client:
            try:
                message = client.receive_message(visibility_timeout=int(self._hidden.total_seconds()))
            except ResourceNotFoundError:
                return None
        return None if message is None else Held(message)

    @contextmanager
    def kept_hidden(self, queue: str, held: Held) -> Iterator[None]:
        """Keep a message hidden for as long as it is worked on."""
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(queue, held, ended), name=f"renew-{queue}", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()

    def _renew(self, queue: str, held: Held, ended: threading.Event) -> None:
        while not ended.wait(self._hidden.total_seconds() / 2):
            try:
                self.release(queue, held, self._hidden)
            except AzureError:  # the work goes on; at worst another host takes the message too, as in Azure
                logger.exception("A message in %s could not be kept hidden.", queue)

    def release(self, queue: str, held: Held, after: timedelta) -> None:
        """Let a message be seen again after a while."""
        with self._queue(queue) as client:
            updated = client.update_message(held.message, visibility_timeout=int(after.total_seconds()))
        held.message.pop_receipt = updated.pop_receipt

    def delete(self, queue: str, held: Held) -> None:
        """Delete a message that was dealt with."""
        with self._queue(queue) as client:
            client.delete_message(held.message)

    def texts(self, queue: str) -> list[str]:
        """Look at up to 32 messages that are not hidden; none where there is no such queue."""
        with self._queue(queue) as client:
            try:
                return [message.content for message in client.peek_messages(max_messages=32)]
            except ResourceNotFoundError:
                return []

    def clear(self, queue: str) -> None:
        """Delete all messages of a queue, where it is."""
        with self._queue(queue) as client, suppress(ResourceNotFoundError):
            client.clear_messages()

    def _queue(self, queue: str) -> QueueClient:
        return self._service.get_queue_client(
            queue, message_encode_policy=TextBase64EncodePolicy(), message_decode_policy=TextBase64DecodePolicy()
        )


def _address(connection: str, settings: Mapping[str, str]) -> str:
    """Find a storage account's queues as the real host does, but for connection strings: they hold a key.

    https://learn.microsoft.com/azure/azure-functions/functions-reference#configure-an-identity-based-connection
    """
    address = settings.get(f"{connection}__queueServiceUri")
    account = settings.get(f"{connection}__accountName")
    if address:
        return address
    if account:
        return f"https://{account}.queue.core.windows.net"
    raise QueueSettingsError(f"Set {connection}__accountName or {connection}__queueServiceUri: tokens only, no keys.")


def _credential(connection: str, settings: Mapping[str, str]) -> Any:
    if settings.get(f"{connection}__credential") == "managedidentity":
        return ManagedIdentityCredential(client_id=settings.get(f"{connection}__clientId") or None)
    return DefaultAzureCredential()
