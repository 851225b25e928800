"""A local Functions host: what Azure puts around ``function_app.py``, for the tests and for ``make start``.

Azure's own library for Python (azure-functions-runtime) indexes and invokes the app; this package plays the part of the
host that feeds it: settings, HTTP with keys, timers, queues. It is never deployed and imports nothing from ``scanner``.
"""
