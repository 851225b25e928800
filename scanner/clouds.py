"""The Azure clouds: addresses, and whom tokens are for.

https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure
https://learn.microsoft.com/azure/china/resources-developer-guide
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """The addresses and token audiences of one Azure cloud."""

    arm_endpoint: str
    """Address of Azure Resource Manager, which is the audience of its tokens too."""
    authority: str
    ingestion_audience: str
    query_endpoint: str
    storage_audience: str = "https://storage.azure.com"


CLOUDS: Mapping[str, Cloud] = {
    "AzureCloud": Cloud(
        arm_endpoint="https://management.azure.com",
        authority="https://login.microsoftonline.com",
        ingestion_audience="https://monitor.azure.com",
        query_endpoint="https://api.loganalytics.io",
    ),
    "AzureUSGovernment": Cloud(
        arm_endpoint="https://management.usgovcloudapi.net",
        authority="https://login.microsoftonline.us",
        ingestion_audience="https://monitor.azure.us",
        query_endpoint="https://api.loganalytics.us",
    ),
    "AzureChinaCloud": Cloud(
        arm_endpoint="https://management.chinacloudapi.cn",
        authority="https://login.chinacloudapi.cn",
        ingestion_audience="https://monitor.azure.cn",
        query_endpoint="https://api.loganalytics.azure.cn",
    ),
}
