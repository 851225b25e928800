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


def spent(budget: CallBudget, most: int = 5_000, **kind: object) -> int:
    """Ask as much as may be asked now."""
    for number in range(most):
        asked = cost(number, **kind)  # type: ignore[arg-type]
        if budget.wait_for(asked) > 0:
            return number
        budget.spend(asked)
    return most


def test_a_burst_leaves_a_part_for_others_and_refills_by_the_minute() -> None:
    """Two thirds of Resource Manager's reads at once; in the long run three quarters of 1,080 calls and 360 a minute."""
    clock = Clock()
    budget = CallBudget(clock)
    assert spent(budget) == 166
    asked = 166
    for _ in range(600):
        clock.now += 1
        asked += spent(budget)
    assert asked == pytest.approx(810 + 360 * 10, abs=2)
    assert 0 < budget.wait_for(cost(4_999)) <= 1


def test_places_have_budgets_of_their_own() -> None:
    """Another subscription can still be asked, wherever it is."""
    budget = CallBudget(Clock())
    spent(budget)
    assert budget.wait_for(cost(1, place="t/westeurope")) == 0


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
