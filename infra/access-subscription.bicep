// Reader on one subscription: the smallest reach that makes the service watch something. main.bicep deploys it for
// its own subscription; deploy it by itself for others where no management group can be used.

targetScope = 'subscription'

@description('Principal id of the app\'s identity (output VMSS_PRINCIPAL_ID).')
param principalId string

var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

resource watches 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, reader)
  properties: {
    description: 'VMSS Upgrade Monitor reads the scale sets of this subscription. It changes nothing.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader)
  }
}
