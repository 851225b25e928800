"""Load balancer probes behind ``healthProbe.id``, all in one query."""

from collections.abc import Mapping
from dataclasses import replace

from scanner.facts.depth import Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.extensions import HealthProtocol
from scanner.facts.probe import Probe
from scanner.ports.tables import Beside, Tables
from scanner.reading.probe_rows import probe_id_of, probes_of
from scanner.scan.asking import Asking
from scanner.state.glance import Glance
from scanner.state.state import ScaleSetState


class Probes:
    """The source of ``Depth.probe``. A probe that is not found keeps what was last known of it."""

    name = "probe"

    def __init__(self, tables: Tables, asking: Asking) -> None:
        self._tables = tables
        self._asking = asking
        self._found: Mapping[str, Probe] | None = None

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:
        """Answer the id, protocol and path of the probe that the scale set names."""
        return self._body(row, None if known is None else known.kept.get(self.name))

    def kept(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Keep the same."""
        return self._body(row, None if known is None else known.beside.get(self.name))

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:
        """Fill in the probe."""
        return replace(depth, probe=_probe(self.kept(row, known)))

    def _body(self, row: Mapping[str, object], kept: JsonValue) -> JsonValue:
        wanted = probe_id_of(row)
        if wanted is None:
            return None
        found = self._all().get(wanted)
        if found is not None:
            return [found.probe_id, found.protocol.value, found.path]
        known = _probe(kept)
        return kept if known is not None and known.probe_id == wanted else None

    def _all(self) -> Mapping[str, Probe]:
        if self._found is None:
            answer = self._asking.ask(self._read)
            self._found = answer if isinstance(answer, dict) else {}
        return self._found

    def _read(self) -> dict[str, Probe]:
        rows = (row for page in self._tables.rows(Beside.PROBES) for row in page)
        return {probe.probe_id: probe for row in rows for probe in probes_of(row)}


def _probe(body: JsonValue) -> Probe | None:
    """Read what a state keeps; ``None``: nothing of ours."""
    match body:
        case [str(probe_id), str(protocol), str(path)] if protocol in set(HealthProtocol):
            return Probe(probe_id=probe_id, protocol=HealthProtocol(protocol), path=path)
        case _:
            return None
