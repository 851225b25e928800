"""Action, pipeline template, CI job, hook and image: valid by their services' schemas, and run as far as no runner is needed."""

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from scanner.cli.arguments import make_parser
from tests.gate.pipeline_files import ROOT, filled, installed, read, run
from tests.plans.terraform_plans import LINUX, change, linux, plan

OFF = plan(change(LINUX, linux(tags={"owner": "web"})))


def schema(name: str) -> Draft7Validator:
    """Read a service's schema, as the package check-jsonschema carries it."""
    file = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{name}.json"
    return Draft7Validator(json.loads(file.read_text(encoding="utf-8")))


SCHEMAS = [
    pytest.param("action.yml", "github-actions", id="the action"),
    pytest.param("pipelines/azure-pipelines.yml", "azure-pipelines", id="the template for Azure Pipelines"),
    pytest.param("pipelines/gitlab-ci.yml", "gitlab-ci", id="the job for GitLab"),
]


@pytest.mark.parametrize(("file", "name"), SCHEMAS)
def test_a_file_is_valid_by_its_schema(file: str, name: str) -> None:
    """The service that reads the file finds no fault with its form."""
    assert not [error.message for error in schema(name).iter_errors(read(file))]


def written(folder: Path) -> Path:
    """Write a plan with an open finding."""
    path = folder / "plan.json"
    path.write_text(json.dumps(OFF), encoding="utf-8")
    return path


def action_step(name: str) -> dict[str, Any]:
    """Find a step of the action."""
    return next(step for step in read("action.yml")["runs"]["steps"] if step["name"] == name)


def action_values(**given: str) -> dict[str, str]:
    """Fill in the inputs of the action with their defaults and what is given."""
    inputs = read("action.yml")["inputs"]
    return {f"inputs.{name}": given.get(name, str(declared.get("default", ""))) for name, declared in inputs.items()}


def judge_in_action(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the judging step of the action as a runner would."""
    step = action_step("Judge")
    installed(folder)
    values = action_values(**given)
    environment = {name: filled(text, values) for name, text in step["env"].items()}
    summary = folder / "summary.md"
    return run(step["run"], folder, {**environment, "RUNNER_TEMP": str(folder), "GITHUB_STEP_SUMMARY": str(summary)})


def test_the_action_judges(tmp_path: Path) -> None:
    """Annotations on the log, a summary, SARIF, and a failed step."""
    written(tmp_path)
    done = judge_in_action(tmp_path, plan="plan.json")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error file=plan.json")
    assert "VMSS" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "vmss-posture.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]


def test_the_action_takes_every_input(tmp_path: Path) -> None:
    """Each input reaches the command; a value is one word, whatever is in it."""
    written(tmp_path)
    strange = tmp_path / "a plan; touch injected.json"
    strange.write_text(json.dumps(OFF), encoding="utf-8")
    for name, text in {"policy.toml": "", "exemptions.toml": "", "fleet.json": "[]"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = judge_in_action(
        tmp_path,
        plan=f"plan.json\n{strange.name}\n",
        policy="policy.toml",
        exemptions="exemptions.toml",
        sources=".",
        **{"fail-on": "never"},
    )
    assert done.returncode == 0, done.stderr
    assert "2 scale sets" in done.stdout
    assert not (tmp_path / "injected.json").exists()
    (tmp_path / "again").mkdir()
    done = judge_in_action(tmp_path / "again", plan="../plan.json", against="../fleet.json", **{"fail-on-new": "true"})
    assert done.returncode == 2
    assert "holds no scale set to compare with" in done.stderr


def test_no_input_is_a_part_of_a_script() -> None:
    """Inputs are handed over in variables: what a pull request says never becomes a command."""
    steps = [*read("action.yml")["runs"]["steps"], *read("pipelines/azure-pipelines.yml")["steps"]]
    for step in steps:
        assert "${{" not in step.get("run", step.get("bash", ""))


def test_the_template_for_azure_pipelines_judges(tmp_path: Path) -> None:
    """Issues on the log, JUnit and a summary in files, and a failed step."""
    written(tmp_path)
    installed(tmp_path)
    step = next(
        item for item in read("pipelines/azure-pipelines.yml")["steps"] if "Judge" in item.get("displayName", "")
    )
    declared = {
        item["name"]: str(item.get("default", "")) for item in read("pipelines/azure-pipelines.yml")["parameters"]
    }
    values = {f"parameters.{name}": default for name, default in {**declared, "plan": "plan.json"}.items()}
    environment = {name: filled(text, values) for name, text in step["env"].items()}
    done = run(step["bash"], tmp_path, {**environment, "AGENT_TEMPDIRECTORY": str(tmp_path)})
    assert done.returncode == 1, done.stderr
    assert "##vso[task.logissue type=error;sourcepath=plan.json;" in done.stdout
    assert f"##vso[task.uploadsummary]{tmp_path}/vmss-posture.md" in done.stdout
    assert (tmp_path / "vmss-posture.xml").exists()


def test_the_job_for_gitlab_judges(tmp_path: Path) -> None:
    """Code Quality and JUnit in files, and a failed job."""
    written(tmp_path)
    installed(tmp_path / ".vmss-posture" / "x").rename(tmp_path / ".vmss-posture" / "venv")
    job = read("pipelines/gitlab-ci.yml")[".vmss-posture"]
    done = run("\n".join(job["script"]), tmp_path, job["variables"])
    assert done.returncode == 1, done.stderr
    assert json.loads((tmp_path / "gl-code-quality-report.json").read_text(encoding="utf-8"))
    assert (tmp_path / "vmss-posture.xml").exists()
    reports = job["artifacts"]["reports"]
    assert set(reports.values()) == {"gl-code-quality-report.json", "vmss-posture.xml"}


HOOK_FILES = [
    pytest.param("infra/plan.json", True, id="a plan"),
    pytest.param("main.snapshot.json", True, id="a snapshot"),
    pytest.param("azuredeploy.json", True, id="a template"),
    pytest.param("infra/mainTemplate.json", True, id="a template of a managed application"),
    pytest.param("package.json", False, id="another JSON file"),
    pytest.param("plan.yaml", False, id="another ending"),
]


@pytest.mark.parametrize(("file", "taken"), HOOK_FILES)
def test_the_hook_takes_plans_and_templates(file: str, taken: bool) -> None:  # noqa: FBT001 - a column of the table
    """pre-commit hands over the files that match."""
    (hook,) = read(".pre-commit-hooks.yaml")
    assert bool(re.search(hook["files"], file)) is taken


def test_the_hook_judges(tmp_path: Path) -> None:
    """The entry with a file behind it, as pre-commit calls it."""
    (hook,) = read(".pre-commit-hooks.yaml")
    words = [*hook["entry"].split()[1:], str(written(tmp_path))]
    done = subprocess.run(
        [sys.executable, "-m", "scanner", *words], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert "VMSS-001" in done.stdout
    assert {"id", "name", "entry", "language", "files"} <= hook.keys()


def docker(instruction: str) -> list[str]:
    """List the lines of an instruction of the Dockerfile."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{instruction} ")]


def test_the_image_and_the_pipelines_install_from_their_checkout(tmp_path: Path) -> None:
    """The RUN lines of the image, in an empty environment with the files that it copies, install the gate without Azure."""
    folder = tmp_path / "image"
    folder.mkdir()
    for line in docker("COPY"):
        *names, _ = line.split()
        for name in names:
            subprocess.run(["cp", "-r", str(ROOT / name), str(folder)], check=True)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True, timeout=120)
    bin_folder = tmp_path / "env" / "bin"
    for line in docker("RUN"):
        done = run(line.replace("python ", f"{bin_folder}/python ", 1), folder, {})
        assert done.returncode == 0, done.stderr
    written(tmp_path)
    words = json.loads(docker("ENTRYPOINT")[0])
    done = run(f"{bin_folder}/{words[0]} check plan.json", tmp_path, {})
    assert done.returncode == 1, done.stderr
    assert "VMSS-001" in done.stdout
    packages = run(f"{bin_folder}/python -m pip list --format json", tmp_path, {})
    assert not [item for item in json.loads(packages.stdout) if item["name"].startswith("azure")]
    install = [
        action_step("Install")["run"],
        read("pipelines/azure-pipelines.yml")["steps"][0]["bash"],
        "\n".join(read("pipelines/gitlab-ci.yml")[".vmss-posture"]["before_script"]),
    ]
    for script in install:
        assert re.search(r"install --require-hashes --requirement \S*requirements-gate\.txt", script)
        assert re.search(r"install --no-deps --no-build-isolation \S+", script)


def test_the_action_installs(tmp_path: Path) -> None:
    """The install step of the action, from a copy of what it installs."""
    for name in ("azureformats", "scanner", "pyproject.toml", "README.md", "LICENSE", "requirements-gate.txt"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(tmp_path)], check=True)
    step = action_step("Install")
    values = {**action_values(python=sys.executable), "github.action_path": str(tmp_path)}
    environment = {name: filled(text, values) for name, text in step["env"].items()}
    done = run(step["run"], tmp_path, {**environment, "RUNNER_TEMP": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    done = run(f"{tmp_path}/vmss-posture/bin/vmss-posture --version", tmp_path, {})
    assert done.stdout.startswith("vmss-posture ")


def test_the_page_shows_commands_that_exist() -> None:
    """Every option that docs/gate.md names is one of the command's."""
    text = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    commands = make_parser().parse_args(["check", "plan.json"])
    for option in set(re.findall(r"(?<![|-])--([a-z][a-z-]+)", text)) - {
        "no-pretty-print",
        "mode",
        "rm",
        "volume",
        "tag",
        "output",
    }:
        assert hasattr(commands, option.replace("-", "_")), option
    for page in re.findall(r"\]\(([^)#]+)\)", text):
        assert page.startswith("https://") or (ROOT / "docs" / page).exists(), page


def test_the_yaml_of_the_page_is_what_the_files_take() -> None:
    """Inputs, parameters, variables and the hook's id in the examples are declared in the files."""
    from ruamel.yaml import YAML

    text = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    examples = [YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert len(examples) == 4
    github, azure, gitlab, hooks = examples
    step = next(item for item in github["steps"] if item.get("id") == "posture")
    assert set(step["with"]) <= set(read("action.yml")["inputs"])
    template = azure["steps"][-1]
    declared = {item["name"] for item in read("pipelines/azure-pipelines.yml")["parameters"]}
    assert (ROOT / template["template"].partition("@")[0]).exists()
    assert set(template["parameters"]) <= declared
    assert gitlab["judge"]["extends"] in read("pipelines/gitlab-ci.yml")
    script = json.dumps(read("pipelines/gitlab-ci.yml"))
    assert all(name in script for name in gitlab["judge"]["variables"])
    assert hooks["repos"][0]["hooks"][0]["id"] == read(".pre-commit-hooks.yaml")[0]["id"]
