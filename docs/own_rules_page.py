"""What docs/own-rules.md has of the facts and operators that own rules use."""

from collections.abc import Iterable, Iterator, Mapping

from scanner.rules.conditions import OPERATORS
from scanner.rules.own_depth_facts import DEPTH_FACTS
from scanner.rules.own_fact import OwnFact
from scanner.rules.own_facts import ROW_FACTS

_INTRO = """# Rules of your own

What your organisation expects beyond the [catalogue](rules.md), written in TOML and judged like every other rule: outcomes,
findings, events, exemptions, severities, the gate, SARIF, snapshots and evidence. They never change `upgrades_itself`.

```toml
# rules.d/shop.toml
[[rule]]
id = "SHOP-001"                            # a prefix of yours, 2 to 16 capitals and digits, and three or four digits
name = "batch-too-large-in-shop"           # the problem, in words with hyphens: it reads after "exempt"
severity = "medium"                        # high, medium or low; the policy may say otherwise
title = "Scale sets of the shop upgrade at most 10 % at once."
rationale = "The shop's load balancer drains slowly."
remediation = "Set maxBatchInstancePercent to 10 in the module shop-vmss."
references = ["https://wiki.example.com/upgrades"]              # may be left out

applies = { fact = "application", is = "shop" }                 # left out: all scale sets
expects = { any = [
  { fact = "max_batch_instance_percent", at_most = 10 },
  { all = [{ fact = "environment", is = "test" }, { not = { fact = "name", like = "*-canary" } }] },
] }

[[rule.case]]
case = "ten percent"
facts = { application = "shop", max_batch_instance_percent = 10 }
outcome = "passed"

[[rule.case]]
case = "more, in production"
facts = { application = "shop", max_batch_instance_percent = 20, environment = "production" }
outcome = "failed"
```

`vmss-posture rules test` judges the cases, each by its facts alone, and compares: a fact that a case leaves out was *not read*.
A rule needs a case that passes and one that fails.

## Where they are

`rules.d/*.toml` beside `policy.toml`: in the package of the deployed app, and in the current folder for the commands, where
`--rules PATH` names another file or folder. Give the commands the same rules as the app: an exemption that names a rule which
is not there is not valid (VMSS-082). `vmss-posture whatif --rules PATH` tells [what would change](what-if.md).

A changed rule judges every scale set again; comments and cases do not count. A rule that is taken away withdraws its open
findings. A service that owns a rollout (AKS, for example) makes an own rule not applicable too.

## How a rule answers

| `applies` | `expects` | outcome |
| --- | --- | --- |
| does not hold | | not applicable |
| not known | | unknown |
| holds | holds | passed |
| holds | does not hold | failed |
| holds | not known | unknown |

A condition is a fact and one operator; or `all`, `any` with a list of conditions; or `not` with one. What was not read is not
known, and what is known decides where it can: `all` with one that does not hold does not hold, `any` with one that holds, holds.
"""

_DEPTH = """
## Facts of instances, images and rollouts

A scan reads them beside the model, where it can ([architecture.md](architecture.md)); `check` of files and plans does not, so a
rule about them is unknown there. What was not read this time is as it was last known. Instances that are
behind during an upgrade are no news: compare days, or say that an upgrade may be under way.

```toml
[[rule]]
id = "SHOP-002"
name = "image-too-old-in-shop"
severity = "high"
title = "No instance of the shop runs an image that could be replaced for more than 14 days."
rationale = "The shop's contract says so."
remediation = "Start an OS image upgrade: az vmss rolling-upgrade start."

applies = { all = [{ fact = "application", is = "shop" }, { fact = "instances", at_least = 1 }] }
expects = { any = [
  { fact = "days_behind_image", at_most = 14 },
  { fact = "rolling_upgrade", in = ["rolling_forward", "rolling_back"] },
] }

[[rule.case]]
case = "behind for two weeks"
facts = { application = "shop", instances = 3, days_behind_image = 14, rolling_upgrade = "completed" }
outcome = "passed"

[[rule.case]]
case = "behind for longer"
facts = { application = "shop", instances = 3, days_behind_image = 15, rolling_upgrade = "completed" }
outcome = "failed"

[[rule.case]]
case = "behind for longer, and no rollout was read"
facts = { application = "shop", instances = 3, days_behind_image = 15 }
outcome = "unknown"
```

A rule that compares days judges again when the number is reached, though nothing else changes.
"""


def page() -> str:
    """Render the page."""
    lines = [
        _INTRO,
        "## Operators",
        "",
        "| operator | for facts that are | its value | it holds when |",
        "| --- | --- | --- | --- |",
    ]
    for name, operator in OPERATORS.items():
        kinds = ", ".join(sorted(operator.kinds))
        lines.append(f"| `{name}` | {kinds} | {operator.takes} | {operator.meaning} |")
    lines += ["", "## Facts of the model", "", *_table(ROW_FACTS)]
    lines.append(
        '| `tag.NAME` | text | the tag NAME, without case; empty where there is none. In a case: `"tag.NAME" = "x"` | `tags` |'
    )
    lines += [_DEPTH, *_table(DEPTH_FACTS)]
    return "\n".join(lines) + "\n"


def _table(facts: Mapping[str, OwnFact]) -> Iterator[str]:
    yield from ("| fact | kind | meaning | in Azure |", "| --- | --- | --- | --- |")
    for name, fact in facts.items():
        yield f"| `{name}` | {fact.kind} | {fact.meaning} | {_paths(fact.paths)} |"


def _paths(paths: Iterable[str]) -> str:
    return "<br>".join(f"`{path}`" for path in paths)
