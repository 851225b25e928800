// Alerts. What each one is, is in alerts.json; what it asks, in queries/alerts/; what to do about it, in
// docs/runbook.md under the heading of its name.

@description('Azure region of the log alerts: that of the workspace.')
param location string

@description('Resource id of the workspace; its functions exist.')
param workspaceId string

@description('Resource id of the collection rule.')
param collectionRuleId string

@description('Resource id of the identity that the log alerts query as.')
param identityId string

@description('Resource id of the action group that every alert notifies. Empty: none.')
param actionGroupId string

@description('Address of docs/runbook.md, where the readers of the alerts can open it.')
param runbookUrl string

@description('Minutes between two scans.')
param scanEveryMinutes int

@description('Tags of every resource.')
param tags object

var declared = loadJsonContent('alerts.json')
var queries = {
  'coverage-lost': loadTextContent('queries/alerts/coverage-lost.kql')
  'exemption-expiring': loadTextContent('queries/alerts/exemption-expiring.kql')
  'high-finding-opened': loadTextContent('queries/alerts/high-finding-opened.kql')
  'ingestion-refused': loadTextContent('queries/alerts/ingestion-refused.kql')
  'no-complete-scan': loadTextContent('queries/alerts/no-complete-scan.kql')
  'posture-weakened': loadTextContent('queries/alerts/posture-weakened.kql')
}
var targets = loadTextContent('queries/alerts/targets.kql')

// A scan may take longer than the one before, and its row needs minutes to arrive: no alert for that.
var staleAfterMinutes = 2 * scanEveryMinutes + 10

var actionGroups = empty(actionGroupId) ? [] : [actionGroupId]
var runbook = 'Runbook: ${runbookUrl}'

resource rules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in declared.rules: {
    name: 'vmss-posture-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    identity: {
      type: 'UserAssigned'
      userAssignedIdentities: {
        '${identityId}': {}
      }
    }
    properties: {
      displayName: 'VMSS posture: ${rule.title}'
      description: '${rule.description} ${runbook}#${rule.name}'
      enabled: true
      severity: rule.severity
      scopes: [
        workspaceId
      ]
      evaluationFrequency: rule.frequency
      windowSize: rule.frequency
      // Two days, the most that a log alert reads: a row that arrives late is found by its ingestion time, and a
      // repeat of it is recognised as one.
      overrideQueryTimeRange: 'P2D'
      // A transition has no end that could be told; a state ends by itself.
      autoMitigate: rule.kind == 'state'
      // The tables have no rows, and their functions may not be known yet, when this is first deployed.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: replace(
              rule.aggregate ? '${queries[rule.name]}\n${targets}' : queries[rule.name],
              '{workspaceId}',
              workspaceId
            )
            timeAggregation: contains(rule, 'measure') ? 'Maximum' : 'Count'
            metricMeasureColumn: rule.?measure
            operator: 'GreaterThan'
            threshold: contains(rule, 'measure') ? staleAfterMinutes : 0
            resourceIdColumn: rule.?target
            dimensions: [
              for dimension in rule.dimensions: {
                name: dimension
                operator: 'Include'
                values: [
                  '*'
                ]
              }
            ]
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: actionGroups
      }
    }
  }
]

// Where everything is refused no row arrives to query, so these two rest on the collection rule's own metrics.
var ingestionMetrics = [
  {
    name: 'ingestion-refused-wholly'
    title: 'The collection rule refuses requests'
    description: 'Requests to the collection rule are answered with an error: a role, a limit or a size is wrong.'
    metric: 'ApiCallReceived_Count'
    aggregation: 'Count'
    dimensions: [
      {
        name: 'ResponseCode'
        operator: 'Exclude'
        values: [
          '200'
          '202'
          '204'
        ]
      }
    ]
  }
  {
    name: 'rows-dropped'
    title: 'The collection rule drops rows'
    description: 'Rows were accepted and then dropped: tables and collection rule do not agree with what is sent.'
    metric: 'RowsDropped_Count'
    aggregation: 'Total'
    dimensions: []
  }
]

resource ingestionAlerts 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for alert in ingestionMetrics: {
    name: 'vmss-posture-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: 'VMSS posture: ${alert.title}. ${alert.description} ${runbook}#${alert.name}'
      enabled: true
      severity: 1
      scopes: [
        collectionRuleId
      ]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT30M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricNamespace: 'Microsoft.Insights/dataCollectionRules'
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: 'GreaterThan'
            threshold: 0
            dimensions: alert.dimensions
            skipMetricValidation: true // a rule that nothing was sent to yet has no metrics
          }
        ]
      }
      actions: map(actionGroups, id => {
        actionGroupId: id
      })
    }
  }
]

// Azure disables a log alert whose query keeps failing, and tells nobody but the activity log.
resource ruleDisabled 'Microsoft.Insights/activityLogAlerts@2026-01-01' = {
  name: 'vmss-posture-alert-rule-disabled'
  location: 'global'
  tags: tags
  properties: {
    description: 'VMSS posture: An alert rule was disabled. Whatever it watches is not watched any more. ${runbook}#alert-rule-disabled'
    enabled: true
    scopes: [
      resourceGroup().id
    ]
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'Administrative'
        }
        {
          field: 'operationName'
          equals: 'Microsoft.Insights/ScheduledQueryRules/disable/action'
        }
      ]
    }
    actions: {
      actionGroups: map(actionGroups, id => {
        actionGroupId: id
      })
    }
  }
}
