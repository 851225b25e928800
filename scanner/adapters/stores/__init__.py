"""The state store: Table Storage, SQLite, memory."""
