"""A SIP switch driven over HTTP by its account's template: the reference contract, end to end."""
import base64
import json
import subprocess
import time

import pytest

from conftest import check_database, is_problem, remember
from stack.api import Api
from stack.process import wait_until
from talks import room_of

KEY = "switch-key"


def sip(tenant, settings=None, **fields):
    return tenant.provider("SIP", url=tenant.stack.simulator_url + "/sip", api_key=KEY,
                           webhook_secret=KEY, settings=settings or {}, **fields)


def place(tenant, digits, agent="1001"):
    return tenant.place(f"+1202555{digits}", agent_id="ann", agent_phone=agent)


def events(tenant, id):
    return [e["type"] for e in tenant.api.get(f"/api/v1/click-to-call/sessions/{id}/events").body["events"]]


@pytest.fixture
def call(tenant):
    sip(tenant)
    session = place(tenant, 9921)
    tenant.wait_status(session["id"], "CONNECTED")
    yield session["id"]
    tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/end", {})


def do(tenant, id, step, body=None):
    return tenant.api.post(f"/api/v1/click-to-call/sessions/{id}/{step}", body or {})


@pytest.mark.parametrize("digits, status, reason", [
    ("9920", "COMPLETED", "NORMAL"),
    ("9901", "BUSY", "CUSTOMER_BUSY"),
    ("9902", "NO_ANSWER", "CUSTOMER_NO_ANSWER"),
    ("9903", "FAILED", "CUSTOMER_REJECTED"),
    ("9904", "FAILED", "PROVIDER_ERROR"),
    ("9905", "FAILED", "INVALID_NUMBER"),
])
def test_an_outcome_is_told_truthfully(tenant, digits, status, reason):
    sip(tenant, {"ring_timeout_seconds": 20})
    ended = tenant.wait_ended(place(tenant, digits)["id"])
    assert (ended["status"], ended["end_reason"]) == (status, reason), ended
    legs = {leg["party"]: leg for leg in ended["legs"]}
    assert legs["AGENT"]["answered_at"], "the agent did pick up"
    if status != "COMPLETED":
        assert "call_answered_at" not in ended and "answered_at" not in legs["CUSTOMER"]


def test_an_agent_that_is_busy_is_not_told_as_the_customer(tenant):
    sip(tenant)
    ended = tenant.wait_ended(place(tenant, 9920, agent="+12025559901")["id"])
    assert (ended["status"], ended["end_reason"]) == ("BUSY", "AGENT_REJECTED"), ended


@pytest.mark.parametrize("digits", ["9907", "9908", "9909"])
def test_webhooks_twice_in_any_order_or_early_change_nothing(tenant, digits):
    sip(tenant)
    tenant.wait_corrected(place(tenant, digits)["id"], "COMPLETED", "NORMAL")


def test_a_lost_answer_is_looked_up_by_our_reference_and_never_dialled_again(tenant):
    sip(tenant)
    tenant.initiate("+12025559917", agent_id="ann", agent_phone="1001")  # 500, yet dialled
    session = tenant.api.get("/api/v1/click-to-call/sessions").body["sessions"][0]
    tenant.wait_status(session["id"], "CONNECTED", "COMPLETED")
    dials = Api(tenant.stack.simulator_url).get(f"/_stats?reference={session['id']}%7Ccustomer")
    assert dials.body["dials"] == 1, dials


def test_hold_mute_digits_recording(tenant, call):
    def at_the_switch(**wanted):
        return {p["phone"]: p["mode"] for p in room_of(tenant.stack, "SIP", call)} == \
            {"1001": wanted["agent"], "+12025559921": wanted["customer"]}
    assert do(tenant, call, "hold").body["session"]["status"] == "ON_HOLD"
    assert at_the_switch(agent="talks", customer="hold")
    assert do(tenant, call, "resume").body["session"]["status"] == "CONNECTED"
    assert do(tenant, call, "mute").body["session"]["is_muted"] is True
    assert at_the_switch(agent="listens", customer="talks")
    assert do(tenant, call, "unmute").body["session"]["is_muted"] is False
    assert at_the_switch(agent="talks", customer="talks")
    assert do(tenant, call, "dtmf", {"digits": "12#"}).status == 200
    assert {p["phone"]: p["digits"] for p in room_of(tenant.stack, "SIP", call)} == {"1001": "", "+12025559921": "12#"}
    for step in ("start", "pause", "resume", "stop"):
        answer = do(tenant, call, f"recording/{step}")
        assert answer.status == 200, (step, answer)
    wait_until(lambda: "session.held" in events(tenant, call), 30, "the hold on the timeline")


def test_end_and_then_nothing_more(tenant, call):
    assert do(tenant, call, "end").status == 200
    ended = tenant.wait_ended(call)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    is_problem(do(tenant, call, "hold"), 409, "CALL_NOT_LIVE")


def test_a_cancel_before_the_answer_ends_cancelled(tenant):
    sip(tenant, {"ring_timeout_seconds": 600})  # time to cancel
    session = place(tenant, 9902)
    tenant.wait_status(session["id"], "RINGING")
    assert do(tenant, session["id"], "end").status == 200
    ended = tenant.wait_ended(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CANCELLED_BY_AGENT"), ended


def test_what_the_template_lacks_cannot_be_done(tenant):
    sip(tenant, {"preset": "reference", "operations": {"hold": None, "dtmf": None}})
    session = place(tenant, 9921)
    tenant.wait_status(session["id"], "CONNECTED")
    problem = is_problem(do(tenant, session["id"], "hold"), 501, "CAPABILITY_MISSING")
    assert problem["metadata"]["capability"] == "hold"
    assert do(tenant, session["id"], "mute").status == 200
    do(tenant, session["id"], "end")


def test_a_template_is_checked_field_by_field(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "broken", "provider_type": "SIP", "api_url": "http://switch.example",
        "phone_number": "+10987654321", "settings": {
            "auth": {"mode": "digest"},
            "operations": {"place": {"path": "v1/{nobody}", "methd": "GET"},
                           "hold": {"path": "/hold", "body": {"leg": "{digits}"}}}}})
    problem = is_problem(answer, 400, "VALIDATION_FAILED")
    fields = {error["field"] for error in problem["errors"]}
    assert {"settings.auth.mode", "settings.operations.place.path", "settings.operations.place.methd",
            "settings.operations.place.id", "settings.operations.hold.body"} <= fields, fields


def test_credentials_are_asked_for_by_name(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "keyless", "provider_type": "SIP", "api_url": "http://switch.example",
        "phone_number": "+10987654321"})
    problem = is_problem(answer, 400, "VALIDATION_FAILED")
    assert [error["field"] for error in problem["errors"]] == ["api_key"]


def test_the_account_can_be_tested(tenant):
    provider = sip(tenant)
    answer = tenant.api.post(f"/api/v1/voip-providers/{provider['id']}/test", {})
    assert answer.body["success"] is True, answer
    other = tenant.provider("SIP", api_key=KEY, settings={})  # nothing of a switch at that path
    answer = tenant.api.post(f"/api/v1/voip-providers/{other['id']}/test", {})
    assert answer.body["success"] is False and KEY not in str(answer.body), answer


def test_the_seeds_webhook_tells_a_sip_call_too(tenant, quiet_provider):
    tenant.provider("SIP", url=tenant.stack.simulator_url + "/sip", api_key=KEY,
                    webhook_secret=tenant.webhook_secret, settings={})
    session = place(tenant, 9924)  # the switch itself says nothing
    for event, status in (("CALL_RINGING", "RINGING"), ("CALL_ANSWERED", "CONNECTED")):
        answer = tenant.webhook(session["id"], event, status, at=session["created_at"], provider="sip")
        assert answer.status in (200, 202, 204), answer
    tenant.wait_status(session["id"], "CONNECTED")
    forged = tenant.webhook(session["id"], "CALL_ENDED", "COMPLETED", at=session["created_at"],
                            provider="sip", secret="wrong")
    is_problem(forged, 401, "SIGNATURE_INVALID")
    do(tenant, session["id"], "end")


def told(tenant, event, query, headers=None, **fields):
    """The switch's webhook, at the URL it was given."""
    body = json.dumps({"event": event, "id": "switch-call-1", **fields}).encode()
    return Api(tenant.stack.url).request("POST", "/api/v1/webhooks/voip/sip?" + query, raw=body, headers={
        "Content-Type": "application/json", **(headers(body) if headers else {})})


def proven_by(tenant, provider, verify, **fields):
    """An account at a switch that only takes calls, and how its webhooks are proven."""
    tenant.provider("SIP", url=provider.url, api_key=KEY, settings={
        "preset": "reference", "webhook": {"verify": verify}}, **fields)
    session = place(tenant, 9921)
    asked = json.loads(provider.bodies[-1])
    assert asked["reference"] == session["id"]
    return session["id"], asked["callback_url"].split("?", 1)[1]


def test_a_token_in_the_url_proves_the_webhooks_of_its_call_alone(tenant, quiet_provider):
    one, query = proven_by(tenant, quiet_provider, {"mode": "url_token"}, webhook_secret="url-token-secret")
    token = query.rsplit("token=", 1)[1]
    remember(token, "the token of a call's webhooks")
    other = tenant.place("+12025559922", agent_id="ben", agent_phone="1002")["id"]
    for bad in (query[:-1], query.replace(one, other), f"tenant={tenant.name}&token=guessed"):
        is_problem(told(tenant, "call.answered", bad, leg="customer"), 401, "SIGNATURE_INVALID")
    missing = told(tenant, "call.answered", f"tenant={tenant.name}", leg="customer")
    assert missing.status == 401, missing
    strayed = told(tenant, "call.answered", query, leg="customer", reference=other)
    assert strayed.status == 400, strayed
    assert {tenant.session(id)["status"] for id in (one, other)} == {"INITIATED"}
    assert told(tenant, "call.answered", query, leg="customer").status == 200
    tenant.wait_status(one, "CONNECTED")
    assert tenant.session(other)["status"] == "INITIATED"
    check_database(tenant.stack)  # the log of webhooks among all tables


def test_an_ed25519_signature_proves_a_webhook(tenant, quiet_provider, tmp_path):
    key = tmp_path / "key.pem"
    openssl = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True).stdout  # noqa: E731
    openssl("genpkey", "-algorithm", "ED25519", "-out", str(key))
    public = openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")[-32:]

    def signed(body, stamp=None, joint=b"|"):
        stamp = stamp or str(int(time.time()))
        text = tmp_path / "signed"
        text.write_bytes(stamp.encode() + joint + body)
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", str(key), "-in", str(text))
        return {"Telnyx-Signature-Ed25519": base64.b64encode(signature).decode(), "Telnyx-Timestamp": stamp}
    session, query = proven_by(tenant, quiet_provider, {
        "mode": "ed25519", "header": "telnyx-signature-ed25519", "timestamp_header": "telnyx-timestamp",
        "public_key": base64.b64encode(public).decode(), "tolerance_seconds": 300})
    say = lambda headers: told(tenant, "call.answered", query, headers, leg="customer", reference=session)  # noqa: E731
    is_problem(say(lambda body: signed(body, joint=b".")), 401, "SIGNATURE_INVALID")
    is_problem(say(lambda body: signed(body + b" ")), 401, "SIGNATURE_INVALID")
    is_problem(say(lambda body: {**signed(body), "Telnyx-Timestamp": "1"}), 401, "SIGNATURE_INVALID")
    assert say(lambda body: {}).status == 401
    old = say(lambda body: signed(body, str(int(time.time()) - 600)))
    assert 400 <= old.status < 500, old
    assert tenant.session(session)["status"] == "INITIATED"
    assert say(signed).status == 200
    tenant.wait_status(session, "CONNECTED")
