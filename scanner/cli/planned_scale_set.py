"""A planned scale set as ``check`` shows it: judged, explained by its plan, and compared with what runs."""

from dataclasses import replace

from scanner.cli.fleet import JudgedScaleSet, of_judgement
from scanner.cli.plan_input import PlannedPosture
from scanner.formats.planned_verdicts import explained
from scanner.judging.judge import Judgement
from scanner.state.comparison import Comparison, Fleet, compare, sentences


def of_plan(judgement: Judgement, planned: PlannedPosture, fleet: Fleet | None) -> JudgedScaleSet:
    """Take over a judgement of what is planned; ``fleet`` is what runs, where it was asked to compare."""
    judgement = explained(judgement, planned.planned)
    item = of_judgement(judgement)
    address = planned.place.address
    changed: Comparison | None = None
    if fleet is not None:
        changed = compare(fleet.find(judgement), judgement)
    return replace(
        item,
        name=item.name or address,
        place=planned.place,
        language=planned.planned.source.value,
        action=planned.planned.action.value,
        counted=None if changed is None else changed.counted,
        is_headline_kept=changed is not None and changed.is_compared and changed.headline is None,
        changes=() if changed is None else tuple(sentences(changed, address)),
    )


def only_new(item: JudgedScaleSet) -> JudgedScaleSet:
    """Keep of the open findings those that the change opens or worsens, and the headline where the change makes it."""
    counted = item.counted or frozenset()
    return replace(
        item,
        verdicts=tuple([rule for rule in item.verdicts if not rule.is_open or rule.rule_id in counted]),
        upgrades_itself="as before" if item.is_headline_kept else item.upgrades_itself,
    )
