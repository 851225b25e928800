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

// Azure makes this rule and an action group by itself, without tags and with mail to the subscription's owners, unless
// the rule exists. A scan that fails is told by the alerts of this service.
// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource failureAnomalies 'Microsoft.AlertsManagement/smartDetectorAlertRules@2019-06-01' = {
  name: 'Failure Anomalies - ${insights.name}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Off: the alerts of VMSS Upgrade Monitor say what fails.'
    state: 'Disabled'
    severity: 'Sev3'
    frequency: 'PT1M'
    detector: {
      id: 'FailureAnomaliesDetector'
    }
    scope: [
      insights.id
    ]
    actionGroups: {
      groupIds: []
    }
  }
}

@description('Resource id.')
output id string = insights.id

@description('Name.')
output name string = insights.name

@description('Where telemetry goes. It is an address: with local authentication off, its key opens nothing.')
output connectionString string = insights.properties.ConnectionString
