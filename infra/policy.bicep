// Assigns the built-in policy on automatic OS image patching of scale sets at a management group. Its effect is deny, and
// it has no parameter to change that: enforcement is off unless asked for. Not enforced, it denies nothing and still
// shows whom it would.

targetScope = 'managementGroup'

@description('DoNotEnforce: report only. Default: deny the creation and change of scale sets without automatic OS image upgrade.')
@allowed([
  'DoNotEnforce'
  'Default'
])
param enforcementMode string = 'DoNotEnforce'

@description('Resource ids of scopes below the management group that the assignment leaves out.')
param notScopes string[] = []

var definition = '465f0161-0087-490a-9ad9-ad6217f4f43a'

resource assignment 'Microsoft.Authorization/policyAssignments@2025-01-01' = {
  name: 'vmss-auto-os-upgrade'
  properties: {
    displayName: 'Scale sets upgrade their OS image automatically'
    description: 'Assigned by VMSS Upgrade Monitor. It looks at the declared flag alone; VMSS-002 to VMSS-008 say whether the upgrade can run.'
    policyDefinitionId: tenantResourceId('Microsoft.Authorization/policyDefinitions', definition)
    enforcementMode: enforcementMode
    notScopes: notScopes
    nonComplianceMessages: [
      {
        message: 'Automatic OS image upgrade is off (VMSS-001).'
      }
    ]
  }
}

@description('Resource id of the assignment.')
output assignmentId string = assignment.id
