// Every role assignment in a resource group, each with its reason. Called once for the service's own group and
// once for the workspace's, which may be another one. Reader on what is watched needs a wider scope than a
// resource group: access-subscription.bicep and access.bicep.

@description('Principal id of the app\'s identity. Empty: none of its roles here.')
param appPrincipalId string = ''

@description('Principal id of the alert rules\' identity. Empty: none of its roles here.')
param alertsPrincipalId string = ''

@description('Name of the storage account; needed with appPrincipalId.')
param storageName string = ''

@description('Name of the collection rule; needed with appPrincipalId.')
param collectionRuleName string = ''

@description('Name of the Application Insights resource; needed with appPrincipalId.')
param applicationInsightsName string = ''

@description('Name of the Durable Task Scheduler, with appPrincipalId. Empty: there is none.')
param schedulerName string = ''

@description('Name of the workspace; needed with alertsPrincipalId.')
param workspaceName string = ''

@description('Let the alert rules read the tables of this service only, instead of the whole workspace.')
param tablesOnly bool = false

var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var storageBlobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var storageQueueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var durableTaskDataContributor = '0ad04412-c4d5-4796-b79c-f76d14c8d402'
var logAnalyticsReader = '73c42c96-874c-492b-b04d-ab87d138a893'
var logAnalyticsDataReader = '3b03c2da-16b3-4a49-8834-0f8130efdd3b'

// The tables that the alert rules query. What is not named cannot be read: a restrictive condition, as Azure calls it.
var declared = loadJsonContent('../scanner/data/tables.json')
var readTables = concat(map(declared.tables, table => table.name), ['DCRLogErrors'])
var isOneOfThem = join(
  map(readTables, name => '@Resource[Microsoft.OperationalInsights/workspaces/tables:name] StringEquals \'${name}\''),
  ' OR '
)
var ourTablesOnly = '((!(ActionMatches{\'Microsoft.OperationalInsights/workspaces/tables/data/read\'})) OR (${isOneOfThem}))'

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: empty(storageName) ? 'unused' : storageName
}

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource collectionRule 'Microsoft.Insights/dataCollectionRules@2023-03-11' existing = {
  name: empty(collectionRuleName) ? 'unused' : collectionRuleName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: empty(applicationInsightsName) ? 'unused' : applicationInsightsName
}

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' existing = {
  name: empty(schedulerName) ? 'unused' : schedulerName
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: empty(workspaceName) ? 'unused' : workspaceName
}

resource sendsRows 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(appPrincipalId)) {
  name: guid(collectionRule.id, appPrincipalId, monitoringMetricsPublisher)
  scope: collectionRule
  properties: {
    description: 'The app sends events, snapshots and scan records through this collection rule.'
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

resource sendsTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(appPrincipalId)) {
  name: guid(insights.id, appPrincipalId, monitoringMetricsPublisher)
  scope: insights
  properties: {
    description: 'Host and app send their own telemetry here; without a token nothing is accepted.'
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

resource keepsState 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(appPrincipalId)) {
  name: guid(storage.id, appPrincipalId, storageTableDataContributor)
  scope: storage
  properties: {
    description: 'The app keeps its state and outbox in the table vmssposture, and with shards the history of their orchestration in two more.'
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataContributor)
  }
}

resource runsHost 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(appPrincipalId)) {
  name: guid(storage.id, appPrincipalId, storageBlobDataOwner)
  scope: storage
  properties: {
    description: 'The Functions host keeps its timer leases, keys and the leases of orchestrations in blobs and loads the package from one.'
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataOwner)
  }
}

resource takesRequests 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(appPrincipalId)) {
  name: guid(storage.id, appPrincipalId, storageQueueDataContributor)
  scope: storage
  properties: {
    description: 'A scan on demand is a message in the queue vmss-scan-requests; a poisoned one moves to its own queue. So are the steps of a scan in shards.'
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageQueueDataContributor)
  }
}

resource runsShards 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(appPrincipalId) && !empty(schedulerName)) {
  name: guid(scheduler.id, appPrincipalId, durableTaskDataContributor)
  scope: scheduler
  properties: {
    description: 'The app starts and plays the orchestration of a scan in shards, whose state this scheduler keeps.'
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', durableTaskDataContributor)
  }
}

resource asksTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(alertsPrincipalId) && tablesOnly) {
  name: guid(workspace.id, alertsPrincipalId, logAnalyticsDataReader)
  scope: workspace
  properties: {
    description: 'The alert rules query the tables of VMSS Upgrade Monitor as this identity, and no other table.'
    principalId: alertsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', logAnalyticsDataReader)
    condition: ourTablesOnly
    conditionVersion: '2.0'
  }
}

resource asksWorkspace 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(alertsPrincipalId) && !tablesOnly) {
  name: guid(workspace.id, alertsPrincipalId, logAnalyticsReader)
  scope: workspace
  properties: {
    description: 'The alert rules query the three tables as this identity, not with the rights of whoever edited them last.'
    principalId: alertsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', logAnalyticsReader)
  }
}
