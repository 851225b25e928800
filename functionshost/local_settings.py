"""Application settings: those that a local Azure needs, or those of the environment and ``local.settings.json``."""

from collections.abc import Mapping
from pathlib import Path

from azureformats.settings_file import read_settings_file
from emulator.client.local import LocalAzure

STORAGE = "AzureWebJobsStorage"


def for_local_azure(azure: LocalAzure) -> dict[str, str]:
    """Answer the settings of an app whose whole Azure is an emulator with storage."""
    return {
        **azure.environment(),
        f"{STORAGE}__queueServiceUri": azure.queue_endpoint,
        f"{STORAGE}__credential": "managedidentity",
        f"{STORAGE}__clientId": azure.client_ids[0],
        "AZURE_CLIENT_ID": azure.client_ids[0],
        "VMSS_ARM_ENDPOINT": azure.arm_endpoint,
        "VMSS_TABLE_ENDPOINT": azure.table_endpoint,
        "VMSS_INGESTION_ENDPOINT": azure.ingestion_endpoint,
        "VMSS_COLLECTION_RULE_ID": azure.rule_id,
        "VMSS_SCAN_SCHEDULE": "0 */5 * * * *",
        "VMSS_SNAPSHOT_SCHEDULE": "0 0 * * * *",
    }


def read_file(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Read ``local.settings.json``, where it is; what the environment says goes before it.

    Raises ``ValueError`` for a file that is not JSON, is encrypted or holds no settings.
    """
    return {**(read_settings_file(file) if file.exists() else {}), **environment}
