"""The query text that the translator gets."""

import pytest

from emulator.kusto.kql_text import for_translator, names, operators, tokens


@pytest.mark.parametrize(
    ("query", "rewritten"),
    [
        pytest.param("T | project id, kind", "T | project id, ['kind']", id="a column of that name"),
        pytest.param("T | where kind == 'a'", "T | where ['kind'] == 'a'", id="compared"),
        pytest.param("T | extend kind = 1", "T | extend ['kind'] = 1", id="made"),
        pytest.param("T | join kind=inner (U) on id", "T | join kind=inner (U) on id", id="a join's kind"),
        pytest.param(
            "T | join hint.strategy=broadcast kind = leftanti (U) on id",
            "T | join hint.strategy=broadcast kind = leftanti (U) on id",
            id="a join's kind after a hint",
        ),
        pytest.param("T | where x == 'kind' // kind", "T | where x == 'kind' // kind", id="text and comment"),
        pytest.param("T | where properties.kind == 1", "T | where properties.kind == 1", id="a member"),
        pytest.param("T | extend t = ingestion_time ( )", "T | extend t = _TimeReceived", id="ingestion time"),
    ],
)
def test_what_differs_is_rewritten_and_nothing_else(query: str, rewritten: str) -> None:
    """Only the word as a column changes, never the keyword, a text or a comment."""
    assert for_translator(query) == rewritten


def test_tokens_are_the_text() -> None:
    """Nothing is lost in cutting."""
    query = 'T // c\n| where a == @\'x\\\' and b =~ "y\\"|" | mv-expand z\n| take 5'
    assert "".join(token.text for token in tokens(query)) == query
    assert operators(query) == {"where", "mv-expand", "take"}
    assert "y" not in names(query)
