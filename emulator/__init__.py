"""A local Azure for tests, the demo and the benchmark: never deployed, and it knows nothing of the scanner.

It answers, over HTTPS and with tokens, the App Service identity endpoint, Azure Resource Graph, the parts of Azure
Resource Manager and Compute that a reader of scale sets needs, Logs Ingestion and the Log Analytics query API.
``python -m emulator --help`` starts it; ``emulator.client.local.LocalAzure`` starts it for a test.
"""
