// Log Analytics functions: what people, alerts, workbook and dashboard query instead of the raw tables.
//
// Each is saved under a name with its version, which alerts, workbook and dashboard of this release call, and under its
// plain name for people, which calls the versioned one. Another release has other versioned names where a function
// differs, so that it never overwrites what a deployment of a newer release in the same workspace relies on.

@description('Name of the workspace, in the resource group that this module is deployed to.')
param workspaceName string

@description('Whether this deployment keeps the plain names. In a shared workspace: one deployment.')
param ownsPlainNames bool

// Raise it with every change of a function's text: a test compares the texts with what was released under a version.
var version = 'V1'

var functions = [
  {
    alias: 'VmssPostureEvents'
    description: 'Every event once, as it first arrived. Repeats are dropped within the time range of the query.'
    parameters: 'deployment:string=""'
    arguments: 'deployment'
    query: loadTextContent('queries/functions/VmssPostureEvents.kql')
  }
  {
    alias: 'VmssPostureOpenFindings'
    description: 'The findings that are open: the last snapshot, and what happened since. The range must reach back to a snapshot.'
    parameters: 'deployment:string=""'
    arguments: 'deployment'
    query: loadTextContent('queries/functions/VmssPostureOpenFindings.kql')
  }
  {
    alias: 'VmssPostureCompliance'
    description: 'Compliance by rule on a given day: the last snapshot at or before that time. The range must contain it.'
    parameters: 'at:datetime, deployment:string=""'
    arguments: 'at, deployment'
    query: loadTextContent('queries/functions/VmssPostureCompliance.kql')
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource versioned 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-02-01' = [
  for function in functions: {
    parent: workspace
    name: toLower('${function.alias}${version}')
    properties: {
      category: 'VMSS Upgrade Monitor'
      displayName: '${function.alias}${version}'
      functionAlias: '${function.alias}${version}'
      functionParameters: function.parameters
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

resource plain 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-02-01' = [
  for function in functions: if (ownsPlainNames) {
    parent: workspace
    name: toLower(function.alias)
    properties: {
      category: 'VMSS Upgrade Monitor'
      displayName: function.alias
      functionAlias: function.alias
      functionParameters: function.parameters
      query: '${function.alias}${version}(${function.arguments})'
      tags: [
        {
          name: 'description'
          value: function.description
        }
      ]
      version: 2
      // As above.
      #disable-next-line BCP037
      etag: '*'
    }
    dependsOn: [
      versioned
    ]
  }
]
