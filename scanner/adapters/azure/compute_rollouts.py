"""What Compute says of the rollouts of single scale sets: asked in parallel, within Azure's budgets.

https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-rolling-upgrades/get-latest
https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-os-upgrade-history
https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-life-cycle-hook-events/list
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from scanner.adapters.azure.budgeted_compute import BudgetedCompute, NotWholeError, Silences
from scanner.adapters.azure.call_budget import Cost
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.facts.resource_id import ResourceId, parse_resource_id
from scanner.facts.rollout import OsUpgradeAttempt, RollingUpgrade, RolloutStatus
from scanner.ports.rollouts import HookWait, RolloutQuestion, RolloutsTold
from scanner.reading.rollout_rows import MOST_ATTEMPTS, newest_first_of, read_attempts, read_latest, read_wait

AT_ONCE = 8
"""Questions that are asked at the same time."""
MOMENT = 2.0
"""Seconds that a question waits for its budget; what needs longer is left for the next scan."""
GONE_CODES = frozenset({"ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound", "ParentResourceNotFound"})
"""Codes of a 404 that are about the scale set, or what it is in: then nothing is said of its rollouts."""
NEVER = RollingUpgrade(status=RolloutStatus.NEVER)

type Ask[Told] = Callable[[ResourceId, Cost, float], Told]


class ComputeRollouts:
    """The ``RolloutReads`` port on the Compute resource provider."""

    def __init__(
        self, connection: Connection, now: Callable[[], datetime], compute: BudgetedCompute | None = None
    ) -> None:
        """Ask through ``compute``, which may be shared; without one, through one of its own."""
        self._now = now
        self._compute = compute or BudgetedCompute(connection)
        self._silences = Silences()

    def ask(self, questions: list[RolloutQuestion], seconds: float) -> Mapping[str, RolloutsTold]:
        """Ask for the latest rolling upgrade and the history, as far as the budgets and ``seconds`` allow."""
        return self._asked(questions, seconds, 2, self._rollouts)

    def hooks(self, questions: list[RolloutQuestion], seconds: float) -> Mapping[str, HookWait]:
        """Ask for the lifecycle hook events."""
        return self._asked(questions, seconds, 1, self._hooks)

    def close(self) -> None:
        """Close the connections."""
        self._compute.close()

    def _asked[Told](
        self, questions: list[RolloutQuestion], seconds: float, calls: int, ask: Ask[Told]
    ) -> Mapping[str, Told]:
        """Ask in parallel. What has no budget now is left for the next scan: it refills within minutes."""
        limits = self._compute.limits
        end = limits.clock() + min(seconds, limits.seconds_left())

        def told(question: RolloutQuestion) -> Told | None:
            return self._told(question, calls, end, ask)

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="compute-rollouts") as pool:
            answers = zip(questions, pool.map(told, questions), strict=True)
            found = {each.scale_set_id.lower(): answer for each, answer in answers if answer is not None}
        self._compute.budget.forget_scale_sets()
        return found

    def _told[Told](self, question: RolloutQuestion, calls: int, end: float, ask: Ask[Told]) -> Told | None:
        wanted = parse_resource_id(question.scale_set_id)
        if wanted is None or not wanted.is_scale_set or self._silences.has_given_up(wanted.subscription):
            return None
        place = f"{question.subscription_id}/{question.location}"
        cost = Cost(place=place, scale_set=question.scale_set_id.lower(), calls=calls, is_low=True)
        if not self._is_affordable(cost, end):
            return None
        self._compute.budget.spend(cost)
        try:
            told = ask(wanted, cost, end)
        except Exception as error:  # noqa: BLE001 - whatever the client makes of an answer: it is not known
            self._silences.failed(wanted.subscription, error)
            return None
        self._silences.answered(wanted.subscription)
        return told

    def _is_affordable(self, cost: Cost, end: float) -> bool:
        """Wait for what comes back in a moment, as Resource Manager's reads do; what takes longer is not waited for."""
        limits = self._compute.limits
        while (wait := self._compute.budget.wait_for(cost)) > 0:
            if wait > MOMENT or limits.clock() + wait >= end:
                return False
            limits.sleep(wait)
        return limits.clock() < end

    def _rollouts(self, wanted: ResourceId, cost: Cost, end: float) -> RolloutsTold:
        moment = self._now()
        return RolloutsTold(
            read_at=moment, latest=self._latest(wanted, cost, end), attempts=self._history(wanted, cost, end)
        )

    def _latest(self, wanted: ResourceId, cost: Cost, end: float) -> RollingUpgrade:
        client = self._compute.client(wanted.subscription)
        try:
            body: Any = client.virtual_machine_scale_set_rolling_upgrades.get_latest(
                wanted.resource_group,
                wanted.name,
                cls=lambda response, _model, _headers: response.http_response.json(),
                **self._compute.patience(cost, end),
            )
        except Exception as error:
            if _is_never(error):
                return NEVER
            raise
        latest = read_latest(body)
        if latest is None:
            raise NotWholeError
        return latest

    def _history(self, wanted: ResourceId, cost: Cost, end: float) -> tuple[OsUpgradeAttempt, ...]:
        client = self._compute.client(wanted.subscription)
        try:
            pages = client.virtual_machine_scale_sets.get_os_upgrade_history(
                wanted.resource_group, wanted.name, cls=_plain, **self._compute.patience(cost, end)
            )
            items = self._items(pages)
        except Exception as error:
            if _is_never(error):
                return ()
            raise
        return newest_first_of(read_attempts(items))

    def _hooks(self, wanted: ResourceId, cost: Cost, end: float) -> HookWait:
        client = self._compute.client(wanted.subscription)
        pages = client.virtual_machine_scale_set_life_cycle_hook_events.list(
            wanted.resource_group, wanted.name, cls=_plain, **self._compute.patience(cost, end)
        )
        return HookWait(until=read_wait(self._items(pages)))

    def _items(self, pages: Any) -> list[Any]:
        """Collect what a list holds, as far as we look at it: Azure sends five attempts, on one page."""
        items: list[Any] = []
        for item in pages:
            items.append(item)
            if len(items) >= MOST_ATTEMPTS:
                break
        return items


def _plain(items: Any) -> list[Any]:
    """Keep what was sent as plain JSON: models would drop names that are not documented, and Azure uses such."""
    return [item.as_dict() for item in items]


def _is_never(error: Exception) -> bool:
    """Whether a 404 says that there was no rollout, and not that there is no scale set."""
    said = read_failure(error)
    return said.status == 404 and bool(said.codes) and said.codes[0] not in GONE_CODES
