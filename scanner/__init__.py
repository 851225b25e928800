"""Watches how upgrades reach every Azure VM scale set."""

__version__ = "0.1.0"
