"""One running suite for all tests of a folder; each test makes its own tenant, so none sees another."""
import base64
import functools
import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))

from faulty_provider import FaultyProvider  # noqa: E402
from stack.api import Api  # noqa: E402
from stack.process import wait_until  # noqa: E402
from stack.stack import Stack  # noqa: E402

ENDED = {"COMPLETED", "FAILED", "BUSY", "NO_ANSWER", "CANCELLED", "TRANSFERRED", "VOICEMAIL"}
# Watchdogs that a test can wait for.
QUICK_WATCHDOGS = {"CTC_SESSION_SUBMIT_LIMIT_SECONDS": "2", "CTC_SESSION_SUBMIT_GRACE_SECONDS": "4",
                   "CTC_SESSION_SWEEP_SECONDS": "0.2"}
_numbers = itertools.count(1)
# Every credential of the run, and what it is: none may be seen in a log or an answer.
_credentials = {}
_credentials_lock = threading.Lock()  # cases of one table run at once
CREDENTIALS = ("api_key", "api_secret", "auth_token", "webhook_secret", "private_key")


def remember(credential, what):
    lines = [line for line in credential.splitlines() if len(line) >= 8 and "-----" not in line]
    seen = {}
    for text in lines:
        seen[text] = what
        # As HTTP's Basic scheme would carry it, from each of the three places in a triple.
        for skip in range(3):
            coded = base64.b64encode(b"." * skip + text.encode()).decode()
            seen[coded[4 if skip else 0:-4]] = what + " in base64"
    with _credentials_lock:
        _credentials.update(seen)


def told_credentials(text):
    with _credentials_lock:
        known = list(_credentials.items())
    return sorted({what for credential, what in known if credential in text})


class WatchedApi(Api):
    """Fails the test whose answer tells a credential."""

    def request(self, *args, **kw):
        answer = super().request(*args, **kw)
        told = told_credentials(str(answer.body) + str(answer.headers))
        assert not told, f"{args[:2]} told {told}"
        return answer


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    # At the simulator's tenfold speed a transfer's target rings for six seconds, in which a test looks and cancels.
    running = Stack(tmp_path_factory.mktemp("suite"),
                    extra_env={**QUICK_WATCHDOGS, "CTC_SESSION_PARTY_RING_SECONDS": "60"})
    try:
        yield running.start()
    finally:
        running.stop()
    check_logs(running)


def check_logs(stack):
    """An error line means that someone must act; in a test nobody should have to."""
    if os.environ.get("CTC_ALLOW_ERROR_LINES"):
        return
    found = []
    for log in (stack.state / "logs").glob("*.log"):
        found += [line for line in log.read_text(errors="replace").splitlines()
                  if '"level":"error"' in line]
    assert not found, f"{len(found)} error lines, the first: {found[0]}"
    check_credentials(stack)


def check_credentials(stack):
    for log in (stack.state / "logs").glob("*.log"):
        if log.name == "simulator.log":
            continue
        told = told_credentials(log.read_text(errors="replace"))
        assert not told, f"{log.name} tells {told}"


def check_database(stack):
    """No credential is stored as it is, in any table of the running database."""
    if stack.database is None:
        return
    dump = subprocess.run(["mariadb-dump", "--no-defaults", f"--socket={stack.database.socket}", "-uroot",
                           "--skip-extended-insert", stack.database.name], check=True, capture_output=True).stdout
    assert b"INSERT INTO `voip_provider`" in dump
    told = told_credentials(dump.decode(errors="replace"))
    assert not told, f"the database holds {told}"


@functools.cache
def rsa_key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                          check=True, capture_output=True, text=True).stdout


class Tenant:
    """A tenant of its own with an admin key, and the few steps most tests need."""

    def __init__(self, stack, name=None, distinct=True):
        self.stack = stack
        self.name = name or f"t{next(_numbers)}-{os.getpid()}"
        self.token = stack.create_key(self.name)
        remember(self.token, "an API key of ours")
        self.api: Api = WatchedApi(stack.url, self.name, self.token)
        self.webhook_secret = "whsec-" + self.name

    def provider(self, kind="ASTERISK", url=None, **fields):
        body = {"provider_name": f"{kind} of {self.name}", "provider_type": kind,
                "api_url": url or self.stack.simulator_url, "phone_number": "+10987654321",
                "priority": 1, "timeout_seconds": 8}
        if kind == "ASTERISK":
            # Two accounts on one switch need an app each: a switch tells an app's events to one socket.
            body.update(auth_token="ctc:secret", webhook_secret=self.webhook_secret,
                        settings={"app": f"ctc-{self.name}-{next(_numbers)}"})
        if kind == "TWILIO":
            body.update(account_sid="AC" + "0" * 31 + "1", api_key="AC" + "0" * 31 + "1",
                        api_secret="simulator-auth-token")
        if kind == "VONAGE":
            body.update(application_id="aaaaaaaa-bbbb-cccc-dddd-0123456789ab", private_key=rsa_key(),
                        webhook_secret="simulator-signature-secret")
        body.update(fields)
        for name in CREDENTIALS:
            if body.get(name) and body[name] != body.get("account_sid"):
                remember(body[name], f"{name} of a {kind} account")
        answer = self.api.post("/api/v1/voip-providers", body)
        assert answer.status == 201, answer
        if kind == "ASTERISK" and url is None and fields.get("is_active", True):
            wait_until(lambda: self.health(answer.body["id"])["event_socket"] == "CONNECTED", 30,
                       "the switch's event socket")
        return answer.body

    def health(self, provider_id):
        return self.api.get(f"/api/v1/voip-providers/{provider_id}/health").body

    def initiate(self, to="+12025550100", headers=None, **fields):
        return self.api.post("/api/v1/click-to-call/initiate", {"to_phone": to, **fields},
                             headers=headers)

    def place(self, to="+12025550100", **fields):
        answer = self.initiate(to, **fields)
        assert answer.status == 201, answer
        return answer.body["session"]

    def session(self, id):
        answer = self.api.get(f"/api/v1/click-to-call/sessions/{id}")
        assert answer.status == 200, answer
        return answer.body

    def wait_status(self, id, *statuses, seconds=40):
        last = {}

        def reached():
            last.update(self.session(id))
            return last if last["status"] in statuses else None
        try:
            return wait_until(reached, seconds, f"session {id} to be {statuses}", interval=0.05)
        except TimeoutError as error:
            raise AssertionError(f"{error}; it is {last.get('status')} ({last.get('end_reason')})")

    def wait_reached(self, id, status, seconds=40):
        """Until the session has been `status`, if only for a moment that a look at it may miss."""
        def reached():
            answer = self.api.get(f"/api/v1/click-to-call/sessions/{id}/events")
            assert answer.status == 200, answer
            return any(event.get("new_status") == status for event in answer.body["events"])
        wait_until(reached, seconds, f"session {id} to have been {status}", interval=0.05)

    def wait_ended(self, id, seconds=40):
        return self.wait_status(id, *ENDED, seconds=seconds)

    def wait_corrected(self, id, status, reason, seconds=40):
        """The session once its end is told so: of events in any order the end may come before the answer, which then
        corrects what was concluded from it."""
        last = {}

        def told():
            last.update(self.session(id))
            return (last["status"], last.get("end_reason")) == (status, reason)
        try:
            wait_until(told, seconds, f"session {id} to end {status} ({reason})", interval=0.05)
        except TimeoutError as error:
            raise AssertionError(f"{error}; it is {last}")
        return last

    def webhook(self, session_id, event, status="", at="2026-01-01T10:00:00Z", secret=None,
                raw=None, headers=None, provider="asterisk", tenant=None, **fields):
        import hashlib
        import hmac
        import json
        body = raw if raw is not None else json.dumps({
            "event_type": event, "session_id": session_id, "correlation_id": f"corr_{session_id}",
            "from_phone": "+10987654321", "to_phone": "+12025550100", "status": status,
            "timestamp": at, **fields}).encode()
        key = (secret or self.webhook_secret).encode()
        signature = hmac.new(key, body, hashlib.sha256).hexdigest()
        send = {"X-Signature": signature, "Content-Type": "application/json", **(headers or {})}
        send = {k: v for k, v in send.items() if v is not None}
        return Api(self.stack.url).request(
            "POST", f"/api/v1/webhooks/voip/{provider}?tenant={tenant or self.name}", raw=body,
            headers=send)


@pytest.fixture
def tenant(stack):
    return Tenant(stack)


@pytest.fixture
def quiet_provider():
    """Takes every call and says nothing more: webhooks alone tell the story."""
    provider = FaultyProvider()
    yield provider
    provider.close()


@pytest.fixture
def other(stack):
    return Tenant(stack)


def is_problem(answer, status, code):
    """An error as the product promises it: problem+json, a stable code, what to do, the request's id."""
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/problem+json"), answer
    body = answer.body
    assert body["code"] == code, body
    assert body["success"] is False and body["status"] == status and body["request_id"], body
    assert body["title"] and body["detail"], body
    return body
