"""What Compute itself says of the instances of single scale sets: asked in parallel, within Azure's budgets.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-instance-view
https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/list
"""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from scanner.adapters.azure.call_budget import CallBudget, Cost
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.facts.instances import Listing, RepairsService
from scanner.facts.resource_id import ResourceId, parse_resource_id
from scanner.ports.instances import Question, Told, Wanted
from scanner.reading.instance_rows import add_instances, read_repairs

if TYPE_CHECKING:
    from azure.mgmt.compute import ComputeManagementClient

AT_ONCE = 8
"""Questions that are asked at the same time."""
PATIENCE = 30.0
"""Seconds for one call, retries included."""
SILENCES = 3
"""Questions in a row without an answer after which a subscription is left alone."""
MOST_PAGES = 50
"""Pages of one list: a Uniform scale set has 1,000 instances at most."""
_BEHIND = "properties/latestModelApplied eq false"


class _NotWholeError(Exception):
    """An answer that came, and of which something cannot be read."""


class ComputeInstances:
    """The ``InstanceReads`` port on the Compute resource provider."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        from scanner.adapters.azure.budget_policy import BudgetPolicy

        self._connection = connection
        self._now = now
        self.budget = CallBudget(connection.limits.clock)
        self._policy = BudgetPolicy(self.budget, connection.arm_endpoint)
        self._transport = connection.transport()
        self._clients: dict[str, ComputeManagementClient] = {}
        self._lock = Lock()
        self._silences: Counter[str] = Counter()

    def ask(self, questions: list[Question], seconds: float) -> Mapping[str, Told]:
        """Ask what the budgets and ``seconds`` allow. What must wait for its budget is asked after all others."""
        limits = self._connection.limits
        end = limits.clock() + min(seconds, limits.seconds_left())
        answers: dict[str, Told] = {}
        waiting = list(questions)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="compute-instances") as pool:
            while waiting:
                soonest = min(self.budget.wait_for(cost_of(question)) for question in waiting)
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
        self.budget.forget_scale_sets()
        return answers

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _told(self, question: Question, end: float) -> Told | bool:
        """Ask; ``True``: there is no budget for it yet; ``False``: it was asked in vain, or not to be asked."""
        wanted = parse_resource_id(question.scale_set_id)
        if wanted is None or not wanted.is_scale_set or self._silences[wanted.subscription] >= SILENCES:
            return False
        if self._connection.limits.clock() >= end:
            return True
        cost = cost_of(question)
        if self.budget.wait_for(cost) > 0:
            return True
        self.budget.spend(cost)
        moment = self._now()
        try:
            told = Told(
                read_at=moment,
                repairs=self._repairs(wanted, cost, end) if question.wants_repairs else None,
                listing=None if question.listing is Wanted.NONE else self._list(wanted, question.listing, cost, end),
            )
        except Exception as error:  # noqa: BLE001 - whatever the client makes of an answer: it is not known
            is_answered = isinstance(error, _NotWholeError) or read_failure(error).status in (404, 409)
            self._silences[wanted.subscription] += 0 if is_answered else 1
            return False
        self._silences[wanted.subscription] = 0
        return told

    def _repairs(self, wanted: ResourceId, cost: Cost, end: float) -> RepairsService:
        body: Any = self._client(wanted.subscription).virtual_machine_scale_sets.get_instance_view(
            wanted.resource_group,
            wanted.name,
            cls=lambda response, _model, _headers: response.http_response.json(),
            **self._patience(cost, end),
        )
        repairs = read_repairs(body)
        if repairs is None:
            raise _NotWholeError
        return repairs

    def _list(self, wanted: ResourceId, which: Wanted, cost: Cost, end: float) -> Listing:
        pages = self._client(wanted.subscription).virtual_machine_scale_set_vms.list(
            wanted.resource_group,
            wanted.name,
            filter=_BEHIND if which is Wanted.BEHIND else None,
            expand="instanceView",
            cls=lambda instances: [instance.as_dict() for instance in instances],
            **self._patience(cost, end),
        ).by_page()  # fmt: skip
        found: Listing | None = Listing(is_whole=which is Wanted.ALL)
        for number, page in enumerate(pages):
            if number:
                self.budget.spend(Cost(place=cost.place, scale_set=cost.scale_set))
            found = None if found is None or number >= MOST_PAGES else add_instances(found, page)
            if found is None:
                raise _NotWholeError
        assert found is not None  # noqa: S101 - said to mypy: every page left it so
        return found

    def _patience(self, cost: Cost, end: float) -> dict[str, Any]:
        limits = self._connection.limits
        last = min(end, limits.clock() + PATIENCE)
        return {
            "seconds_left": lambda: min(limits.seconds_left(), last - limits.clock()),
            "read_timeout": PATIENCE / 2,
            "spending": cost,
        }

    def _client(self, subscription: str) -> "ComputeManagementClient":
        from azure.mgmt.compute import ComputeManagementClient

        with self._lock:
            if subscription not in self._clients:
                options = {**self._connection.arm_options(innermost=[self._policy]), "transport": self._transport}
                self._clients[subscription] = ComputeManagementClient(
                    self._connection.credential, subscription, self._connection.arm_endpoint, **options
                )
            return self._clients[subscription]


def cost_of(question: Question) -> Cost:
    """Say what a question spends: two calls at most, and its instances where they are listed."""
    return Cost(
        place=f"{question.subscription_id}/{question.location}",
        scale_set=question.scale_set_id.lower(),
        calls=question.wants_repairs + (question.listing is not Wanted.NONE),
        views=0 if question.listing is Wanted.NONE else max(1, question.instances),
    )
