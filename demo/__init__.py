"""The demo: the real service on a local Azure, through a scripted week."""
