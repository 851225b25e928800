// The virtual network of a private deployment: one subnet for the app, one for the private endpoints.

@description('Azure region.')
param location string

@description('Makes the names unique.')
param suffix string

@description('Tags of every resource.')
param tags object

@description('Address range of the network: a /24 or larger.')
param addressPrefix string = '10.73.0.0/24'

// Resource Graph, Compute and Entra ID are public addresses; new subnets have no way out by themselves.
resource outboundAddress 'Microsoft.Network/publicIPAddresses@2024-10-01' = {
  name: 'pip-vmss-posture-${suffix}'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIPAllocationMethod: 'Static'
  }
}

resource outbound 'Microsoft.Network/natGateways@2024-10-01' = {
  name: 'ng-vmss-posture-${suffix}'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIpAddresses: [
      {
        id: outboundAddress.id
      }
    ]
  }
}

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2024-10-01' = {
  name: 'vnet-vmss-posture-${suffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          defaultOutboundAccess: false
          natGateway: {
            id: outbound.id
          }
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          defaultOutboundAccess: false
        }
      }
    ]
  }
}

@description('Resource id of the app\'s subnet.')
output appSubnetId string = virtualNetwork.properties.subnets[0].id

@description('Resource id of the endpoints\' subnet.')
output endpointSubnetId string = virtualNetwork.properties.subnets[1].id
