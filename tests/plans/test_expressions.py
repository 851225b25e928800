"""Template expressions: what a template and its parameters say is evaluated, everything else stays unknown."""

from typing import Any

import pytest

from scanner.plans.templates.evaluator import Evaluator
from scanner.plans.templates.scope import Scope, template_of
from scanner.plans.templates.unknown import Unknown

TEMPLATE: dict[str, Any] = {
    "parameters": {
        "size": {"type": "int", "defaultValue": 3},
        "name": {"type": "string", "defaultValue": "web"},
        "given": {"type": "string"},
        "missing": {"type": "string"},
        "nothing": {"type": "string", "nullable": True},
        "password": {"type": "secureString", "defaultValue": "SECRET"},
        "computed": {"type": "string", "defaultValue": "[concat(parameters('name'), '-x')]"},
        "itself": {"type": "string", "defaultValue": "[parameters('itself')]"},
        "image": {"type": "object", "defaultValue": {"Publisher": "Canonical", "tags": ["a", "b"]}},
    },
    "variables": {
        "prefix": "shop",
        "both": "[concat(variables('prefix'), '-', parameters('name'))]",
        "ring": "[variables('round')]",
        "round": "[variables('ring')]",
        "list": ["a", "b", "c"],
        "nested": {"one": {"two": "[add(1, 1)]"}},
        "copy": [{"name": "made", "count": "[parameters('size')]", "input": "[copyIndex('made', 1)]"}],
        "inner": {"copy": [{"name": "items", "count": 2, "input": {"n": "[copyIndex('items')]"}}]},
        "x1": "[concat('0123456789', '0123456789')]",
        "x2": "[concat(variables('x1'), variables('x1'), variables('x1'), variables('x1'), variables('x1'))]",
        "x3": "[concat(variables('x2'), variables('x2'), variables('x2'), variables('x2'), variables('x2'))]",
        "x4": "[concat(variables('x3'), variables('x3'), variables('x3'), variables('x3'), variables('x3'))]",
        "x5": "[concat(variables('x4'), variables('x4'), variables('x4'), variables('x4'), variables('x4'))]",
        "x6": "[concat(variables('x5'), variables('x5'), variables('x5'), variables('x5'), variables('x5'))]",
        "x7": "[concat(variables('x6'), variables('x6'), variables('x6'), variables('x6'), variables('x6'))]",
    },
}  # fmt: skip
UNKNOWN = object()

VALUES: list[tuple[str, Any]] = [
    # literals and shapes
    ("plain", "plain"),
    ("[[not an expression]", "[[not an expression]"),
    ("[['it']", "[['it']"),
    ("['it''s']", "it's"),
    ("[12]", 12),
    ("[-3]", -3),
    ("[]", "[]"),
    ("[true()]", True),
    ("[FALSE()]", False),
    ("[null()]", None),
    # parameters and variables
    ("[parameters('size')]", 3),
    ("[PARAMETERS('Size')]", 3),
    ("[parameters('given')]", "value"),
    ("[parameters('nothing')]", None),
    ("[parameters('computed')]", "web-x"),
    ("[variables('both')]", "shop-web"),
    ("[variables('nested').one.two]", 2),
    ("[variables('nested')['one']['two']]", 2),
    ("[variables('nested').ONE.Two]", 2),
    ("[variables('list')[1]]", "b"),
    ("[variables('made')]", [1, 2, 3]),
    ("[variables('inner')]", {"items": [{"n": 0}, {"n": 1}]}),
    ("[parameters('image').publisher]", "Canonical"),
    ("[parameters('image').?absent]", None),
    ("[parameters('image')[?'absent']]", None),
    ("[tryGet(parameters('image'), 'tags', 1)]", "b"),
    ("[tryGet(parameters('image'), 'absent', 'deeper')]", None),
    # what is not known
    ("[parameters('missing')]", UNKNOWN),
    ("[parameters('undeclared')]", UNKNOWN),
    ("[parameters('password')]", UNKNOWN),
    ("[parameters('itself')]", UNKNOWN),
    ("[variables('ring')]", UNKNOWN),
    ("[variables('undeclared')]", UNKNOWN),
    ("[variables('list')[7]]", UNKNOWN),
    ("[parameters('image').absent]", UNKNOWN),
    ("[reference('x').y]", UNKNOWN),
    ("[resourceGroup().location]", UNKNOWN),
    ("[listKeys('x', '2020-01-01').keys[0].value]", UNKNOWN),
    ("[newGuid()]", UNKNOWN),
    ("[utcNow()]", UNKNOWN),
    ("[contoso.name(1)]", UNKNOWN),
    ("[copyIndex()]", UNKNOWN),
    # broken
    ("[concat('a'", "[concat('a'"),
    ("[concat('a',)]", UNKNOWN),
    ("[concat(]", UNKNOWN),
    ("['a' 'b']", UNKNOWN),
    ("[{}]", UNKNOWN),
    ("[parameters('size').]", UNKNOWN),
    ("[add('a', 1)]", UNKNOWN),
    ("[div(1, 0)]", UNKNOWN),
    ("[if(1, 2)]", UNKNOWN),
    ("[variables('x7')]", UNKNOWN),
    # laziness and three-valued logic
    ("[if(equals(parameters('size'), 3), 'yes', reference('x').y)]", "yes"),
    ("[if(false(), reference('x').y, 'no')]", "no"),
    ("[if(reference('x').y, 'same', 'same')]", "same"),
    ("[if(reference('x').y, 'one', 'two')]", UNKNOWN),
    ("[and(false(), reference('x').y)]", False),
    ("[and(reference('x').y, false())]", False),
    ("[and(true(), reference('x').y)]", UNKNOWN),
    ("[or(reference('x').y, true())]", True),
    ("[or(false(), reference('x').y)]", UNKNOWN),
    ("[not(reference('x').y)]", UNKNOWN),
    ("[coalesce(null(), parameters('nothing'), 'third')]", "third"),
    ("[coalesce(parameters('missing'), 'second')]", UNKNOWN),
    # functions
    ("[concat('a', parameters('size'), 'b')]", "a3b"),
    ("[concat(createArray(1), variables('list'))]", [1, "a", "b", "c"]),
    ("[format('{0}-{1:D2}{{x}}', 'a', 7)]", "a-07{x}"),
    ("[toLower('AbC')]", "abc"),
    ("[toUpper('abc')]", "ABC"),
    ("[trim(' a ')]", "a"),
    ("[replace('a.b', '.', '-')]", "a-b"),
    ("[split('a,b;c', createArray(',', ';'))]", ["a", "b", "c"]),
    ("[join(variables('list'), '+')]", "a+b+c"),
    ("[substring('abcdef', 2, 3)]", "cde"),
    ("[substring('abc', 2, 3)]", UNKNOWN),
    ("[startsWith('abc', 'AB')]", True),
    ("[endsWith('abc', 'bc')]", True),
    ("[indexOf('abc', 'c')]", 2),
    ("[contains('abc', 'b')]", True),
    ("[contains('abc', 'B')]", False),
    ("[contains(parameters('image'), 'publisher')]", True),
    ("[contains(variables('list'), 'c')]", True),
    ("[length(variables('list'))]", 3),
    ("[length('abcd')]", 4),
    ("[empty(parameters('nothing'))]", True),
    ("[empty(createObject())]", True),
    ("[empty('a')]", False),
    ("[first(variables('list'))]", "a"),
    ("[last('abc')]", "c"),
    ("[skip(variables('list'), 2)]", ["c"]),
    ("[take('abc', 2)]", "ab"),
    ("[range(2, 3)]", [2, 3, 4]),
    ("[min(3, 1, 2)]", 1),
    ("[max(createArray(3, 1))]", 3),
    ("[add(sub(7, 2), mul(2, 3))]", 11),
    ("[div(-7, 2)]", -3),
    ("[mod(-7, 2)]", -1),
    ("[int('12')]", 12),
    ("[string(12)]", "12"),
    ("[string(createObject('a', 1))]", '{"a":1}'),
    ("[bool('TRUE')]", True),
    ("[array('a')]", ["a"]),
    ("[createObject('a', 1, 'b', createArray(2))]", {"a": 1, "b": [2]}),
    ("[union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))]", {"a": {"x": 1, "y": 2}}),
    ("[union(createArray(1, 2), createArray(2, 3))]", [1, 2, 3]),
    ("[intersection(createArray(1, 2), createArray(2, 3))]", [2]),
    ("[shallowMerge(createArray(createObject('a', 1), createObject('b', 2)))]", {"a": 1, "b": 2}),
    ("[items(createObject('b', 2, 'a', 1))]", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("[json('{\"a\": [1]}').a[0]]", 1),
    ("[json('{')]", UNKNOWN),
    ("[base64ToString(base64('abc'))]", "abc"),
    ("[equals('a', 'A')]", False),
    ("[equals(1, true())]", False),
    ("[greater(2, 1)]", True),
    ("[lessOrEquals(2, 1)]", False),
    ("[map(variables('list'), lambda('x', concat(lambdaVariables('x'), '!')))]", ["a!", "b!", "c!"]),
    ("[filter(range(0, 5), lambda('n', greater(lambdaVariables('n'), 2)))]", [3, 4]),
    ("[flatten(createArray(createArray(1), createArray(2)))]", [1, 2]),
    ("[padLeft('7', 3, '0')]", "007"),
    # ids
    (
        "[resourceId('Microsoft.Compute/images', 'base')]",
        "/subscriptions/(not-known)/resourceGroups/(not-known)/providers/Microsoft.Compute/images/base",
    ),
    (
        "[resourceId('sub', 'group', 'Microsoft.Compute/galleries/images', 'shared', parameters('missing'))]",
        "/subscriptions/sub/resourceGroups/group/providers/Microsoft.Compute/galleries/shared/images/(not-known)",
    ),
    (
        "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]",
        "/subscriptions/(not-known)/providers/Microsoft.Authorization/roleDefinitions/r",
    ),
    (
        "[extensionResourceId('/subscriptions/s/resourceGroups/g', 'Microsoft.Compute/images', 'base')]",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/base",
    ),
    ("[resourceId('Microsoft.Compute/images')]", UNKNOWN),
    ("[resourceId(parameters('missing'), 'x')]", UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), VALUES, ids=[f"{text[:60]}" for text, _ in VALUES])
def test_an_expression_has_its_value_or_none(expression: str, expected: Any) -> None:
    """Each expression evaluates as Azure would, or is not known."""
    value = Evaluator().value(expression, Scope(template_of(TEMPLATE, {"given": "value"})))
    if expected is UNKNOWN:
        assert isinstance(value, Unknown)
        assert "SECRET" not in f"{value.text}{value.reason}"
    else:
        assert (type(value), value) == (type(expected), expected)


def test_nesting_is_no_danger() -> None:
    """An expression nested thousands of times is not known, and no crash."""
    deep = f"[{'concat(' * 30_000}'a'{')' * 30_000}]"
    assert isinstance(Evaluator().value(deep, Scope(template_of(TEMPLATE, {}))), Unknown)


def test_work_is_bounded() -> None:
    """A template that asks for endless work is answered all the same."""
    loops: Any = "x"
    for depth in range(6):
        loops = {"copy": [{"name": f"level{depth}", "count": 800, "input": loops}]}
    assert Evaluator(steps=10_000).value(loops, Scope(template_of({}, {})))
