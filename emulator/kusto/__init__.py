"""KQL on DuckDB."""
