"""Allow only addresses of the public internet as targets of a URL.

A host name is only as trustworthy as whoever runs its zone, and a URL may come from
anybody. So what is judged is never a name or the spelling of an address, but the
address that a connection is then made to.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Allow: TypeAlias = Callable[[Address], bool]

_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is assigned to the public internet (RFC 4291, IANA)."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator (RFC 6052): the last 32 bits say where it leads."""
_TEREDO = IPv6Network("2001::/32")
_RELAYS = IPv4Network("192.88.99.0/24")
"""Anycast of 6to4 relays (RFC 7526), of no more use."""


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet.

    It is not where it is private, shared (CGNAT), loopback, link-local, multicast,
    reserved or unspecified, nor where it is an address of IPv6 that has such a one of
    IPv4 inside (mapped, 6to4, NAT64). Tunnels by Teredo are none either.
    """
    if isinstance(address, IPv4Address):
        ours = address.is_global and not (address.is_multicast or address.is_reserved)
        return ours and address not in _RELAYS
    inside = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inside = IPv4Address(address.packed[-4:])
    if inside is not None:
        return is_public(inside)
    return address.is_global and address in _UNICAST and address not in _TEREDO


def resolved(host: str, port: int, seconds: float) -> list[Address]:
    """Return the addresses of a host, in the order in which the system would try them.

    Raises:
        OSError: there are none, or none within ``seconds``.
    """
    answers: SimpleQueue[list[Address] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([ip_address(str(entry[4][0])) for entry in found])
        except Exception as error:  # whatever it is, it is for the thread that waits
            answers.put(error)

    # The system's resolver takes no limit of time, so it is left behind when it is late.
    Thread(target=ask, name="sensorium-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    if isinstance(answer, Exception):  # a name that cannot be put into a question
        raise OSError(str(answer)) from answer
    return answer
