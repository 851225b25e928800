"""Where rows go: Log Analytics, JSON lines, memory."""
