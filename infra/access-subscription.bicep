// The right to read one subscription: the smallest reach that makes the service watch something. main.bicep deploys it
// for its own subscription; deploy it by itself for others where no management group can be used.

targetScope = 'subscription'

@description('Principal id of the app\'s identity (output VMSS_PRINCIPAL_ID).')
param principalId string

@description('Reader, or a custom role with the actions that are used; it is created in this subscription.')
@allowed([
  'Reader'
  'Custom'
])
param role string = 'Reader'

var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var used = loadJsonContent('read-actions.json')

resource custom 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (role == 'Custom') {
  name: guid(subscription().id, used.roleName)
  properties: {
    // Names of custom roles are unique in a tenant.
    roleName: '${used.roleName} (${subscription().subscriptionId})'
    description: 'What VMSS Upgrade Monitor reads of a subscription that it watches.'
    type: 'CustomRole'
    permissions: [
      {
        actions: used.actions
      }
    ]
    assignableScopes: [
      subscription().id
    ]
  }
}

resource watches 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (role == 'Reader') {
  name: guid(subscription().id, principalId, reader)
  properties: {
    description: 'VMSS Upgrade Monitor reads the scale sets of this subscription. It changes nothing.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader)
  }
}

resource watchesCustom 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (role == 'Custom') {
  name: guid(subscription().id, principalId, custom.name)
  properties: {
    description: 'VMSS Upgrade Monitor reads the scale sets of this subscription, with the actions that it uses.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: custom.id
  }
}
