"""Azure Resource Graph."""
