"""The outside world, translated: one module for each service or file."""
