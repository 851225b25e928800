// A Durable Task Scheduler for scans in shards, where the storage account shall not keep the state of the orchestration.

@description('Azure region.')
param location string

@description('Makes the name unique.')
param suffix string

@description('With private link the shards use the storage account: unset VMSS_SHARDS_ENGINE.')
@allowed([
  true
])
// A guard: a value that is not allowed ends the deployment before anything is created.
#disable-next-line no-unused-params
param isReachable bool

@description('Tags of every resource.')
param tags object

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: 'dts-vmss-posture-${suffix}'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'Consumption'
    }
    ipAllowlist: [
      '0.0.0.0/0' // who may call it is a matter of its role; an empty list lets nobody in
    ]
    publicNetworkAccess: 'Enabled'
  }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  name: 'vmssshards' // hubName in host.json
  properties: {}
}

@description('Name of the scheduler.')
output name string = scheduler.name

@description('Address of the scheduler.')
output endpoint string = scheduler.properties.endpoint
