"""From rows of load balancers to their probes, and from a scale set's row to the probe that it names."""

from collections.abc import Iterator, Mapping

from scanner.facts.extensions import HealthProtocol
from scanner.facts.probe import Probe
from scanner.reading.azure_values import choice, listed, optional, required, text

_PROTOCOLS: Mapping[str, HealthProtocol] = {each.value: each for each in HealthProtocol}


def probe_id_of(row: Mapping[str, object]) -> str | None:
    """Read the id of the probe that a scale set names, in lower case; ``None``: none, or none that can be read."""
    profile = required(required(row, "properties"), "virtualMachineProfile")
    probe = optional(optional(profile, "networkProfile"), "healthProbe")
    found = None if probe is None else text(probe.get("id"))
    return None if found is None else found.lower().rstrip("/")


def probes_of(row: object) -> Iterator[Probe]:
    """Read the probes of a load balancer; one whose protocol cannot be read is left out."""
    if not isinstance(row, Mapping) or not isinstance(row.get("probes"), list):
        return
    for item in listed(row, "probes") or ():
        if not isinstance(item, Mapping):
            continue
        identifier, properties = text(item.get("id")), required(item, "properties")
        protocol = None if properties is None else choice(properties.get("protocol"), _PROTOCOLS)
        if identifier is not None and properties is not None and protocol is not None:
            path = text(properties.get("requestPath"))
            yield Probe(probe_id=identifier.lower().rstrip("/"), protocol=protocol, path=path or "")
