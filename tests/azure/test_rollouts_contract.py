"""The real adapter over the emulator, and the fake, answer alike about rollouts; the real one knows refusals."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.client.local import LocalAzure
from scanner.adapters.azure.compute_rollouts import ComputeRollouts
from scanner.adapters.azure.connection import Connection
from scanner.facts.rollout import RolloutStatus
from tests.azure.rollouts_contract import QUESTION, WEB, RolloutsContract, Stage
from tests.azure.scripted_server import Answer, Asked, ScriptedServer, as_json, refusal
from tests.fakes.azure import FakeAzure
from tests.fakes.rollouts import FakeRollouts
from tests.world import connection_to, identity_of

NEVER = refusal(404, "NotFound", "The entity was not found in this Azure location.")
LATEST: dict[str, Any] = {"properties": {"runningStatus": {"code": "Resting"}, "somethingNew": [1]}}


def now() -> datetime:
    """Answer the moment of these tests."""
    return datetime(2026, 11, 9, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure."""
    with LocalAzure() as started, identity_of(started):
        yield started


class TestRealAdapter(RolloutsContract):
    """Compute, as the emulator plays it."""

    @pytest.fixture
    def empty_stage(self, azure: LocalAzure) -> Iterator[Stage]:
        """Make the adapter."""
        azure.control.reset()
        azure.control.set_clock(now())
        with closing(ComputeRollouts(connection_to(azure), now)) as reads:
            yield Stage(azure.control, azure.control, reads)


class TestFake(RolloutsContract):
    """A class with state, for the tests of the core."""

    @pytest.fixture
    def empty_stage(self) -> Stage:
        """Make the fake on a fake Azure."""
        azure = FakeAzure()
        rollouts = FakeRollouts(azure, now)
        return Stage(azure, rollouts, rollouts)


@pytest.mark.parametrize(
    ("latest", "history", "expected"),
    [
        pytest.param(NEVER, as_json({"value": []}), RolloutStatus.NEVER, id="none, ever"),
        pytest.param(NEVER, NEVER, RolloutStatus.NEVER, id="none, ever, in both answers"),
        pytest.param(as_json(LATEST), as_json({"value": []}), None, id="a status that nobody documented"),
        pytest.param(refusal(404, "ResourceNotFound"), as_json({"value": []}), "nothing", id="the scale set is gone"),
        pytest.param(Answer(status=404, body=b"<html>"), as_json({"value": []}), "nothing", id="404 of a proxy"),
        pytest.param(refusal(403, "AuthorizationFailed"), as_json({"value": []}), "nothing", id="forbidden"),
        pytest.param(as_json([]), as_json({"value": []}), "nothing", id="an answer of another form"),
        pytest.param(NEVER, refusal(409, "OperationNotAllowed"), "nothing", id="half of it refused"),
        pytest.param(NEVER, as_json({"value": {"a": 1}}), "nothing", id="a history of another form"),
    ],
)
def test_only_what_was_answered_whole_is_an_answer(
    server: ScriptedServer,
    connect: Callable[[str], Connection],
    latest: Answer,
    history: Answer,
    expected: object,
) -> None:
    """A refusal, a proxy, or half an answer says nothing of rollouts: what is known stands."""
    server.respond = lambda asked: latest if asked.path.endswith("/rollingUpgrades/latest") else history
    with closing(ComputeRollouts(connect(server.url), now)) as reads:
        told = reads.ask([QUESTION], 60)
    assert (told[WEB.lower()].latest.status if told else "nothing") == expected
    assert {asked.method for asked in server.asked} == {"GET"}, "nothing is ever written"


def test_a_budget_that_is_spent_ends_the_questions(
    server: ScriptedServer, connect: Callable[[str], Connection]
) -> None:
    """Once the headers say that others have spent it, nothing more is asked of that subscription and region."""

    def respond(_asked: Asked) -> Answer:
        left = "Microsoft.Compute/GetVMScaleSetSubscriptionMaximum;3,Microsoft.Compute/GetVMScaleSetResource;30"
        return as_json({"value": []} | LATEST, x_ms_ratelimit_remaining_resource=left)

    server.respond = respond
    with closing(ComputeRollouts(connect(server.url), now)) as reads:
        assert set(reads.ask([QUESTION], 60)) == {WEB.lower()}
        calls = len(server.asked)
        assert reads.ask([QUESTION], 60) == {}
    assert len(server.asked) == calls
