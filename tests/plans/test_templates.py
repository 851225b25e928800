"""Scale sets in ARM templates, compiled Bicep, Bicep snapshots and what-if results."""

from typing import Any

import pytest

from scanner.facts.posture import ImageSource, UpgradeMode
from scanner.plans.planned import Action, PlanReading
from scanner.plans.recognise import is_parameter_file, parameters_in, read_plan
from tests.plans.terraform_plans import only, posture_of, reading

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
TYPE = "Microsoft.Compute/virtualMachineScaleSets"
HEALTH = {
    "publisher": "Microsoft.ManagedServices",
    "type": "ApplicationHealthLinux",
    "settings": {"protocol": "http", "port": 80},
}
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/web"


def template(*resources: Any, symbols: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """Make a template; with ``symbols`` its resources are an object, as Bicep compiles them."""
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "resources": list(resources) if symbols is None else symbols,
        **rest,
    }


def scale_set(name: str = "web", mode: str = "Rolling", **rest: Any) -> dict[str, Any]:
    """Make a scale set of a template."""
    return {
        "type": TYPE,
        "apiVersion": "2024-07-01",
        "name": name,
        "sku": {"name": "Standard_D2s_v5", "capacity": 3},
        "properties": {"upgradePolicy": {"mode": mode}, "virtualMachineProfile": {}},
        **rest,
    }


def nested(inner: dict[str, Any], scope: str | None = None, parameters: Any = None) -> dict[str, Any]:
    """Make a nested deployment."""
    properties: dict[str, Any] = {"mode": "Incremental", "template": inner}
    if scope:
        properties["expressionEvaluationOptions"] = {"scope": scope}
    if parameters is not None:
        properties["parameters"] = parameters
    return {
        "type": "Microsoft.Resources/deployments",
        "name": "inner",
        "apiVersion": "2022-09-01",
        "properties": properties,
    }


def extension(name: str, **rest: Any) -> dict[str, Any]:
    """Make an extension of a scale set as a resource of its own."""
    return {"type": f"{TYPE}/extensions", "name": name, "apiVersion": "2024-07-01", "properties": HEALTH, **rest}


MODE = {"mode": {"type": "string", "defaultValue": "Manual"}}
BY_PARAMETER = "[parameters('mode')]"
OUTER = {"parameters": {"mode": {"type": "string", "defaultValue": "Automatic"}}}

FOUND: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "one": (template(scale_set()), [("web", "rolling")]),
    "none": (template({"type": "Microsoft.Compute/disks", "name": "d"}), []),
    "by symbol": (template(symbols={"vmss": scale_set()}, languageVersion="2.0"), [("vmss", "rolling")]),
    "symbols by their shape, not by the language's version": (
        template(symbols={"vmss": scale_set()}, languageVersion="1.9-experimental"),
        [("vmss", "rolling")],
    ),
    "one that exists already": (template(symbols={"vmss": scale_set(existing=True)}), []),
    "a condition that holds": (template(scale_set(condition="[equals(1, 1)]")), [("web", "rolling")]),
    "a condition that does not": (template(scale_set(condition="[equals(1, 2)]")), []),
    "a condition that is not known": (template(scale_set(condition="[reference('x').y]")), [("web", "rolling")]),
    "a loop": (
        template(scale_set("[format('web-{0}', copyIndex())]", copy={"name": "sets", "count": 2})),
        [("web-0", "rolling"), ("web-1", "rolling")],
    ),
    "a loop of symbols": (
        template(symbols={"vmss": scale_set("[concat('w', copyIndex('s'))]", copy={"name": "s", "count": 2})}),
        [("vmss[0]", "rolling"), ("vmss[1]", "rolling")],
    ),
    "a loop of none": (template(scale_set(copy={"name": "sets", "count": 0})), []),
    "a loop of an unknown number": (
        template(symbols={"vmss": scale_set("[concat('w', copyIndex())]", copy={"name": "s", "count": "[reference('x')]"})}),
        [("vmss[*]", "rolling")],
    ),
    "property names without case": (
        template({"TYPE": TYPE, "Name": "web", "Properties": {"UpgradePolicy": {"Mode": "Rolling"}}}),
        [("web", "rolling")],
    ),
    "a default": (template(scale_set(mode=BY_PARAMETER), parameters=MODE), [("web", "manual")]),
    "a name that is not known": (
        template(scale_set("[parameters('n')]"), parameters={"n": {"type": "string"}}),
        [("[parameters('n')]", "rolling")],
    ),
    "nested, outer scope by default": (
        template(nested(template(scale_set(mode=BY_PARAMETER), parameters=MODE)), **OUTER),
        [("inner/web", "automatic")],
    ),
    "nested, inner scope": (
        template(nested(template(scale_set(mode=BY_PARAMETER), parameters=MODE), "inner"), **OUTER),
        [("inner/web", "manual")],
    ),
    "nested, inner scope with a value": (
        template(
            nested(template(scale_set(mode=BY_PARAMETER), parameters=MODE), "Inner", {"mode": {"value": BY_PARAMETER}}),
            **OUTER,
        ),
        [("inner/web", "automatic")],
    ),
    "nested, a value that is an expression as a whole": (
        template(
            nested(
                template(scale_set(mode=BY_PARAMETER), parameters=MODE),
                "inner",
                {"mode": "[if(true(), createObject('value', 'Rolling'), createObject())]"},
            )
        ),
        [("inner/web", "rolling")],
    ),
    "nested, a value that is not known": (
        template(
            nested(
                template(scale_set(mode=BY_PARAMETER), parameters=MODE),
                "inner",
                {"mode": {"value": "[reference('x').y]"}},
            )
        ),
        [("inner/web", None)],
    ),
    "a value from a key vault": (
        template(
            nested(template(scale_set(mode=BY_PARAMETER), parameters=MODE), "inner", {"mode": {"reference": {}}}),
        ),
        [("inner/web", None)],
    ),
    "a child that is no scale set": (
        template(scale_set(), {"type": f"{TYPE}/providers/roleAssignments", "name": "web/Microsoft.Authorization/r"}),
        [("web", "rolling")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), FOUND.values(), ids=FOUND.keys())
def test_the_scale_sets_of_a_template_are_found(
    document: dict[str, Any], expected: list[tuple[str, str | None]]
) -> None:
    """Loops, conditions, nesting and parameters are followed as far as the template tells."""
    found = [
        (item.address, str(mode) if (mode := posture_of(item).upgrade_mode) else None)
        for item in reading(document).planned
    ]
    assert found == expected


EXTENSIONS: dict[str, tuple[dict[str, Any], list[bool | None]]] = {
    "a sibling": (template(scale_set(), extension("web/health")), [True]),
    "before its scale set": (template(extension("web/health"), scale_set()), [True]),
    "a child": (template(scale_set(resources=[{**extension("health"), "type": "extensions"}])), [True]),
    "a child of full type": (template(scale_set(resources=[extension("web/health")])), [True]),
    "of another": (template(scale_set(), extension("api/health")), [False]),
    "by the same unknown name": (
        template(
            scale_set("[parameters('n')]"),
            extension("[concat(parameters('n'), '/health')]"),
            parameters={"n": {"type": "string"}},
        ),
        [True],
    ),
    "by the same unknown name, formatted": (
        template(
            scale_set("[format('{0}-vmss', parameters('n'))]"),
            extension("[format('{0}-vmss/{1}', parameters('n'), 'health')]"),
            parameters={"n": {"type": "string"}},
        ),
        [True],
    ),
    "by another unknown name": (
        template(
            scale_set("[parameters('n')]"),
            extension("[concat(parameters('m'), '/health')]"),
            parameters={"n": {"type": "string"}, "m": {"type": "string"}},
        ),
        [None],
    ),
    "in a nested template, beside one that exists": (
        template(
            scale_set(),
            nested(
                template(symbols={"vmss": scale_set(existing=True), "health": extension("web/health")}),
                "inner",
            ),
        ),
        [True],
    ),
    "in a nested template that gets the name": (
        template(
            scale_set("[parameters('n')]"),
            nested(
                template(extension("[format('{0}/health', parameters('vmss'))]"), parameters={"vmss": {"type": "string"}}),
                "inner",
                {"vmss": {"value": "[parameters('n')]"}},
            ),
            parameters={"n": {"type": "string"}},
        ),
        [True],
    ),
    "a condition that does not hold": (template(scale_set(), extension("web/health", condition=False)), [False]),
    "a list that is not known": (
        template(
            scale_set(
                properties={
                    "upgradePolicy": {},
                    "virtualMachineProfile": {"extensionProfile": {"extensions": "[reference('x').y]"}},
                }
            )
        ),
        [None],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), EXTENSIONS.values(), ids=EXTENSIONS.keys())
def test_extensions_find_their_scale_set(document: dict[str, Any], expected: list[bool | None]) -> None:
    """As child, sibling, or in another template; by names that are equal although they are not known."""
    assert [posture_of(item).application_health for item in reading(document).planned] == expected


def test_parameters_of_a_file_are_used() -> None:
    """A parameter file goes before defaults; what it keeps in a key vault is not known."""
    document = template(scale_set("[parameters('n')]", BY_PARAMETER), parameters={**MODE, "n": {"type": "string"}})
    file = {
        "$schema": SCHEMA.replace("deploymentTemplate", "deploymentParameters"),
        "parameters": {"MODE": {"value": "Rolling"}, "n": {"reference": {"secretName": "x"}}},
    }
    assert is_parameter_file(file)
    assert not is_parameter_file(document)
    found = read_plan(document, parameters_in(file))
    assert isinstance(found, PlanReading)
    assert posture_of(found.planned[0]).upgrade_mode is UpgradeMode.ROLLING
    assert "name" not in found.planned[0].document


def test_an_image_id_that_is_known_in_part_says_what_kind_of_image_it_is() -> None:
    """``resourceId`` of an image is a managed image, whatever its name."""
    document = template(
        scale_set(
            properties={
                "upgradePolicy": {},
                "virtualMachineProfile": {
                    "storageProfile": {
                        "imageReference": {"id": "[resourceId('Microsoft.Compute/images', parameters('image'))]"}
                    }
                },
            }
        ),
        parameters={"image": {"type": "string"}},
    )
    image = posture_of(only(document)).image
    assert image is not None
    assert image.source is ImageSource.MANAGED_IMAGE


def test_a_disk_image_whose_address_is_not_known_may_be_none() -> None:
    """An empty address is no image, so an address that is a parameter without a value leaves the image unknown."""
    storage = {"osDisk": {"image": {"uri": "[parameters('uri')]"}}}
    properties = {"upgradePolicy": {}, "virtualMachineProfile": {"storageProfile": storage}}
    document = template(scale_set(properties=properties), parameters={"uri": {"type": "string"}})
    assert posture_of(only(document)).image is None


def test_a_linked_template_is_named() -> None:
    """What a template leaves to another file is a note, not silence."""
    document = template(
        {"type": "Microsoft.Resources/deployments", "name": "x", "properties": {"templateLink": {"uri": "https://x"}}}
    )
    assert reading(document).notes


def test_deep_and_strange_templates_are_no_danger() -> None:
    """Nesting, wrong types and cycles are answered, whatever a template holds."""
    inner: Any = template(scale_set())
    for _ in range(100):
        inner = template(nested(inner))
    assert reading(inner).problems
    for odd in (None, 7, "x", [7, None, "x"], {"a": 7}):
        assert reading({"$schema": SCHEMA, "resources": odd}).planned == ()
        assert reading(template(scale_set(properties=odd))).planned
        assert reading(template(scale_set(copy=odd, condition=odd, tags=odd, sku=odd))).planned


SNAPSHOT: dict[str, Any] = {
    "predictedResources": [
        {**scale_set(), "id": ID},
        {"id": f"{ID}/extensions/health", "type": f"{TYPE}/extensions", "name": "web/health", "properties": HEALTH},
        {"id": "/x", "type": "Microsoft.Compute/disks", "name": "d"},
        {
            "id": "[format('{0}', reference('x'))]",
            "type": TYPE,
            "name": "[format('{0}', reference('x'))]",
            "properties": {"upgradePolicy": {"mode": "[reference('x').mode]"}},
        },
    ],
    "diagnostics": [],
}


def test_a_snapshot_is_read() -> None:
    """Predicted resources are judged; an expression in them is not known."""
    first, second = reading(SNAPSHOT).planned
    assert (first.address, posture_of(first).upgrade_mode) == ("web", UpgradeMode.ROLLING)
    assert posture_of(first).application_health is True
    assert posture_of(second).upgrade_mode is None
    assert second.gaps["properties.upgradePolicy.mode"] == "reference('x').mode"
    failed = reading({**SNAPSHOT, "diagnostics": [{"level": "Error", "code": "BCP001"}]})
    assert failed.problems


def what_if(*changes: Any, **rest: Any) -> dict[str, Any]:
    """Make a what-if result as the CLI prints it."""
    return {"changes": list(changes), "status": "Succeeded", "error": None, "potentialChanges": None, **rest}


def changed(kind: str, after: Any, identifier: str = ID) -> dict[str, Any]:
    """Make one change of a what-if result."""
    return {"resourceId": identifier, "changeType": kind, "before": None, "after": after, "delta": None}


WHAT_IFS = [
    pytest.param("Create", scale_set(), Action.CREATE, UpgradeMode.ROLLING, id="created"),
    pytest.param("Modify", scale_set(), Action.UPDATE, UpgradeMode.ROLLING, id="changed"),
    pytest.param("NoChange", scale_set(), Action.NONE, UpgradeMode.ROLLING, id="left as it is"),
    pytest.param("Deploy", None, Action.UNKNOWN, None, id="deployed, and not evaluated"),
    pytest.param("Unsupported", None, Action.UNKNOWN, None, id="not evaluated"),
]


@pytest.mark.parametrize(("kind", "after", "action", "mode"), WHAT_IFS)
def test_a_what_if_result_is_read(kind: str, after: Any, action: Action, mode: UpgradeMode | None) -> None:
    """``after`` is judged; where there is none, nothing is known."""
    for document in (what_if(changed(kind, after)), {"properties": what_if(changed(kind, after))}):
        planned = only(document)
        assert (planned.action, planned.address, posture_of(planned).upgrade_mode) == (action, ID, mode)


@pytest.mark.parametrize("kind", ["Delete", "Ignore"])
def test_what_a_deployment_leaves_alone_or_deletes_is_not_judged(kind: str) -> None:
    """Nothing is left to judge, or nothing was asked about it."""
    assert reading(what_if(changed(kind, scale_set()))).planned == ()


def test_an_extension_of_a_what_if_belongs_to_its_scale_set() -> None:
    """By the id of the scale set in its own."""
    document = what_if(
        changed("Create", scale_set()),
        changed("Create", {"properties": HEALTH}, f"{ID}/extensions/health"),
        changed("Create", {"properties": HEALTH}, f"{ID}2/extensions/health"),
    )
    assert posture_of(only(document)).application_health is True


def test_a_what_if_says_what_it_lacks() -> None:
    """Errors are problems; a nested deployment that was not expanded is a note."""
    document = what_if(diagnostics=[{"level": "Warning", "code": "NestedDeploymentShortCircuited", "target": "x"}])
    assert reading(document).notes
    assert reading(what_if(error={"code": "InvalidTemplate"}, changes=[])).problems
