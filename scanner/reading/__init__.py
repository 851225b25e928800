"""From Azure's JSON to facts: pure, and total: what cannot be read is an unreadable row or ``None``."""
