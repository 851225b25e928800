// VMSS Upgrade Monitor: everything that runs it, in one resource group. `azd up` deploys this file.
//
// One module per concern. Role assignments are in roles.bicep, and where Bicep demands another scope in
// access-subscription.bicep and access.bicep; nowhere else. Every parameter can be set with `azd env set`:
// main.parameters.json says under which name, docs/deploy.md what for.

targetScope = 'subscription'

@description('Name of the azd environment; part of every resource name and of the tag azd-env-name.')
@minLength(1)
@maxLength(40)
param environmentName string

// Checked before anything is created: elsewhere the plan would fail when half of the rest exists.
@description('Azure region of the resource group and the function app: one with Flex Consumption.')
@allowed([
  'australiaeast'
  'australiasoutheast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'chinanorth3'
  'eastasia'
  'eastus'
  'eastus2'
  'eastus2euap'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'ukwest'
  'usgovvirginia'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Name of the resource group to create or use. Empty: rg-vmss-posture- and the environment.')
param resourceGroupName string = ''

@description('Tags of every resource, as name=value separated by commas, for example costCenter=1234,team=platform.')
param tags string = ''

@description('Resource id of a Log Analytics workspace to use. Empty: a new one is created.')
param existingWorkspaceId string = ''

@description('Whether this deployment writes the tables: their columns and retention. Where several deployments share a workspace: true in one of them, deployed first.')
param ownsTables bool = true

@description('Whether this deployment keeps the functions\' plain names (VmssPostureEvents …). Where several deployments share a workspace: true in one of them.')
param ownsPlainFunctions bool = true

@description('E-mail addresses that every alert notifies, separated by commas: an action group is made for them.')
param alertEmails string = ''

@description('Resource id of an action group that every alert notifies, in the subscription of this deployment. Empty and no alertEmails: alerts are shown in the portal and notify nobody.')
param actionGroupId string = ''

@description('Owners whose alerts go to their own action group, as owner=resource id of an action group, separated by commas.')
param ownerRoutes string = ''

@description('Alert rules to leave out, separated by commas.')
param alertsOff string = 'columns-dropped'

@description('Severities that differ from alerts.json, as rule=0 to 4, separated by commas.')
param alertSeverities string = ''

@description('Frequencies that differ from alerts.json, as rule=PT5M, PT10M, PT15M, PT30M or PT1H, separated by commas.')
param alertFrequencies string = ''

@description('Thresholds that differ from alerts.json, as rule=number, separated by commas.')
param alertThresholds string = ''

@description('How often a state that lasts is told again, where it differs from alerts.json, as rule=PT6H, separated by commas.')
param alertRepeats string = ''

@description('Let the alert rules read the tables of this service only, by a condition, instead of the whole workspace.')
param alertsReadTablesOnly bool = false

@description('Ask GET /api/health from five places of the world, and alert when three of them get no 200. Public cloud and public access to the app only; after the app itself was deployed.')
param availabilityTest bool = false

@description('Where the readers of the alerts find the runbook: the address of your copy of docs/runbook.md.')
param runbookUrl string = 'docs/runbook.md'

@description('Management groups to watch, at most 10, separated by commas. Empty: everything that the identity can read.')
param managementGroups string = ''

@description('Subscriptions to watch, separated by commas; not together with managementGroups. Empty: everything that the identity can read.')
param subscriptions string = ''

@description('Minutes between two scans. The schedule and the alert on missing scans both follow from it.')
@allowed([
  5
  10
  15
  20
  30
  60
  120
  180
  240
  360
  480
  720
])
param scanEveryMinutes int = 30

@description('Hour of the day (UTC) of the compliance snapshot.')
@minValue(0)
@maxValue(23)
param snapshotHour int = 6

@description('Minutes after which a scan stops with what it has: less than functionTimeout in host.json (30).')
@minValue(1)
@maxValue(25)
param timeLimitMinutes int = 25

@description('Whether a fleet above 50,000 scale sets or 200 subscriptions is scanned in shards, by Durable Functions: off, or auto.')
@allowed([
  'off'
  'auto'
])
param shards string = 'off'

@description('With shards: what keeps the state of the orchestration. The storage account that is there, or a Durable Task Scheduler, which is created.')
@allowed([
  'AzureStorage'
  'DurableTaskScheduler'
])
param shardsEngine string = 'AzureStorage'

@description('Address of Azure Resource Manager, where it is not the cloud\'s own.')
param armEndpoint string = ''

@description('Most instances of the app. One scans and one answers; 40 is the smallest that every region takes.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('Days for which the three tables can be queried at once.')
@minValue(30)
@maxValue(730)
param retentionDays int = 90

@description('Days for which the three tables are kept in all, in the archive after retentionDays: up to 730, or the whole years up to twelve as Azure counts them (1095, 1460, 1826 …).')
@minValue(30)
@maxValue(4383)
param totalRetentionDays int = 730

@description('Redundancy of the storage account. ZRS keeps the service going when a zone fails.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
param storageSku string = 'Standard_LRS'

@description('Keep storage and ingestion off the public network: virtual network, private endpoints, Azure Monitor Private Link Scope.')
param privateLink bool = false

@description('With privateLink: resource id of an existing subnet for the app, delegated to Microsoft.App/environments, with a way out. Empty: a network is created.')
param existingAppSubnetId string = ''

@description('With privateLink: resource id of an existing subnet for private endpoints; needed together with existingAppSubnetId.')
param existingEndpointSubnetId string = ''

@description('With privateLink: create the private DNS zones here. Off where a policy or a central team writes the records.')
param createDnsZones bool = true

@description('Whether the app\'s own site can be reached from the public network. False needs privateLink, and deployments from inside the network.')
param appPublicAccess bool = true

@description('Give the identity its right to read this subscription. Turn it off where it comes from a management group (access.bicep).')
param readOwnSubscription bool = true

@description('What the identity may read of the subscription: Reader, or a custom role with the actions that are used.')
@allowed([
  'Reader'
  'Custom'
])
param readerRole string = 'Reader'

@description('When this was deployed: nothing is missing before. Leave it to its default.')
param deployedAt string = utcNow('yyyy-MM-ddTHH:mm:ssZ')

// The value is what follows the first "="; it may hold others.
var givenTags = toObject(
  filter(map(split(tags, ','), entry => trim(entry)), entry => contains(entry, '=')),
  entry => trim(substring(entry, 0, indexOf(entry, '='))),
  entry => trim(substring(entry, indexOf(entry, '=') + 1))
)
var allTags = union(givenTags, {
  'azd-env-name': environmentName
})
var suffix = uniqueString(subscription().id, environmentName, location)
var appName = 'func-vmss-posture-${suffix}'

// Part of every deployment's name: at a subscription a name belongs to one region for ever, and two environments that
// are deployed at once must not share one.
var run = '${take(environmentName, 20)}-${suffix}'

// Sovereign clouds need no parameter: names, suffixes and addresses follow from environment().
var ownGroup = empty(resourceGroupName) ? 'rg-vmss-posture-${environmentName}' : resourceGroupName
var workspaceIdParts = split(existingWorkspaceId, '/')
var ownWorkspace = empty(existingWorkspaceId)
var workspaceSubscription = ownWorkspace ? subscription().subscriptionId : workspaceIdParts[2]
var workspaceGroup = ownWorkspace ? ownGroup : workspaceIdParts[4]
var workspaceName = ownWorkspace ? 'log-vmss-posture-${suffix}' : workspaceIdParts[8]
var ownNetwork = privateLink && empty(existingAppSubnetId)
var ownScheduler = shards == 'auto' && shardsEngine == 'DurableTaskScheduler'

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: ownGroup
  location: location
  tags: allTags
}

module identity 'identity.bicep' = {
  name: 'vmss-posture-identity-${run}'
  scope: group
  params: {
    location: location
    suffix: suffix
    tags: allTags
  }
}

module newWorkspace 'workspace.bicep' = if (ownWorkspace) {
  name: 'vmss-posture-workspace-${run}'
  scope: group
  params: {
    location: location
    name: workspaceName
    publicIngestion: !privateLink
    tags: allTags
  }
}

module tables 'tables.bicep' = {
  name: 'vmss-posture-tables-${run}'
  scope: resourceGroup(workspaceSubscription, workspaceGroup)
  params: {
    workspaceName: workspaceName
    ownsTables: ownsTables || ownWorkspace
    retentionDays: retentionDays
    totalRetentionDays: totalRetentionDays
  }
  dependsOn: [
    newWorkspace
  ]
}

module network 'network.bicep' = if (ownNetwork) {
  name: 'vmss-posture-network-${run}'
  scope: group
  params: {
    location: location
    suffix: suffix
    tags: allTags
  }
}

module ingestion 'ingestion.bicep' = {
  name: 'vmss-posture-ingestion-${run}'
  scope: group
  params: {
    location: tables.outputs.location
    suffix: suffix
    workspaceId: tables.outputs.workspaceId
    privateLink: privateLink
    tags: allTags
  }
}

module storage 'storage.bicep' = {
  name: 'vmss-posture-storage-${run}'
  scope: group
  params: {
    location: location
    suffix: suffix
    sku: storageSku
    publicNetwork: !privateLink
    tags: allTags
  }
}

module scheduler 'scheduler.bicep' = if (ownScheduler) {
  name: 'vmss-posture-scheduler-${run}'
  scope: group
  params: {
    location: location
    suffix: suffix
    isReachable: !privateLink
    tags: allTags
  }
}

module telemetry 'telemetry.bicep' = {
  name: 'vmss-posture-telemetry-${run}'
  scope: group
  params: {
    location: location
    suffix: suffix
    workspaceId: tables.outputs.workspaceId
    publicIngestion: !privateLink
    tags: allTags
  }
}

// The output of a module that is not deployed must not be asked for, so each is guarded with .? and a default.
var endpointSubnetId = empty(existingEndpointSubnetId)
  ? network.?outputs.endpointSubnetId ?? ''
  : existingEndpointSubnetId
var appSubnetId = empty(existingAppSubnetId) || !privateLink
  ? network.?outputs.appSubnetId ?? ''
  : existingAppSubnetId

module endpoints 'private-endpoints.bicep' = if (privateLink) {
  name: 'vmss-posture-endpoints-${run}'
  scope: group
  params: {
    location: location
    suffix: suffix
    subnetId: endpointSubnetId
    createDnsZones: createDnsZones
    storageId: storage.outputs.id
    workspaceId: tables.outputs.workspaceId
    collectionEndpointId: ingestion.outputs.collectionEndpointId
    applicationInsightsId: telemetry.outputs.id
    tags: allTags
  }
}

module roles 'roles.bicep' = {
  name: 'vmss-posture-roles-${run}'
  scope: group
  params: {
    appPrincipalId: identity.outputs.appPrincipalId
    storageName: storage.outputs.name
    collectionRuleName: ingestion.outputs.collectionRuleName
    applicationInsightsName: telemetry.outputs.name
    schedulerName: scheduler.?outputs.name ?? ''
  }
}

module workspaceRoles 'roles.bicep' = {
  name: 'vmss-posture-workspace-roles-${run}'
  scope: resourceGroup(workspaceSubscription, workspaceGroup)
  params: {
    alertsPrincipalId: identity.outputs.alertsPrincipalId
    workspaceName: tables.outputs.workspaceName
    tablesOnly: alertsReadTablesOnly
  }
}

module reader 'access-subscription.bicep' = if (readOwnSubscription) {
  name: 'vmss-posture-reader-${run}'
  params: {
    principalId: identity.outputs.appPrincipalId
    role: readerRole
  }
}

module app 'app.bicep' = {
  name: 'vmss-posture-app-${run}'
  scope: group
  params: {
    location: location
    name: appName
    deployment: suffix
    identityId: identity.outputs.appId
    identityClientId: identity.outputs.appClientId
    storageName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    tableName: storage.outputs.tableName
    ingestionEndpoint: ingestion.outputs.endpoint
    collectionRuleImmutableId: ingestion.outputs.immutableId
    connectionString: telemetry.outputs.connectionString
    managementGroups: managementGroups
    subscriptions: subscriptions
    scanEveryMinutes: scanEveryMinutes
    snapshotHour: snapshotHour
    timeLimitMinutes: timeLimitMinutes
    shards: shards
    schedulerEndpoint: scheduler.?outputs.endpoint ?? ''
    armEndpoint: armEndpoint
    maximumInstances: maximumInstances
    subnetId: appSubnetId
    publicAccess: appPublicAccess
    isReachable: appPublicAccess || privateLink
    hasBothSubnets: empty(existingAppSubnetId) == empty(existingEndpointSubnetId)
    tags: allTags
  }
  dependsOn: [
    endpoints // the host reads its storage as soon as it exists
    roles // without its roles the host cannot start, and a first deployment finds no functions
  ]
}

module site 'private-site.bicep' = if (privateLink && !appPublicAccess) {
  name: 'vmss-posture-site-${run}'
  scope: group
  params: {
    location: location
    appId: app.outputs.id
    appName: app.outputs.name
    subnetId: endpointSubnetId
    createDnsZone: createDnsZones
    tags: allTags
  }
}

module functions 'functions.bicep' = {
  name: 'vmss-posture-functions-${run}'
  scope: resourceGroup(workspaceSubscription, workspaceGroup)
  params: {
    workspaceName: tables.outputs.workspaceName
    ownsPlainNames: ownsPlainFunctions
  }
}

module alerts 'alerts.bicep' = {
  name: 'vmss-posture-alerts-${run}'
  scope: group
  params: {
    location: tables.outputs.location
    deployment: suffix
    deployedAt: deployedAt
    workspaceId: tables.outputs.workspaceId
    collectionRuleId: ingestion.outputs.collectionRuleId
    storageId: storage.outputs.id
    identityId: identity.outputs.alertsId
    emails: alertEmails
    actionGroupId: actionGroupId
    ownerRoutes: ownerRoutes
    off: alertsOff
    severities: alertSeverities
    frequencies: alertFrequencies
    thresholds: alertThresholds
    repeats: alertRepeats
    runbookUrl: runbookUrl
    scanEveryMinutes: scanEveryMinutes
    tags: allTags
  }
  dependsOn: [
    functions // the queries call them
    workspaceRoles
  ]
}

module availability 'availability.bicep' = if (availabilityTest && appPublicAccess && environment().name == 'AzureCloud') {
  name: 'vmss-posture-availability-${run}'
  scope: group
  params: {
    location: location
    suffix: suffix
    hostName: app.outputs.hostName
    applicationInsightsId: telemetry.outputs.id
    actionGroupIds: alerts.outputs.actionGroupIds
    runbookUrl: runbookUrl
    tags: allTags
  }
}

module workbook 'workbook.bicep' = {
  name: 'vmss-posture-workbook-${run}'
  scope: group
  params: {
    location: location
    deployment: suffix
    workspaceId: tables.outputs.workspaceId
    tags: allTags
  }
  dependsOn: [
    functions
  ]
}

@description('Resource group of the service.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output VMSS_APP_NAME string = app.outputs.name

@description('What the resource names end with, and what stands in the column Deployment of every row.')
output VMSS_DEPLOYMENT string = suffix

@description('Principal id of the app\'s identity: whom access.bicep gives its right to read.')
output VMSS_PRINCIPAL_ID string = identity.outputs.appPrincipalId

@description('Principal id of the alert rules\' identity.')
output VMSS_ALERTS_PRINCIPAL_ID string = identity.outputs.alertsPrincipalId

@description('Resource id of the Log Analytics workspace.')
output VMSS_WORKSPACE_ID string = tables.outputs.workspaceId
