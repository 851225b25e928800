"""Property names as ARM documents them. Templates are read without case; ``scanner.reading`` takes these spellings only.

https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachinescalesets.
"""

from collections.abc import Mapping
from typing import Final

_NAMES: Final = """
id name type location tags sku zones identity plan managedBy apiVersion properties capacity tier
orchestrationMode overprovision singlePlacementGroup platformFaultDomainCount zoneBalance uniqueId provisioningState
upgradePolicy mode automaticOSUpgradePolicy enableAutomaticOSUpgrade disableAutomaticRollback useRollingUpgradePolicy
osRollingUpgradeDeferral automaticOSUpgrade autoOSUpgradePolicy disableAutoRollback rollingUpgradePolicy
maxBatchInstancePercent batchInstancePercent maxUnhealthyInstancePercent maxUnhealthyUpgradedInstancePercent
pauseTimeBetweenBatches enableCrossZoneUpgrade prioritizeUnhealthyInstances rollbackFailedInstancesOnPolicyBreach maxSurge
virtualMachineProfile storageProfile imageReference publisher offer version exactVersion sharedGalleryImageId
communityGalleryImageId osDisk osType image uri createOption managedDisk vhdContainers
osProfile windowsConfiguration linuxConfiguration enableAutomaticUpdates provisionVMAgent allowExtensionOperations
patchSettings patchMode assessmentMode enableHotpatching automaticByPlatformSettings
bypassPlatformSafetyChecksOnUserSchedule rebootSetting
networkProfile healthProbe extensionProfile extensions settings typeHandlerVersion autoUpgradeMinorVersion
enableAutomaticUpgrade provisionAfterExtensions suppressFailures
applicationProfile galleryApplications packageReferenceId configurationReference treatFailureAsDeploymentFailure
serviceArtifactReference securityProfile securityType scheduledEventsProfile osImageNotificationProfile
terminateNotificationProfile enable notBeforeTimeout
automaticRepairsPolicy enabled gracePeriod repairAction externalHealthPolicy expiryDuration
lifecycleHooksProfile lifecycleHooks waitDuration defaultAction resiliencyPolicy skuProfile priorityMixPolicy
"""
_SPELLED: Final = {name.lower(): name for name in _NAMES.split()}
_AS_THEY_ARE: Final = frozenset({"tags", "settings", "protectedsettings"})


def spelled(value: object) -> object:
    """Write the property names as documented. Tags and settings of extensions have names of their own."""
    if isinstance(value, list):
        return [spelled(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    made: dict[str, object] = {}
    for name, item in value.items():
        folded = str(name).lower()
        if folded == "protectedsettings":
            continue  # never read, so it is not carried either
        proper = _SPELLED.get(folded, str(name))
        if proper not in made or name == proper:
            made[proper] = item if folded in _AS_THEY_ARE else spelled(item)
    return made
