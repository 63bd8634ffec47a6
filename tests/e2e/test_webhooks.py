"""Webhooks: signed, exactly once, in any order."""
import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import is_problem
from moments import moment, moments
from stack.process import wait_until


def story():
    rang, answered, ended = moments(-60, -50, -10)
    return [("CALL_RINGING", "RINGING", rang), ("CALL_ANSWERED", "CONNECTED", answered),
            ("CALL_ENDED", "COMPLETED", ended)]


@pytest.fixture
def session(tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    return tenant.place("+12025550777")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_gives_the_same_call(tenant, session, order):
    events = story()
    for i in order:
        assert tenant.webhook(session["session_id"], *events[i][:2], at=events[i][2]).status == 200
    def done():
        s = tenant.session(session["id"])
        return (s["status"], s["duration_seconds"], s["ring_seconds"]) == ("COMPLETED", 40, 10)
    wait_until(done, 30, "the call to be folded to COMPLETED, 10 s of ringing, 40 s of talk")


def test_duplicates_at_once_change_nothing(tenant, session):
    events = story() * 8
    random.Random(7).shuffle(events)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda e: tenant.webhook(session["session_id"], e[0], e[1], at=e[2]),
                                events))
    assert {a.status for a in answers} == {200}
    ended = tenant.wait_status(session["id"], "COMPLETED")
    wait_until(lambda: tenant.session(session["id"])["duration_seconds"] == 40, 30, "40 s of talk")
    stats = lambda: tenant.api.get("/api/v1/click-to-call/stats").body
    wait_until(lambda: (stats()["by_status"], stats()["total_duration"]) == ({"COMPLETED": 1}, 40), 30, "the figures to follow")
    assert stats()["total_calls"] == 1
    assert ended["status"] == "COMPLETED"


def test_a_late_ringing_never_undoes(tenant, session):
    events = story()
    tenant.webhook(session["session_id"], *events[1][:2], at=events[1][2])
    tenant.wait_status(session["id"], "CONNECTED")
    assert tenant.webhook(session["session_id"], *events[0][:2], at=events[0][2]).status == 200
    wait_until(lambda: tenant.session(session["id"])["ring_seconds"] == 10, 30, "the ringing to be filled in")
    assert tenant.session(session["id"])["status"] == "CONNECTED"


@pytest.mark.parametrize("headers, code", [
    ({"X-Signature": None}, "SIGNATURE_MISSING"), ({"X-Signature": ""}, None),
    ({"X-Signature": "0" * 64}, "SIGNATURE_INVALID"), ({"X-Signature": "zz"}, "SIGNATURE_INVALID"),
    ({"X-Signature": "sha256=" + "0" * 64}, "SIGNATURE_INVALID"),
    ({"X-Signature": "0" * 63}, "SIGNATURE_INVALID"), ({"X-Signature": "0" * 10000}, None)])
def test_forged_webhooks_are_refused_and_logged(tenant, session, headers, code):
    answer = tenant.webhook(session["session_id"], "CALL_ENDED", "COMPLETED", at=moment(0), headers=headers)
    assert answer.status in (401, 431), answer
    if code:
        is_problem(answer, 401, code)
        logs = tenant.api.get("/api/v1/webhooks/logs?state=REFUSED").body["logs"]
        assert logs and not logs[0]["signature_valid"] and logs[0]["error_code"] == code
    assert tenant.session(session["id"])["status"] == "INITIATED"


def test_another_tenants_secret_opens_nothing(tenant, other, session):
    other.provider()
    for kw in ({"secret": other.webhook_secret}, {"tenant": other.name}):
        answer = tenant.webhook(session["session_id"], "CALL_ENDED", "COMPLETED", at=moment(0), **kw)
        assert answer.status == 401, answer
    answer = tenant.webhook(session["session_id"], "CALL_ENDED", "COMPLETED", at=moment(0),
                            headers={"X-Tenant-ID": other.name})
    is_problem(answer, 403, "TENANT_MISMATCH")
    signed_by_other = other.webhook(session["session_id"], "CALL_ENDED", "COMPLETED", at=moment(0))
    is_problem(signed_by_other, 404, "UNKNOWN_SESSION")
    assert tenant.session(session["id"])["status"] == "INITIATED"


def test_a_prefixed_signature_is_accepted(tenant, session):
    import hashlib
    import hmac
    import json
    raw = json.dumps({"event_type": "CALL_RINGING", "session_id": session["session_id"],
                      "status": "RINGING", "timestamp": moment(-1)}).encode()
    good = hmac.new(tenant.webhook_secret.encode(), raw, hashlib.sha256).hexdigest()
    answer = tenant.webhook("", "", raw=raw, headers={"X-Signature": "sha256=" + good})
    assert answer.status == 200, answer


@pytest.mark.parametrize("fields, status, code", [
    ({"session": "sess_unknown"}, 404, "UNKNOWN_SESSION"),
    ({"at": "yesterday"}, 400, "WEBHOOK_UNREADABLE"),
    ({"at": "2020-01-01T00:00:00Z"}, 400, "WEBHOOK_OUTSIDE_WINDOW"),
    ({"at": "2099-01-01T00:00:00Z"}, 400, "WEBHOOK_OUTSIDE_WINDOW"),
    ({"event": "CALL_EXPLODED"}, 400, "WEBHOOK_UNREADABLE"),
    ({"event": "X" * 500}, 400, "WEBHOOK_UNREADABLE"),
    ({"correlation_id": "x" * 5000}, 400, "WEBHOOK_UNREADABLE"),
    ({"raw": b"not json"}, 400, "WEBHOOK_UNREADABLE")])
def test_poison_is_answered_once_logged_and_blocks_nothing(tenant, session, fields, status, code):
    given = dict(fields)
    sid = given.pop("session", session["session_id"])
    answer = tenant.webhook(sid, given.pop("event", "CALL_RINGING"), "RINGING",
                            at=given.pop("at", moment(0)), **given)
    is_problem(answer, status, code)
    logs = tenant.api.get("/api/v1/webhooks/logs?state=REFUSED").body["logs"]
    assert logs[0]["error_code"] == code and logs[0]["error_message"]
    assert tenant.webhook(session["session_id"], "CALL_RINGING", "RINGING", at=moment(0)).status == 200
    tenant.wait_status(session["id"], "RINGING")


def test_an_unknown_provider_type_is_said_so(tenant, session):
    answer = tenant.webhook(session["session_id"], "CALL_ENDED", at=moment(0), provider="pigeon")
    is_problem(answer, 404, "UNKNOWN_PROVIDER_TYPE")


def test_a_replay_of_an_applied_event_changes_nothing(tenant, session):
    tenant.webhook(session["session_id"], "CALL_RINGING", "RINGING", at=moment(-5))
    tenant.wait_status(session["id"], "RINGING")
    log = wait_until(lambda: next(iter(tenant.api.get(
        "/api/v1/webhooks/logs?state=APPLIED").body["logs"]), None), 30, "the log to say APPLIED")
    before = tenant.session(session["id"])
    answer = tenant.api.post(f"/api/v1/webhooks/logs/{log['id']}/replay", {})
    assert answer.status == 200 and answer.body["success"], answer
    assert tenant.session(session["id"])["version"] == before["version"]
