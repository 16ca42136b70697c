"""A Redis behind TLS: its certificate is checked, against an authority of one's own too."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors.redis.connection import open_redis
from connectors.redis.local import LocalRedis
from streams.errors import RedisUnavailable

CHUNK = 1 << 16


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine that is its own authority, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis.example")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    file = tmp_path / "redis.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + signed.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
async def tls_port(tmp_path: Path, certificate: Path) -> AsyncIterator[int]:
    """Where TLS ends before a real server; the one of the wheel has none itself."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with LocalRedis(tmp_path / "redis") as server:
        plain_port = int(server.url.rpartition(":")[2].partition("/")[0])

        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", plain_port)
            await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer))

        proxy = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
        try:
            yield proxy.sockets[0].getsockname()[1]
        finally:
            proxy.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hands on what comes, until one side is gone."""
    try:
        with suppress(ConnectionError, ssl.SSLError):
            while chunk := await reader.read(CHUNK):
                writer.write(chunk)
                await writer.drain()
    finally:
        writer.close()


async def test_a_server_whose_authority_is_named_answers_over_tls(tls_port: int, certificate: Path) -> None:
    async with open_redis(f"rediss://127.0.0.1:{tls_port}/0?ssl_ca_certs={certificate}") as client:
        await client.execute("SET", "ada", "1")
        assert await client.execute("GET", "ada") == b"1"


async def test_a_server_of_an_unknown_authority_is_one_line(tls_port: int) -> None:
    with pytest.raises(RedisUnavailable, match=f"^no Redis answers at 127.0.0.1:{tls_port} .*certificate") as failure:
        async with open_redis(f"rediss://127.0.0.1:{tls_port}/0"):
            pass
    assert "\n" not in str(failure.value)


async def test_a_certificate_of_another_host_is_one_line(tls_port: int, certificate: Path) -> None:
    with pytest.raises(RedisUnavailable, match=f"^no Redis answers at localhost:{tls_port} .*certificate") as failure:
        async with open_redis(f"rediss://localhost:{tls_port}/0?ssl_ca_certs={certificate}"):
            pass
    assert "\n" not in str(failure.value)


async def test_a_plain_address_of_a_server_with_tls_is_one_line(tls_port: int) -> None:
    with pytest.raises(RedisUnavailable, match=f"^no Redis answers at 127.0.0.1:{tls_port} ") as failure:
        async with open_redis(f"redis://127.0.0.1:{tls_port}/0"):
            pass
    assert "\n" not in str(failure.value)
