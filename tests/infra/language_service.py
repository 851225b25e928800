"""Microsoft's own parser and binder for KQL, asked about every query as it is deployed."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tests.infra.declared import ROOT, alert_rules, functions, graph_tables, tables, workspace_queries

ERROR_LOG = {
    "name": "DCRLogErrors",
    "columns": [{"name": "TimeGenerated", "type": "datetime"}, {"name": "_ResourceId", "type": "string"}],
}
"""What we use of the table in which Azure keeps a collection rule's errors."""


USAGE = {
    "name": "Usage",
    "columns": [
        {"name": "TimeGenerated", "type": "datetime"},
        {"name": "DataType", "type": "string"},
        {"name": "IsBillable", "type": "boolean"},
        {"name": "Quantity", "type": "real"},
    ],
}
"""What a workspace says of its own costs."""


def deployed_queries() -> dict[str, str]:
    """Name every text that the workspace will run: functions by a call of theirs, alerts, panels."""
    calls = {
        f"function {item.name}": f"{item.name}({'now()' if 'at:' in item.parameters else ''})" for item in functions()
    }
    calls |= {
        f"function {item.name} of a deployment": f"{item.name}({'now(), ' if 'at:' in item.parameters else ''}'abc')"
        for item in functions()
    }
    bodies = {
        f"body of {item.name}": f"let deployment = '';\nlet at = datetime(2026-11-20);\n{item.body}"
        if "at:" in item.parameters
        else f"let deployment = '';\n{item.body}"
        for item in functions()
    }
    alerts = {f"alert {rule.name}": rule.query for rule in alert_rules()}
    panels = {f"panel {name}": text for name, text in workspace_queries().items()}
    return {**calls, **bodies, **alerts, **panels}


def check(queries: Mapping[str, str], *, of_graph: bool = False) -> dict[str, Any]:
    """Ask the Kusto language service about all queries at once, over the workspace or over Azure Resource Graph."""
    asked = {
        "tables": graph_tables() if of_graph else [*tables(), ERROR_LOG, USAGE],
        "functions": [] if of_graph else [asdict(function) for function in functions()],
        "queries": list(queries.values()),
    }
    done = subprocess.run(
        ["node", str(ROOT / "tests/infra/kusto_check.cjs")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(zip(queries, json.loads(done.stdout), strict=True))


def pages_queries() -> dict[str, str]:
    """Name the queries that the pages tell people to run."""
    found: dict[str, str] = {}
    for page in sorted((ROOT / "docs").glob("*.md")):
        texts = re.findall(r"```kusto\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        found |= {f"page {page.stem} {index}": text for index, text in enumerate(texts)}
    return found
