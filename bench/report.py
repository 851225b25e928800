"""How long the report of a large fleet takes: to write, to open in headless Chromium, to filter, and to show details.

``python -m bench.report --scale-sets 5000``.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from headless.browser import Browser
from scanner.adapters.controls import controls
from scanner.overview.overview import Overview
from scanner.overview.scale_set import KnownFinding, KnownScaleSet
from scanner.report.page import report_page
from scanner.rules import RULES

RUNS = 5
AT = "2026-11-15T06:00:00.000Z"
_HEADLINES = ("yes", "managed", "in_guest", "no", "blocked", "unknown")
_FILTER = "q = document.getElementById('q'); q.value = 'web-42'; began = performance.now(); q.dispatchEvent(new Event('input', {bubbles: true})); performance.now() - began"


def main() -> int:
    """Write a page and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-sets", type=int, default=5_000)
    options = parser.parse_args()
    began = time.perf_counter()
    overview = Overview(at=AT, source="a measurement", scale_sets=tuple(fleet(options.scale_sets)))
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        page = Path(folder) / "report.html"
        made = time.perf_counter()
        with page.open("w", encoding="utf-8") as file:
            file.writelines(report_page(overview, {"production"}, controls()))
        written = time.perf_counter()
        print(f"{options.scale_sets} scale sets, {page.stat().st_size / 1e6:.1f} MB, Chromium {browser.version}")
        print(f"{'made in memory':<28}{made - began:>8.2f} s")
        print(f"{'written':<28}{written - made:>8.2f} s")
        for name, given in (
            ("opened at 1,440 px", {"width": 1440}),
            ("opened at 390 px", {"width": 390}),
            ("opened without JavaScript", {"width": 1440, "javascript": False}),
        ):
            times = [browser.open(page, **given) / 1000 for _ in range(RUNS)]  # type: ignore[arg-type]
            print(f"{name:<28}{statistics.median(times):>8.2f} s   (slowest of {RUNS}: {max(times):.2f} s)")
        browser.open(page)
        print(f"{'filtered':<28}{browser.evaluate(_FILTER) / 1000:>8.3f} s")
        slug = json.loads(str(browser.evaluate("JSON.stringify(JSON.parse(data.textContent).rows.at(-1)[0])")))
        shown = f"began = performance.now(); location.hash = '{slug}'; new Promise((done) => addEventListener('hashchange', () => done(performance.now() - began)))"
        print(f"{'details of the last':<28}{browser.evaluate(shown) / 1000:>8.3f} s")
    return 0


def fleet(count: int) -> Iterator[KnownScaleSet]:
    """Make a fleet in which every third scale set has findings."""
    rules = [rule.id for rule in RULES]
    for number in range(count):
        failed = rules[number % len(rules)], rules[(7 * number + 3) % len(rules)]
        findings = tuple(
            [
                KnownFinding(
                    rule_id=rule_id,
                    severity=("high", "medium", "low")[number % 3],
                    reason=f"A batch is {number % 100} % of the instances, more than 20 %.",
                    opened_at="2026-11-09T06:00:00.000Z",
                    evidence=({"path": "properties.upgradePolicy.mode", "value": f"Manual {number}"},),
                    remediation=f"az vmss update --resource-group rg-{number % 300} --name web-{number} --set upgradePolicy.mode=Rolling",
                )
                for rule_id in failed
            ]
        )
        yield KnownScaleSet(
            scale_set_id=f"/subscriptions/0000-{number % 40}/resourceGroups/rg-{number % 300}/providers/Microsoft.Compute/virtualMachineScaleSets/web-{number}",
            name=f"web-{number}",
            subscription_id=f"0000-{number % 40}",
            resource_group=f"rg-{number % 300}",
            location="westeurope",
            environment=("production", "staging", "dev")[number % 3],
            application=f"application-{number % 120}",
            owner=f"team-{number % 60}",
            upgrades_itself=_HEADLINES[number % len(_HEADLINES)],
            facts={
                "upgrade_mode": "rolling",
                "automatic_os_upgrade": True,
                "max_batch_instance_percent": number % 100,
                "image": f"platform:canonical/ubuntu/22_04/{number % 50}",
                "extensions": ["microsoft.managedservices/applicationhealthlinux"],
            },
            outcomes=dict.fromkeys(rules, "passed") | (dict.fromkeys(failed, "failed") if number % 3 == 0 else {}),
            findings=findings if number % 3 == 0 else (),
            last_read_at=AT,
        )


if __name__ == "__main__":
    raise SystemExit(main())
