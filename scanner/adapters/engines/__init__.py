"""Engines that play a scan in shards."""
