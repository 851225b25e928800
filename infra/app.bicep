// The function app: Flex Consumption, Python 3.13, no keys. Its settings are those of scanner/settings.py and the host's.

@description('Azure region.')
param location string

@description('Name of the function app.')
param name string

@description('Names this deployment in every row that it sends.')
param deployment string

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of the storage account.')
param storageName string

@description('Name of the blob container for the package.')
param packageContainer string

@description('Name of the state table.')
param tableName string

@description('Where rows are sent.')
param ingestionEndpoint string

@description('Immutable id of the collection rule.')
param collectionRuleImmutableId string

@description('Where telemetry is sent.')
param connectionString string

@description('Management groups to watch, separated by commas.')
param managementGroups string

@description('Subscriptions to watch, separated by commas.')
param subscriptions string

@description('Minutes between two scans.')
param scanEveryMinutes int

@description('Hour of the day (UTC) of the snapshot.')
param snapshotHour int

@description('Minutes after which a scan stops with what it has.')
param timeLimitMinutes int

@description('Whether a large fleet is scanned in shards: off, or auto.')
param shards string

@description('Address of the Durable Task Scheduler that keeps the orchestration of the shards. Empty: the storage account does.')
param schedulerEndpoint string

@description('Address of Azure Resource Manager, where it is not the cloud\'s own.')
param armEndpoint string

@description('Most instances of the app.')
param maximumInstances int

@description('Whether the app\'s own site can be reached from the public network.')
param publicAccess bool

@description('Without public access the app needs a private endpoint: set VMSS_PRIVATE_LINK=true too.')
@allowed([
  true
])
// A guard: a value that is not allowed ends the deployment before anything is created.
#disable-next-line no-unused-params
param isReachable bool

@description('Subnets of yours come in pairs: set VMSS_APP_SUBNET_ID and VMSS_ENDPOINT_SUBNET_ID, or neither.')
@allowed([
  true
])
// As above.
#disable-next-line no-unused-params
param hasBothSubnets bool

@description('Resource id of the subnet that the app\'s traffic leaves through. Empty: no virtual network.')
param subnetId string

@description('Tags of every resource.')
param tags object

var scanSchedule = scanEveryMinutes < 60
  ? '0 */${scanEveryMinutes} * * * *'
  : '0 0 */${scanEveryMinutes / 60} * * *'

// No scan starts in this minute, whatever the time between scans: the two would read and send the same events.
var snapshotMinute = 8

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

// In the public cloud the host derives the three addresses from the account's name; it does not know the suffixes of
// the other clouds, and wants all three addresses there.
var hostStorage = environment().name == 'AzureCloud'
  ? {
      AzureWebJobsStorage__accountName: storageName
    }
  : {
      AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
      AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
      AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
    }

// host.json names the storage account. A scheduler takes its place here, so that one package runs with either.
var scheduler = empty(schedulerEndpoint)
  ? {}
  : {
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
      DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
    }

var settings = {
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString
  AZURE_CLIENT_ID: identityClientId
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__credential: 'managedidentity'
  PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
  VMSS_ARM_ENDPOINT: armEndpoint
  VMSS_CLOUD: environment().name
  VMSS_COLLECTION_RULE_ID: collectionRuleImmutableId
  VMSS_DEPLOYMENT: deployment
  VMSS_INGESTION_ENDPOINT: ingestionEndpoint
  VMSS_MANAGEMENT_GROUPS: managementGroups
  VMSS_SCAN_SCHEDULE: scanSchedule
  VMSS_SHARDS: shards
  VMSS_SNAPSHOT_SCHEDULE: '0 ${snapshotMinute} ${snapshotHour} * * *'
  VMSS_SUBSCRIPTIONS: subscriptions
  VMSS_TABLE_ENDPOINT: storage.properties.primaryEndpoints.table
  VMSS_TABLE_NAME: tableName
  VMSS_TIME_LIMIT_MINUTES: string(timeLimitMinutes)
}

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true // Linux
  }
}

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'posture'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled' // for deployments, GET /api/health, and POST /api/scan with the function's key
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: map(items(union(settings, hostStorage, scheduler)), setting => {
        name: setting.key
        value: setting.value
      })
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: maximumInstances // a scan runs on one, guarded by its own lease; its shards on one each
        // Without an instance that is always there an orchestration waits for the scale controller to find its message.
        alwaysReady: shards == 'auto'
          ? [
              {
                name: 'durable'
                instanceCount: 1
              }
            ]
          : []
      }
    }
  }
}

// Deployments sign in with Entra ID; the user name and password that every site is born with open nothing.
// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource noPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = [
  for channel in [
    'ftp'
    'scm'
  ]: {
    parent: app
    name: channel
    properties: {
      allow: false
    }
  }
]

@description('Resource id of the function app.')
output id string = app.id

@description('Name of the function app.')
output name string = app.name

@description('Where the app answers.')
output hostName string = app.properties.defaultHostName
