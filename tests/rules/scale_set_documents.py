"""Generated scale sets in ARM's shape, and policies to judge them by: what remediations are tried on."""

from typing import Any

from hypothesis import strategies as st

GALLERY = "/subscriptions/S1/resourceGroups/Images/providers/Microsoft.Compute/galleries/Shop/images/Web"
_ID = "/subscriptions/00000000-0000-0000-0000-0000000000AB/resourceGroups/shop/providers/Microsoft.Compute/virtualMachineScaleSets"
_PERCENT = st.sampled_from([5, 10, 20, 21, 33, 34, 40, 50, 67, 100])
_CUSTOM = ("Microsoft.Azure.Extensions/CustomScript", "Contoso.Tools/Agent", "Microsoft.Powershell/DSC")
_OTHERS = ("Microsoft.Azure.Monitor/AzureMonitorLinuxAgent", "Microsoft.GuestConfiguration/ConfigurationforLinux")


def _sometimes(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


_FLAG = st.booleans()
_OS_UPGRADE = _sometimes(
    enableAutomaticOSUpgrade=st.sampled_from([True, True, True, False]),
    disableAutomaticRollback=_FLAG,
    useRollingUpgradePolicy=_FLAG,
    osRollingUpgradeDeferral=_FLAG,
)
_ROLLING = _sometimes(
    maxBatchInstancePercent=_PERCENT,
    maxUnhealthyInstancePercent=_PERCENT,
    maxUnhealthyUpgradedInstancePercent=st.one_of(st.just(0), _PERCENT),
    pauseTimeBetweenBatches=st.sampled_from(["PT0S", "PT30S", "PT150S", "PT5M", "P1D"]),
    maxSurge=_FLAG,
)
_POLICY = _sometimes(
    mode=st.sampled_from(["Manual", "Automatic", "Rolling", "rolling"]),
    automaticOSUpgradePolicy=_OS_UPGRADE,
    automaticOSUpgrade=_FLAG,
    rollingUpgradePolicy=_ROLLING,
)
_IMAGES = st.one_of(
    st.builds(
        lambda sku, version: {
            "publisher": "Canonical",
            "offer": "ubuntu-24_04-lts",
            "sku": sku,
            "version": version,
        },
        st.sampled_from(["server-arm64", "server"]),
        st.sampled_from(["latest", "24.04.202510010"]),
    ),
    st.builds(
        lambda sku, version: {
            "publisher": "MicrosoftWindowsServer",
            "offer": "WindowsServer",
            "sku": sku,
            "version": version,
        },
        st.sampled_from(["2022-datacenter-azure-edition", "unheard-of"]),
        st.sampled_from(["latest", "20348.4052.251002"]),
    ),
    st.builds(
        lambda end: {"id": GALLERY + end},
        st.sampled_from(["", "/versions/1.2.3", "/versions/1.2.3/", "/versions/latest"]),
    ),
    st.builds(
        lambda key, end: {key: f"/{key.removesuffix('GalleryImageId').capitalize()}Galleries/Open/images/Web{end}"},
        st.sampled_from(["sharedGalleryImageId", "communityGalleryImageId"]),
        st.sampled_from(["", "/versions/3.0.0"]),
    ),
    st.builds(
        lambda version: {
            "id": (
                "/Subscriptions/s1/Providers/Microsoft.Compute/Locations/westeurope/Publishers/RedHat/ArtifactTypes/VMImage/"
                f"Offers/RHEL/Skus/9-lvm-gen2/Versions/{version}"
            )
        },
        st.sampled_from(["latest", "9.4.2025"]),
    ),
    st.just({"id": "/subscriptions/s1/resourceGroups/images/providers/Microsoft.Compute/images/web"}),
)
_SCHEDULE = _sometimes(bypassPlatformSafetyChecksOnUserSchedule=_FLAG)
_PATCH_SETTINGS_WINDOWS = _sometimes(
    patchMode=st.sampled_from(["Manual", "AutomaticByOS", "AutomaticByPlatform"]), automaticByPlatformSettings=_SCHEDULE
)
_PATCH_SETTINGS_LINUX = _sometimes(
    patchMode=st.sampled_from(["ImageDefault", "AutomaticByPlatform"]), automaticByPlatformSettings=_SCHEDULE
)
_WINDOWS = _sometimes(
    enableAutomaticUpdates=_FLAG,
    provisionVMAgent=st.sampled_from([True, True, False]),
    patchSettings=_PATCH_SETTINGS_WINDOWS,
)
_LINUX = _sometimes(provisionVMAgent=st.sampled_from([True, True, False]), patchSettings=_PATCH_SETTINGS_LINUX)


@st.composite
def _health(draw: st.DrawFn, system: str) -> dict[str, Any]:
    protocol = draw(st.sampled_from(["http", "https", "tcp", None]))
    settings: dict[str, Any] = {} if protocol is None else {"protocol": protocol}
    settings |= draw(
        _sometimes(
            port=st.sampled_from([80, "80"]),
            requestPath=st.sampled_from(["/health", ""]),
            intervalInSeconds=st.sampled_from([5, 60]),
            numberOfProbes=st.sampled_from([1, 3, 24]),
            gracePeriod=st.just(600),
        )
    )
    kind = draw(st.sampled_from([system, system, system, "Linux", "Windows"]))
    properties = {
        "publisher": "Microsoft.ManagedServices",
        "type": f"ApplicationHealth{kind}",
        "typeHandlerVersion": draw(st.sampled_from(["1.0", "2.0"])),
        "settings": settings,
    }
    return {"name": "health", "properties": properties | draw(_sometimes(enableAutomaticUpgrade=_FLAG))}


@st.composite
def _extensions(draw: st.DrawFn, system: str) -> list[dict[str, Any]]:
    found = draw(st.lists(_health(system), max_size=1))
    kinds = draw(st.lists(st.sampled_from([*_CUSTOM, *_OTHERS]), max_size=3))
    for number, kind in enumerate(kinds):
        publisher, _, name = kind.partition("/")
        properties: dict[str, Any] = {"publisher": publisher, "type": name}
        properties |= draw(
            _sometimes(enableAutomaticUpgrade=_FLAG, provisionAfterExtensions=st.sampled_from([[], ["health"]]))
        )
        found.append(
            {"name": draw(st.sampled_from(["first", "1.0", "true", "b'c\"d"])) + str(number), "properties": properties}
        )
    if draw(st.integers(0, 9)) == 0:
        found.append(draw(_service_fabric(system)))
    if draw(st.integers(0, 9)) == 0:
        end = draw(st.sampled_from(["se=2025-06-30&", "se=2027-01-01&", "si=p&"]))
        settings = {"fileUris": [f"https://a.blob.core.windows.net/c/s.sh?{end}sig=00"]}
        properties = {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "settings": settings}
        found.append({"name": "setup", "properties": properties})
    return draw(st.permutations(found))


@st.composite
def _service_fabric(draw: st.DrawFn, system: str) -> dict[str, Any]:
    settings = draw(_sometimes(durabilityLevel=st.sampled_from(["Bronze", "Silver", "Gold"])))
    properties = {
        "publisher": "Microsoft.Azure.ServiceFabric",
        "type": "ServiceFabricNode" if system == "Windows" else "ServiceFabricLinuxNode",
        "typeHandlerVersion": draw(st.sampled_from(["1.0", "1.1", "2.0"])),
        "settings": settings,
    }
    return {"name": "fabric", "properties": properties}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Make a scale set that could be in Azure or in a template."""
    system = draw(st.sampled_from(["Linux", "Windows"]))
    configuration = draw(_WINDOWS if system == "Windows" else _LINUX)
    storage: dict[str, Any] = {"osDisk": {"osType": system}}
    if draw(st.integers(0, 9)) == 0:
        storage["osDisk"]["image"] = {"uri": "https://disks.blob.core.windows.net/vhds/web.vhd"}
    else:
        storage["imageReference"] = draw(_IMAGES)
    profile: dict[str, Any] = {
        "osProfile": {f"{system.lower()}Configuration": configuration}
        | draw(_sometimes(allowExtensionOperations=st.sampled_from([True, True, False]))),
        "storageProfile": storage,
        "extensionProfile": {"extensions": draw(_extensions(system))},
    }
    profile |= draw(
        _sometimes(
            networkProfile=st.sampled_from([{}, {"healthProbe": {"id": "/subscriptions/s1/probes/p"}}]),
            serviceArtifactReference=st.sampled_from(
                [{}, {"id": f"{GALLERY}/serviceArtifacts/a/vmArtifactsProfiles/p"}]
            ),
        )
    )
    properties: dict[str, Any] = {"upgradePolicy": draw(_POLICY), "virtualMachineProfile": profile}
    properties |= draw(
        _sometimes(
            orchestrationMode=st.sampled_from(["Uniform", "Flexible"]),
            overprovision=_FLAG,
            automaticRepairsPolicy=st.sampled_from([{}, {"enabled": True}, {"enabled": False}]),
            externalHealthPolicy=st.sampled_from([{"enabled": False}, {"enabled": True}]),
            lifecycleHooksProfile=st.sampled_from(
                [
                    {},
                    {"lifecycleHooks": [{"type": "UpgradeAutoOSScheduling", "defaultAction": "Reject"}]},
                    {
                        "lifecycleHooks": [
                            {"type": "UpgradeAutoOSScheduling", "defaultAction": "Approve"},
                            {"type": "UpgradeAutoOSRollingBatchStarting", "defaultAction": "Reject"},
                        ]
                    },
                ]
            ),
        )
    )
    tags = draw(
        _sometimes(
            environment=st.sampled_from(["production", "test"]),
            owner=st.just("web-team"),
            workload=st.sampled_from(["stateful", "stateless"]),
            **{
                "patch-cadence": st.just("monthly"),
                "upgrade-posture-exempt": st.sampled_from(
                    [
                        "rules=VMSS-003,VMSS-022; until=2026-01-01; reason=r; owner=o",
                        "rules=VMSS-001; until=2027-01-01; reason=r; owner=o",
                        "rules=?",
                    ]
                ),
            },
        )
    )
    capacity = draw(st.sampled_from([0, 1, 2, 3, 4, 5, 7, 10, 20, 50, 100, 999]))
    return {
        "id": f"{_ID}/{draw(st.sampled_from(['web', '-web', 'it is; $(odd)']))}",
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "location": "westeurope",
        **draw(_sometimes(identity=st.just({"type": "SystemAssigned"}))),
        "sku": {"name": "Standard_D2ps_v5", "capacity": capacity},
        "tags": tags,
        "properties": properties,
    }


@st.composite
def policies(draw: st.DrawFn) -> str:
    """Make a policy, as the text of its file."""
    flexible = draw(st.sampled_from(["unknown", "evaluate", "not_applicable"]))
    publishers = draw(st.sampled_from(["[]", '["Canonical"]']))
    return f"""
flexible_auto_os_upgrade = "{flexible}"
[rolling]
max_batch_percent = {draw(st.sampled_from([5, 10, 20, 50]))}
max_capacity_share_percent = {draw(st.sampled_from([1, 10, 20, 34, 50, 100]))}
min_pause_seconds = {draw(st.sampled_from([0, 45, 60, 300, 86400]))}
max_unhealthy_percent = {draw(st.sampled_from([0, 3, 10, 20, 50]))}
[approved_images]
publishers = {publishers}
"""
