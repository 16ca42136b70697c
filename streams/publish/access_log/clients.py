"""Who made a request: addresses of clients, lists of them that proxies write, and ids."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_HOST_NAME = re.compile(r"(?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*\.?")
_MASKED_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){1,3}[Xx*0-9]{1,3}(?:\.[Xx*]{1,3})*")
"""Such as 192.0.2.xxx: what many clients have in common after a log was made anonymous."""
_PORT = re.compile(r":[0-9]{1,5}")
_MAX_ADDRESS_LENGTH = 64
_MAX_HOST_NAME_LENGTH = 253
_MAX_CONTACT_LENGTH = 255
NO_CLIENT = "the line does not say who the client is"


def is_address(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address, without a port."""
    return len(text) <= _MAX_ADDRESS_LENGTH and _is_address(text)


@lru_cache(maxsize=8_192)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_host_name(text: str) -> bool:
    """Whether the text can be the name of a host: labels with points between them, or `localhost`."""
    if len(text) > _MAX_HOST_NAME_LENGTH or _MASKED_ADDRESS.fullmatch(text) is not None:
        return False
    return text == "localhost" or _HOST_NAME.fullmatch(text) is not None


def is_client(text: str) -> bool:
    """Whether the text can be a client: an address, or a host name where the server looks names up."""
    return is_address(text) or is_host_name(text)


def split_port(text: str) -> tuple[str, str | None]:
    """Returns host and port of `host:port` or `[address]:port`; None where there is no port."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if bracket and (not rest or _PORT.fullmatch(rest)):
            return host, rest[1:] or None
        return text, None
    host, colon, port = text.partition(":")
    return (host, port) if colon and _PORT.fullmatch(colon + port) else (text, None)


def parse_client(text: str) -> str:
    """Returns the client of a field that has addresses: of a list, as proxies write it, the first.

    A port after the address is left out. Raises ValueError.
    """
    first = text.partition(",")[0].strip()
    if first in ("", "-"):
        raise ValueError(NO_CLIENT)
    host, _ = split_port(first)
    if is_client(host):
        return host
    raise ValueError(f"{first[:60]!r} is no address of a client")


def parse_id(text: str) -> str:
    """Returns a contact's id from a field that has no addresses, such as a cookie. Raises ValueError."""
    if text in ("", "-"):
        raise ValueError(NO_CLIENT)
    if len(text) > _MAX_CONTACT_LENGTH:
        raise ValueError(f"an id of {len(text):,} characters is too long for a contact")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
        raise ValueError(f"{text[:60]!r} has control characters, which no contact's id may have")
    return text
