"""grpcio: a server and a client on the loopback interface with generic handlers, and protobuf's well-known types."""

from concurrent import futures
from importlib.metadata import version

import grpc
from google.protobuf import any_pb2, duration_pb2, json_format, struct_pb2, text_format, timestamp_pb2
from google.protobuf.internal import api_implementation
from google.rpc import status_pb2

print("grpcio", version("grpcio"), "protobuf", version("protobuf"), flush=True)
print("implementation", api_implementation.Type())


def total(request, context):
    """Adds the numbers of a list."""
    if not request.values:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "nothing to add: ü")
    context.set_trailing_metadata([("count", str(len(request.values)))])
    return struct_pb2.Value(number_value=sum(value.number_value for value in request.values))


def count(request, _):
    """A stream of answers."""
    for number in range(int(request.number_value)):
        yield struct_pb2.Value(string_value=f"number {number}")


value = {"request_deserializer": struct_pb2.Value.FromString, "response_serializer": struct_pb2.Value.SerializeToString}
numbers = value | {"request_deserializer": struct_pb2.ListValue.FromString}
handlers = {
    "Total": grpc.unary_unary_rpc_method_handler(total, **numbers),
    "Count": grpc.unary_stream_rpc_method_handler(count, **value),
}
server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("frozen.Sums", handlers)])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    call = channel.unary_unary(
        "/frozen.Sums/Total", struct_pb2.ListValue.SerializeToString, struct_pb2.Value.FromString
    )
    request = struct_pb2.ListValue()
    request.extend([1, 2.5, 3])
    answer, details = call.with_call(request, timeout=20)
    print(answer.number_value, [tuple(pair) for pair in details.trailing_metadata() if pair[0] == "count"])
    try:
        call(struct_pb2.ListValue(), timeout=20)
    except grpc.RpcError as error:
        print(error.code(), error.details())
    stream = channel.unary_stream(
        "/frozen.Sums/Count", struct_pb2.Value.SerializeToString, struct_pb2.Value.FromString
    )
    print([answer.string_value for answer in stream(struct_pb2.Value(number_value=3), timeout=20)])
    try:
        channel.unary_unary("/frozen.Sums/Nothing")(b"", timeout=20)
    except grpc.RpcError as error:
        print(error.code(), error.details())
server.stop(None).wait()

moment = timestamp_pb2.Timestamp()
moment.FromJsonString("2024-02-29T10:00:00.5Z")
print(moment.ToDatetime(), json_format.MessageToJson(duration_pb2.Duration(seconds=3, nanos=5)))
packed = any_pb2.Any()
packed.Pack(status_pb2.Status(code=5, message="gone", details=[]))
print(packed.type_url, text_format.MessageToString(packed), packed.Is(status_pb2.Status.DESCRIPTOR))
print(json_format.ParseDict({"a": [1, {"b": None}]}, struct_pb2.Struct())["a"][0], len(packed.SerializeToString()))
try:
    status_pb2.Status.FromString(b"\xff\xff")
except Exception as error:
    print(type(error).__name__, error)
