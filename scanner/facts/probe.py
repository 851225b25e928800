"""A load balancer probe that a scale set names as its source of health."""

from dataclasses import dataclass

from scanner.facts.extensions import HealthProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a probe looks at. https://learn.microsoft.com/rest/api/load-balancer/load-balancers/get."""

    probe_id: str
    """Resource id in lower case."""
    protocol: HealthProtocol
    path: str = ""
    """``requestPath``; empty: none."""
