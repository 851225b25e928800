"""What a scan asks of the outside. Every adapter of a port passes that port's contract suite."""
