"""Load balancer probes over several scans."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.judging.judge import Judgement
from scanner.ports.tables import Beside
from scanner.reading.probe_rows import probe_id_of, probes_of
from tests.fakes.world import FakeWorld
from tests.scale_sets import SUBSCRIPTION, document

BALANCER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/loadBalancers/lb"
PROBE = f"{BALANCER}/probes/health"
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def balancer(protocol: Any) -> dict[str, Any]:
    """Make the row of a load balancer with one probe, whose id comes in another case than the scale set names it in."""
    return {
        "id": BALANCER,
        "probes": [
            {"id": PROBE.upper(), "properties": {"protocol": protocol, "port": 80, "requestPath": "/health"}},
            None,
            {"id": f"{BALANCER}/probes/other", "properties": {}},
        ],
    }


class Fleet:
    """One scale set whose only source of health is a probe."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.judged: list[Judgement] = []
        self.world.request = {"on_judged": self.judged.append}
        self.world.azure.put_subscription(SUBSCRIPTION, "shop")
        self.put()

    def put(self, probe: str | None = PROBE, **more: Any) -> None:
        """Put the scale set."""
        made = document("web")
        profile = made["properties"]["virtualMachineProfile"]
        profile["extensionProfile"] = {}
        profile["networkProfile"] = {} if probe is None else {"healthProbe": {"id": probe}}
        made["properties"].update(more)
        self.world.azure.put_scale_set(made)

    def load_balancer(self, protocol: Any) -> None:
        """Put its load balancer."""
        self.world.tables.kept[Beside.PROBES] = [balancer(protocol)]

    def outcome(self) -> str | None:
        """Scan, and answer the outcome of the rule; ``None``: nothing was judged."""
        self.judged.clear()
        self.world.tables.calls.clear()
        self.world.scan()
        return self.judged[0].outcomes["VMSS-040"] if self.judged else None


@pytest.fixture
def fleet() -> Fleet:
    """Answer a fleet that was not scanned yet."""
    return Fleet()


@pytest.mark.parametrize(
    ("protocol", "outcome"),
    [("Tcp", "failed"), ("Http", "passed"), ("HTTPS", "passed"), ("Udp", "unknown"), (None, "unknown")],
)
def test_the_probe_decides_where_it_is_the_only_source(fleet: Fleet, protocol: Any, outcome: str) -> None:
    """By its protocol; a protocol that nobody documented says nothing."""
    fleet.load_balancer(protocol)
    assert fleet.outcome() == outcome


def test_a_probe_that_changes_judges_its_scale_set(fleet: Fleet) -> None:
    """Though no row of a scale set changed."""
    fleet.load_balancer("Http")
    assert fleet.outcome() == "passed"
    assert fleet.outcome() is None
    fleet.load_balancer("Tcp")
    assert fleet.outcome() == "failed"


def test_what_cannot_be_read_is_known_from_before(fleet: Fleet) -> None:
    """As long as the scale set names the same probe."""
    fleet.load_balancer("Tcp")
    assert fleet.outcome() == "failed"
    fleet.world.tables.broken.add(Beside.PROBES)
    assert fleet.outcome() is None
    fleet.put(anything=1)
    assert fleet.outcome() == "failed"
    fleet.put(f"{BALANCER}/probes/another")
    assert fleet.outcome() == "unknown"


def test_load_balancers_are_read_where_a_scale_set_names_a_probe(fleet: Fleet) -> None:
    """Once in a scan, and not at all where none does."""
    fleet.outcome()
    assert fleet.world.tables.calls.count("probes") == 1
    fleet.put(None)
    fleet.outcome()
    assert "probes" not in fleet.world.tables.calls


@given(_JSON)
def test_nonsense_is_no_probe(value: Any) -> None:
    """The readers answer for anything."""
    list(probes_of(value))
    list(probes_of({"id": value, "probes": value}))
    list(probes_of({"probes": [{"id": PROBE, "properties": value}, {"id": value, "properties": {"protocol": value}}]}))
    probe_id_of({"properties": {"virtualMachineProfile": {"networkProfile": value}}})
    probe_id_of({"properties": value})
