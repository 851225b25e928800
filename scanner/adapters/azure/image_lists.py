"""Lists of image versions from Azure Compute.

https://learn.microsoft.com/rest/api/compute/virtual-machine-images/list
"""

from collections.abc import Callable, Sequence
from typing import Any

from scanner.adapters.azure.budgeted_compute import BudgetedCompute
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.errors import ReadFailedError
from scanner.facts.evidence import JsonValue
from scanner.ports.images import PlatformOffer, SharedImage

PATIENCE = 60.0
"""Seconds for one question, retries included."""


class ImageLists:
    """The ``Images`` port on the Compute resource provider. Lists are whole: never ``$top``, whose order is the text's."""

    def __init__(self, connection: Connection, compute: BudgetedCompute | None = None) -> None:
        """``compute`` is what others ask with, so that all spend from one budget."""
        self._connection = connection
        self._compute = compute or BudgetedCompute(connection)

    def platform_versions(self, offer: PlatformOffer) -> Sequence[JsonValue]:
        """List all versions of a platform image, with their properties as far as the list has them."""
        client = self._compute.client(offer.subscription_id)
        if offer.edge_zone:
            listed = self._asked(
                offer.subscription_id,
                lambda **options: client.virtual_machine_images_edge_zone.list(
                    offer.location,
                    offer.edge_zone,
                    offer.publisher,
                    offer.offer,
                    offer.sku,
                    expand="properties",
                    **options,
                ),
            )
        else:
            listed = self._asked(
                offer.subscription_id,
                lambda **options: client.virtual_machine_images.list_with_properties(
                    offer.location, offer.publisher, offer.offer, offer.sku, expand="Properties", **options
                ),
            )
        return _listed(listed)

    def platform_version(self, offer: PlatformOffer, version: str) -> JsonValue:
        """Answer one version of a platform image."""
        client = self._compute.client(offer.subscription_id)
        if offer.edge_zone:
            return self._asked(
                offer.subscription_id,
                lambda **options: client.virtual_machine_images_edge_zone.get(
                    offer.location, offer.edge_zone, offer.publisher, offer.offer, offer.sku, version, **options
                ),
            )
        return self._asked(
            offer.subscription_id,
            lambda **options: client.virtual_machine_images.get(
                offer.location, offer.publisher, offer.offer, offer.sku, version, **options
            ),
        )

    def shared_versions(self, image: SharedImage) -> Sequence[JsonValue]:
        """List all versions of a directly shared image: every page, of what is shared with our tenant or subscription."""
        try:
            return self._shared(image, shared_to="tenant")
        except ReadFailedError as error:
            if error.failure is None or error.failure.status not in {403, 404}:
                raise
        return self._shared(image, shared_to=None)

    def _shared(self, image: SharedImage, *, shared_to: str | None) -> Sequence[JsonValue]:
        client = self._compute.client(image.subscription_id)
        pages = self._asked(
            image.subscription_id,
            lambda **options: list(
                client.shared_gallery_image_versions.list(
                    image.location,
                    image.gallery,
                    image.image,
                    shared_to=shared_to,
                    **{**options, "cls": lambda items: items},
                )
            ),
        )
        models: Sequence[Any] = _listed(pages)
        return [each.as_dict() if hasattr(each, "as_dict") else each for each in models]

    def shared_image(self, image: SharedImage) -> JsonValue:
        """Answer the definition of a directly shared image."""
        client = self._compute.client(image.subscription_id)
        return self._asked(
            image.subscription_id,
            lambda **options: client.shared_gallery_images.get(image.location, image.gallery, image.image, **options),
        )

    def close(self) -> None:
        """Close the connections."""
        self._compute.close()

    def _asked(self, subscription: str, call: Callable[..., Any]) -> JsonValue:
        limits, spent = self._connection.limits, self._compute.turn(subscription)
        end = limits.clock() + PATIENCE
        try:
            answer: JsonValue = call(
                cls=lambda response, _model, _headers: response.http_response.json(),
                seconds_left=lambda: min(limits.seconds_left(), end - limits.clock()),
                read_timeout=PATIENCE / 2,
                spending=spent,
            )
            return answer  # noqa: TRY300 - the whole exchange is one attempt
        except Exception as error:  # an answer of another form raises in the client whatever it stumbles over
            said = read_failure(error)
            raise ReadFailedError(f"A list of images was not read. {said}", said) from error


def _listed(answer: Any) -> list[Any]:
    if not isinstance(answer, list):
        raise ReadFailedError("Azure's answer is not a list of images: a proxy may have answered in its place.")
    return answer
