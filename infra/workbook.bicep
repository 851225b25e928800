// The workbook, put together from workbook.json and the queries, so that the same text that is tested is shown.

@description('Azure region.')
param location string

@description('The deployment that the workbook shows at first: its value in the column Deployment.')
param deployment string

@description('Resource id of the workspace; its functions exist.')
param workspaceId string

@description('Tags of every resource.')
param tags object

var declared = loadJsonContent('workbook.json')
var queries = {
  'azure-policy-states': loadTextContent('queries/workbook/azure-policy-states.kql')
  'behind-image': loadTextContent('queries/workbook/behind-image.kql')
  'compliance-by-place': loadTextContent('queries/workbook/compliance-by-place.kql')
  'compliance-by-rule': loadTextContent('queries/workbook/compliance-by-rule.kql')
  'compliance-over-time': loadTextContent('queries/workbook/compliance-over-time.kql')
  controls: loadTextContent('queries/workbook/controls.kql')
  coverage: loadTextContent('queries/workbook/coverage.kql')
  delivery: loadTextContent('queries/workbook/delivery.kql')
  'drift-feed': loadTextContent('queries/workbook/drift-feed.kql')
  exemptions: loadTextContent('queries/workbook/exemptions.kql')
  exposure: loadTextContent('queries/workbook/exposure.kql')
  'finding-ages': loadTextContent('queries/workbook/finding-ages.kql')
  'headline-by-application': loadTextContent('queries/workbook/headline-by-application.kql')
  'image-compliance': loadTextContent('queries/workbook/image-compliance.kql')
  'image-compliance-after-rollouts': loadTextContent('queries/workbook/image-compliance-after-rollouts.kql')
  'lead-times': loadTextContent('queries/workbook/lead-times.kql')
  'not-read-lately': loadTextContent('queries/workbook/not-read-lately.kql')
  'open-findings': loadTextContent('queries/workbook/open-findings.kql')
  'open-findings-by-owner': loadTextContent('queries/workbook/open-findings-by-owner.kql')
  'open-findings-by-rule': loadTextContent('queries/workbook/open-findings-by-rule.kql')
  'rollout-success': loadTextContent('queries/workbook/rollout-success.kql')
  rollouts: loadTextContent('queries/workbook/rollouts.kql')
  scans: loadTextContent('queries/workbook/scans.kql')
  'subscriptions-not-read': loadTextContent('queries/workbook/subscriptions-not-read.kql')
  'vmss-001': loadTextContent('queries/workbook/vmss-001.kql')
  'vmss-001-readings': loadTextContent('queries/workbook/vmss-001-readings.kql')
}
var workspaceType = 'microsoft.operationalinsights/workspaces'

// The deployment and the time range: what every panel's query takes.
var parameters = {
  type: 9
  name: 'parameters'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    queryType: 0
    resourceType: workspaceType
    parameters: [
      {
        id: guid(workspaceId, 'Deployment')
        version: 'KqlParameterItem/1.0'
        name: 'Deployment'
        label: 'Deployment'
        type: 2 // a list, filled by a query
        isRequired: true
        value: deployment
        queryType: 0
        resourceType: workspaceType
        query: loadTextContent('queries/workbook/parameters/deployments.kql')
        timeContextFromParameter: 'TimeRange'
        typeSettings: {
          showDefault: false
        }
      }
      {
        id: guid(workspaceId, 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        label: 'Time range'
        type: 4
        isRequired: true
        value: {
          durationMs: 2592000000
        }
        typeSettings: {
          allowCustom: true
          selectableValues: map([2, 7, 14, 30, 60, 90], days => {
            durationMs: days * 86400000
          })
        }
      }
    ]
  }
}

var tabs = {
  type: 11
  name: 'tabs'
  content: {
    version: 'LinkItem/1.0'
    style: 'tabs'
    links: map(declared.sections, section => {
      id: guid(workspaceId, section.name)
      cellValue: 'Tab'
      linkTarget: 'parameter'
      linkLabel: section.title
      subTarget: section.name
      style: 'link'
    })
  }
}

var sections = map(declared.sections, section => {
  type: 12
  name: section.name
  conditionalVisibility: {
    parameterName: 'Tab'
    comparison: 'isEqualTo'
    value: section.name
  }
  content: {
    version: 'NotebookGroup/1.0'
    groupType: 'editable'
    items: concat(
      [
        {
          type: 1
          name: '${section.name}-text'
          content: {
            json: section.text
          }
        }
      ],
      map(section.panels, panel => union(
        {
          type: 3
          name: panel.?query ?? panel.?name ?? ''
          content: union(
            {
              version: 'KqlItem/1.0'
              title: panel.title
              visualization: panel.visualization
              size: 0
              showExportToExcel: true
              noDataMessage: panel.?noData ?? 'Nothing in this time range.'
              gridSettings: {
                filter: true
                rowLimit: 10000 // the most that a workbook takes; by itself it takes 250, and a merge would miss the rest
                formatters: [
                  {
                    columnMatch: 'ScaleSetId'
                    formatter: 13
                    formatOptions: {
                      linkTarget: 'Resource'
                      showIcon: true
                    }
                  }
                  {
                    columnMatch: '^(Pair|id)$'
                    formatter: 5 // not shown: what merges and paging need
                  }
                ]
              }
            },
            // 0: Log Analytics, 1: Azure Resource Graph in every subscription that the reader has, 7: a merge of panels.
            contains(panel, 'merge')
              ? {
                  queryType: 7
                  query: string(panel.merge)
                }
              : (panel.?source ?? 'workspace') == 'resource-graph'
                  ? {
                      queryType: 1
                      resourceType: 'microsoft.resourcegraph/resources'
                      crossComponentResources: [
                        'value::all'
                      ]
                      query: queries[panel.query]
                    }
                  : {
                      queryType: 0
                      resourceType: workspaceType
                      timeContextFromParameter: 'TimeRange'
                      query: queries[panel.query]
                    }
          )
        },
        // A panel that is never shown still answers the merges that name it: no parameter has this name.
        panel.?hidden ?? false
          ? {
              conditionalVisibility: {
                parameterName: 'ForMergesOnly'
                comparison: 'isEqualTo'
                value: 'shown'
              }
            }
          : {}
      ))
    )
  }
})

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource workbook 'Microsoft.Insights/workbooks@2021-08-01' = {
  name: guid(resourceGroup().id, 'vmss-posture', deployment)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: '${declared.title} (${deployment})'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([parameters, tabs], sections)
      fallbackResourceIds: [
        workspaceId
      ]
    })
  }
}

@description('Resource id of the workbook.')
output workbookId string = workbook.id
