"""A data collection rule as Resource Graph shows it, compared with the tables that the service was built for.

https://learn.microsoft.com/azure/azure-monitor/essentials/data-collection-rule-structure
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scanner.adapters.sinks.declared_tables import DeclaredTable, declared_tables
from scanner.plain_text import plain


def differences(properties: Mapping[str, Any]) -> Iterator[str]:
    """Name what keeps rows or columns from their tables. A column, stream or flow more than ours does no harm."""
    streams = _by_lower_name(properties.get("streamDeclarations"))
    flows = [each for each in _list(properties.get("dataFlows")) if isinstance(each, dict)]
    workspaces = _workspaces(properties.get("destinations"))
    for table in declared_tables().values():
        stream = streams.get(table.stream.lower())
        if not isinstance(stream, dict):
            yield f"there is no stream {table.stream}"
            continue
        yield from _columns(table, stream)
        problem = _flow(table, flows, workspaces)
        if problem is not None:
            yield problem


def own_endpoint(properties: Mapping[str, Any]) -> str:
    """Answer the rule's own endpoint; none where rows go through a collection endpoint, as with private link."""
    endpoints = properties.get("endpoints")
    if properties.get("dataCollectionEndpointId") or not isinstance(endpoints, dict):
        return ""
    endpoint = endpoints.get("logsIngestion")
    return endpoint if isinstance(endpoint, str) and re.match("https://", endpoint) else ""


def _columns(table: DeclaredTable, stream: Mapping[str, Any]) -> Iterator[str]:
    types = {
        str(column.get("name")): str(column.get("type")).lower()
        for column in _list(stream.get("columns"))
        if isinstance(column, dict)
    }
    for column in table.columns:
        if column.name not in types:
            yield f"{table.table} lacks {column.name}"
        elif types[column.name] != column.type:
            yield f"{table.table}.{column.name} is {plain(types[column.name], 20)}, not {column.type}"


def _flow(table: DeclaredTable, flows: list[dict[str, Any]], workspaces: set[str]) -> str | None:
    """Say why no data flow brings the rows of a stream to their table; ``None``: one does."""
    ours = [
        flow for flow in flows if table.stream.lower() in {str(each).lower() for each in _list(flow.get("streams"))}
    ]
    if not ours:
        return f"no data flow takes rows from the stream {table.stream}"
    problems = [_of_flow(table, flow, workspaces) for flow in ours]
    return None if None in problems else problems[0]


def _of_flow(table: DeclaredTable, flow: Mapping[str, Any], workspaces: set[str]) -> str | None:
    target = str(flow.get("outputStream"))
    if target.lower() != f"custom-{table.table}".lower():
        return f"the data flow of {table.stream} leads to {plain(target, 80)}, not to Custom-{table.table}"
    names = {str(each).lower() for each in _list(flow.get("destinations"))}
    if not names & workspaces:
        return f"the data flow of {table.stream} leads to no Log Analytics workspace"
    transformation = flow.get("transformKql")
    if transformation is not None and str(transformation).strip() not in ("", "source"):
        return f"the data flow of {table.stream} changes or drops rows: its transformation is not 'source'"
    return None


def _workspaces(destinations: Any) -> set[str]:
    """Read the names of the destinations that are workspaces."""
    declared = _list(destinations.get("logAnalytics")) if isinstance(destinations, dict) else []
    return {
        str(each.get("name")).lower() for each in declared if isinstance(each, dict) and each.get("workspaceResourceId")
    }


def _by_lower_name(value: Any) -> dict[str, Any]:
    return {str(name).lower(): each for name, each in value.items()} if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
