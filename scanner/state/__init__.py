"""What the last scans left, and how a new judgement changes it."""
