"""The messages that Azure's host and its Python worker exchange, as far as the worker library touches them.

Names, fields and enumerations are those of Azure's published protocol (FunctionRpc.proto of the Functions language
worker protocol). The worker library is given this module and constructs its answers from it.
https://learn.microsoft.com/azure/azure-functions/functions-reference-python
"""

from datetime import timedelta
from enum import IntEnum

from functionshost.messages import Many, Message, Named, One, fields


class RpcException(Message):
    """What a function raised."""

    FIELDS = fields(source=One(str), stack_trace=One(str), message=One(str), type=One(str))


class _Status(IntEnum):
    Failure = 0
    Success = 1
    Cancelled = 2


class StatusResult(Message):
    """How a request to the worker went."""

    Failure = _Status.Failure
    Success = _Status.Success
    Cancelled = _Status.Cancelled
    FIELDS = fields(status=One(_Status), result=One(str), exception=One(RpcException))


class WorkerMetadata(Message):
    """Which worker answers."""

    FIELDS = fields(
        runtime_name=One(str),
        runtime_version=One(str),
        worker_version=One(str),
        worker_bitness=One(str),
        custom_properties=Named(str),
    )


class WorkerInitRequest(Message):
    """Start: index the app in a folder."""

    FIELDS = fields(
        host_version=One(str),
        capabilities=Named(str),
        worker_directory=One(str),
        function_app_directory=One(str),
    )


class WorkerInitResponse(Message):
    """Whether the app could be indexed, and what the worker can do."""

    FIELDS = fields(
        worker_version=One(str),
        capabilities=Named(str),
        result=One(StatusResult),
        worker_metadata=One(WorkerMetadata),
    )


class _Direction(IntEnum):
    undefined = -1  # the generated name ``in`` is a keyword; the worker never asks for it
    input = 0
    out = 1
    inout = 2


class _DataType(IntEnum):
    undefined = 0
    string = 1
    binary = 2
    stream = 3


class BindingInfo(Message):
    """A parameter of a function and what it is bound to."""

    out = _Direction.out
    inout = _Direction.inout
    undefined = _DataType.undefined
    string = _DataType.string
    binary = _DataType.binary
    stream = _DataType.stream
    FIELDS = fields(type=One(str), direction=One(_Direction), data_type=One(_DataType), properties=Named(str))


class _RetryStrategy(IntEnum):
    exponential_backoff = 0
    fixed_delay = 1


class RpcRetryOptions(Message):
    """When the host invokes a failed function again."""

    exponential_backoff = _RetryStrategy.exponential_backoff
    fixed_delay = _RetryStrategy.fixed_delay
    FIELDS = fields(
        max_retry_count=One(int),
        delay_interval=One(timedelta),
        minimum_interval=One(timedelta),
        maximum_interval=One(timedelta),
        retry_strategy=One(_RetryStrategy),
    )


class RpcFunctionMetadata(Message):
    """One function, as the worker found it. ``raw_bindings`` holds its bindings as JSON texts."""

    FIELDS = fields(
        name=One(str),
        directory=One(str),
        script_file=One(str),
        entry_point=One(str),
        bindings=Named(BindingInfo),
        is_proxy=One(bool),
        status=One(StatusResult),
        language=One(str),
        raw_bindings=Many(str),
        function_id=One(str),
        managed_dependency_enabled=One(bool),
        retry_options=One(RpcRetryOptions),
        properties=Named(str),
    )


class FunctionMetadataResponse(Message):
    """All functions of the app."""

    FIELDS = fields(
        function_metadata_results=Many(RpcFunctionMetadata),
        result=One(StatusResult),
        use_default_metadata_indexing=One(bool),
    )


class FunctionLoadRequest(Message):
    """Load one function."""

    FIELDS = fields(function_id=One(str), metadata=One(RpcFunctionMetadata))


class FunctionLoadResponse(Message):
    """Whether one function can be invoked."""

    FIELDS = fields(function_id=One(str), result=One(StatusResult))


class NullableString(Message):
    """Text that may be absent."""

    FIELDS = fields(value=One(str, "string"))


class NullableBool(Message):
    """A truth value that may be absent."""

    FIELDS = fields(value=One(bool, "bool"))


class NullableDouble(Message):
    """A number that may be absent."""

    FIELDS = fields(value=One(float, "double"))


class TypedData(Message):
    """A value on its way to a function or from it; one field is set."""

    FIELDS = fields(
        string=One(str, "data"),
        json=One(str, "data"),
        bytes=One(bytes, "data"),
        stream=One(bytes, "data"),
        int=One(int, "data"),
        double=One(float, "data"),
    )


class RpcHttpCookie(Message):
    """A cookie of an answer. Times are left out: no function here sets any."""

    FIELDS = fields(
        name=One(str),
        value=One(str),
        domain=One(NullableString),
        path=One(NullableString),
        secure=One(NullableBool),
        http_only=One(NullableBool),
        same_site=One(int),
        max_age=One(NullableDouble),
    )


class RpcHttp(Message):
    """An HTTP request or answer. ``params`` come from the route, ``query`` from the address."""

    FIELDS = fields(
        method=One(str),
        url=One(str),
        headers=Named(str),
        body=One(TypedData),
        params=Named(str),
        status_code=One(str),
        query=Named(str),
        enable_content_negotiation=One(bool),
        cookies=Many(RpcHttpCookie),
    )


TypedData.FIELDS = fields(**TypedData.FIELDS, http=One(RpcHttp, "data"))  # the two messages hold each other


class ParameterBinding(Message):
    """A value for a parameter. Shared memory is not offered, so the worker never sees it."""

    FIELDS = fields(name=One(str), data=One(TypedData, "rpc_data"))


class RpcTraceContext(Message):
    """Which trace an invocation belongs to (https://www.w3.org/TR/trace-context/)."""

    FIELDS = fields(trace_parent=One(str), trace_state=One(str), attributes=Named(str))


class RetryContext(Message):
    """Which attempt an invocation is."""

    FIELDS = fields(retry_count=One(int), max_retry_count=One(int), exception=One(RpcException))


class InvocationRequest(Message):
    """Run a function once."""

    FIELDS = fields(
        invocation_id=One(str),
        function_id=One(str),
        input_data=Many(ParameterBinding),
        trigger_metadata=Named(TypedData),
        trace_context=One(RpcTraceContext),
        retry_context=One(RetryContext),
    )


class InvocationResponse(Message):
    """How it went, and what it gave."""

    FIELDS = fields(
        invocation_id=One(str),
        output_data=Many(ParameterBinding),
        return_value=One(TypedData),
        result=One(StatusResult),
    )


class StreamingMessage(Message):
    """The envelope of a request to the worker; one field is set."""

    FIELDS = fields(
        request_id=One(str),
        worker_init_request=One(WorkerInitRequest, "content"),
        function_load_request=One(FunctionLoadRequest, "content"),
        invocation_request=One(InvocationRequest, "content"),
    )
