// The collection rule that rows are sent to. Its streams come from the same declaration as the tables.

@description('Azure region: that of the workspace.')
param location string

@description('Makes the names unique.')
param suffix string

@description('Resource id of the workspace; its tables exist.')
param workspaceId string

@description('Take rows through a collection endpoint that a private link scope can hold, not through the rule\'s own public one.')
param privateLink bool

@description('Tags of every resource.')
param tags object

var declared = loadJsonContent('../scanner/data/tables.json')

var streams = toObject(
  declared.tables,
  table => table.stream,
  table => {
    columns: map(table.columns, column => {
      name: column.name
      type: column.type
    })
  }
)

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource collectionEndpoint 'Microsoft.Insights/dataCollectionEndpoints@2022-06-01' = if (privateLink) {
  name: 'dce-vmss-posture-${suffix}'
  location: location
  tags: tags
  properties: {
    networkAcls: {
      publicNetworkAccess: 'Disabled'
    }
  }
}

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource collectionRule 'Microsoft.Insights/dataCollectionRules@2023-03-11' = {
  name: 'dcr-vmss-posture-${suffix}'
  location: location
  tags: tags
  kind: 'Direct' // gives the rule an endpoint of its own; it cannot be added to a rule later
  properties: {
    dataCollectionEndpointId: privateLink ? collectionEndpoint.id : null
    streamDeclarations: streams
    destinations: {
      logAnalytics: [
        {
          name: 'workspace'
          workspaceResourceId: workspaceId
        }
      ]
    }
    dataFlows: [
      for table in declared.tables: {
        streams: [
          table.stream
        ]
        destinations: [
          'workspace'
        ]
        transformKql: 'source'
        outputStream: 'Custom-${table.name}'
      }
    ]
  }
}

// HTTP 204 does not mean stored: what the rule dropped afterwards, and why, is in the table DCRLogErrors.
resource errors 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'errors'
  scope: collectionRule
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'LogErrors'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the collection rule.')
output collectionRuleId string = collectionRule.id

@description('Name of the collection rule.')
output collectionRuleName string = collectionRule.name

@description('Immutable id of the collection rule, as the ingestion API wants it.')
output immutableId string = collectionRule.properties.immutableId

@description('Where rows are sent.')
output endpoint string = privateLink
  ? collectionEndpoint!.properties.logsIngestion.endpoint
  : collectionRule.properties.endpoints.logsIngestion

@description('Resource id of the collection endpoint; empty without private link.')
output collectionEndpointId string = privateLink ? collectionEndpoint.id : ''
