"""Parsing of model server addresses as users type them."""

import re

from serving.errors import InputError

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/?#@\[\]]+):([0-9]{1,5})")
_URL = re.compile(r"(?i)(https?)://([^\s/?#]+)(/[^\s?#]*)?")


def rest_url(text: str) -> str:
    """Returns the URL of a server's REST API; "localhost:8501" becomes "http://localhost:8501".

    Raises:
        InputError: `text` is neither a URL nor a host with its port.
    """
    text = text.strip()
    if _host_and_port(text.rstrip("/")):
        return "http://" + text.rstrip("/")
    if match := _URL.fullmatch(text):
        scheme, host, path = match.groups()
        if re.fullmatch(r"\[[^\]]*\]|[^:\[\]]+", host) or _host_and_port(host.rpartition("@")[2]):
            return f"{scheme.lower()}://{host}{(path or '').rstrip('/')}"
    raise InputError(f'"{text}" is no REST address', 'Write a host and its port: "localhost:8501".')


def grpc_address(text: str) -> str:
    """Returns the address of a server's gRPC API, such as "localhost:8500".

    Raises:
        InputError: `text` is not a host with its port.
    """
    text = text.strip()
    if _host_and_port(text):
        return text
    why = "gRPC takes no scheme and no path" if "/" in text else "it takes a host and its port"
    raise InputError(f'"{text}" is no gRPC address: {why}', 'Write it as "localhost:8500".')


def _host_and_port(text: str) -> bool:
    match = _HOST_AND_PORT.fullmatch(text)
    return match is not None and 0 < int(match[2]) < 2**16
