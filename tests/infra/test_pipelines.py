"""The pipelines: found by azd, without secrets, what-if on pull requests, deployment of main, every setting passed on."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.declared import INFRA, ROOT

GITHUB = ROOT / ".github/workflows/azure-dev.yml"
AZURE_PIPELINES = ROOT / ".azdo/pipelines/azure-dev.yml"


def settings() -> set[str]:
    """Name what azd passes on to the deployment."""
    text = (INFRA / "main.parameters.json").read_text(encoding="utf-8")
    return set(re.findall(r"\$\{(VMSS_\w+)", json.dumps(json.loads(text))))


def test_azd_passes_every_setting_on() -> None:
    """azure.yaml lists each setting of the deployment for `azd pipeline config`, once."""
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8").split("\npipeline:\n  variables:\n")[1]
    listed = re.findall(r"(?m)^    - (\w+)$", text)
    assert sorted(listed) == sorted(settings())


def test_github_jobs_have_every_setting() -> None:
    """The workflow hands every setting to azd, also in the job whose variables are those of another environment."""
    whole, promote = GITHUB.read_text(encoding="utf-8").split("\n  promote:\n")
    for text in (whole, promote):
        given = dict(re.findall(r"(?m)^ +([A-Z_]+): \$\{\{ vars\.(\w+) \}\}$", text))
        needed = settings() | {
            "AZURE_CLIENT_ID",
            "AZURE_TENANT_ID",
            "AZURE_SUBSCRIPTION_ID",
            "AZURE_ENV_NAME",
            "AZURE_LOCATION",
        }
        assert given == {name: name for name in needed}


def test_azure_pipelines_have_every_setting() -> None:
    """Each task of the other pipeline too, and a variable that is not set does not arrive as its own name."""
    tasks = AZURE_PIPELINES.read_text(encoding="utf-8").split("  - task: AzureCLI@2\n")[1:]
    assert len(tasks) == 3
    for task in tasks:
        given = dict(re.findall(r"(?m)^      (\w+): \$\((\w+)\)$", task))
        assert given == {
            name: name for name in settings() | {"AZURE_SUBSCRIPTION_ID", "AZURE_ENV_NAME", "AZURE_LOCATION"}
        }
        assert 'unset "$name"' in task.split("azd ")[0]


@pytest.mark.parametrize("path", [GITHUB, AZURE_PIPELINES], ids=["GitHub Actions", "Azure Pipelines"])
def test_pipelines_sign_in_without_a_secret(path: object) -> None:
    """Both sign in with OpenID Connect; neither names a secret."""
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert not re.search(r"secrets\.|client-secret|password:|AZURE_CREDENTIALS", text, re.IGNORECASE)
    assert "--federated-credential-provider github" in text or "auth.useAzCliAuth" in text


def test_pull_request_shows_and_main_deploys() -> None:
    """A pull request gets a what-if and changes nothing; a commit on main is provisioned, then deployed."""
    text = GITHUB.read_text(encoding="utf-8")
    preview, deploy = text.split("\n  preview:\n")[1].split("\n  deploy:\n")
    assert "github.event_name == 'pull_request'" in preview
    assert "azd provision --preview --no-prompt" in preview
    assert "azd deploy" not in preview
    assert deploy.index("azd provision --no-prompt") < deploy.index("azd deploy --no-prompt")
    assert "if: github.event_name != 'pull_request'" in deploy
    assert "id-token: write" in text
    other = AZURE_PIPELINES.read_text(encoding="utf-8")
    assert re.search(
        r"What would change\n    condition: and\(succeeded\(\), eq\(variables\['Build.Reason'\], 'PullRequest'\)\)",
        other,
    )
    assert other.count("ne(variables['Build.Reason'], 'PullRequest')") == 2


def test_updates_are_proposed() -> None:
    """Packages, tools, the image's base and actions are looked after weekly."""
    text = (ROOT / ".github/dependabot.yml").read_text(encoding="utf-8")
    assert re.findall(r"package-ecosystem: ([\w-]+)", text) == ["pip", "npm", "docker", "github-actions"]


def test_every_deployed_package_has_a_licence_that_allows_it() -> None:
    """The list holds each pinned package once, under a permissive licence or the Mozilla one."""
    page = (ROOT / "docs/licences.md").read_text(encoding="utf-8")
    pins = re.findall(r"(?m)^([\w.-]+)==([^ \\]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"))
    rows = re.findall(r"(?m)^\| ([\w.-]+) \| ([^|]+) \| ([^|]+) \|$", page)[1:]
    assert [(name, version) for name, version, _ in rows if name != "---"] == sorted(pins)
    allowed = re.compile(r"(MIT|BSD|Apache|MPL|Mozilla|PSF|ISC|Python Software|Unlicense)")
    assert [row for row in rows if row[0] != "---" and not allowed.search(row[2])] == []


def test_pages_lead_to_pages_that_there_are() -> None:
    """Links between the pages about running the service resolve, headings included."""
    for name in ("auditors.md", "environments.md", "recipes.md", "deploy.md", "runbook.md", "../SECURITY.md"):
        page = ROOT / "docs" / name
        for link, heading in re.findall(r"\]\((?!https:)([^)#]*)(?:#([\w-]+))?\)", page.read_text(encoding="utf-8")):
            target = page if not link else page.parent / link
            assert target.is_file(), (name, link)
            titles = re.findall(r"(?m)^#+ (.+)$", target.read_text(encoding="utf-8"))
            anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert not heading or heading in anchors, (name, link, heading)


def test_sample_payload_is_what_our_rules_send() -> None:
    """The sample of the common alert schema has the dimensions of the rule that it names."""
    (sample,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs/recipes.md").read_text(encoding="utf-8"), re.DOTALL)
    data = json.loads(sample)["data"]
    rules = json.loads((INFRA / "alerts.json").read_text(encoding="utf-8"))["rules"]
    (rule,) = [rule for rule in rules if f"vmss-posture-{rule['name']}-" in data["essentials"]["alertRule"]]
    sent = data["alertContext"]["condition"]["allOf"][0]["dimensions"]
    assert [item["name"] for item in sent] == rule["dimensions"]
    assert data["essentials"]["severity"] == f"Sev{rule['severity']}"
    assert data["essentials"]["description"].startswith(rule["description"])


MARKETPLACE = "setup-azd@1"
"""A task of an extension: the published schema knows those that come with Azure Pipelines."""


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (".github/workflows/azure-dev.yml", "github-workflows"),
        (".github/workflows/checks.yml", "github-workflows"),
        (".github/dependabot.yml", "dependabot"),
        (".azdo/pipelines/azure-dev.yml", "azure-pipelines"),
    ],
)
def test_pipelines_follow_their_published_schema(tmp_path: Path, path: str, schema: str) -> None:
    """Workflows, pipeline and updates are what their services read, by the schemas that come with check-jsonschema."""
    copy = tmp_path / "pipeline.yml"
    copy.write_text((ROOT / path).read_text(encoding="utf-8").replace(MARKETPLACE, "UsePythonVersion@0"), "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--regex-variant", "python"]
    done = subprocess.run(
        [*command, "--builtin-schema", f"vendor.{schema}", str(copy)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[:2000] + done.stderr[-500:]
