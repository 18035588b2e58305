"""Opens the ports of a server; importing it does not load TensorFlow, so ports are checked early."""

import errno
import socket

from serving.errors import ServingError
from serving.server.config import ServerConfig


def listen(kind: str, host: str, port: int) -> socket.socket:
    """Returns a socket that listens on `host` and `port`; port 0 picks a free one.

    Raises:
        ServingError: another process listens there, or the host is not an address of this machine.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET  # "localhost" is 127.0.0.1
        address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][4]
    except OSError as error:
        raise port_error(kind, host, port, error) from None
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise port_error(kind, host, port, error) from None
    return sock


def check_free(config: ServerConfig) -> None:
    """Raises ServingError if a server with `config` could not listen."""
    if config.rest_port and config.rest_port == config.grpc_port:
        raise ServingError(f"REST and gRPC cannot both listen on port {config.rest_port}", "Name two ports.")
    for kind, port in (("REST", config.rest_port), ("gRPC", config.grpc_port)):
        listen(kind, config.host, port).close()


def netloc(host: str, port: int) -> str:
    """Returns `host:port` as written in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def port_error(kind: str, host: str, port: int, error: OSError) -> ServingError:
    """Returns the error for a port that the server cannot listen on."""
    if error.errno == errno.EADDRINUSE:
        hint = "Stop what listens there, or choose another port (0 is any free one)."
    elif error.errno == errno.EACCES:
        hint = "Ports below 1024 are the system's: choose another one."
    else:
        hint = "Name an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them."
    return ServingError(f"Cannot listen for {kind} on {netloc(host, port)}: {error.strerror}", hint)
