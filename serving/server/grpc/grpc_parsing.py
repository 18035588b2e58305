"""Answers INVALID_ARGUMENT to malformed messages, where gRPC's server logs a traceback and says UNKNOWN."""

import functools
from collections.abc import Awaitable, Callable, Iterable

import grpc
from google.protobuf.message import Message


class Parsing:
    """Wraps a server so that added services answer INVALID_ARGUMENT to messages that cannot be parsed.

    Args:
        server: gRPC server that the services are added to.
    """

    def __init__(self, server: grpc.aio.Server):
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Adds the methods of a service; called by generated code."""
        self._server.add_generic_rpc_handlers(tuple(map(_Handlers, handlers)))


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, handlers: grpc.GenericRpcHandler):
        self._handlers = handlers
        self._parsing: dict[str, grpc.RpcMethodHandler] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = handler_call_details.method
        if method not in self._parsing:
            handler = self._handlers.service(handler_call_details)
            if handler is None:
                return None
            self._parsing[method] = grpc.unary_unary_rpc_method_handler(
                functools.partial(_answer, handler.unary_unary),
                functools.partial(_parsed, handler.request_deserializer),
                handler.response_serializer,
            )
        return self._parsing[method]


def _parsed(parse: Callable[[bytes], Message], message: bytes) -> Message | None:
    try:
        return parse(message)
    except Exception:  # each implementation of protobuf has an error of its own
        return None


async def _answer(
    behavior: Callable[[Message, grpc.aio.ServicerContext], Awaitable[Message]],
    request: Message | None,
    context: grpc.aio.ServicerContext,
) -> Message:
    if request is None:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request cannot be parsed")
    return await behavior(request, context)
