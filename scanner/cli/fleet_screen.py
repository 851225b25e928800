"""What ``scan`` and ``check`` show a person: what will not upgrade itself and why, worst first; then the findings by rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from scanner.cli.answers import PROMPTS, command_lines
from scanner.cli.finding_screen import show_findings
from scanner.cli.fleet import JudgedScaleSet
from scanner.cli.judged_rule import JudgedRule
from scanner.cli.screen import Cell, Screen, bar, cell, coloured
from scanner.plain_text import plural
from scanner.rules import rule_by_id
from scanner.rules.verdict import Outcome, Severity

WRITTEN_OUT = 5
"""Scale sets whose findings are shown with evidence and remediation; of more, the first step is."""
SHOWN_REASONS = 3
HEADLINES = {
    "yes": "Azure upgrades the OS image by itself",
    "managed": "another Azure service owns the rollout",
    "in_guest": "the guest patches itself; the image stays",
    "no": "not automatic: a person or a pipeline has to do it",
    "blocked": "enabled, but blocked: the upgrade cannot run",
    "unknown": "cannot be decided; what was not read is listed",
}
STUCK = ("blocked", "no", "unknown")
"""Headlines that say, or may say, that nothing upgrades the scale set."""
_SEVERITIES = tuple(Severity)


def show_fleet(
    out: Screen,
    scale_sets: Sequence[JudgedScaleSet],
    *,
    limit: int,
    is_production: Callable[[str | None], bool],
    shell: str,
) -> None:
    """Show the headlines, the scale sets that need attention, and the open findings by rule."""
    _show_headlines(out, scale_sets)
    if len(scale_sets) <= WRITTEN_OUT:
        for item in scale_sets:
            show_findings(out, item, shell)
        return

    def worst_first(item: JudgedScaleSet) -> tuple[object, ...]:
        worst = _SEVERITIES.index(item.open[0].severity) if item.open else len(_SEVERITIES)
        production = 0 if is_production(item.labels.get("environment")) else 1
        headline = STUCK.index(item.upgrades_itself) if item.upgrades_itself in STUCK else len(STUCK)
        return worst, production, headline, -(item.capacity or 0), item.key

    stuck = sorted((item for item in scale_sets if item.upgrades_itself in STUCK), key=worst_first)
    others = sorted((item for item in scale_sets if item.upgrades_itself not in STUCK and item.open), key=worst_first)
    _show_list(out, "Will not upgrade by itself", stuck, limit, shell)
    _show_list(out, "Upgraded automatically or managed, with open findings", others, limit, shell)
    _show_rules(out, scale_sets)


def _show_headlines(out: Screen, scale_sets: Sequence[JudgedScaleSet]) -> None:
    counts = Counter(item.upgrades_itself for item in scale_sets)
    subscriptions = len({item.subscription_id for item in scale_sets if item.subscription_id})
    where = f" in {plural(subscriptions, 'subscription')}" if subscriptions else ""
    most = max(counts.values(), default=0)
    rows = [
        (coloured(name), f"{counts[name]:,}", bar(counts[name], most), meaning)
        for name, meaning in HEADLINES.items()
        if counts[name]
    ]
    out.blank()
    out.table(
        f"Does it upgrade itself? {plural(len(scale_sets), 'scale set')}{where}",
        ("headline", "count", "", "meaning"),
        rows,
        numbers=("count",),
    )
    unread = [item for item in scale_sets if not item.is_model_read]
    if unread:
        out.say(
            cell(
                f"The model of {plural(len(unread), 'scale set')} was not read (for example {unread[0].name or '(no name)'}): only its"
                " tags and exemptions were judged.",
                "yellow",
            )
        )
    ready = sum(1 for item in scale_sets if item.readiness is not None and item.readiness[0])
    if ready:
        out.say(f"{plural(ready, 'scale set')} could be switched to automatic OS image upgrade: nothing is in the way.")


def _show_list(out: Screen, title: str, scale_sets: Sequence[JudgedScaleSet], limit: int, shell: str) -> None:
    if not scale_sets:
        return
    out.blank()
    shown = scale_sets[:limit] if limit else scale_sets
    note = f"worst first; {PROMPTS[shell]} is the first step"
    note += "" if len(shown) == len(scale_sets) else f"; {len(shown)} of {len(scale_sets):,} shown"
    out.say(Cell(f"{title}: {plural(len(scale_sets), 'scale set')}", "bold"), Cell(f"({note})", "dim"))
    for number, item in enumerate(shown, 1):
        _show_item(out, number, item, shell)
    if len(shown) < len(scale_sets):
        out.say(
            Cell(
                "--limit N shows more; --owner, --application, --subscription, --rule and --headline narrow it.", "dim"
            )
        )


def _show_item(out: Screen, number: int, item: JudgedScaleSet, shell: str) -> None:
    start = f"{number:>3}."
    environment = item.labels.get("environment")
    traits = [coloured(item.upgrades_itself)]
    traits += [coloured(item.open[0].severity.value)] if item.open else []
    traits += [cell(environment)] if environment else []
    traits += [] if item.capacity is None else [cell(plural(int(item.capacity), "instance"))]
    told = [Cell(f"{trait.text},", trait.colour) for trait in traits[:-1]]
    out.say(Cell(start, "dim"), cell(item.name or "(no name)", "bold"), *told, traits[-1], hanging=5)
    for line in why(item)[:SHOWN_REASONS]:
        out.say(cell(line, limit=600), indent=5, hanging=7)
    more = len(item.open) - SHOWN_REASONS
    if more > 0:
        out.say(Cell(f"and {plural(more, 'more open finding')}", "dim"), indent=5)
    if behind := instances_of(item):
        out.say(cell(behind), indent=5, hanging=7)
    out.say(cell(whose(item)), indent=5, hanging=7)
    command, note = first_step(item, shell)
    if command:
        out.copy(f"{PROMPTS[shell]} {command}", indent=5)
    elif note:
        out.say(cell(f"First step: {note}", limit=1_000), indent=5, hanging=7)


def why(item: JudgedScaleSet) -> list[str]:
    """Say why a scale set does not upgrade itself, in words; then what else is open, worst first."""
    reasons: list[str] = []
    named: set[str] = set()
    for rule_id in item.blocked_by:
        verdict = item.verdict_of(rule_id)
        named.add(rule_id)
        reasons.append(f"Blocked by {_name(rule_id)}: {verdict.reason if verdict and verdict.reason else 'failed'}")
    if item.upgrades_itself == "unknown" and item.missing:
        reasons.append(f"Not known: {'; '.join(item.missing)}")
    reasons += [
        f"{finding.rule_id} {finding.name}: {finding.reason or 'failed'}"
        for finding in item.open
        if finding.rule_id not in named
    ]
    reasons += [
        f"{finding.rule_id} {finding.name}: exempt until {finding.exemption['until']}"
        for finding in item.exempt
        if finding.exemption is not None and finding.rule_id not in named
    ]
    return reasons


def instances_of(item: JudgedScaleSet) -> str:
    """Say which of the instances are behind, with since when and how old that is; empty: none is, or it was not read."""
    told = item.instances or {}
    kinds = (("behind_model", "behind the model"), ("behind_image", "behind the image"), ("held_back", "held back"))
    parts = []
    for name, what in kinds:
        count, since = told.get(name), told.get(f"{name}_since")
        if isinstance(count, int) and count:
            parts.append(f"{plural(count, 'instance')} {what}" + (f" since {str(since)[:16]}Z" if since else ""))
    if not parts:
        return ""
    read_at = min([str(each) for name in ("counted_at", "asked_at") if (each := told.get(name))], default="")
    newest = (item.newest_image or {}).get("version") if told.get("behind_image") else None
    told_newest = f"; the newest is {newest}" if newest else ""
    return f"{', '.join(parts)}{told_newest}" + (f" (read at {read_at[:16]}Z)" if read_at else "")


def whose(item: JudgedScaleSet) -> str:
    """Say who answers for a scale set and where it is."""
    owner = item.labels.get("owner")
    application = item.labels.get("application")
    parts = [f"owner {owner}" if owner else "no owner tag"]
    parts += [f"application {application}"] if application else []
    parts += [f"resource group {item.resource_group}"] if item.resource_group else []
    parts += [f"subscription {item.subscription_id}"] if item.subscription_id else []
    parts += [] if item.is_read else ["not read now: as last known"]
    return ", ".join(parts)


def first_step(item: JudgedScaleSet, shell: str) -> tuple[str, str]:
    """Say what to do first: the first command of the worst finding that has one; else the note of the worst."""
    candidates: Iterable[JudgedRule | None] = (*(item.verdict_of(rule_id) for rule_id in item.blocked_by), *item.open)
    remediations = [found.remediation for found in candidates if found is not None and found.remediation is not None]
    lines = (line for remediation in remediations for line in command_lines(remediation, shell))
    return next(iter(lines), ""), remediations[0].note if remediations else ""


def _show_rules(out: Screen, scale_sets: Sequence[JudgedScaleSet]) -> None:
    opened = Counter(finding.rule_id for item in scale_sets for finding in item.open)
    exempt = Counter(finding.rule_id for item in scale_sets for finding in item.exempt)
    unknown = Counter(rule.rule_id for item in scale_sets for rule in item.verdicts if rule.outcome is Outcome.UNKNOWN)
    severities: dict[str, Severity] = {rule.rule_id: rule.severity for item in scale_sets for rule in item.verdicts}
    names = {rule.rule_id: rule.name for item in scale_sets for rule in item.verdicts}
    rows = [
        (
            coloured(severities[rule_id].value),
            f"{opened[rule_id]:,}",
            exempt[rule_id] or "",
            unknown[rule_id] or "",
            rule_id,
            cell(names[rule_id]),
        )
        for rule_id in sorted(
            names, key=lambda rule_id: (_SEVERITIES.index(severities[rule_id]), -opened[rule_id], rule_id)
        )
        if opened[rule_id] or exempt[rule_id]
    ]
    out.blank()
    if not rows:
        out.say(Cell("No rule failed.", "green"))
        return
    columns = ("severity", "open", "exempt", "unknown", "rule", "name")
    out.table("Findings by rule, worst first", columns, rows, numbers=("open", "exempt", "unknown"))
    out.say(Cell("vmss-posture explain RULE says why a rule matters and what to do.", "dim"))


def _name(rule_id: str) -> str:
    try:
        return f"{rule_id} {rule_by_id(rule_id).name}"
    except KeyError:
        return rule_id
