"""Texts in forms that Azure Functions and .NET write and no library of Python reads. Knows nothing of the service."""
