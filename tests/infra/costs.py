"""What a month costs, from stated prices and measured sizes: the computation behind the table in docs/deploy.md."""

from dataclasses import dataclass

# List prices in US dollars, East US, pay as you go, no free grant counted.
INGESTION_PER_GB = 2.30  # https://azure.microsoft.com/pricing/details/monitor/
INTERACTIVE_PER_GB_MONTH = 0.10
ARCHIVE_PER_GB_MONTH = 0.02
LOG_ALERT_15_MINUTES = 0.50
TIME_SERIES_15_MINUTES = 0.05
METRIC_SERIES = 0.10
GB_SECOND = 0.000026  # https://azure.microsoft.com/pricing/details/functions/
MILLION_EXECUTIONS = 0.40
HOST_STORAGE = 1.00  # leases, queue polling and state: mostly operations that do not depend on the fleet

AVAILABILITY_TEST_RUN = 0.0006  # https://azure.microsoft.com/pricing/details/monitor/: standard web tests, a run
# The defaults of a deployment.
DAYS = 30
SCANS = 48 * DAYS
INTERACTIVE_DAYS = 90
FREE_DAYS = 31
TOTAL_DAYS = 730
MEMORY_GB = 2
LOG_ALERTS = 11
METRIC_ALERTS = 5
TOLD_SERIES = 20
PLACES = 5
TEST_EVERY_MINUTES = 15

# Measured on the local Azure with a made-up fleet of 1,000, rounded up.
SNAPSHOT_ROW = 2_500
EVENT_ROW = 1_200
SCAN_ROW = 1_000
SCAN_SECONDS_PER_SCALE_SET = 0.005
TELEMETRY_PER_SCAN = 40_000
TELEMETRY_PER_SCALE_SET_AND_SCAN = 20

# Estimated: only a real deployment shows how often things change, how fast Azure answers and what the host adds.
EVENTS_PER_SCALE_SET = 3
SCAN_SECONDS = 10.0
HEALTH_SECONDS = 1.0  # Azure bills at least one second
TELEMETRY_PER_HEALTH = 3_000
RETRIED_SCANS = 0.02  # of all scans: requests that wait for a running one, and what the host tries again


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """A month in US dollars for a fleet of a size."""

    scale_sets: int
    gigabytes: float
    ingestion: float
    retention: float
    functions: float
    storage: float
    alerts: float
    probes: float

    @property
    def total(self) -> float:
        """Sum it up."""
        return self.ingestion + self.retention + self.functions + self.storage + self.alerts + self.probes


def monthly(scale_sets: int) -> Costs:
    """Compute a month, after two years of keeping."""
    rows = scale_sets * (DAYS * SNAPSHOT_ROW + EVENTS_PER_SCALE_SET * EVENT_ROW) + SCANS * SCAN_ROW
    scans = SCANS * (1 + RETRIED_SCANS)
    probes = PLACES * DAYS * 24 * 60 / TEST_EVERY_MINUTES
    telemetry = scans * (TELEMETRY_PER_SCAN + scale_sets * TELEMETRY_PER_SCALE_SET_AND_SCAN)
    telemetry += probes * TELEMETRY_PER_HEALTH
    kept = rows / 1e9
    months = {
        "interactive": (INTERACTIVE_DAYS - FREE_DAYS) / DAYS * INTERACTIVE_PER_GB_MONTH,
        "archive": (TOTAL_DAYS - INTERACTIVE_DAYS) / DAYS * ARCHIVE_PER_GB_MONTH,
    }
    seconds = scans * (SCAN_SECONDS + scale_sets * SCAN_SECONDS_PER_SCALE_SET) + probes * HEALTH_SECONDS
    return Costs(
        scale_sets=scale_sets,
        gigabytes=(rows + telemetry) / 1e9,
        ingestion=(rows + telemetry) / 1e9 * INGESTION_PER_GB,
        retention=kept * sum(months.values()),
        functions=seconds * MEMORY_GB * GB_SECOND + (scans + probes) / 1e6 * MILLION_EXECUTIONS,
        storage=HOST_STORAGE,
        alerts=LOG_ALERTS * LOG_ALERT_15_MINUTES + TOLD_SERIES * TIME_SERIES_15_MINUTES + METRIC_ALERTS * METRIC_SERIES,
        probes=probes * AVAILABILITY_TEST_RUN,
    )


def table() -> str:
    """Write the table as the documentation shows it."""
    lines = [
        "| scale sets | logs, GB | ingestion | retention | Functions | storage | alerts | health test | **a month** |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in (100, 1_000, 10_000):
        costs = monthly(size)
        lines.append(
            f"| {size:,} | {costs.gigabytes:.2f} | ${costs.ingestion:.2f} | ${costs.retention:.2f} |"
            f" ${costs.functions:.2f} | ${costs.storage:.2f} | ${costs.alerts:.2f} | ${costs.probes:.2f} | **${costs.total:.2f}** |"
        )
    return "\n".join(lines)
