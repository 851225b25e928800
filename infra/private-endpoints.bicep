// Private endpoints for what the app writes to: blobs, queues and tables of its storage, and Azure Monitor.

@description('Azure region.')
param location string

@description('Makes the names unique.')
param suffix string

@description('Resource id of the subnet of the endpoints.')
param subnetId string

@description('Create the private DNS zones, link them to the network and register the endpoints in them.')
param createDnsZones bool

@description('Resource id of the storage account.')
param storageId string

@description('Resource id of the workspace.')
param workspaceId string

@description('Resource id of the collection endpoint.')
param collectionEndpointId string

@description('Resource id of the Application Insights resource.')
param applicationInsightsId string

@description('Tags of every resource.')
param tags object

var monitorDomains = {
  AzureCloud: {
    monitor: 'monitor.azure.com'
    insights: 'opinsights.azure.com'
    automation: 'azure-automation.net'
  }
  AzureUSGovernment: {
    monitor: 'monitor.azure.us'
    insights: 'opinsights.azure.us'
    automation: 'azure-automation.us'
  }
  AzureChinaCloud: {
    monitor: 'monitor.azure.cn'
    insights: 'opinsights.azure.cn'
    automation: 'azure-automation.cn'
  }
}
var virtualNetworkId = split(subnetId, '/subnets/')[0]
var domains = monitorDomains[environment().name]

var storageServices = [
  'blob'
  'queue'
  'table'
]
var storageZones = map(storageServices, service => 'privatelink.${service}.${environment().suffixes.storage}')
var monitorZones = [
  'privatelink.${domains.monitor}'
  'privatelink.oms.${domains.insights}'
  'privatelink.ods.${domains.insights}'
  'privatelink.agentsvc.${domains.automation}'
]
var zoneNames = concat(storageZones, monitorZones)

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource zones 'Microsoft.Network/privateDnsZones@2020-01-01' = [
  for zone in zoneNames: if (createDnsZones) {
    name: zone
    location: 'global'
    tags: tags
  }
]

// The sovereign clouds get versions later: the oldest that has the properties.
#disable-next-line use-recent-api-versions
resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-01-01' = [
  for (zone, index) in zoneNames: if (createDnsZones) {
    parent: zones[index]
    name: 'vmss-posture'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: virtualNetworkId
      }
    }
  }
]

resource storageEndpoints 'Microsoft.Network/privateEndpoints@2024-10-01' = [
  for service in storageServices: {
    name: 'pe-vmss-posture-${service}-${suffix}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: subnetId
      }
      privateLinkServiceConnections: [
        {
          name: service
          properties: {
            privateLinkServiceId: storageId
            groupIds: [
              service
            ]
          }
        }
      ]
    }
  }
]

resource storageNames 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-10-01' = [
  for (service, index) in storageServices: if (createDnsZones) {
    parent: storageEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service
          properties: {
            privateDnsZoneId: zones[index].id
          }
        }
      ]
    }
  }
]

// What is asked of Azure Monitor from this network goes to the resources in the scope and to no others.
resource monitorScope 'Microsoft.Insights/privateLinkScopes@2021-09-01' = {
  name: 'ampls-vmss-posture-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    accessModeSettings: {
      ingestionAccessMode: 'PrivateOnly'
      queryAccessMode: 'Open'
    }
  }
}

resource monitored 'Microsoft.Insights/privateLinkScopes/scopedResources@2021-09-01' = [
  for part in [
    {
      name: 'workspace'
      id: workspaceId
    }
    {
      name: 'collection-endpoint'
      id: collectionEndpointId
    }
    {
      name: 'telemetry'
      id: applicationInsightsId
    }
  ]: {
    parent: monitorScope
    name: part.name
    properties: {
      linkedResourceId: part.id
    }
  }
]

resource monitorEndpoint 'Microsoft.Network/privateEndpoints@2024-10-01' = {
  name: 'pe-vmss-posture-monitor-${suffix}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: 'monitor'
        properties: {
          privateLinkServiceId: monitorScope.id
          groupIds: [
            'azuremonitor'
          ]
        }
      }
    ]
  }
  dependsOn: [
    monitored // the endpoint takes its addresses from what is in the scope
  ]
}

resource monitorNames 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-10-01' = if (createDnsZones) {
  parent: monitorEndpoint
  name: 'default'
  properties: {
    // Azure Monitor answers some of its names from blob storage, so the zone of blobs belongs to it too.
    privateDnsZoneConfigs: [
      for index in concat([0], range(length(storageServices), length(monitorZones))): {
        name: replace(zoneNames[index], '.', '-')
        properties: {
          privateDnsZoneId: zones[index].id
        }
      }
    ]
  }
}
