"""The one place where a connection to Azure is made: identity, trusted certificates, addresses, time.

Nothing of azure-core or azure-identity is loaded before a client or credential is built.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from scanner.adapters.azure.cached_credential import CachedCredential
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.limits import Limits, time_limit
from scanner.clouds import Cloud
from scanner.errors import SettingsError

CERTIFICATE_SETTINGS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Environment variables that name a file of trusted certificate authorities, the first that is set before the others."""

type SignIn = Callable[[Limits], CachedCredential]
"""Makes a credential that keeps to the limits of a run."""


def connect(cloud: Cloud, sign_in: SignIn, limit: timedelta, *, arm_endpoint: str = "") -> Connection:
    """Connect to a cloud for ``limit`` from now on; nothing is sent yet.

    ``arm_endpoint`` is the address of Azure Resource Manager where it is not the cloud's own; tokens for it are the
    cloud's all the same. Raises ``SettingsError`` when the environment names certificates that are not there.
    """
    limits = Limits(seconds_left=time_limit(limit.total_seconds()))
    return Connection(
        credential=sign_in(limits),
        arm_endpoint=arm_endpoint or cloud.arm_endpoint,
        arm_audience=cloud.arm_endpoint,
        limits=limits,
        certificates=trusted_certificates(os.environ),
    )


def as_app(client_id: str | None) -> SignIn:
    """Sign in as the deployed app."""
    return partial(managed_identity, client_id)


def as_person(cloud: Cloud) -> SignIn:
    """Sign in as the person or pipeline that runs the command; ``AZURE_AUTHORITY_HOST`` goes before the cloud's address."""
    return partial(default_credential, os.environ.get("AZURE_AUTHORITY_HOST") or cloud.authority)


def trusted_certificates(environment: Mapping[str, str]) -> bool | str:
    """Answer what to trust: ``True`` for requests' own choice, or the file named by ``SSL_CERT_FILE``.

    requests reads ``REQUESTS_CA_BUNDLE`` and ``CURL_CA_BUNDLE`` itself but not ``SSL_CERT_FILE``, which most other
    tools read. Raises ``SettingsError`` for a file that is not there.
    """
    for name in CERTIFICATE_SETTINGS:
        value = environment.get(name)
        if value:
            if not Path(value).exists():
                raise SettingsError(f"{name} names {value!r}, which does not exist; it must be a file of certificates.")
            return value if name == "SSL_CERT_FILE" else True
    return True


def managed_identity(client_id: str | None, limits: Limits) -> CachedCredential:
    """Answer the identity of the deployed app: user-assigned by its client id, system-assigned without one.

    https://learn.microsoft.com/azure/app-service/overview-managed-identity
    """
    from azure.identity import ManagedIdentityCredential

    return CachedCredential(ManagedIdentityCredential(client_id=client_id, **_identity_options(limits)))


def default_credential(authority: str | None, limits: Limits) -> CachedCredential:
    """Answer the identity that runs the command: ``AZURE_*`` variables, a managed identity, ``az login``, azd.

    Never opens a browser. ``authority`` (``None``: ``AZURE_AUTHORITY_HOST``, or the public cloud's) comes from our
    own list of clouds or from the operator, so the discovery that would have login.microsoftonline.com vouch for it
    is left out: it saves a request in every cloud, and a private authority is unknown there.

    https://learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains
    """
    from azure.identity import DefaultAzureCredential

    return CachedCredential(
        DefaultAzureCredential(
            authority=authority,
            disable_instance_discovery=True,
            exclude_interactive_browser_credential=True,
            exclude_broker_credential=True,
            exclude_shared_token_cache_credential=True,
            exclude_visual_studio_code_credential=True,
            process_timeout=30,
            **_identity_options(limits),
        )
    )


def _identity_options(limits: Limits) -> dict[str, Any]:
    """Answer options that leave the pipelines of azure-identity, and put our patience below them."""
    from scanner.adapters.azure.transport import RepeatingTransport

    certificates = trusted_certificates(os.environ)
    transport = RepeatingTransport(limits, connection_verify=certificates, is_usable=_is_usable)
    return {"transport": transport, "retry_total": 0}


def _is_usable(answer: Any) -> bool:
    """Tell a token, or the addresses of a sign-in, from what something else on the way answered with 200."""
    if answer.status_code != 200:
        return True
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and ("access_token" in body or "token_endpoint" in body)
