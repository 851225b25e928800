"""The story of a scan."""
