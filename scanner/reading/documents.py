"""Finding the scale sets in an exported document."""

from collections.abc import Iterator, Mapping, Sequence

from scanner.errors import MonitorError

_SCALE_SET = "microsoft.compute/virtualmachinescalesets"
ANSWERS = ("value", "data", "Data")
"""Names under which an answer holds its rows."""


_PAGING = {
    "skip_token": " (az graph query --skip-token)",
    "SkipToken": " of Search-AzGraph (-SkipToken)",
}


class IncompleteExportError(MonitorError):
    """A document says of itself that it does not hold everything, or holds an error in place of scale sets."""


def scale_sets_in(document: object) -> Iterator[object]:
    """Yield what may be a scale set, in the document's order.

    A document is one scale set; a list of them (``az vmss list``); ARM's list answer (``{"value": […]}``); or an answer
    of Resource Graph (``{"data": …}``, also as ``az graph query`` and PowerShell's ``Search-AzGraph`` print it), whose
    data may be a list of rows or a table of columns and rows. Wrappers may be nested in lists, as when several answers
    were put together.

    An item is passed over only when its ``type`` is the full name of another resource type (it has a slash, such as
    ``Microsoft.Compute/disks``): everything else is yielded, so that an item which cannot be read is reported and not
    lost. Null is nothing.

    Raises ``IncompleteExportError``, after everything was yielded, when an answer names a further page, was truncated,
    counts more rows than it holds, or is an error.
    """
    missing: list[str] = []
    stack: list[object] = [document]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            inner = _unwrapped(item)
            if inner is not None:
                missing.extend(_missing(item, inner))
                stack.append(inner)
            elif isinstance(item.get("error"), dict) and "id" not in item:
                missing.append(f"it holds an error from Azure: {item['error'].get('code')}")
            elif not _is_something_else(item):
                yield item
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif item is not None:
            yield item
    if missing:
        raise IncompleteExportError(f"The export is incomplete: {'; '.join(missing)}. Export again, with all pages.")


def _missing(answer: Mapping[str, object], rows: object) -> Iterator[str]:
    """Name the signs that an answer does not hold all rows."""
    for name in ("nextLink", "$skipToken", "skip_token", "skipToken", "SkipToken"):
        if answer.get(name):
            yield f"{name} names a further page{_PAGING.get(name, '')}"
    for name in ("resultTruncated", "result_truncated"):
        if str(answer.get(name)).lower() == "true":
            yield "the answer was truncated"
    held = len(rows) if isinstance(rows, list) else None
    for name in ("totalRecords", "total_records"):
        total = answer.get(name)
        if held is not None and isinstance(total, int) and total > held:
            yield f"it holds {held} of {total} rows"


def _unwrapped(item: Mapping[str, object]) -> object | None:
    """Take out what an answer holds; ``None``: the item is no answer but a resource, or cannot be told."""
    if "id" in item or "properties" in item:
        return None
    for name in ANSWERS:
        inner = item.get(name)
        if isinstance(inner, list):
            return inner
        if isinstance(inner, dict):
            table = _rows(inner)
            return inner if table is None else table
    return _rows(item)


def _rows(table: Mapping[str, object]) -> list[object] | None:
    """Turn a table of Resource Graph into rows with names; a row that does not fit is kept as it is."""
    columns, rows = table.get("columns"), table.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    names = [column.get("name") if isinstance(column, dict) else None for column in columns]
    if not all(isinstance(name, str) for name in names):
        return None
    return [_row(names, row) for row in rows]


def _row(names: Sequence[object], row: object) -> object:
    # A row that does not fit becomes text: as a list it would be taken for several items.
    return dict(zip(names, row, strict=True)) if isinstance(row, list) and len(row) == len(names) else repr(row)


def _is_something_else(item: Mapping[str, object]) -> bool:
    kind = item.get("type")
    return isinstance(kind, str) and "/" in kind and kind.lower().strip("/") != _SCALE_SET
