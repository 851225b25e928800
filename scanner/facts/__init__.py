"""What is known of one scale set: frozen facts. ``None`` always means *not read*."""
