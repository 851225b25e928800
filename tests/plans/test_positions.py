"""Lines of the sources beside a plan."""

import json
from pathlib import Path

import pytest

from scanner.adapters.plan_sources import PlanSources
from scanner.plans.planned import Place, Planned, Source
from scanner.plans.positions import bicep_lines, json_line, terraform_file
from tests.plans.terraform_plans import LINUX

TF = f"""\
# resource "{LINUX}" "commented" {{
locals {{
  text = <<EOT
resource "{LINUX}" "in_a_text" {{
EOT
}}

resource "{LINUX}" "web" {{
  name = "web"
  dynamic "extension" {{
    for_each = var.extensions
    content {{
      name = extension.value
    }}
  }}
}}

module "shop" {{
  source = "./modules/shop"
}}

module "far" {{
  source  = "Azure/compute/azurerm"
  version = "1.0"
}}
"""
BICEP = """\
// resource commented 'Microsoft.Compute/virtualMachineScaleSets@2024-07-01' = {
var text = '''
resource inText 'Microsoft.Compute/virtualMachineScaleSets@2024-07-01' = {
'''
resource old 'Microsoft.Compute/virtualMachineScaleSets@2024-07-01' existing = {
  name: 'old'
}
@description('one')
resource vmss 'microsoft.compute/virtualMachineScaleSets@2024-07-01' = if (deploy) {
  name: 'web'
}
resource other 'Microsoft.Compute/virtualMachineScaleSets@2024-07-01' = [for i in range(0, 2): {
  name: 'other-${i}'
}]
"""


def test_the_lines_of_terraform_are_read() -> None:
    """Blocks have lines; comments and texts that look like blocks have none; dynamic blocks are named."""
    found = terraform_file(TF)
    assert found is not None
    assert found.resources == {(LINUX, "web"): 8}
    assert found.dynamic == {(LINUX, "web"): frozenset({"extension"})}
    assert found.modules == {"shop": 18, "far": 22}
    assert found.sources == {"shop": "./modules/shop", "far": "Azure/compute/azurerm"}


@pytest.mark.parametrize("text", ["resource {", "\x00", "{}" * 10, '{"resource": {}}'])
def test_what_is_not_terraform_has_no_lines(text: str) -> None:
    """A file that cannot be parsed is passed over."""
    assert terraform_file(text) is None


def test_the_lines_of_bicep_are_read() -> None:
    """Symbols, literal names and lines of the scale sets that are deployed."""
    assert bicep_lines(BICEP) == [("vmss", "web", 9), ("other", "", 12)]


def test_the_line_of_a_template_is_read_where_there_is_one_scale_set() -> None:
    """Several scale sets are not told apart by their text."""
    text = '{\n"resources": [\n{"type": "Microsoft.Compute/virtualMachineScaleSets"}\n]}'
    assert json_line(text) == 3
    assert json_line(text * 2) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of sources: a root module, a local one, and one that was downloaded."""
    (tmp_path / "main.tf").write_text(TF, encoding="utf-8")
    (tmp_path / "broken.tf").write_text("resource {", encoding="utf-8")
    for name in ("modules/shop", ".terraform/modules/far"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "main.tf").write_text(f'\nresource "{LINUX}" "this" {{\n}}\n', encoding="utf-8")
    known = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "far", "Dir": ".terraform/modules/far"}]}
    (tmp_path / ".terraform/modules/modules.json").write_text(json.dumps(known), encoding="utf-8")
    return tmp_path


FOUND = [
    pytest.param((), "web", "main.tf", 8, id="of the root module"),
    pytest.param(("shop",), "this", "modules/shop/main.tf", 2, id="of a local module"),
    pytest.param(("far",), "this", "main.tf", 22, id="of a downloaded module: its call"),
    pytest.param((), "gone", "plan.json", None, id="not in the sources"),
    pytest.param(("nowhere",), "this", "plan.json", None, id="of a module that is not there"),
]


@pytest.mark.parametrize(("module", "name", "file", "line"), FOUND)
def test_a_terraform_resource_is_found(
    folder: Path, module: tuple[str, ...], name: str, file: str, line: int | None
) -> None:
    """By module, type and name; a module that was downloaded is found at its call."""
    planned = Planned(
        document={}, address="x", source=Source.TERRAFORM, place=Place(module=module, type=LINUX, name=name)
    )
    sources = PlanSources(folder / "plan.json")
    assert sources.find(planned) == (folder / file, line)
    assert sources.has_dynamic(planned, "extension") is (name == "web")


@pytest.mark.parametrize(
    ("source", "name", "file", "line"),
    [
        pytest.param(Source.TEMPLATE, "vmss", "main.bicep", 9, id="by symbol"),
        pytest.param(Source.SNAPSHOT, "web", "main.bicep", 9, id="by name"),
        pytest.param(Source.WHAT_IF, "unheard-of", "plan.json", None, id="neither"),
    ],
)
def test_a_bicep_resource_is_found(tmp_path: Path, source: Source, name: str, file: str, line: int | None) -> None:
    """By symbol or by a name that is a literal."""
    (tmp_path / "main.bicep").write_text(BICEP, encoding="utf-8")
    planned = Planned(document={}, address=name, source=source, place=Place(name=name))
    assert PlanSources(tmp_path / "plan.json").find(planned) == (tmp_path / file, line)
