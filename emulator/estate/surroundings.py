"""What the scale sets of a synthetic fleet refer to: image versions of a gallery, and a load balancer's probe."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from emulator.endpoint.messages import iso
from emulator.estate import gallery
from emulator.estate.containers import ResourceGroup, Subscription
from emulator.estate.estate import Estate

SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
DEFINITIONS = ("windows-2022-hardened", "ubuntu-2204-hardened")
_GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/corp_gallery"
_BALANCER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Network/loadBalancers/lb-front"
_PUBLISHED_DAYS = 90


def create(estate: Estate, regions: Sequence[str], versions: Sequence[str]) -> None:
    """Add them; the versions were published a month apart, in every region."""
    estate.put_subscription(Subscription(id=SUBSCRIPTION, name="sub-shared"))
    for name in ("rg-images", "rg-net"):
        estate.put_group(ResourceGroup(subscription_id=SUBSCRIPTION, name=name, location=regions[0]))
    for definition in DEFINITIONS:
        image = f"{_GALLERY}/images/{definition}"
        estate.others.put({
            "id": image,
            "name": definition,
            "type": gallery.IMAGE_TYPE,
            "location": regions[0],
            "properties": {"osType": "Windows" if "windows" in definition else "Linux", "provisioningState": "Succeeded"},
        })  # fmt: skip
        for age, version in enumerate(versions):
            published = estate.clock.now() - timedelta(days=_PUBLISHED_DAYS - 30 * age)
            profile: dict[str, Any] = {
                "publishedDate": iso(published),
                "targetRegions": [{"name": region, "regionalReplicaCount": 1} for region in regions],
            }
            document = gallery.version_document(
                f"{image}/versions/{version}", regions[0], {"publishingProfile": profile}
            )
            estate.others.put(document)
    probe = {
        "id": f"{_BALANCER}/probes/https",
        "name": "https",
        "properties": {"protocol": "Https", "port": 443, "requestPath": "/health", "intervalInSeconds": 5},
    }
    estate.others.put({
        "id": _BALANCER,
        "name": "lb-front",
        "type": "Microsoft.Network/loadBalancers",
        "location": regions[0],
        "sku": {"name": "Standard"},
        "properties": {"provisioningState": "Succeeded", "probes": [probe]},
    })  # fmt: skip
