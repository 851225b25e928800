// The heartbeat from outside: Azure asks GET /api/health, and nothing here rests on the workspace, its tables or its
// queries. Not deployed without public access to the app: the test comes from the public network.

@description('Azure region of the Application Insights resource.')
param location string

@description('Makes the names unique.')
param suffix string

@description('Where the app answers.')
param hostName string

@description('Resource id of the Application Insights resource.')
param applicationInsightsId string

@description('Resource ids of the action groups that are notified.')
param actionGroupIds array

@description('Address of docs/runbook.md.')
param runbookUrl string

@description('Tags of every resource.')
param tags object

// Five places, asked in turn; an alert when three of them failed. Names of the public cloud's places.
var places = [
  'emea-nl-ams-azr'
  'emea-gb-db3-azr'
  'us-va-ash-azr'
  'us-tx-sn1-azr'
  'apac-sg-sin-azr'
]

resource test 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'health-vmss-posture-${suffix}'
  location: location
  // Azure shows the test in the Application Insights resource that this tag names.
  tags: union(tags, {
    'hidden-link:${applicationInsightsId}': 'Resource'
  })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'health-vmss-posture-${suffix}'
    Name: 'VMSS posture: health'
    Description: 'Asks whether a scan has read something lately.'
    Enabled: true
    Kind: 'standard'
    Frequency: 900
    Timeout: 60 // an app that scaled to nothing needs some seconds to start
    RetryEnabled: true
    Locations: map(places, place => {
      Id: place
    })
    Request: {
      RequestUrl: 'https://${hostName}/api/health'
      HttpVerb: 'GET'
      ParseDependentRequests: false
      FollowRedirects: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: false // the certificate of the site is Azure's
    }
  }
}

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource unhealthy 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'vmss-posture-health-not-ok-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'VMSS posture: The service does not answer, or has read nothing for two schedules. Runbook: ${runbookUrl}#health-not-ok'
    enabled: true
    severity: 1
    scopes: [
      test.id
      applicationInsightsId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: test.id
      componentId: applicationInsightsId
      failedLocationCount: 3
    }
    actions: map(actionGroupIds, id => {
      actionGroupId: id
    })
  }
}
