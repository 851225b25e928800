"""What Compute itself says of the instances of single scale sets: asked in parallel, within Azure's budgets.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-instance-view
https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/list
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from scanner.adapters.azure.budgeted_compute import BudgetedCompute, NotWholeError, Silences
from scanner.adapters.azure.call_budget import Cost
from scanner.adapters.azure.connection import Connection
from scanner.facts.instances import Listing, RepairsService
from scanner.facts.resource_id import ResourceId, parse_resource_id
from scanner.ports.instances import Question, Told, Wanted
from scanner.reading.instance_rows import add_instances, read_repairs

AT_ONCE = 8
"""Questions that are asked at the same time."""
MOST_PAGES = 50
"""Pages of one list: a Uniform scale set has 1,000 instances at most."""
_BEHIND = "properties/latestModelApplied eq false"


class ComputeInstances:
    """The ``InstanceReads`` port on the Compute resource provider."""

    def __init__(
        self, connection: Connection, now: Callable[[], datetime], compute: BudgetedCompute | None = None
    ) -> None:
        """Ask through ``compute``, which may be shared; without one, through one of its own."""
        self._now = now
        self._compute = compute or BudgetedCompute(connection)
        self._silences = Silences()

    def ask(self, questions: list[Question], seconds: float) -> Mapping[str, Told]:
        """Ask what the budgets and ``seconds`` allow. What must wait for its budget is asked after all others."""
        limits = self._compute.limits
        end = limits.clock() + min(seconds, limits.seconds_left())
        answers: dict[str, Told] = {}
        waiting = list(questions)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="compute-instances") as pool:
            while waiting:
                soonest = min(self._compute.budget.wait_for(cost_of(question)) for question in waiting)
                if limits.clock() + soonest >= end:
                    break
                if soonest > 0:
                    limits.sleep(soonest)
                asked, waiting = waiting, []
                for question, told in zip(asked, pool.map(lambda each: self._told(each, end), asked), strict=True):
                    if isinstance(told, Told):
                        answers[question.scale_set_id.lower()] = told
                    elif told:
                        waiting.append(question)
        self._compute.budget.forget_scale_sets()
        return answers

    def close(self) -> None:
        """Close the connections."""
        self._compute.close()

    def _told(self, question: Question, end: float) -> Told | bool:
        """Ask; ``True``: there is no budget for it yet; ``False``: it was asked in vain, or not to be asked."""
        wanted = parse_resource_id(question.scale_set_id)
        if wanted is None or not wanted.is_scale_set or self._silences.has_given_up(wanted.subscription):
            return False
        if self._compute.limits.clock() >= end:
            return True
        cost = cost_of(question)
        if self._compute.budget.wait_for(cost) > 0:
            return True
        self._compute.budget.spend(cost)
        moment = self._now()
        try:
            told = Told(
                read_at=moment,
                repairs=self._repairs(wanted, cost, end) if question.wants_repairs else None,
                listing=None if question.listing is Wanted.NONE else self._list(wanted, question.listing, cost, end),
            )
        except Exception as error:  # noqa: BLE001 - whatever the client makes of an answer: it is not known
            self._silences.failed(wanted.subscription, error)
            return False
        self._silences.answered(wanted.subscription)
        return told

    def _repairs(self, wanted: ResourceId, cost: Cost, end: float) -> RepairsService:
        body: Any = self._compute.client(wanted.subscription).virtual_machine_scale_sets.get_instance_view(
            wanted.resource_group,
            wanted.name,
            cls=lambda response, _model, _headers: response.http_response.json(),
            **self._compute.patience(cost, end),
        )
        repairs = read_repairs(body)
        if repairs is None:
            raise NotWholeError
        return repairs

    def _list(self, wanted: ResourceId, which: Wanted, cost: Cost, end: float) -> Listing:
        pages = self._compute.client(wanted.subscription).virtual_machine_scale_set_vms.list(
            wanted.resource_group,
            wanted.name,
            filter=_BEHIND if which is Wanted.BEHIND else None,
            expand="instanceView",
            cls=lambda instances: [instance.as_dict() for instance in instances],
            **self._compute.patience(cost, end),
        ).by_page()  # fmt: skip
        found: Listing | None = Listing(is_whole=which is Wanted.ALL)
        for number, page in enumerate(pages):
            if number:
                self._compute.budget.spend(Cost(place=cost.place, scale_set=cost.scale_set))
            found = None if found is None or number >= MOST_PAGES else add_instances(found, page)
            if found is None:
                raise NotWholeError
        assert found is not None  # noqa: S101 - said to mypy: every page left it so
        return found


def cost_of(question: Question) -> Cost:
    """Say what a question spends: two calls at most, and its instances where they are listed."""
    return Cost(
        place=f"{question.subscription_id}/{question.location}",
        scale_set=question.scale_set_id.lower(),
        calls=question.wants_repairs + (question.listing is not Wanted.NONE),
        views=0 if question.listing is Wanted.NONE else max(1, question.instances),
    )
