"""A Log Analytics workspace on the emulator's parts, with the deployed functions; and the alert rules' condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulator.kusto import kql
from emulator.log_analytics.records import Intake
from emulator.log_analytics.workspace import Workspace, read_declaration
from tests.infra.declared import LOOK_BACK, ROOT, AlertRule, functions


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What a fired rule tells people: the target resource, and the dimensions that an e-mail shows."""

    target: str | None
    dimensions: Mapping[str, str]


class LogAnalytics:
    """Rows in, answers out. Times are given, so nothing depends on the day of the test."""

    def __init__(self) -> None:
        self._workspace = Workspace(read_declaration(ROOT / "scanner/data/tables.json"))
        for function in functions():
            self._workspace.save_function(function.name, function.parameters, function.body)

    def send(self, table: str, rows: Sequence[Mapping[str, Any]], *, received: datetime) -> None:
        """Let rows arrive at a moment; a column that is not declared is refused."""
        declared = self._workspace.tables[table]
        intake = Intake(table=declared, received=received, strict=True)
        ready = [intake.read(index, {"TimeGenerated": _iso(received), **row}) for index, row in enumerate(rows)]
        self._workspace.insert(declared, ready, received)

    def query(self, text: str, *, now: datetime, reach: timedelta = LOOK_BACK) -> list[dict[str, Any]]:
        """Run a query over the rows of the last days."""
        cursor = self._workspace.cursor(now - reach, now)
        try:
            answer = kql.run(
                cursor,
                text,
                schema=self._workspace.schema(),
                now=now,
                functions=list(self._workspace.functions.values()),
            )
        finally:
            cursor.close()
        names = [column.name for column in answer.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.rows]

    def alerts(self, rule: AlertRule, *, now: datetime, threshold: int = 0) -> list[Alert]:
        """Evaluate a rule once."""
        return evaluate(rule, self.query(rule.query, now=now), threshold=threshold)


def evaluate(rule: AlertRule, found: Sequence[Mapping[str, Any]], *, threshold: int = 0) -> list[Alert]:
    """Judge the rows of a rule's query as Azure does: one alert per target and dimensions, rows counted or measured."""
    fired: list[Alert] = []
    for row in found:
        if rule.measure is not None and not row[rule.measure] > threshold:
            continue
        target = None if rule.target is None else row[rule.target]
        alert = Alert(target=target, dimensions={name: row[name] for name in rule.dimensions})
        if alert not in fired:
            fired.append(alert)
    return sorted(fired, key=lambda alert: (alert.target or "", sorted(alert.dimensions.items())))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
