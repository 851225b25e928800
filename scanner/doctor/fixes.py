"""Fixes that several checks share: a role that is missing, and a service that does not answer."""

import re
from urllib.parse import urlsplit

from scanner.adapters.azure.token_claims import TokenClaims
from scanner.doctor.check import Check, failed
from scanner.doctor.who import assignee
from scanner.errors import CallFailure

_NO_ADDRESS = ("name or service not known", "nameresolution", "failed to resolve", "getaddrinfo", "nodename nor")


def grant(role: str, scope: str, who: TokenClaims) -> str:
    """Write the command that assigns a role. ``scope`` is an id of a plain form, or words to fill in."""
    return f'az role assignment create {assignee(who)} --role "{role}" --scope {scope}'


def storage_scope(table_endpoint: str) -> str:
    """Write what answers the id of the storage account that an endpoint names."""
    account = (urlsplit(table_endpoint).hostname or "").partition(".")[0]
    if not re.fullmatch(r"[a-z0-9]{3,24}", account):
        account = "<storage account>"
    return f'"$(az storage account show --name {account} --query id --output tsv)"'


def rule_scope(rule_id: str) -> str:
    """Write what answers the resource id of the rule with an immutable id, which the settings have checked."""
    query = f"[?immutableId=='{rule_id}'].id | [0]"
    return f'"$(az monitor data-collection rule list --query "{query}" --output tsv)"'


def no_answer(name: str, setting: str, endpoint: str, said: CallFailure) -> Check:
    """Tell apart why nothing answered at an address: its name, its certificate, or the network."""
    host = urlsplit(endpoint).netloc
    text = said.message.lower()
    found = f"{host} does not answer: {said}"
    if any(words in text for words in _NO_ADDRESS):
        return failed(
            name,
            found,
            f"The name does not resolve: {setting} is misspelt, what it names was deleted, or its private DNS zone is"
            " not linked to this network.",
            f"nslookup {host}" if re.fullmatch(r"[A-Za-z0-9.-]+", host) else "",
        )
    if "certificate" in text:
        return failed(
            name,
            found,
            "The certificate is not trusted here. Name the authority of your proxy in REQUESTS_CA_BUNDLE, and check that"
            f" {setting} is Azure's own address.",
        )
    return failed(
        name,
        found,
        f"Check {setting}, and the way there: firewall, proxy (HTTPS_PROXY), and with private link that this machine is"
        " inside the virtual network.",
    )


def token_refused(name: str, said: CallFailure) -> Check:
    """Say that a service does not take the token."""
    return failed(
        name,
        f"The token was refused: {said}",
        "Check VMSS_CLOUD, and that the identity is of the tenant that the resource is in.",
        "az account show --query tenantId",
    )
