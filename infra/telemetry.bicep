// Application Insights for the app itself: traces and metrics by OpenTelemetry, accepted with a role only.

@description('Azure region.')
param location string

@description('Makes the name unique.')
param suffix string

@description('Resource id of the workspace that keeps the telemetry.')
param workspaceId string

@description('Whether telemetry may come from the public network.')
param publicIngestion bool

@description('Tags of every resource.')
param tags object

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-vmss-posture-${suffix}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspaceId
    DisableLocalAuth: true
    publicNetworkAccessForIngestion: publicIngestion ? 'Enabled' : 'Disabled'
    publicNetworkAccessForQuery: 'Enabled'
  }
}

@description('Resource id.')
output id string = insights.id

@description('Name.')
output name string = insights.name

@description('Where telemetry goes. It is an address: with local authentication off, its key opens nothing.')
output connectionString string = insights.properties.ConnectionString
