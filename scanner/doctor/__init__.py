"""The doctor: examines a deployment from its settings to its last scan, and says what is wrong and what mends it."""
