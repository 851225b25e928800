"""What Azure's libraries say of a failed sign-in, shortened to what each way of signing in said."""

import pytest
from azure.core.exceptions import ClientAuthenticationError

from scanner.adapters.azure.failure import read_failure

CHAIN = (
    "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n"
    "\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Environment variables are not fully"
    " configured.\nVisit https://aka.ms/azsdk/python/identity/environmentcredential/troubleshoot to troubleshoot this"
    " issue.\n\tManagedIdentityCredential: ManagedIdentityCredential authentication unavailable, no response from the"
    " IMDS endpoint.\n\tAzureCliCredential: ERROR: AADSTS50173: The provided grant has expired.\nTo re-authenticate,"
    " please run:\naz login\n\tAzureDeveloperCliCredential: Azure Developer CLI could not be found. Please visit"
    " https://aka.ms/azure-dev for installation instructions and then,once installed, authenticate to your Azure"
    " account using 'azd auth login'.\nTo mitigate this issue, please refer to the troubleshooting guidelines here at"
    " https://aka.ms/azsdk/python/identity/defaultazurecredential/troubleshoot."
)


def test_every_way_of_signing_in_is_told_the_azure_cli_first() -> None:
    """All that were tried are within the limit of a message, without addresses to read on."""
    message = read_failure(ClientAuthenticationError(CHAIN)).message
    assert message == (
        "AzureCliCredential: ERROR: AADSTS50173: The provided grant has expired. To re-authenticate, please run: az"
        " login. AzureDeveloperCliCredential: Azure Developer CLI could not be found. EnvironmentCredential:"
        " Environment variables are not fully configured. ManagedIdentityCredential: ManagedIdentityCredential"
        " authentication unavailable, no response from the IMDS endpoint."
    )


@pytest.mark.parametrize("text", ["", "Token refused.", "\tOddCredential without a colon", "To mitigate"])
def test_another_message_stays_as_it_is(text: str) -> None:
    """Only a chain of credentials is shortened."""
    assert read_failure(ClientAuthenticationError(text)).message.split() == text.split() or not text
