"""ARM property paths that rules read and evidence names, in one place.

https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachinescalesets.
"""

from typing import Final

TAGS: Final = "tags"
MANAGED_BY: Final = "managedBy"
CAPACITY: Final = "sku.capacity"
ORCHESTRATION_MODE: Final = "properties.orchestrationMode"
OVERPROVISION: Final = "properties.overprovision"

UPGRADE_POLICY: Final = "properties.upgradePolicy"
MODE: Final = "properties.upgradePolicy.mode"
OS_UPGRADE: Final = "properties.upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
LEGACY_OS_UPGRADE: Final = "properties.upgradePolicy.automaticOSUpgrade"
ROLLBACK_DISABLED: Final = "properties.upgradePolicy.automaticOSUpgradePolicy.disableAutomaticRollback"
USE_ROLLING: Final = "properties.upgradePolicy.automaticOSUpgradePolicy.useRollingUpgradePolicy"
DEFERRAL: Final = "properties.upgradePolicy.automaticOSUpgradePolicy.osRollingUpgradeDeferral"
MAX_BATCH: Final = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"
MAX_UNHEALTHY: Final = "properties.upgradePolicy.rollingUpgradePolicy.maxUnhealthyInstancePercent"
MAX_UNHEALTHY_UPGRADED: Final = "properties.upgradePolicy.rollingUpgradePolicy.maxUnhealthyUpgradedInstancePercent"
PAUSE: Final = "properties.upgradePolicy.rollingUpgradePolicy.pauseTimeBetweenBatches"
MAX_SURGE: Final = "properties.upgradePolicy.rollingUpgradePolicy.maxSurge"

IMAGE: Final = "properties.virtualMachineProfile.storageProfile.imageReference"
VHD: Final = "properties.virtualMachineProfile.storageProfile.osDisk.image.uri"
OS_TYPE: Final = "properties.virtualMachineProfile.storageProfile.osDisk.osType"
ARTIFACT: Final = "properties.virtualMachineProfile.serviceArtifactReference.id"

WINDOWS_UPDATES: Final = "properties.virtualMachineProfile.osProfile.windowsConfiguration.enableAutomaticUpdates"
WINDOWS_PATCH_MODE: Final = "properties.virtualMachineProfile.osProfile.windowsConfiguration.patchSettings.patchMode"
LINUX_PATCH_MODE: Final = "properties.virtualMachineProfile.osProfile.linuxConfiguration.patchSettings.patchMode"

AGENT_WINDOWS: Final = "properties.virtualMachineProfile.osProfile.windowsConfiguration.provisionVMAgent"
AGENT_LINUX: Final = "properties.virtualMachineProfile.osProfile.linuxConfiguration.provisionVMAgent"
EXTENSION_OPERATIONS: Final = "properties.virtualMachineProfile.osProfile.allowExtensionOperations"
SCHEDULE_WINDOWS: Final = (
    "properties.virtualMachineProfile.osProfile.windowsConfiguration.patchSettings.automaticByPlatformSettings"
    ".bypassPlatformSafetyChecksOnUserSchedule"
)
SCHEDULE_LINUX: Final = (
    "properties.virtualMachineProfile.osProfile.linuxConfiguration.patchSettings.automaticByPlatformSettings"
    ".bypassPlatformSafetyChecksOnUserSchedule"
)

PROBE: Final = "properties.virtualMachineProfile.networkProfile.healthProbe.id"
EXTENSIONS: Final = "properties.virtualMachineProfile.extensionProfile.extensions"
EXTENSION_PUBLISHER: Final = f"{EXTENSIONS}[].properties.publisher"
EXTENSION_TYPE: Final = f"{EXTENSIONS}[].properties.type"
EXTENSION_UPGRADE: Final = f"{EXTENSIONS}[].properties.enableAutomaticUpgrade"
EXTENSION_ORDER: Final = f"{EXTENSIONS}[].properties.provisionAfterExtensions"
EXTENSION_HANDLER: Final = f"{EXTENSIONS}[].properties.typeHandlerVersion"
EXTENSION_SETTINGS: Final = f"{EXTENSIONS}[].properties.settings"
HEALTH_PROTOCOL: Final = f"{EXTENSIONS}[].properties.settings.protocol"
DURABILITY: Final = f"{EXTENSIONS}[].properties.settings.durabilityLevel"

APPLICATIONS: Final = "properties.virtualMachineProfile.applicationProfile.galleryApplications"
APPLICATION_CONFIGURATION: Final = f"{APPLICATIONS}[].configurationReference"
IDENTITY: Final = "identity.type"

EXTERNAL_HEALTH: Final = "properties.externalHealthPolicy.enabled"
REPAIRS: Final = "properties.automaticRepairsPolicy.enabled"
HOOKS: Final = "properties.lifecycleHooksProfile.lifecycleHooks"
HOOK_ACTION: Final = f"{HOOKS}[].defaultAction"
