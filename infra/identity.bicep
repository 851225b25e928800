// Two identities: what the app may do and what the alert rules may do have nothing in common.

@description('Azure region.')
param location string

@description('Makes the names unique.')
param suffix string

@description('Tags of every resource.')
param tags object

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2018-11-30' = {
  name: 'id-vmss-posture-${suffix}'
  location: location
  tags: tags
}

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource alerts 'Microsoft.ManagedIdentity/userAssignedIdentities@2018-11-30' = {
  name: 'id-vmss-posture-alerts-${suffix}'
  location: location
  tags: tags
}

@description('Resource id of the app\'s identity.')
output appId string = app.id

@description('Client id of the app\'s identity: what the SDKs ask a token for.')
output appClientId string = app.properties.clientId

@description('Principal id of the app\'s identity: what roles are assigned to.')
output appPrincipalId string = app.properties.principalId

@description('Resource id of the alert rules\' identity.')
output alertsId string = alerts.id

@description('Principal id of the alert rules\' identity.')
output alertsPrincipalId string = alerts.properties.principalId
