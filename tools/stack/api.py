"""A small client of the REST surface, on the standard library only."""
import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Answer:
    status: int  # 0: no answer
    body: object
    headers: dict

    @property
    def ok(self):
        return 200 <= self.status < 300


class Api:
    def __init__(self, url: str, tenant: str = "", token: str = "", timeout: float = 30):
        parts = urlsplit(url)
        self.host, self.port, self.timeout = parts.hostname, parts.port, timeout
        self.tenant, self.token = tenant, token

    def request(self, method: str, path: str, body=None, headers=None, raw: bytes = None) -> Answer:
        fields = dict(headers or {})
        if self.token:
            fields.setdefault("Authorization", f"Bearer {self.token}")
        if self.tenant:
            fields.setdefault("X-Tenant-ID", self.tenant)
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            connection.request(method, path, body=data, headers=fields)
            response = connection.getresponse()
            text = response.read()
            kind = response.headers.get("Content-Type", "")
            if kind.startswith("audio/"):
                parsed = text
            else:
                parsed = json.loads(text) if "json" in kind and text else text.decode(errors="replace")
            return Answer(response.status, parsed, {k.lower(): v for k, v in response.getheaders()})
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, str(error), {})
        finally:
            connection.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, body={} if body is None and "raw" not in kw else body, **kw)

    def patch(self, path, body, **kw):
        return self.request("PATCH", path, body=body, **kw)

    def put(self, path, body, **kw):
        return self.request("PUT", path, body=body, **kw)

    def delete(self, path, **kw):
        return self.request("DELETE", path, **kw)

    def events(self, query: str = ""):
        """Opens the live feed: from here on nothing is missed. Yields (id, type, data) until the server ends it."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        connection.request("GET", "/api/v1/events" + query, headers={
            "Authorization": f"Bearer {self.token}", "X-Tenant-ID": self.tenant,
            "Accept": "text/event-stream"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"the live feed answered {response.status}: {response.read()[:300]}")
        return self._events_of(response)

    @staticmethod
    def _events_of(response):
        event = {}
        while True:
            line = response.fp.readline() if not response.chunked else response.readline()
            if not line:
                return
            line = line.decode().rstrip("\r\n")
            if not line:
                if "data" in event:
                    yield event.get("id"), event.get("event"), json.loads(event["data"])
                event = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                event[name] = value.lstrip(" ")
