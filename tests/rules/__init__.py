"""The rules: decision tables and what they all promise."""
