"""Azure Resource Manager and Compute."""
