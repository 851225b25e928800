"""The messages between host and worker behave as those of Protocol Buffers do."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from functionshost import protos
from functionshost.messages import Message


def test_an_unset_field_reads_as_its_default() -> None:
    """A message that was given nothing answers empty text, zero, no items, and an empty message."""
    response = protos.InvocationResponse()
    assert response.invocation_id == ""
    assert response.output_data == []
    assert response.result.status == protos.StatusResult.Failure
    assert response.result.exception.message == ""
    assert protos.RpcHttp().headers == {}


def test_presence_is_kept_apart_from_the_default() -> None:
    """A field set to an empty value is set; ``None`` leaves it unset."""
    assert protos.StatusResult(result="").HasField("result")
    assert not protos.StatusResult(result=None).HasField("result")


def test_at_most_one_field_of_a_group_is_set() -> None:
    """The group names the field that is set, and a second one is refused."""
    assert protos.TypedData().WhichOneof("data") is None
    assert protos.TypedData(string="").WhichOneof("data") == "string"
    with pytest.raises(ValueError, match="only one may be"):
        protos.TypedData(string="a", json="{}")


def test_an_enumeration_takes_number_and_name() -> None:
    """The worker gives the retry strategy as a name and the direction as a number."""
    options = protos.RpcRetryOptions(retry_strategy="fixed_delay", delay_interval=timedelta(seconds=5))
    assert options.retry_strategy == protos.RpcRetryOptions.fixed_delay
    assert protos.BindingInfo(direction=1).direction == protos.BindingInfo.out


@pytest.mark.parametrize(
    ("make", "error"),
    [
        pytest.param(lambda: protos.StatusResult(colour="red"), ValueError, id="a field that is not declared"),
        pytest.param(lambda: protos.TypedData(string=b"text"), TypeError, id="bytes for text"),
        pytest.param(lambda: protos.TypedData(int="1"), TypeError, id="text for a number"),
        pytest.param(lambda: protos.TypedData(int=True), TypeError, id="a truth value for a number"),
        pytest.param(lambda: protos.RpcHttp(headers={"a": 1}), TypeError, id="a number for a header"),
        pytest.param(lambda: protos.RpcRetryOptions(retry_strategy="often"), ValueError, id="no such strategy"),
        pytest.param(lambda: protos.TypedData().WhichOneof("rpc_data"), ValueError, id="no such group"),
        pytest.param(lambda: protos.TypedData().colour, AttributeError, id="reading a field that is not declared"),
    ],
)
def test_a_message_refuses_what_the_protocol_does_not_know(make: Callable[[], Message], error: type[Exception]) -> None:
    """A worker library that changes its messages fails in the tests rather than in Azure."""
    with pytest.raises(error):
        make()
