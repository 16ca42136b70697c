"""A sandbox for blocking tests: served from a thread of its own, driven by its control side over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from connectors.salesforce.org.connection import Connection
from connectors.salesforce_sandbox.server import SandboxServer

SPRING = "7015A000000SPR1QAO"
AUTUMN = "7015A000000AUT1QAO"


class SandboxClient:
    """The control side of a running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, name: str, /, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/__sandbox__/{name}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def get(self, name: str) -> Any:
        return requests.get(f"{self.url}/__sandbox__/{name}", timeout=10).json()

    def add_fault(self, kind: str, **more: Any) -> None:
        self.post("faults", kind=kind, **more)

    def clear_faults(self) -> None:
        """Requests from now on fail no more; what was struck already stays so."""
        assert requests.delete(f"{self.url}/__sandbox__/faults", timeout=10).ok

    def server_time(self) -> datetime:
        """The org's clock."""
        answer = requests.get(f"{self.url}/services/data", timeout=10)
        return parsedate_to_datetime(answer.headers["Date"])

    def live_records(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.get(f"records/{name}") if not row["IsDeleted"]]

    def requests(self, path: str = "") -> list[dict[str, Any]]:
        return [entry for entry in self.get("requests") if path in entry["path"]]

    def connection(self, **more: Any) -> Connection:
        given = {
            "domain": "leadstream-sandbox.my",
            "client_id": "leadstream",
            "client_secret": "leadstream",
            "url": self.url,
            "read_timeout": 10.0,
        }
        return Connection(**{**given, **more})


class OrgApi:
    """The REST API of a running sandbox, with a valid token."""

    def __init__(self, sandbox: SandboxClient, version: str = "62.0") -> None:
        self.url = sandbox.url
        self.base = f"services/data/v{version}"
        form = {"grant_type": "client_credentials", "client_id": "leadstream", "client_secret": "leadstream"}
        token = requests.post(f"{self.url}/services/oauth2/token", data=form, timeout=5).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Any = None, **query: str
    ) -> requests.Response:
        """A request below the version; a path that begins with `/` is taken as it is."""
        url = f"{self.url}{path}" if path.startswith("/") else f"{self.url}/{self.base}/{path}"
        sent = {**self.headers, **(headers or {})}
        return requests.request(method, url, json=body, params=query, headers=sent, timeout=10)

    def create(self, name: str, **values: Any) -> str:
        """The id of a new record."""
        answer = self("POST", f"sobjects/{name}", values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def row(self, name: str, record_id: str) -> dict[str, Any]:
        return dict(self("GET", f"sobjects/{name}/{record_id}").json())

    def query(self, soql: str, resource: str = "query") -> list[dict[str, Any]]:
        answer = self("GET", resource, q=soql)
        assert answer.status_code == 200, answer.text
        return [dict(row) for row in answer.json()["records"]]

    def refusal(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str, str]:
        """Status, code and message of a request that is refused."""
        answer = self(method, path, body, **more)
        [error] = answer.json()
        return answer.status_code, error["errorCode"], error["message"]


@contextmanager
def run_sandbox() -> Iterator[SandboxClient]:
    """A sandbox with two campaigns, stopped at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    org = SandboxServer(campaigns={SPRING: "Spring trial", AUTUMN: "Autumn fair"})
    asyncio.run_coroutine_threadsafe(org.start(), loop).result(10)
    try:
        yield SandboxClient(org.url)
    finally:
        asyncio.run_coroutine_threadsafe(org.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
