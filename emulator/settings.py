"""How an emulator is set up."""

import uuid
from dataclasses import dataclass
from pathlib import Path

_NAMESPACE = uuid.UUID("5b4a7b0a-3f55-4c7e-8d0b-6f1d7a2c9e11")
DEFAULT_TABLES = Path(__file__).resolve().parent.parent / "scanner" / "data" / "tables.json"


def fixed_id(name: str) -> str:
    """Answer a GUID that belongs to a name and is the same in every run."""
    return str(uuid.uuid5(_NAMESPACE, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is decided before the start."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: one that is free."""
    names: tuple[str, ...] = ()
    """Further host names and addresses for the certificate."""
    tables: Path = DEFAULT_TABLES
    strict: bool = True
    """Whether Logs Ingestion answers 400 where Azure would silently drop or empty a value."""
    token_lifetime_seconds: int = 3600
    graph_queries: int = 15
    """Resource Graph's quota in 5 s for each principal; 0: none."""
    tenant_id: str = fixed_id("tenant")
    client_ids: tuple[str, ...] = (fixed_id("system-assigned"), fixed_id("user-assigned"))
    """The identities of the app; the first is the one used when a token is asked for without a client id."""
    rule_id: str = f"dcr-{uuid.UUID(fixed_id('rule')).hex}"
    workspace_id: str = fixed_id("workspace")
