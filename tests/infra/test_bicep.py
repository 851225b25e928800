"""What the Bicep promises beside what a compiler checks: roles, no keys, no public surprises, the right settings."""

import json
import re

import pytest

from scanner.clouds import CLOUDS
from scanner.settings import SETTINGS
from tests.infra.declared import INFRA, ROOT, alert_rules, allowed_intervals, bicep, bicep_files, tables

HOST_SETTINGS = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
}
ROLES = {
    # file, scope, role definition, who
    ("roles.bicep", "collectionRule", "3913510d-42f4-4e42-8a64-420c390055eb", "appPrincipalId"),
    ("roles.bicep", "insights", "3913510d-42f4-4e42-8a64-420c390055eb", "appPrincipalId"),
    ("roles.bicep", "storage", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", "appPrincipalId"),
    ("roles.bicep", "storage", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "appPrincipalId"),
    ("roles.bicep", "storage", "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "appPrincipalId"),
    ("roles.bicep", "scheduler", "0ad04412-c4d5-4796-b79c-f76d14c8d402", "appPrincipalId"),
    ("roles.bicep", "workspace", "73c42c96-874c-492b-b04d-ab87d138a893", "alertsPrincipalId"),
    ("roles.bicep", "workspace", "3b03c2da-16b3-4a49-8834-0f8130efdd3b", "alertsPrincipalId"),
    ("access-subscription.bicep", "", "acdd72a7-3385-48ef-bd42-f606fba81ae7", "principalId"),
    ("access-subscription.bicep", "", "custom", "principalId"),
    ("access.bicep", "", "acdd72a7-3385-48ef-bd42-f606fba81ae7", "principalId"),
    ("access.bicep", "", "custom", "principalId"),
}


STAND_ALONE = {"main.bicep", "access.bicep", "policy.bicep", "policy-subscription.bicep"}
"""Files that are deployed by themselves."""


def blocks(text: str, resource_type: str) -> list[str]:
    """Cut out the declarations of a resource type."""
    pattern = rf"resource \w+ '{re.escape(resource_type)}@[^']+' = .*?\n(?:\}}|\])\n"
    return re.findall(pattern, text, re.DOTALL)


def only(text: str, resource_type: str) -> str:
    """Cut out the one declaration of a resource type."""
    (block,) = blocks(text, resource_type)
    return block


def setting_values() -> dict[str, str]:
    """Read the app settings that app.bicep gives, by name, as Bicep expressions."""
    text = bicep("app.bicep")
    whole = "\n".join(text.split(f"var {name} = ")[1].split("\n\n")[0] for name in ("settings", "hostStorage"))
    return dict(re.findall(r"(?m)^\s+([A-Za-z_]+): (.+)$", whole))


def test_roles_are_the_known_ones() -> None:
    """Each identity has the roles that its work needs, where it needs them, and no others anywhere."""
    found = set()
    for name, text in bicep_files().items():
        ids = dict(re.findall(r"var (\w+) = '([0-9a-f-]{36})'", text))
        for block in blocks(text, "Microsoft.Authorization/roleAssignments"):
            role = re.search(r"roleDefinitionId: (?:\w+\('Microsoft.Authorization/roleDefinitions', )?(\w+)", block)
            who = re.search(r"principalId: (\w+)", block)
            scope = re.search(r"scope: (\w+)", block)
            assert role is not None
            assert who is not None
            found.add((name, scope.group(1) if scope else "", ids.get(role.group(1), role.group(1)), who.group(1)))
    assert found == ROLES


def test_role_assignments_give_their_reason() -> None:
    """Each role assignment says why, is named by what it consists of, and says that it is for a service."""
    found = [
        block for text in bicep_files().values() for block in blocks(text, "Microsoft.Authorization/roleAssignments")
    ]
    assert len(found) == len(ROLES)
    for block in found:
        assert re.search(r"description: '.{30,}'", block), block
        assert re.search(r"name: guid\([^,]+, \w+, [\w.]+\)", block), block
        assert "principalType: 'ServicePrincipal'" in block


def test_main_deployment_reads_its_own_subscription() -> None:
    """`azd up` alone watches something: Reader on the subscription is on unless it is turned off."""
    text = bicep("main.bicep")
    assert "param readOwnSubscription bool = true" in text
    assert "module reader 'access-subscription.bicep' = if (readOwnSubscription)" in text


def test_roles_come_before_the_app() -> None:
    """The host starts with its roles in place."""
    app = re.search(r"module app 'app\.bicep' = \{.*?\n\}", bicep("main.bicep"), re.DOTALL)
    assert app is not None
    assert re.search(r"dependsOn: \[[^\]]*\broles\b", app.group())


def test_no_key_anywhere() -> None:
    """No key, password or shared access signature is read, kept or put out."""
    for name, text in bicep_files().items():
        assert not re.search(r"list(Keys|AccountSas|ServiceSas|Secrets)|AccountKey|SharedAccess|\bkeys\(", text), name
        assert not re.search(r"adminPassword|instrumentationKey", text, re.IGNORECASE), name


def test_local_authentication_is_off() -> None:
    """Storage, workspace, telemetry and deployments take no key: only Entra ID opens them."""
    assert "allowSharedKeyAccess: false" in only(bicep("storage.bicep"), "Microsoft.Storage/storageAccounts")
    assert "disableLocalAuth: true" in only(bicep("workspace.bicep"), "Microsoft.OperationalInsights/workspaces")
    assert "DisableLocalAuth: true" in only(bicep("telemetry.bicep"), "Microsoft.Insights/components")
    passwords = only(bicep("app.bicep"), "Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert "allow: false" in passwords
    assert "'ftp'" in passwords
    assert "'scm'" in passwords


def test_nothing_is_public_by_surprise() -> None:
    """No blob is anonymous, everything is HTTPS, and with private link only the app's own site is, unless it is not."""
    storage = bicep("storage.bicep")
    account = only(storage, "Microsoft.Storage/storageAccounts")
    assert "allowBlobPublicAccess: false" in account
    assert "supportsHttpsTrafficOnly: true" in account
    assert "minimumTlsVersion: 'TLS1_2'" in account
    assert "publicNetworkAccess: publicNetwork ? 'Enabled' : 'Disabled'" in account
    assert "defaultAction: publicNetwork ? 'Allow' : 'Deny'" in account
    assert storage.count("publicAccess: 'None'") == len(
        blocks(storage, "Microsoft.Storage/storageAccounts/blobServices/containers")
    )
    always_open = {
        name: re.findall(r"(\w*[pP]ublicNetworkAccess\w*): '?Enabled", text) for name, text in bicep_files().items()
    }
    assert {name: found for name, found in always_open.items() if found} == {
        "scheduler.bicep": ["publicNetworkAccess"],  # refused with private link by its guard
        "telemetry.bicep": ["publicNetworkAccessForQuery"],
        "workspace.bicep": ["publicNetworkAccessForQuery"],
    }
    assert "publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'" in bicep("app.bicep")
    assert "httpsOnly: true" in bicep("app.bicep")
    assert "minTlsVersion: '1.2'" in bicep("app.bicep")
    main = bicep("main.bicep")
    assert main.count("publicNetwork: !privateLink") == 1
    assert main.count("publicIngestion: !privateLink") == 2


def test_public_addresses_are_for_the_way_out_only() -> None:
    """The one public address belongs to the NAT gateway of a private deployment."""
    found = {name: text.count("Microsoft.Network/publicIPAddresses@") for name, text in bicep_files().items()}
    assert {name: count for name, count in found.items() if count} == {"network.bicep": 1}
    assert "module network 'network.bicep' = if (ownNetwork)" in bicep("main.bicep")
    assert "var ownNetwork = privateLink && empty(existingAppSubnetId)" in bicep("main.bicep")


def test_host_storage_is_by_identity() -> None:
    """The host finds its storage by name and identity; in the sovereign clouds by all three addresses."""
    values = setting_values()
    assert values["AzureWebJobsStorage__credential"] == "'managedidentity'"
    assert values["AzureWebJobsStorage__clientId"] == "identityClientId"
    public, sovereign = bicep("app.bicep").split("var hostStorage = ")[1].split("\n\n")[0].split("\n  : {")
    assert "environment().name == 'AzureCloud'" in public
    assert re.findall(r"AzureWebJobsStorage__(\w+)", public) == ["accountName"]
    assert re.findall(r"AzureWebJobsStorage__(\w+)", sovereign) == [
        "blobServiceUri",
        "queueServiceUri",
        "tableServiceUri",
    ]


def test_settings_are_those_the_app_knows() -> None:
    """Every app setting is one of the scanner's or the host's; every required one is given."""
    given = set(setting_values())
    known = {setting.name for setting in SETTINGS}
    assert given - known - HOST_SETTINGS == set()
    assert {setting.name for setting in SETTINGS if setting.default is None} <= given
    assert given >= HOST_SETTINGS
    assert {"VMSS_SCAN_SCHEDULE", "VMSS_SNAPSHOT_SCHEDULE", "AZURE_CLIENT_ID", "VMSS_CLOUD"} <= given


def test_flex_consumption_gets_no_setting_it_refuses() -> None:
    """Flex Consumption has the runtime and the package in functionAppConfig, and refuses them as settings."""
    text = bicep("app.bicep")
    refused = r"FUNCTIONS_(WORKER_RUNTIME|EXTENSION_VERSION)|WEBSITE_|SCM_DO_BUILD|ENABLE_ORYX|linuxFxVersion|alwaysOn|ftpsState"
    assert not re.search(refused, text)
    assert re.search(r"name: 'python'\s+version: '3\.13'", text)
    assert "name: 'FC1'" in text


def test_names_in_storage_are_those_of_the_code() -> None:
    """State table and request queue are created under the names that the app uses."""
    defaults = {setting.name: setting.default for setting in SETTINGS}
    text = bicep("storage.bicep")
    assert f"name: '{defaults['VMSS_TABLE_NAME']}'" in only(
        text, "Microsoft.Storage/storageAccounts/tableServices/tables"
    )
    assert "name: 'vmss-scan-requests'" in only(text, "Microsoft.Storage/storageAccounts/queueServices/queues")


def test_schedules_default_to_the_documented_ones() -> None:
    """What Bicep makes of its defaults is what the settings page says."""
    defaults = {setting.name: setting.default for setting in SETTINGS}
    assert defaults["VMSS_SCAN_SCHEDULE"] == "0 */30 * * * *"
    assert defaults["VMSS_SNAPSHOT_SCHEDULE"] == "0 8 6 * * *"
    assert "param scanEveryMinutes int = 30" in bicep("main.bicep")
    assert "param snapshotHour int = 6" in bicep("main.bicep")
    assert "'0 */${scanEveryMinutes} * * * *'" in bicep("app.bicep")
    assert setting_values()["VMSS_SNAPSHOT_SCHEDULE"] == "'0 ${snapshotMinute} ${snapshotHour} * * *'"
    minute = int(defaults["VMSS_SNAPSHOT_SCHEDULE"].split()[1])
    assert f"var snapshotMinute = {minute}" in bicep("app.bicep")


def test_snapshot_and_scan_never_start_together() -> None:
    """In the minute of the snapshot, and two minutes before and after it, no scan starts, whatever the time between scans."""
    found = re.search(r"var snapshotMinute = (\d+)", bicep("app.bicep"))
    assert found is not None
    near = range(int(found.group(1)) - 2, int(found.group(1)) + 2)
    assert [(every, minute) for every in allowed_intervals() for minute in near if minute % min(every, 60) == 0] == []


def test_allowed_intervals_divide_their_clock() -> None:
    """A schedule such as */25 would scan after 25, 25 and 10 minutes: only even intervals are allowed."""
    minutes = allowed_intervals()
    assert all(60 % every == 0 if every < 60 else every % 60 == 0 and 24 % (every // 60) == 0 for every in minutes)
    assert all(2 * every + 10 < 2 * 24 * 60 for every in minutes), "the alert on missing scans reads two days"


@pytest.mark.parametrize("name", ["tables.bicep", "ingestion.bicep"])
def test_tables_and_streams_are_the_sinks(name: str) -> None:
    """Tables and streams take names and columns from the declaration that the sink reads, and add none of their own."""
    text = bicep(name)
    assert "loadJsonContent('../scanner/data/tables.json')" in text
    assert "VmssPosture" not in text
    assert {column for column in re.findall(r"name: (\S+)", text) if column.startswith("column")} == {"column.name"}


def test_columns_are_what_log_analytics_takes() -> None:
    """Names, types and numbers of tables, columns and streams are within Azure's limits."""
    reserved = {"_resourceid", "id", "_subscriptionid", "tenantid", "type", "uniqueid", "title"}
    types = {"string", "int", "long", "real", "boolean", "dynamic", "datetime"}
    assert len(tables()) <= 10
    for table in tables():
        assert table["name"].endswith("_CL")
        assert table["stream"].startswith("Custom-")
        names = [column["name"] for column in table["columns"]]
        assert "TimeGenerated" in names
        assert len({name.lower() for name in names}) == len(names)
        for column in table["columns"]:
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,44}", column["name"])
            assert column["name"].lower() not in reserved
            assert column["type"] in types
            assert column["description"]


def test_every_cloud_of_the_settings_is_provided_for() -> None:
    """The app is told its cloud by Azure's own name of it, and private DNS zones know each one."""
    assert setting_values()["VMSS_CLOUD"] == "environment().name"
    zones = bicep("private-endpoints.bicep").split("var monitorDomains = {")[1].split("\n}")[0]
    assert re.findall(r"(?m)^  (\w+): \{", zones) == list(CLOUDS)


def test_policy_is_not_enforced_unless_asked_for() -> None:
    """The built-in policy denies, so its assignment only reports by default."""
    text = bicep("policy.bicep")
    assert "param enforcementMode string = 'DoNotEnforce'" in text
    assert "465f0161-0087-490a-9ad9-ad6217f4f43a" in text
    assert "targetScope = 'managementGroup'" in text


def test_modules_are_local_files() -> None:
    """Nothing is fetched from a registry, and every file is deployed by main.bicep or stands for itself."""
    used = set()
    for text in bicep_files().values():
        for path in re.findall(r"module \w+ '([^']+)'", text):
            assert re.fullmatch(r"[\w-]+\.bicep", path)
            used.add(path)
    assert set(bicep_files()) - used == STAND_ALONE


def test_azd_passes_parameters_that_exist() -> None:
    """Each parameter that azd passes is one of main.bicep's, with the same default."""
    passed = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    declared = dict(re.findall(r"(?m)^param (\w+) \w+(?: = (.+))?$", bicep("main.bicep")))
    assert set(declared) - set(passed) == {"deployedAt"}
    assert set(passed) <= set(declared)
    for name, entry in passed.items():
        _, separator, default = entry["value"].strip("${}").partition("=")
        assert (default if separator else "") == declared[name].strip("'"), name


def test_package_is_built_before_it_is_sent() -> None:
    """Nothing is built in Azure: the package has the pinned wheels for Python 3.13 on Linux, checked by hash."""
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    assert "remoteBuild: false" in text
    for hook in text.split("postdeploy:")[0].split("run: >-")[1:]:
        command = " ".join(hook.split())
        assert "--require-hashes" in command
        assert "--only-binary=:all:" in command
        assert "--python-version 3.13" in command
        assert "manylinux_2_28_x86_64" in command
        assert "--target .python_packages/lib/site-packages" in command
    assert text.split("postdeploy:")[0].count("run: >-") == 2
    service = re.search(r"services:\n  (\w+):", text)
    assert service is not None
    assert f"'azd-service-name': '{service.group(1)}'" in bicep("app.bicep")


def test_silenced_findings_give_a_reason() -> None:
    """A silenced compiler finding has its reason on the line above."""
    for path in INFRA.glob("*.bicep"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if "#disable" in line:
                assert lines[number - 1].strip().startswith("//"), f"{path.name}:{number + 1}"


def test_log_alerts_are_deployed_as_they_are_tested() -> None:
    """What the tests of the queries take for granted is what alerts.bicep says of each rule."""
    rule = only(bicep("alerts.bicep"), "Microsoft.Insights/scheduledQueryRules")
    for line in (
        "overrideQueryTimeRange: 'P2D'",
        "evaluationFrequency: givenFrequencies[?each.rule.name] ?? each.rule.frequency",
        "windowSize: givenFrequencies[?each.rule.name] ?? each.rule.frequency",
        "severity: int(givenSeverities[?each.rule.name] ?? each.rule.severity)",
        "autoMitigate: false",
        "muteActionsDuration: each.rule.kind == 'state' ? (givenRepeats[?each.rule.name] ?? each.rule.?repeat) : null",
        "windows[givenFrequencies[?each.rule.name] ?? each.rule.frequency]",
        "['{routedOwners}', string(routedOwners)]",
        "operator: dimension == 'Owner' && empty(each.owner) && !empty(routedOwners) ? 'Exclude' : 'Include'",
        "skipQueryValidation: true",
        "operator: 'GreaterThan'",
        "numberOfEvaluationPeriods: 1",
        "timeAggregation: contains(each.rule, 'measure') ? 'Maximum' : 'Count'",
        "threshold: int(givenThresholds[?each.rule.name] ?? (contains(each.rule, 'refused')",
        "min(each.rule.schedules * scanEveryMinutes + each.rule.minutes, each.rule.schedules > 2 ? 1440 : 2640)",
        "resourceIdColumn: each.rule.?target",
        "type: 'UserAssigned'",
    ):
        assert line in rule
    whole = bicep("alerts.bicep")
    assert "var refusedRequests = max(2, 30 / scanEveryMinutes + 1) + 4" in whole
    assert "var refusedWindow = scanEveryMinutes <= 30 ? 'PT6H' : 'P1D'" in whole
    assert "var refusedSpan = scanEveryMinutes <= 30 ? '6h' : '1d'" in whole
    assert "var settled = '5m'" in whole
    assert "var hour = '65m'" in whole
    assert set(re.findall(r"\{[a-zA-Z]+\}", "".join(rule.query for rule in alert_rules()))) == set()
    # Its resource health is reported for a rule that is looked at every quarter of an hour, and for none less often.
    assert {item.frequency for item in alert_rules()} == {"PT15M"}
    assert all((item.repeat is not None) == (item.kind == "state") for item in alert_rules())
    assert {item.kind for item in alert_rules()} == {"state", "transition"}
    assert all(0 <= item.severity <= 4 for item in alert_rules())


def test_refused_and_dropped_rows_alert_by_metric() -> None:
    """Where no row arrives to query, the metrics of collection rule and storage tell."""
    text = bicep("alerts.bicep")
    assert re.findall(r"metric: '(\w+)'", text) == [
        "ApiCallReceived_Count",
        "RowsDropped_Count",
        "ColumnsDropped_Count",
        "QueueMessageCount",
    ]
    assert "name: 'ResponseCode'" in text
    assert "threshold: refusedRequests" in text
    assert "window: refusedWindow" in text
    # Windows that a metric alert takes, and none shorter than what is counted in it.
    assert set(re.findall(r"window: '(\w+)'", text)) == {"PT30M", "PT12H"}


def test_message_that_waits_for_its_scan_is_not_poisoned() -> None:
    """A request is tried for less than an hour: at most one of twelve hourly counts sees it, which is below the threshold."""
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["queues"]
    hours, minutes, _ = map(int, host["visibilityTimeout"].split(":"))
    assert host["maxDequeueCount"] * (60 * hours + minutes) <= 60
    assert "threshold: json('0.5')" in bicep("alerts.bicep")
    assert 2 / 12 < 0.5


def test_shards_have_what_durable_functions_wants() -> None:
    """On Flex Consumption: an instance that is always there, short polling, one shard on an instance, and one hub."""
    durable = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"]
    assert durable["storageProvider"]["maxQueuePollingInterval"] == "00:00:10"
    assert durable["maxConcurrentActivityFunctions"] == 1
    assert durable["overridableExistingInstanceStates"] == "NonRunningStates"
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,44}", durable["hubName"])
    assert f"name: '{durable['hubName']}'" in only(
        bicep("scheduler.bicep"), "Microsoft.DurableTask/schedulers/taskHubs"
    )
    assert re.search(r"alwaysReady: shards == 'auto'\s+\? \[\s+\{\s+name: 'durable'", bicep("app.bicep"))


def test_scheduler_is_created_only_where_shards_use_it() -> None:
    """Off, or with the storage account, there is no scheduler, no role on one and no setting that names one."""
    main = bicep("main.bicep")
    assert "var ownScheduler = shards == 'auto' && shardsEngine == 'DurableTaskScheduler'" in main
    assert "module scheduler 'scheduler.bicep' = if (ownScheduler)" in main
    assert "isReachable: !privateLink" in main
    assert "schedulerName: scheduler.?outputs.name ?? ''" in main
    assert re.search(r"var scheduler = empty\(schedulerEndpoint\)\s+\? \{\}", bicep("app.bicep"))
    assert "Authentication=ManagedIdentity;ClientID=${identityClientId}" in bicep("app.bicep")


def test_disabled_alert_rule_is_told() -> None:
    """A log alert that is disabled, by Azure or by a person, or whose query fails, is told from the activity log."""
    disabled, unhealthy = blocks(bicep("alerts.bicep"), "Microsoft.Insights/activityLogAlerts")
    assert "equals: 'Microsoft.Insights/ScheduledQueryRules/disable/action'" in disabled
    assert "equals: 'Microsoft.Insights/scheduledQueryRules'" in unhealthy
    assert re.search(r"previousHealthStatus'\s+equals: 'Available'", unhealthy), "a new rule is told by nobody"
    assert all("resourceGroup().id" in rule for rule in (disabled, unhealthy))


def test_alert_rules_are_where_azure_wants_them() -> None:
    """Metric and activity-log alerts are global, log alerts stand by their workspace; a log alert splits by six at most."""
    text = bicep("alerts.bicep")
    assert "location: 'global'" in only(text, "Microsoft.Insights/metricAlerts")
    assert all("location: 'global'" in rule for rule in blocks(text, "Microsoft.Insights/activityLogAlerts"))
    assert "location: location" in only(text, "Microsoft.Insights/scheduledQueryRules")
    assert "location: tables.outputs.location" in bicep("main.bicep").split("module alerts ")[1].split("\n}")[0]
    assert all(len(rule.dimensions) + (rule.target is not None) <= 6 for rule in alert_rules())


def test_what_takes_tags_has_them() -> None:
    """Every resource with a region carries the tags, so that costs and owners can be told."""
    for name, text in bicep_files().items():
        for block in re.findall(r"resource \w+ '[^']+' = .*?\n(?:\}|\])\n", text, re.DOTALL):
            if re.search(r"(?m)^\s+location: ", block):
                assert re.search(r"(?m)^\s+tags: (tags|allTags|union\(tags, )", block), (name, block)


def test_workbook_keeps_its_name_and_place() -> None:
    """The workbook is named by a guid that a new deployment gives again, shared, and shown at the workspace."""
    workbook = only(bicep("workbook.bicep"), "Microsoft.Insights/workbooks")
    assert "name: guid(resourceGroup().id, 'vmss-posture', deployment)" in workbook
    assert "kind: 'shared'" in workbook
    assert "sourceId: workspaceId" in workbook


def test_every_alert_notifies_the_action_group() -> None:
    """Log, metric, availability and activity-log alerts all notify the action groups that are given."""
    text = bicep("alerts.bicep")
    assert "empty(actionGroupId) ? [] : [actionGroupId]" in text
    for kind in ("scheduledQueryRules", "metricAlerts", "activityLogAlerts"):
        assert all(
            "actionGroups" in rule or "each.groups" in rule for rule in blocks(text, f"Microsoft.Insights/{kind}")
        )
    assert "map(actionGroupIds" in bicep("availability.bicep")
    assert "actionGroupIds: alerts.outputs.actionGroupIds" in bicep("main.bicep")


def test_mail_has_the_common_schema() -> None:
    """The action group that is made for addresses sends the schema that the recipes describe."""
    assert "useCommonAlertSchema: true" in only(bicep("alerts.bicep"), "Microsoft.Insights/actionGroups")


def test_what_is_not_deployed_is_not_asked_for() -> None:
    """Azure evaluates the outputs of a module though its condition is false: each is guarded with .? and a default.

    https://learn.microsoft.com/azure/azure-resource-manager/bicep/conditional-resource-deployment
    """
    for name, text in bicep_files().items():
        conditional = re.findall(r"(?m)^module (\w+) '[^']+' = if \(", text)
        assert name != "main.bicep" or len(conditional) >= 5
        for module in conditional:
            uses = re.findall(rf"\b{module}(\S*)outputs\.\w+(.{{0,6}})", text)
            assert all((before, after[:6]) == (".?", " ?? ''") for before, after in uses), (name, module, uses)


def test_deployment_names_carry_the_environment() -> None:
    """A name at a subscription belongs to one region for ever, and two environments may be deployed at once.

    https://learn.microsoft.com/azure/azure-resource-manager/bicep/deploy-to-subscription
    """
    text = bicep("main.bicep")
    names = re.findall(r"(?m)^module \w+ '[^']+' = (?:if \(.*\) )?\{\n  name: '([^']+)'", text)
    assert len(names) == text.count("\nmodule ") >= 14
    assert len(set(names)) == len(names)
    assert all(name.endswith("-${run}") for name in names)
    assert "var run = '${take(environmentName, 20)}-${suffix}'" in text
    longest = max(len(name.removesuffix("${run}")) for name in names) + 20 + 1 + 13
    assert longest <= 64, "Azure takes 64 characters"
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    for command in re.findall(r"az deployment (?:mg|sub) create [^`]*?(?=\n\n|```)", page):
        assert "--name" in command, command


def test_two_environments_share_no_name() -> None:
    """What two environments put into one group, workspace or subscription is named by its environment."""
    shared = {"alerts.bicep": "deployment", "workbook.bicep": "deployment", "availability.bicep": "suffix"}
    for file, part in shared.items():
        for block in re.findall(r"resource \w+ '[^']+' = .*?\n(?:\}|\])\n", bicep(file), re.DOTALL):
            name = re.search(r"(?m)^\s+name: (.+)$", block)
            assert name is not None
            assert part in name.group(1), (file, name.group(1))


def test_region_and_tools_are_checked_before_anything_is_created() -> None:
    """A region without Flex Consumption is no allowed value, and an azd that would build remotely does not start."""
    main = (INFRA / "main.bicep").read_text(encoding="utf-8")
    location = main.split("param location string")[0].rpartition("@description")[2]
    assert len(re.findall(r"(?m)^  '[a-z0-9]+'$", location)) > 25
    assert "type: 'location'" in location
    yaml = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    assert re.search(r"requiredVersions:\n  azd: '?>= 1\.\d+\.\d+'?", yaml)


def test_app_without_any_way_in_is_refused() -> None:
    """No public access without a private endpoint, no subnet without the other: each guard has one allowed value."""
    for name in ("isReachable", "hasBothSubnets"):
        guard = bicep("app.bicep").split(f"param {name} bool")[0].rpartition("@description")[2]
        assert re.search(r"@allowed\(\[\s*true\s*\]\)", guard)
    assert "isReachable: appPublicAccess || privateLink" in bicep("main.bicep")


def test_sovereign_clouds_are_the_reason_for_old_versions() -> None:
    """The checker's advice on versions is silenced line by line, and no preview is used where there is a stable one."""
    for name in bicep_files():
        lines = (INFRA / name).read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if "disable-next-line use-recent-api-versions" in line:
                assert "sovereign clouds" in lines[number - 1], f"{name}:{number}"
    previews = {line for text in bicep_files().values() for line in re.findall(r"'(\S+)@\S+-preview'", text)}
    assert previews == {"Microsoft.Insights/diagnosticSettings"}
    assert "untested" in (ROOT / "docs/deploy.md").read_text(encoding="utf-8")


def test_every_rule_can_be_set() -> None:
    """Severity, frequency, threshold, repeat and on or off are parameters that azd passes on, by the name of the rule."""
    passed = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    for what in ("alertSeverities", "alertFrequencies", "alertThresholds", "alertRepeats", "alertsOff"):
        assert what in passed
        assert f": {what}\n" in bicep("main.bicep")
    text = bicep("alerts.bicep")
    assert text.count("!contains(turnedOff, ") == 3
    assert text.count("severity: int(givenSeverities[?") == 2


def test_alert_identity_may_read_our_tables_only() -> None:
    """Where asked for, the role has a condition that names each table that the alerts query, and no other."""
    text = bicep("roles.bicep")
    assert "concat(map(declared.tables, table => table.name), ['DCRLogErrors'])" in text
    queried = set(re.findall(r"\b(\w+_CL|DCRLogErrors)\b", "".join(rule.query for rule in alert_rules())))
    functions = "".join(path.read_text(encoding="utf-8") for path in (INFRA / "queries/functions").glob("*.kql"))
    queried |= set(re.findall(r"\b(\w+_CL)\b", functions))
    assert queried == {*(table["name"] for table in tables()), "DCRLogErrors"}
    conditional = next(
        block for block in blocks(text, "Microsoft.Authorization/roleAssignments") if "condition:" in block
    )
    assert "conditionVersion: '2.0'" in conditional
    assert "&& tablesOnly" in conditional


def test_no_alert_rule_of_azures_own_is_left_on() -> None:
    """The rule that Azure makes with Application Insights, with mail to the owners, is declared and off."""
    assert "state: 'Disabled'" in bicep("telemetry.bicep").split("smartDetectorAlertRules@")[1]


def test_shared_tables_are_written_by_their_owner_only() -> None:
    """A deployment that does not own the tables of a workspace writes none, and one with a workspace of its own always does."""
    assert "for table in declared.tables: if (ownsTables) {" in only(
        bicep("tables.bicep"), "Microsoft.OperationalInsights/workspaces/tables"
    )
    assert "ownsTables: ownsTables || ownWorkspace" in bicep("main.bicep").split("module tables ")[1].split("\n}")[0]
