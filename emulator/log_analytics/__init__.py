"""Logs Ingestion, and Log Analytics queries."""
