"""Azure Resource Manager, Resource Graph and Compute, and how every Azure client is built."""
