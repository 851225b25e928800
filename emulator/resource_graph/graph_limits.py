"""What Resource Graph refuses in a query that is good KQL: too many joins, unions or tables.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
"""

from collections.abc import Collection

from emulator.kusto import kql_text
from emulator.resource_graph.graph_errors import bad_request

MOST = {"join": 3, "union": 3, "mv-expand": 3}
"""How often an operator may occur; the documents differ about ``mv-expand``."""
OPEN_TABLES = frozenset({"resources", "resourcecontainers"})
"""Tables that may be read beside any other one; of the rest a query may read one."""


def check(query: str, tables: Collection[str]) -> None:
    """Refuse a query with 400 that Azure refuses; ``tables`` are those that it names."""
    operators = kql_text.operator_counts(query)
    for name, most in MOST.items():
        if operators[name] > most:
            raise bad_request(
                "DisallowedNumberOfOperators",
                f"At most {most} {name} are allowed in a query; there are {operators[name]}.",
            )
    others = sorted(set(tables) - OPEN_TABLES)
    if len(others) > 1:
        raise bad_request(
            "UnsupportedRemoteTableScenario",
            f"A query may read one table beside resources and resourcecontainers; this one reads {', '.join(others)}.",
        )
