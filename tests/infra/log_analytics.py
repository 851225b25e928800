"""A Log Analytics workspace on the emulator's parts, with the deployed functions; and the alert rules' condition."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulator.kusto import kql
from emulator.log_analytics.records import Intake
from emulator.log_analytics.workspace import DeclaredTable, Workspace, read_declaration
from tests.infra.declared import LOOK_BACK, ROOT, AlertRule, functions

ERROR_LOG = DeclaredTable(
    name="DCRLogErrors",
    stream="Microsoft-DCRLogErrors",
    columns={"TimeGenerated": "datetime", "_ResourceId": "string", "Message": "string"},
)
"""The table that Azure makes with a collection rule's first error.

https://learn.microsoft.com/azure/azure-monitor/reference/tables/dcrlogerrors
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What a fired rule tells people: the target resource, and the dimensions that an e-mail shows."""

    target: str | None
    dimensions: Mapping[str, str]


class LogAnalytics:
    """Rows in, answers out. Times are given, so nothing depends on the day of the test."""

    def __init__(self, *, with_error_log: bool = False) -> None:
        tables = read_declaration(ROOT / "scanner/data/tables.json")
        self._workspace = Workspace([*tables, ERROR_LOG] if with_error_log else tables)
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
                functions=self._called(text),
            )
        finally:
            cursor.close()
        names = [column.name for column in answer.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.rows]

    def _called(self, text: str) -> list[str]:
        """Choose the functions that a query calls, and those that they call: each that is given is parsed anew."""
        saved, called = self._workspace.functions, dict[str, str]()
        waiting = [text]
        while waiting:
            caller = waiting.pop()
            new = {name: body for name, body in saved.items() if name not in called and f"{name}(" in caller}
            called |= new
            waiting += new.values()
        return [saved[name] for name in saved if name in called]

    def alerts(self, rule: AlertRule, *, now: datetime) -> list[Alert]:
        """Evaluate a rule once."""
        return evaluate(rule, self.query(rule.query, now=now))


def evaluate(rule: AlertRule, found: Sequence[Mapping[str, Any]]) -> list[Alert]:
    """Judge the rows of a rule's query as Azure does: one alert per target and dimensions, rows counted or measured."""
    fired: list[Alert] = []
    for row in found:
        if rule.measure is not None and not row[rule.measure] > rule.threshold:
            continue
        if rule.routed and not _is_chosen(rule, row["Owner"]):
            continue
        target = None if rule.target is None else row[rule.target]
        alert = Alert(target=target, dimensions={name: row[name] for name in rule.dimensions})
        if alert not in fired:
            fired.append(alert)
    return sorted(fired, key=lambda alert: (alert.target or "", sorted(alert.dimensions.items())))


def _is_chosen(rule: AlertRule, owner: str) -> bool:
    """Apply the rule's condition on the dimension Owner."""
    return owner == rule.owner if rule.owner else owner not in rule.routed_owners


def notified(rule: AlertRule, evaluations: Sequence[tuple[datetime, Sequence[Alert]]]) -> list[datetime]:
    """Say when people are told: at each evaluation that fires, unless the rule is still muted since the last time.

    https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule
    """
    told: list[datetime] = []
    muted = timedelta(0) if rule.repeat is None else _span(rule.repeat)
    for at, fired in evaluations:
        if fired and (not told or at - told[-1] >= muted):
            told.append(at)
    return told


def _span(text: str) -> timedelta:
    """Read a span such as PT6H, PT15M or P1D."""
    units = {"D": "days", "H": "hours", "M": "minutes"}
    number, unit = re.fullmatch(r"PT?(\d+)([DHM])", text).groups()  # type: ignore[union-attr]
    return timedelta(**{units[unit]: int(number)})


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
