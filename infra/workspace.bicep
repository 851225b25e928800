// A Log Analytics workspace of its own, where no existing one is named.

@description('Azure region.')
param location string

@description('Name of the workspace.')
param name string

@description('Whether rows may come from the public network. Queries may in any case: people and the portal ask them.')
param publicIngestion bool

@description('Tags of every resource.')
param tags object

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 30 // for Azure's own tables here; the three tables of the service have their own
    features: {
      disableLocalAuth: true // no shared key: rows come through the collection rule, with a role
      enableLogAccessUsingOnlyResourcePermissions: true
    }
    publicNetworkAccessForIngestion: publicIngestion ? 'Enabled' : 'Disabled'
    publicNetworkAccessForQuery: 'Enabled'
  }
}
