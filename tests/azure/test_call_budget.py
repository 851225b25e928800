"""Compute's budgets: counted by us, and by Azure's own word."""

import pytest

from scanner.adapters.azure.call_budget import READS, SCALE_SET, SUBSCRIPTION, VIEWS, CallBudget, Cost, remaining


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cost(number: int = 0, *, place: str = "s/westeurope", views: int = 0) -> Cost:
    """Name a question about one of many scale sets."""
    return Cost(place=place, scale_set=f"set-{number}", calls=1, views=views)


def spent(budget: CallBudget, most: int = 5_000, first: int = 0, **kind: object) -> int:
    """Ask as much as may be asked now, each time about another scale set."""
    for number in range(most):
        asked = cost(first + number, **kind)  # type: ignore[arg-type]
        if budget.wait_for(asked) > 0:
            return number
        budget.spend(asked)
    return most


def spent_over(budget: CallBudget, clock: Clock, seconds: int) -> int:
    """Ask as much as may be asked, second by second."""
    total = spent(budget)
    for second in range(seconds):
        clock.now += 1
        total += spent(budget, first=1_000 * (second + 1))
    return total


def test_a_burst_leaves_a_part_for_others_and_refills_by_the_minute() -> None:
    """Two thirds of Resource Manager's 250 at once; over a minute Compute's own: three quarters of 1,080, and 360."""
    clock = Clock()
    budget = CallBudget(clock)
    assert spent(budget) == 166
    assert 166 + spent_over(budget, clock, 60) == pytest.approx(810 + 360, abs=2)
    clock.now += 10
    assert spent(budget, first=500_000) == pytest.approx(60, abs=1)
    assert 0 < budget.wait_for(cost(600_000)) <= 1


def test_places_have_budgets_of_their_own() -> None:
    """Where one region of a subscription has been asked enough, another can still be asked; so can another subscription."""
    clock = Clock()
    budget = CallBudget(clock)
    spent_over(budget, clock, 60)
    assert budget.wait_for(cost(600_000)) > 0
    assert budget.wait_for(cost(600_000, place="s/northeurope")) == 0
    spent(budget, first=700_000, place="s/northeurope")
    assert budget.wait_for(cost(600_000, place="s/northeurope")) > 0
    assert budget.wait_for(cost(600_000, place="t/westeurope")) == 0


def test_one_scale_set_is_not_asked_too_often() -> None:
    """Its own budget is 30, of which a fifth is left."""
    budget = CallBudget(Clock())
    for _ in range(24):
        assert budget.wait_for(cost(7)) == 0
        budget.spend(cost(7))
    assert budget.wait_for(cost(7)) > 0


def test_listed_instances_are_counted_too() -> None:
    """Listing ends at a third of the bucket, however few the calls are."""
    budget = CallBudget(Clock())
    assert spent(budget, views=1_000) == 20


def test_a_list_that_is_larger_than_the_bucket_may_go_when_it_is_full() -> None:
    """Else it would wait for ever."""
    budget = CallBudget(Clock())
    assert budget.wait_for(cost(views=40_000)) == 0


def test_what_azure_says_is_left_goes_before_our_count() -> None:
    """Others spend from the same budget. More than we thought is not believed: an answer may be older than our count."""
    clock = Clock()
    budget = CallBudget(clock)
    header = "Microsoft.Compute/HighCostGetVMScaleSetSubscriptionMaximum;271,Microsoft.Compute/HighCostGetVMScaleSetResource;29"
    budget.learn(cost(), {"x-ms-ratelimit-remaining-resource": header})
    assert spent(budget) == 1
    budget.learn(cost(), {"x-ms-ratelimit-remaining-resource": header.replace("271", "1079")})
    assert budget.wait_for(cost(3)) > 0


def test_a_refused_call_empties_the_budget() -> None:
    """Nothing is asked before a quarter has come back."""
    clock = Clock()
    budget = CallBudget(clock)
    budget.refused(cost())
    assert budget.wait_for(cost(1)) == pytest.approx(271 * 60 / 360)
    clock.now += 46
    assert budget.wait_for(cost(1)) == 0


def test_limiters_of_scale_sets_are_forgotten_when_they_are_full() -> None:
    """There would be as many as were ever asked about."""
    clock = Clock()
    budget = CallBudget(clock)
    spent(budget)
    clock.now += 600
    budget.forget_scale_sets()
    assert {name for name, _ in budget._buckets} == {SUBSCRIPTION.name, VIEWS.name, READS.name}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, {}),
        ("", {}),
        ("nonsense", {}),
        ("Microsoft.Compute/HighCostGetVMScaleSetResource;29", {SCALE_SET.name: 29}),
        ("Microsoft.Compute/VMScaleSetVMViewsSubscriptionMaximum;29998", {VIEWS.name: 29998}),
        ("Microsoft.Compute/HighCostGetVMScaleSet3Min;177", {"highcostgetvmscaleset3min": 177}),
    ],
)
def test_headers_are_read_as_azure_writes_them(header: str | None, expected: dict[str, int]) -> None:
    """Names of before 2024 are no limiter of ours, and do no harm."""
    assert remaining(header) == expected
