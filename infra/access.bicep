// Reader at a management group: everything below it is watched, future subscriptions too. A deployment of its own,
// as azd deploys to no management group and as other people may have the right to it.

targetScope = 'managementGroup'

@description('Principal id of the app\'s identity (output VMSS_PRINCIPAL_ID).')
param principalId string

var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

resource watches 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(managementGroup().id, principalId, reader)
  properties: {
    description: 'VMSS Upgrade Monitor reads the scale sets below this management group. It changes nothing.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', reader)
  }
}
