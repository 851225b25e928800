"""The doctor: examines a deployment from its settings to its last scan, and says what does not work and how to fix it."""
