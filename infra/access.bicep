// The right to read below a management group: everything below it is watched, future subscriptions too. A deployment of
// its own, as azd deploys to no management group and as other people may have the right to it.

targetScope = 'managementGroup'

@description('Principal id of the app\'s identity (output VMSS_PRINCIPAL_ID).')
param principalId string

@description('Reader, or a custom role with the actions that are used; it is created at this management group.')
@allowed([
  'Reader'
  'Custom'
])
param role string = 'Reader'

var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var used = loadJsonContent('read-actions.json')

resource custom 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (role == 'Custom') {
  name: guid(managementGroup().id, used.roleName)
  properties: {
    // Names of custom roles are unique in a tenant.
    roleName: '${used.roleName} (${managementGroup().name})'
    description: 'What VMSS Upgrade Monitor reads of the subscriptions that it watches.'
    type: 'CustomRole'
    permissions: [
      {
        actions: used.actions
      }
    ]
    assignableScopes: [
      managementGroup().id
    ]
  }
}

resource watches 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (role == 'Reader') {
  name: guid(managementGroup().id, principalId, reader)
  properties: {
    description: 'VMSS Upgrade Monitor reads the scale sets below this management group. It changes nothing.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', reader)
  }
}

resource watchesCustom 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (role == 'Custom') {
  name: guid(managementGroup().id, principalId, custom.name)
  properties: {
    description: 'VMSS Upgrade Monitor reads the scale sets below this management group, with the actions that it uses.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: custom.id
  }
}
