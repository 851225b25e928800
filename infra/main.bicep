// VMSS Upgrade Monitor: everything that runs it, in one resource group. `azd up` deploys this file.
//
// One module per concern. Role assignments are in roles.bicep, and where Bicep demands another scope in
// access-subscription.bicep and access.bicep; nowhere else.

targetScope = 'subscription'

@description('Name of the azd environment; part of every resource name and of the tag azd-env-name.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region of the resource group and the function app.')
param location string

@description('Name of the resource group to create or use.')
param resourceGroupName string = 'rg-vmss-posture-${environmentName}'

@description('Resource id of a Log Analytics workspace to use. Empty: a new one is created.')
param existingWorkspaceId string = ''

@description('Resource id of the action group that every alert notifies. Empty: alerts are shown in the portal and notify nobody.')
param actionGroupId string = ''

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

@description('Days for which the three tables can be queried at once.')
@minValue(30)
@maxValue(730)
param retentionDays int = 90

@description('Days for which the three tables are kept in all, in the archive after retentionDays: up to 730, or the whole years up to twelve as Azure counts them (1095, 1460, 1826 …).')
@minValue(30)
@maxValue(4383)
param totalRetentionDays int = 730

@description('Keep storage and ingestion off the public network: virtual network, private endpoints, Azure Monitor Private Link Scope.')
param privateLink bool = false

@description('Give the identity Reader on this subscription. Turn it off where Reader comes from a management group (access.bicep).')
param readOwnSubscription bool = true

var tags = {
  'azd-env-name': environmentName
}
var suffix = uniqueString(subscription().id, environmentName, location)
var appName = 'func-vmss-posture-${suffix}'

// Sovereign clouds need no parameter: names, suffixes and addresses follow from environment().
var ownGroup = resourceGroupName
var workspaceIdParts = split(existingWorkspaceId, '/')
var ownWorkspace = empty(existingWorkspaceId)
var workspaceSubscription = ownWorkspace ? subscription().subscriptionId : workspaceIdParts[2]
var workspaceGroup = ownWorkspace ? ownGroup : workspaceIdParts[4]
var workspaceName = ownWorkspace ? 'log-vmss-posture-${suffix}' : workspaceIdParts[8]

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module identity 'identity.bicep' = {
  name: 'vmss-posture-identity'
  scope: group
  params: {
    location: location
    suffix: suffix
    tags: tags
  }
}

module newWorkspace 'workspace.bicep' = if (ownWorkspace) {
  name: 'vmss-posture-workspace'
  scope: group
  params: {
    location: location
    name: workspaceName
    publicIngestion: !privateLink
    tags: tags
  }
}

module tables 'tables.bicep' = {
  name: 'vmss-posture-tables'
  scope: resourceGroup(workspaceSubscription, workspaceGroup)
  params: {
    workspaceName: workspaceName
    retentionDays: retentionDays
    totalRetentionDays: totalRetentionDays
  }
  dependsOn: [
    newWorkspace
  ]
}

module network 'network.bicep' = if (privateLink) {
  name: 'vmss-posture-network'
  scope: group
  params: {
    location: location
    suffix: suffix
    tags: tags
  }
}

module ingestion 'ingestion.bicep' = {
  name: 'vmss-posture-ingestion'
  scope: group
  params: {
    location: tables.outputs.location
    suffix: suffix
    workspaceId: tables.outputs.workspaceId
    privateLink: privateLink
    tags: tags
  }
}

module storage 'storage.bicep' = {
  name: 'vmss-posture-storage'
  scope: group
  params: {
    location: location
    suffix: suffix
    publicNetwork: !privateLink
    tags: tags
  }
}

module telemetry 'telemetry.bicep' = {
  name: 'vmss-posture-telemetry'
  scope: group
  params: {
    location: location
    suffix: suffix
    workspaceId: tables.outputs.workspaceId
    publicIngestion: !privateLink
    tags: tags
  }
}

module endpoints 'private-endpoints.bicep' = if (privateLink) {
  name: 'vmss-posture-endpoints'
  scope: group
  params: {
    location: location
    suffix: suffix
    virtualNetworkId: network!.outputs.virtualNetworkId
    subnetId: network!.outputs.endpointSubnetId
    storageId: storage.outputs.id
    workspaceId: tables.outputs.workspaceId
    collectionEndpointId: ingestion.outputs.collectionEndpointId
    applicationInsightsId: telemetry.outputs.id
    tags: tags
  }
}

module roles 'roles.bicep' = {
  name: 'vmss-posture-roles'
  scope: group
  params: {
    appPrincipalId: identity.outputs.appPrincipalId
    storageName: storage.outputs.name
    collectionRuleName: ingestion.outputs.collectionRuleName
    applicationInsightsName: telemetry.outputs.name
  }
}

module workspaceRoles 'roles.bicep' = {
  name: 'vmss-posture-workspace-roles'
  scope: resourceGroup(workspaceSubscription, workspaceGroup)
  params: {
    alertsPrincipalId: identity.outputs.alertsPrincipalId
    workspaceName: tables.outputs.workspaceName
  }
}

module reader 'access-subscription.bicep' = if (readOwnSubscription) {
  name: 'vmss-posture-reader'
  params: {
    principalId: identity.outputs.appPrincipalId
  }
}

module app 'app.bicep' = {
  name: 'vmss-posture-app'
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
    subnetId: network.?outputs.appSubnetId ?? ''
    tags: tags
  }
  dependsOn: [
    endpoints // the host reads its storage as soon as it exists
    roles // without its roles the host cannot start, and a first deployment finds no functions
  ]
}

module functions 'functions.bicep' = {
  name: 'vmss-posture-functions'
  scope: resourceGroup(workspaceSubscription, workspaceGroup)
  params: {
    workspaceName: tables.outputs.workspaceName
  }
}

module alerts 'alerts.bicep' = {
  name: 'vmss-posture-alerts'
  scope: group
  params: {
    location: tables.outputs.location
    workspaceId: tables.outputs.workspaceId
    collectionRuleId: ingestion.outputs.collectionRuleId
    identityId: identity.outputs.alertsId
    actionGroupId: actionGroupId
    runbookUrl: runbookUrl
    scanEveryMinutes: scanEveryMinutes
    tags: tags
  }
  dependsOn: [
    functions // the queries call them
    workspaceRoles
  ]
}

module workbook 'workbook.bicep' = {
  name: 'vmss-posture-workbook'
  scope: group
  params: {
    location: location
    workspaceId: tables.outputs.workspaceId
    tags: tags
  }
  dependsOn: [
    functions
  ]
}

@description('Resource group of the service.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output VMSS_APP_NAME string = app.outputs.name

@description('Principal id of the app\'s identity: whom access.bicep gives Reader.')
output VMSS_PRINCIPAL_ID string = identity.outputs.appPrincipalId

@description('Resource id of the Log Analytics workspace.')
output VMSS_WORKSPACE_ID string = tables.outputs.workspaceId
