"""Measurements. Nothing here is asserted in a test: figures depend on the machine, so they are read by people."""
