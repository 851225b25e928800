"""Figures add up by place, and what nothing is known of is no zero."""

from datetime import UTC, datetime

from scanner.state.figures import (
    INSTANCES,
    JUDGED,
    MOST_NAMES,
    NOT_READ,
    OTHERS,
    by_place,
    judged_figures,
    told_figures,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_rules_and_findings_of_one_scale_set() -> None:
    """A failed rule under an exemption is exempt; one that cannot be judged and has an exemption is unknown."""
    opened = {"VMSS-020": ("high", "2026-11-10T00:00:00Z"), "VMSS-021": ("low", "not a moment")}
    figures = judged_figures("001P 020F 021F 030F 031U 040N ", opened, ["VMSS-030", "VMSS-031"])
    counted = dict(zip(JUDGED, figures, strict=True))
    assert counted["opened_at"] == round(datetime(2026, 11, 10, tzinfo=UTC).timestamp())
    del counted["opened_at"]
    assert counted == {
        "scale_sets": 1,
        "passed": 1,
        "failed": 2,
        "exempt": 1,
        "unknown": 1,
        "open": 2,
        "age_unknown": 1,
    }


def test_nothing_read_is_not_zero() -> None:
    """Of a scale set whose instances were not read there is no image compliance, no exposure and no lead time."""
    judged = judged_figures("001P 020F ", {"VMSS-020": ("high", "2026-11-10T00:00:00Z")}, [])
    told = told_figures(by_place({("", "shop", "westeurope", "s"): [*judged, *NOT_READ]}), NOW)
    whole = told["all"]
    assert isinstance(whole, dict)
    assert (whole["compliance_percent"], whole["finding_age_days"], whole["scale_sets_not_read"]) == (50.0, 10.0, 1)
    for name in ("image_compliance_percent", "instances_on_newest", "exposure_hours", "lead_time_days"):
        assert whole[name] is None
    environments = told["environment"]
    assert isinstance(environments, dict)
    assert list(environments) == ["(none)"]


def test_many_names_are_the_largest_and_the_rest() -> None:
    """A record holds so many; the others are one sum."""
    of_one = [1, *([0] * (len(JUDGED) - 1)), *([0] * len(INSTANCES))]
    sums: dict[tuple[str, ...], list[int]] = {
        ("", f"app-{number:03}", "", "s"): of_one for number in range(MOST_NAMES + 5)
    }
    applications = told_figures(by_place(sums), NOW)["application"]
    assert isinstance(applications, dict)
    assert len(applications) == MOST_NAMES + 1
    others = applications[OTHERS]
    assert isinstance(others, dict)
    assert others["scale_sets"] == 5
