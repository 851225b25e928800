"""The credential that asks for each token once."""

import threading
import time
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo

from scanner.adapters.azure.cached_credential import CachedCredential


class NumberedTokens:
    """A slow credential whose tokens are numbered and live for so many seconds."""

    def __init__(self, lifetime: int) -> None:
        self.lifetime = lifetime
        self.asked: list[Any] = []
        self.closed = False

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Answer the next token."""
        self.asked.append((scopes, options))
        time.sleep(0.02)
        return AccessTokenInfo(f"token-{len(self.asked)}", int(time.time()) + self.lifetime)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Never asked: the newer form is there."""
        raise NotImplementedError(scopes)

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def test_threads_that_begin_together_ask_once() -> None:
    """Four uploads that need a token wait for the same one."""
    inner = NumberedTokens(3600)
    kept = CachedCredential(inner)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(kept.get_token_info("a/.default").token)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["token-1"] * 8
    assert len(inner.asked) == 1


@pytest.mark.parametrize(("lifetime", "asked"), [(3600, 1), (310, 1), (290, 2), (0, 2)])
def test_a_token_is_renewed_five_minutes_before_its_end(lifetime: int, asked: int) -> None:
    """A token that could end during a request is not handed out."""
    inner = NumberedTokens(lifetime)
    kept = CachedCredential(inner)
    kept.get_token_info("a/.default")
    kept.get_token_info("a/.default")
    assert len(inner.asked) == asked


def test_each_audience_has_its_token() -> None:
    """A token for one service is never sent to another."""
    kept = CachedCredential(NumberedTokens(3600))
    first, second = (kept.get_token(f"{name}/.default").token for name in ("a", "b"))
    assert (first, second) == ("token-1", "token-2")
    assert kept.get_token("a/.default").token == "token-1"


def test_a_challenge_goes_past_the_kept_token() -> None:
    """A service that wants more claims gets a new token with them, and that one is kept."""
    inner = NumberedTokens(3600)
    kept = CachedCredential(inner)
    kept.get_token_info("a/.default")
    assert kept.get_token("a/.default", claims="more").token == "token-2"
    assert inner.asked[1] == (("a/.default",), {"claims": "more"})
    assert kept.get_token_info("a/.default").token == "token-2"


def test_closing_closes_the_credential() -> None:
    """The connection to the sign-in is let go of."""
    inner = NumberedTokens(3600)
    CachedCredential(inner).close()
    assert inner.closed
