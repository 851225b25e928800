"""Values known again by a hash."""

import json
from hashlib import blake2b

from scanner.facts.evidence import JsonValue


def fingerprint(value: JsonValue) -> str:
    """Name a value by eight bytes of its hash: enough to know it again, and never shown."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=8).hexdigest()
