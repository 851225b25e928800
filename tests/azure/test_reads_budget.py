"""The budgets that questions about single scale sets are asked within."""

from dataclasses import dataclass

import pytest

from scanner.adapters.azure.call_budget import READS, SCALE_SET, SUBSCRIPTION, VIEWS, CallBudget, Cost, Policy


@dataclass(slots=True)
class Clock:
    """A clock that a test moves."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def _cost(region: str = "westeurope", name: str = "web", *, calls: int = 1, views: int = 0) -> Cost:
    return Cost(place=f"sub-1/{region}", scale_set=f"sub-1/{name}", calls=calls, views=views)


def _asked(budget: CallBudget, cost: Cost) -> int:
    """Spend while there is something to spend; answer how often that was."""
    count = 0
    while budget.wait_for(cost) == 0 and count < 2_000:
        budget.spend(cost)
        count += 1
    return count


@pytest.mark.parametrize(
    ("policy", "cost"),
    [
        pytest.param(SCALE_SET, _cost(), id="one scale set"),
        pytest.param(VIEWS, _cost(views=2_000), id="instances"),
    ],
)
def test_a_part_of_every_budget_is_left_for_others(policy: Policy, cost: Cost) -> None:
    """What may be asked at once is the burst less what is kept."""
    each = cost.views if policy is VIEWS else cost.calls
    assert _asked(CallBudget(Clock()), cost) * each <= policy.burst * (1 - policy.kept)


def test_resource_manager_counts_a_subscriptions_reads_over_all_regions() -> None:
    """Many scale sets in two regions share one budget, which refills in seconds; another subscription has its own."""
    clock = Clock()
    budget = CallBudget(clock)
    asked = 0
    for number in range(400):
        cost = _cost(("westeurope", "northeurope")[number % 2], f"set-{number}")
        if budget.wait_for(cost) > 0:
            break
        budget.spend(cost)
        asked += 1
    assert READS.burst / 2 < asked <= READS.burst * (1 - READS.kept)
    assert asked < SUBSCRIPTION.burst
    assert budget.wait_for(Cost(place="sub-2/westeurope", scale_set="sub-2/web")) == 0
    clock.now += 10
    assert budget.wait_for(_cost()) == 0


def test_what_an_answer_says_is_left_goes_before_what_was_thought() -> None:
    """Headers of both kinds count, and never raise what is left."""
    budget = CallBudget(Clock())
    cost = _cost()
    budget.learn(cost, {"x-ms-ratelimit-remaining-subscription-reads": "249", "x-ms-ratelimit-remaining-resource": ""})
    assert budget.wait_for(cost) == 0
    budget.learn(cost, {"x-ms-ratelimit-remaining-subscription-reads": "20"})
    assert 2 < budget.wait_for(cost) < 4
    budget.learn(cost, {"x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostGetVMScaleSetResource;0"})
    assert budget.wait_for(cost) > 30
