"""A remediation as text: a shell reads exactly the arguments that it was made of, whatever a name holds."""

import os
import shlex
import subprocess
from dataclasses import replace
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.cli.remediation_examples import examples_of
from scanner.judging.judge import judge
from scanner.judging.remediation import remediation_for
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules import RULES, Rule
from scanner.rules.remediation import (
    NOT_SHOWN,
    Command,
    Remediation,
    as_json,
    notes_of,
    posix_command,
    powershell_command,
    render_posix,
    render_powershell,
)
from tests.rules import powershell
from tests.rules.decision_tables import criteria, rows

HOSTILE = {
    "quotes": 'it\'s "so"',
    "a substitution": "$(touch x) `id` ${HOME} $HOME",
    "history": "!! !$ !x",
    "a comment": "web # rm",
    "operators": "a;b|c&d<e>f^g(h)",
    "curly quotes": "a\u2018b\u2019c\u201ad\u201be'f",
    "a dash": "-web",
    "backslashes": 'a\\ "b\\" c\\\\',
    "a closing backslash": "a b\\",
    "a backslash and a quote": 'a\\"b',
    "quotes around an operator": 'a"b"&calc"&"c',
    "JSON": '{"protocol": "http", "port": 80}',
    "a list": "extensions[0].x=[1,2]",
    "a glob": "* ? [a-z] ~",
    "no characters": "",
    "other letters": "Größe 日本 \u00a0 é",
    "parentheses": "group(one)",
    "a variable of cmd": "%PATH%",
    "a line end": "a\nb",
    "a carriage return": "a\rb",
    "an escape": "a\x1b]0;b\x07",
    "a tab": "a\tb",
    "half a character": "a\ud800b",
}
each_hostile_name = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
PASSING = ("Standard", "Legacy")


def _read_by(shell: list[str], text: str) -> list[str]:
    """Let a shell read the text as its input, with an ``az`` that prints its arguments."""
    told = subprocess.run(
        shell,
        input=f"az() {{ printf '%s\\0' az \"$@\"; }}\n{text}\n".encode(),
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "PS1": "", "PS2": ""},
        timeout=60,
    )
    return told.stdout.decode().split("\0")[:-1]


def _remediation(*words: str, note: str = "Know this.") -> Remediation:
    return Remediation(
        commands=(Command(argv=words, changes="x = 1", restarts="No instance."),),
        bicep="x: 1",
        terraform="x = 1",
        note=note,
        needs=("VMSS-022",),
    )


@pytest.mark.parametrize("shell", [["sh", "-s"], ["bash", "-s"], ["bash", "--norc", "--noprofile", "-i"]], ids=" ".join)
@each_hostile_name
def test_a_posix_shell_reads_the_arguments(name: str, shell: list[str]) -> None:
    """Fed to sh, to bash, and to an interactive bash with its history, the text runs one command with these arguments."""
    argv = ("az", "vmss", "update", "--name", name)
    text = render_posix(_remediation(*argv, note=f"About {name}."))

    if posix_command(argv) is None:
        assert all(line.startswith("# ") for line in text.split("\n"))
        assert _read_by(shell, text) == []
    else:
        assert _read_by(shell, text) == list(argv)


@pytest.mark.parametrize("passing", PASSING)
@each_hostile_name
def test_powershell_passes_the_arguments(name: str, passing: str) -> None:
    """By Microsoft's rules, every PowerShell passes these arguments on, also to a batch file of Windows."""
    argv = ("az", "vmss", "update", "--name", name)
    line = powershell_command(argv)

    if line is not None:
        assert powershell.arguments(line, passing=passing) == list(argv)
    else:
        assert render_powershell(_remediation(*argv)).startswith(f"# {NOT_SHOWN}")


@settings(max_examples=500, deadline=None)
@given(words=st.lists(st.text(st.sampled_from("ab \"'\\&()$`!%\u2019=[]{}\n-"), max_size=12), min_size=1, max_size=4))
def test_any_words_survive_both_ways(words: list[str]) -> None:
    """What is shown is read back as it was, by either way of passing; a name that cannot be is not shown."""
    argv = ("az", *words)
    posix, line = posix_command(argv), powershell_command(argv)

    assert posix is not None
    assert shlex.split(posix) == list(argv)
    assert (line is None) == any("%" in word or "\n" in word or '\\"' in word for word in words)
    if line is not None:
        for passing in PASSING:
            assert powershell.arguments(line, passing=passing) == list(argv)


def test_the_old_way_of_passing_is_asked_for_only_where_it_matters() -> None:
    """A plain command is a plain line; one with quotes asks for the old way, within braces, for itself alone."""
    assert powershell_command(("az", "vmss", "scale", "--name", "web")) == "az vmss scale --name web"
    assert (
        powershell_command(("az", "--set", 'x=["a"]'))
        == '& { $PSNativeCommandArgumentPassing = \'Legacy\'; az --set \'"x=[""a""]"\' }'
    )


@pytest.mark.parametrize("line", ["az a&b", "az 'a b", 'az "a" b|c'])
def test_the_tokenizer_of_the_tests_knows_what_acts(line: str) -> None:
    """Words that would act in PowerShell or in cmd.exe are refused by the tests' own reading."""
    with pytest.raises((AssertionError, IndexError)):
        powershell.arguments(line, passing="Legacy")


def test_a_control_is_never_part_of_a_command() -> None:
    """Of all characters, a command of a POSIX shell is refused for controls and half pairs, but for a line end."""
    refused = {char for char in map(chr, range(0x1_1000)) if posix_command(("az", char)) is None}
    assert refused == {char for char in map(chr, range(0x1_1000)) if category(char) in {"Cc", "Cs"}} - {"\n"}
    assert not [char for char in (*refused, "\n", "%") if powershell_command(("az", char)) is not None]


def test_every_line_is_a_command_or_a_comment() -> None:
    """Commands come first, one on each line; all else is a comment, in which a name cannot end the line."""
    remediation = _remediation("az", "vmss", note="one\ntwo")

    assert render_posix(remediation).split("\n") == [
        "az vmss",
        "# Changes: x = 1. Restarts: No instance.",
        "# one\\u000atwo",
        "# Fails afterwards and did not before: VMSS-022.",
        "# Bicep: x: 1",
        "# Terraform: x = 1",
    ]
    assert len(notes_of(remediation)) == 5


def test_as_json_holds_everything() -> None:
    """The JSON of a remediation has its commands as lists of arguments, and nothing is left out."""
    assert as_json(_remediation("az", "vmss")) == {
        "commands": [{"argv": ["az", "vmss"], "changes": "x = 1", "restarts": "No instance."}],
        "bicep": "x: 1",
        "terraform": "x = 1",
        "note": "Know this.",
        "needs": ["VMSS-022"],
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@each_hostile_name
def test_no_name_acts_in_any_remediation(rule: Rule, name: str) -> None:
    """Whatever scale set and group are called, each rule's text is its commands and comments, and nothing else."""
    for example in examples_of(rule):
        posture = replace(example.judgement.posture, name=name, resource_group=name)
        remediation = remediation_for(rule, replace(example.judgement, posture=posture))
        lines = render_posix(remediation)
        for command in remediation.commands:
            assert name in command.argv or f"--name={name}" in command.argv
            text = posix_command(command.argv)
            if text is not None:
                assert shlex.split(text) == list(command.argv)
                lines = lines.replace(text, "", 1)
        assert all(line.startswith("# ") for line in lines.split("\n") if line)


def test_a_remediation_is_the_same_each_time() -> None:
    """The same judgement has the same remediation: it goes into an event, and may be made again."""
    for row in rows():
        if row.outcome == "failed":
            rule = next(rule for rule in RULES if rule.id == row.rule_id)
            judgement = judge(parse_scale_set(row.document), criteria(row.policy, row.exemptions))
            assert remediation_for(rule, judgement) == remediation_for(rule, judgement)
