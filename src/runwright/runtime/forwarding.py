"""The ways out of a sandbox's network: each leads to one host and port, over a listener that stands inside.

The listeners' sockets are made in the script's network namespace and handed out; connections to them end here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_MOST_CONNECTIONS = 64
_AT_A_TIME = 64 * 1024
_IPV4_ANY, _IPV6_LOOPBACK = "0.0.0.0", "::1"  # noqa: S104 - of a namespace without any other interface


@dataclass(frozen=True, slots=True)
class Way:
    """One host and port that scripts may reach."""

    host: str
    port: int

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.host


def ways_to(urls: Iterable[str]) -> tuple[Way, ...]:
    """The hosts and ports of these URLs."""
    ways: dict[Way, None] = {}
    for url in urls:
        parts = urlsplit(url)
        if parts.hostname:
            ways[Way(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))] = None
    return tuple(ways)


def listeners(ways: Iterable[Way]) -> list[tuple[int, str, int]]:
    """(family, address, port) to listen at inside; one for several hosts on one port is enough of each family."""
    return sorted({(6, "::", way.port) if way.is_ipv6 else (4, _IPV4_ANY, way.port) for way in ways})


def addresses(ways: Iterable[Way]) -> list[str]:
    """The IPv4 addresses that loopback must have inside, besides its own."""
    return sorted({way.host for way in ways if _is_ipv4(way.host) and not ipaddress.ip_address(way.host).is_loopback})


def hosts_file(ways: Iterable[Way]) -> str:
    """The names of these hosts, all of them loopback inside."""
    names = sorted({way.host for way in ways if not way.is_ipv6 and not _is_ipv4(way.host)} - {"localhost"})
    return "127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in names)


def _is_ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False


class Forwarder:
    """Carries connections of one sandbox. Its listeners arrive as descriptors, in the order of `listeners(ways)`."""

    def __init__(self, ways: tuple[Way, ...]) -> None:
        self._ways = ways
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self, files: list[int]) -> None:
        """Take connections from these listening sockets."""
        for file in files:
            listener = socket.socket(fileno=file)
            listener.setblocking(False)  # noqa: FBT003 - its only form
            port = listener.getsockname()[1]
            self._servers.append(await asyncio.start_server(self._accept(port), sock=listener, limit=_AT_A_TIME))

    async def close(self) -> None:
        """End the listeners and every connection."""
        for server in self._servers:
            server.close()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def _accept(self, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            if len(self._connections) >= _MOST_CONNECTIONS:
                writer.close()
                return
            self._connections.add(task)
            try:
                await self._carry(port, reader, writer)
            except (OSError, asyncio.CancelledError):
                pass  # refused, cut off, or the script has ended: it sees the end of its connection
            finally:
                self._connections.discard(task)
                writer.close()

        return carry

    async def _carry(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = self._host_of(port, writer)
        out_reader, out_writer = await asyncio.open_connection(host, port, limit=_AT_A_TIME)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, out_writer))
                both.create_task(_pump(out_reader, writer))
        except* OSError:
            pass
        finally:
            out_writer.close()

    def _host_of(self, port: int, writer: asyncio.StreamWriter) -> str:
        """Where a connection to this port leads: hosts that share one are told apart by address, if they have any."""
        sharing = [way.host for way in self._ways if way.port == port]
        address = writer.get_extra_info("sockname")[0]
        return next((host for host in sharing if host == address), sharing[0])


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_AT_A_TIME):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
