// The app's own site behind a private endpoint: for deployments and requests from inside the network.

@description('Azure region.')
param location string

@description('Resource id of the function app.')
param appId string

@description('Name of the function app.')
param appName string

@description('Resource id of the subnet of the endpoints.')
param subnetId string

@description('Create the private DNS zone, link it to the network and register the endpoint in it.')
param createDnsZone bool

@description('Tags of every resource.')
param tags object

var zoneNames = {
  AzureCloud: 'privatelink.azurewebsites.net'
  AzureUSGovernment: 'privatelink.azurewebsites.us'
  AzureChinaCloud: 'privatelink.chinacloudsites.cn'
}

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource zone 'Microsoft.Network/privateDnsZones@2020-01-01' = if (createDnsZone) {
  name: zoneNames[environment().name]
  location: 'global'
  tags: tags
}

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-01-01' = if (createDnsZone) {
  parent: zone
  name: 'vmss-posture'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: split(subnetId, '/subnets/')[0]
    }
  }
}

resource endpoint 'Microsoft.Network/privateEndpoints@2024-10-01' = {
  name: 'pe-${appName}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: 'site'
        properties: {
          privateLinkServiceId: appId
          groupIds: [
            'sites'
          ]
        }
      }
    ]
  }
}

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-10-01' = if (createDnsZone) {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: 'site'
        properties: {
          privateDnsZoneId: zone.id
        }
      }
    ]
  }
}
