// The three tables, from the same declaration as the rows that the service sends.

@description('Name of the workspace, in the resource group that this module is deployed to.')
param workspaceName string

@description('Whether this deployment writes the tables. Another release would write them back without the newer columns.')
param ownsTables bool

@description('Days for which rows can be queried at once.')
param retentionDays int

@description('Days for which rows are kept in all.')
param totalRetentionDays int

var declared = loadJsonContent('../scanner/data/tables.json')

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource tables 'Microsoft.OperationalInsights/workspaces/tables@2025-02-01' = [
  for table in declared.tables: if (ownsTables) {
    parent: workspace
    name: table.name
    properties: {
      plan: 'Analytics' // the others cannot be alerted on, or only simply
      retentionInDays: retentionDays
      totalRetentionInDays: max(retentionDays, totalRetentionDays)
      schema: {
        name: table.name
        description: table.description
        columns: [
          for column in table.columns: {
            name: column.name
            // Tables spell it dateTime, collection rules datetime.
            type: column.type == 'datetime' ? 'dateTime' : column.type
            description: column.description
          }
        ]
      }
    }
  }
]

@description('Resource id of the workspace, once its tables exist.')
output workspaceId string = workspace.id

@description('Name of the workspace, once its tables exist.')
output workspaceName string = workspace.name

@description('Region of the workspace, where its collection rule has to be too.')
output location string = workspace.location
