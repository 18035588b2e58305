"""Exceptions of the serving package.

ServingError              base class: a message and, if possible, a hint; never shown as a traceback
├── InputError            a value that cannot be sent, detected by the client; a ValueError too
└── StatusError           an error answer to a request: a canonical gRPC code and TF Serving's message
"""

from marquee.errors import MarqueeError

# TF Serving's own translation of canonical codes (model_servers/http_server.cc).
HTTP_STATUS = {
    "OK": 200,
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
    "UNAUTHENTICATED": 401,
}


class ServingError(MarqueeError):
    """A user's mistake or a fault of the environment, in a server or a client."""


class InputError(ServingError, ValueError):
    """A value that a model's input cannot take."""


class StatusError(ServingError):
    """A request that is answered with an error.

    Args:
        code: name of a canonical gRPC code, such as "INVALID_ARGUMENT".
        message: message of the error, in TF Serving's words if TF Serving has such an error.
    """

    def __init__(self, code: str, message: str, hint: str = ""):
        super().__init__(message, hint)
        self.code = code

    @property
    def http_status(self) -> int:
        return HTTP_STATUS[self.code]


def invalid(message: str) -> StatusError:
    """Returns a StatusError INVALID_ARGUMENT, the most common one; over REST a 400."""
    return StatusError("INVALID_ARGUMENT", message)
