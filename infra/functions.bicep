// Log Analytics functions: what people, alerts and the workbook query instead of the raw tables.

@description('Name of the workspace, in the resource group that this module is deployed to.')
param workspaceName string

var functions = [
  {
    alias: 'VmssPostureEvents'
    description: 'Every event once, as it first arrived. Repeats are dropped within the time range of the query.'
    parameters: ''
    query: loadTextContent('queries/functions/VmssPostureEvents.kql')
  }
  {
    alias: 'VmssPostureOpenFindings'
    description: 'The findings that are open: the last snapshot, and what happened since. The range must reach back to a snapshot.'
    parameters: ''
    query: loadTextContent('queries/functions/VmssPostureOpenFindings.kql')
  }
  {
    alias: 'VmssPostureCompliance'
    description: 'Compliance by rule on a given day: the last snapshot at or before that time. The range must contain it.'
    parameters: 'at:datetime'
    query: loadTextContent('queries/functions/VmssPostureCompliance.kql')
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource saved 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [
  for function in functions: {
    parent: workspace
    name: toLower(function.alias)
    properties: {
      category: 'VMSS Upgrade Monitor'
      displayName: function.alias
      functionAlias: function.alias
      functionParameters: empty(function.parameters) ? null : function.parameters
      query: function.query
      tags: [
        {
          name: 'description'
          value: function.description
        }
      ]
      version: 2
      // The service takes the etag here and refuses to replace a saved search without it; the published type lacks it.
      #disable-next-line BCP037
      etag: '*'
    }
  }
]
