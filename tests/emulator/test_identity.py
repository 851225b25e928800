"""The managed-identity endpoint, and the tokens that it hands out."""

import time

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential

from emulator.client.local import LocalAzure
from tests.emulator.conftest import ARM, Http

SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01"


def test_the_environment_holds_what_an_app_needs_and_nothing_else(azure: LocalAzure) -> None:
    """An app under the emulator learns where its identity is and whom to trust; no Azure setting is forced on it."""
    expected = {"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
    assert set(azure.environment()) == expected


def test_azure_identity_gets_a_token_for_every_audience(credential: ManagedIdentityCredential) -> None:
    """The unchanged credential class gets tokens for management, ingestion, queries and storage."""
    audiences = [ARM, "https://monitor.azure.com", "https://api.loganalytics.io", "https://storage.azure.com"]
    tokens = {credential.get_token(f"{audience}/.default").token for audience in audiences}
    assert len(tokens) == len(audiences)


def test_an_identity_that_the_app_does_not_have_gets_no_token(azure: LocalAzure) -> None:
    """A client id that is not assigned is refused, as in App Service."""
    with (
        ManagedIdentityCredential(client_id="00000000-0000-0000-0000-00000000dead") as stranger,
        pytest.raises((CredentialUnavailableError, ClientAuthenticationError), match="No User Assigned"),
    ):
        stranger.get_token(f"{ARM}/.default")
    assert azure.control.requests("identity")[0].status == 400


@pytest.mark.parametrize(
    ("query", "secret", "status"),
    [
        pytest.param("api-version=2019-08-01&resource=https://management.azure.com", "wrong", 401, id="wrong secret"),
        pytest.param("api-version=2017-09-01&resource=https://management.azure.com", None, 400, id="old api version"),
        pytest.param("api-version=2019-08-01&resource=https://example.org", None, 400, id="unknown resource"),
        pytest.param("api-version=2019-08-01&resource=https://management.azure.com", None, 200, id="right"),
    ],
)
def test_a_token_needs_the_header_the_version_and_a_known_resource(
    azure: LocalAzure, http: Http, query: str, secret: str | None, status: int
) -> None:
    """The endpoint checks its contract."""
    header = {"X-IDENTITY-HEADER": secret or azure.environment()["IDENTITY_HEADER"]}
    assert http.send("GET", f"/msi/token?{query}", audience=None, headers=header).status == status


def test_a_request_without_a_token_is_challenged(http: Http) -> None:
    """401 comes with Azure's error shape and says where to get a token."""
    answer = http.send("GET", SUBSCRIPTIONS, audience=None)
    assert answer.status == 401
    assert answer.json["error"]["code"] == "InvalidAuthenticationToken"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


@pytest.mark.parametrize(
    ("method", "path", "audience"),
    [
        pytest.param("GET", SUBSCRIPTIONS, "https://storage.azure.com", id="resource manager"),
        pytest.param("POST", "/providers/Microsoft.ResourceGraph/resources", "https://monitor.azure.com", id="graph"),
        pytest.param("POST", "/dataCollectionRules/dcr-x/streams/Custom-x", ARM, id="ingestion"),
        pytest.param("POST", "/v1/workspaces/x/query", ARM, id="query"),
    ],
)
def test_a_token_for_another_audience_is_refused(http: Http, method: str, path: str, audience: str) -> None:
    """Every endpoint takes tokens made for it, and no others."""
    assert http.send(method, path, {}, audience=audience).status == 401


def test_an_expired_token_is_refused(azure: LocalAzure, http: Http) -> None:
    """Tokens live as long as they say; after that the answer is 401."""
    azure.control.set_limits(token_lifetime_seconds=1)
    header = {"X-IDENTITY-HEADER": azure.environment()["IDENTITY_HEADER"]}
    path = f"/msi/token?api-version=2019-08-01&resource={ARM}"
    token = http.send("GET", path, audience=None, headers=header).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert http.send("GET", SUBSCRIPTIONS, audience=None, headers=bearer).status == 200
    time.sleep(1.2)
    answer = http.send("GET", SUBSCRIPTIONS, audience=None, headers=bearer)
    assert answer.status == 401
    assert "expiry" in answer.json["error"]["message"]


def test_a_token_that_was_changed_is_refused(http: Http, credential: ManagedIdentityCredential) -> None:
    """A token that the emulator did not sign is worth nothing."""
    header, _claims, signature = credential.get_token(f"{ARM}/.default").token.split(".")
    bearer = {"Authorization": f"Bearer {header}.e30.{signature}"}
    assert http.send("GET", SUBSCRIPTIONS, audience=None, headers=bearer).status == 401
