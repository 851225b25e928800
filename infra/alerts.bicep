// Alerts. What each one is, is in alerts.json; what it asks, in queries/alerts/; what to do about it, in
// docs/runbook.md under the heading of its name. The heartbeat from outside is availability.bicep.

@description('Azure region of the log alerts: that of the workspace.')
param location string

@description('Which rows are this deployment\'s: its value in the column Deployment.')
param deployment string

@description('When this was deployed, as yyyy-MM-ddTHH:mm:ssZ: nothing is missing before.')
param deployedAt string

@description('Resource id of the workspace; its functions exist.')
param workspaceId string

@description('Resource id of the collection rule.')
param collectionRuleId string

@description('Resource id of the storage account.')
param storageId string

@description('Resource id of the identity that the log alerts query as.')
param identityId string

@description('E-mail addresses that every alert notifies, separated by commas.')
param emails string

@description('Resource id of an action group that every alert notifies. Empty: none.')
param actionGroupId string

@description('Owners with an action group of their own: owner=resource id, separated by commas.')
param ownerRoutes string

@description('Rules to leave out, separated by commas.')
param off string

@description('Severities instead of those of alerts.json: rule=0 to 4, separated by commas.')
param severities string

@description('Frequencies instead of those of alerts.json: rule=PT15M, separated by commas.')
param frequencies string

@description('Thresholds instead of those of alerts.json: rule=number, separated by commas.')
param thresholds string

@description('Repeats instead of those of alerts.json: rule=PT6H, separated by commas.')
param repeats string

@description('Address of docs/runbook.md, where the readers of the alerts can open it.')
param runbookUrl string

@description('Minutes between two scans.')
param scanEveryMinutes int

@description('Tags of every resource.')
param tags object

var declared = loadJsonContent('alerts.json')
var queries = {
  'changed-outside-pipeline': loadTextContent('queries/alerts/changed-outside-pipeline.kql')
  'collection-errors': loadTextContent('queries/alerts/collection-errors.kql')
  'coverage-lost': loadTextContent('queries/alerts/coverage-lost.kql')
  'exemption-expiring': loadTextContent('queries/alerts/exemption-expiring.kql')
  'high-finding-opened': loadTextContent('queries/alerts/high-finding-opened.kql')
  'ingestion-refused': loadTextContent('queries/alerts/ingestion-refused.kql')
  'nothing-read': loadTextContent('queries/alerts/nothing-read.kql')
  'posture-weakened': loadTextContent('queries/alerts/posture-weakened.kql')
  'rollout-failed': loadTextContent('queries/alerts/rollout-failed.kql')
  'scans-partial': loadTextContent('queries/alerts/scans-partial.kql')
  'snapshot-missing': loadTextContent('queries/alerts/snapshot-missing.kql')
}
var targets = loadTextContent('queries/alerts/targets.kql')

// What a query over transitions takes as new, by frequency: what arrived between two evaluations, five minutes ago and
// longer. Log alerts take literals only.
var settled = '5m'
var windows = {
  PT5M: '10m'
  PT10M: '15m'
  PT15M: '20m'
  PT30M: '35m'
  PT1H: '65m'
}
var hour = '65m'

// Parameters of the form name=value, separated by commas. An owner may have blanks in the name, and no comma or "=".
var givenSeverities = toObject(
  filter(map(split(severities, ','), entry => trim(entry)), entry => contains(entry, '=')),
  entry => trim(split(entry, '=')[0]),
  entry => trim(split(entry, '=')[1])
)
var givenFrequencies = toObject(
  filter(map(split(frequencies, ','), entry => trim(entry)), entry => contains(entry, '=')),
  entry => trim(split(entry, '=')[0]),
  entry => trim(split(entry, '=')[1])
)
var givenThresholds = toObject(
  filter(map(split(thresholds, ','), entry => trim(entry)), entry => contains(entry, '=')),
  entry => trim(split(entry, '=')[0]),
  entry => trim(split(entry, '=')[1])
)
var givenRepeats = toObject(
  filter(map(split(repeats, ','), entry => trim(entry)), entry => contains(entry, '=')),
  entry => trim(split(entry, '=')[0]),
  entry => trim(split(entry, '=')[1])
)
var turnedOff = map(split(off, ','), entry => trim(entry))
var routes = map(
  filter(map(split(ownerRoutes, ','), entry => trim(entry)), entry => contains(entry, '=')),
  entry => {
    owner: trim(split(entry, '=')[0])
    group: trim(split(entry, '=')[1])
  }
)
var routedOwners = map(routes, route => route.owner)

// Requests that a healthy first deployment may have refused: a new role takes half an hour. Each scan stops at its first
// refusal; a snapshot is tried four times. Scans in that half hour are counted generously. Twice a day or less there are
// never more than that, and nothing-read alone tells.
var refusedRequests = max(2, 30 / scanEveryMinutes + 1) + 4
var refusedWindow = scanEveryMinutes <= 30 ? 'PT6H' : 'P1D'
var refusedSpan = scanEveryMinutes <= 30 ? '6h' : '1d'

var emailAddresses = filter(map(split(emails, ','), entry => trim(entry)), entry => !empty(entry))
var runbook = 'Runbook: ${runbookUrl}'

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource ownGroup 'Microsoft.Insights/actionGroups@2022-04-01' = if (!empty(emailAddresses)) {
  name: 'ag-vmss-posture-${deployment}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'vmss-posture'
    enabled: true
    emailReceivers: map(emailAddresses, address => {
      name: address
      emailAddress: address
      useCommonAlertSchema: true
    })
  }
}

var actionGroups = concat(
  empty(actionGroupId) ? [] : [actionGroupId],
  empty(emailAddresses) ? [] : [resourceId('Microsoft.Insights/actionGroups', 'ag-vmss-posture-${deployment}')]
)

// One rule for everybody without a route, and for each route one more of every rule that can be routed.
var general = map(filter(declared.rules, rule => !contains(turnedOff, rule.name)), rule => {
  rule: rule
  suffix: ''
  owner: ''
  groups: actionGroups
})
var routed = flatten(map(routes, route =>
  map(filter(declared.rules, rule => rule.routed && !contains(turnedOff, rule.name)), rule => {
    rule: rule
    suffix: '-${uniqueString(route.owner)}'
    owner: route.owner
    groups: [route.group]
  })))

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for each in concat(general, routed): {
    name: 'vmss-posture-${each.rule.name}-${deployment}${each.suffix}'
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
      displayName: 'VMSS posture: ${each.rule.title}${empty(each.owner) ? '' : ' (${each.owner})'}'
      description: '${each.rule.description} ${runbook}#${each.rule.name}'
      enabled: true
      severity: int(givenSeverities[?each.rule.name] ?? each.rule.severity)
      scopes: [
        workspaceId
      ]
      evaluationFrequency: givenFrequencies[?each.rule.name] ?? each.rule.frequency
      windowSize: givenFrequencies[?each.rule.name] ?? each.rule.frequency
      // Two days, the most that a log alert reads: a row that arrives late is found by its ingestion time, and a
      // repeat of it is recognised as one.
      overrideQueryTimeRange: 'P2D'
      // A rule that resolves tells a state that lasts only once, so none does: a state is told again after its repeat
      // while it lasts, and a transition has no end.
      autoMitigate: false
      muteActionsDuration: each.rule.kind == 'state' ? (givenRepeats[?each.rule.name] ?? each.rule.?repeat) : null
      // The tables have no rows, and their functions may not be known yet, when this is first deployed.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: reduce(
              [
                ['{workspaceId}', workspaceId]
                ['{deployment}', deployment]
                ['{deployedAt}', deployedAt]
                ['{collectionRuleId}', collectionRuleId]
                ['{settled}', settled]
                ['{window}', windows[givenFrequencies[?each.rule.name] ?? each.rule.frequency]]
                ['{hour}', hour]
                ['{errors}', refusedSpan]
                ['{routedOwners}', string(routedOwners)]
              ],
              each.rule.aggregate ? '${queries[each.rule.name]}\n${targets}' : queries[each.rule.name],
              (text, pair) => replace(text, pair[0], pair[1])
            )
            timeAggregation: contains(each.rule, 'measure') ? 'Maximum' : 'Count'
            metricMeasureColumn: each.rule.?measure
            operator: 'GreaterThan'
            // Half a day of partial scans is told after a day at the latest: the queries read two.
            threshold: int(givenThresholds[?each.rule.name] ?? (contains(each.rule, 'refused')
              ? refusedRequests
              : contains(each.rule, 'schedules')
                  ? min(each.rule.schedules * scanEveryMinutes + each.rule.minutes, each.rule.schedules > 2 ? 1440 : 2640)
                  : each.rule.threshold))
            resourceIdColumn: each.rule.?target
            dimensions: map(each.rule.dimensions, dimension => {
              name: dimension
              operator: dimension == 'Owner' && empty(each.owner) && !empty(routedOwners) ? 'Exclude' : 'Include'
              values: dimension != 'Owner' || empty(routedOwners)
                ? ['*']
                : empty(each.owner) ? routedOwners : [each.owner]
            })
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: each.groups
      }
    }
    dependsOn: [
      ownGroup
    ]
  }
]

// Where everything is refused no row arrives to query, so these rest on the metrics of the collection rule and of storage.
var metricAlerts = [
  {
    name: 'ingestion-refused-wholly'
    title: 'The collection rule refuses requests'
    description: 'Requests to the collection rule are answered with an error: a role, a limit or a size is wrong.'
    severity: 1
    scope: collectionRuleId
    namespace: 'Microsoft.Insights/dataCollectionRules'
    metric: 'ApiCallReceived_Count'
    aggregation: 'Count'
    threshold: refusedRequests
    window: refusedWindow
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
    severity: 1
    scope: collectionRuleId
    namespace: 'Microsoft.Insights/dataCollectionRules'
    metric: 'RowsDropped_Count'
    aggregation: 'Total'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'columns-dropped'
    title: 'The collection rule drops columns'
    description: 'Columns of accepted rows were dropped: the app sends what tables or collection rule do not have.'
    severity: 2
    scope: collectionRuleId
    namespace: 'Microsoft.Insights/dataCollectionRules'
    metric: 'ColumnsDropped_Count' // no list of metrics names it yet, so a deployment leaves this rule out unless told otherwise
    aggregation: 'Total'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'requests-poisoned'
    title: 'A requested scan was given up'
    description: 'A message stays in a queue of the storage account: a requested scan failed five times and was set aside.'
    severity: 3
    scope: '${storageId}/queueServices/default'
    namespace: 'Microsoft.Storage/storageAccounts/queueServices'
    metric: 'QueueMessageCount' // of all queues, once an hour; a message that waits for its scan is there for an hour at most
    aggregation: 'Average'
    threshold: json('0.5')
    window: 'PT12H'
    dimensions: []
  }
]

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource metricRules 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for alert in filter(metricAlerts, alert => !contains(turnedOff, alert.name)): {
    name: 'vmss-posture-${alert.name}-${deployment}'
    location: 'global'
    tags: tags
    properties: {
      description: 'VMSS posture: ${alert.title}. ${alert.description} ${runbook}#${alert.name}'
      enabled: true
      severity: int(givenSeverities[?alert.name] ?? alert.severity)
      scopes: [
        alert.scope
      ]
      evaluationFrequency: 'PT15M'
      windowSize: alert.window
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricNamespace: alert.namespace
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: 'GreaterThan'
            threshold: contains(givenThresholds, alert.name) ? json(givenThresholds[alert.name]) : alert.threshold
            dimensions: alert.dimensions
            skipMetricValidation: true // a rule that nothing was sent to yet has no metrics
          }
        ]
      }
      actions: map(actionGroups, id => {
        actionGroupId: id
      })
    }
    dependsOn: [
      ownGroup
    ]
  }
]

// Azure disables a log alert whose query keeps failing, and tells nobody but the activity log.
// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource ruleDisabled 'Microsoft.Insights/activityLogAlerts@2020-10-01' = {
  name: 'vmss-posture-alert-rule-disabled-${deployment}'
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
  dependsOn: [
    ownGroup
  ]
}

// Its resource health says at once that a rule's query fails; it is disabled only after a week. From Available only: a
// new rule has another health until its first evaluation.
// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource ruleUnhealthy 'Microsoft.Insights/activityLogAlerts@2020-10-01' = {
  name: 'vmss-posture-alert-rule-unhealthy-${deployment}'
  location: 'global'
  tags: tags
  properties: {
    description: 'VMSS posture: The query of an alert rule fails. What the rule watches is not watched. ${runbook}#alert-rule-unhealthy'
    enabled: true
    scopes: [
      resourceGroup().id
    ]
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'ResourceHealth'
        }
        {
          field: 'resourceType'
          equals: 'Microsoft.Insights/scheduledQueryRules'
        }
        {
          anyOf: [
            {
              field: 'properties.currentHealthStatus'
              equals: 'Degraded'
            }
            {
              field: 'properties.currentHealthStatus'
              equals: 'Unavailable'
            }
          ]
        }
        {
          field: 'properties.previousHealthStatus'
          equals: 'Available'
        }
      ]
    }
    actions: {
      actionGroups: map(actionGroups, id => {
        actionGroupId: id
      })
    }
  }
  dependsOn: [
    ownGroup
  ]
}

@description('Resource ids of the action groups that every alert notifies.')
output actionGroupIds array = actionGroups
