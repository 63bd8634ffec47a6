"""Exotel on its wire: clicks to their end, what a running call cannot have, forged callbacks."""
import time

import pytest
from callers import Line
from conftest import is_problem
from stack.api import Api
from stack.process import wait_until

AGENT = "+919000000001"


def account(tenant, **fields):
    return tenant.provider("EXOTEL", account_sid="acme1", api_key="key", api_secret="exotel-token",
                           phone_number="+918040000003", webhook_secret=tenant.webhook_secret, **fields)


def click(tenant, digits="0100", **fields):
    return tenant.place(f"+91980000{digits}", agent_id="ann", agent_phone=AGENT, **fields)


ANY_ORDER = "9908"  # its callbacks come in any order
OUTCOMES = [
    ("0100", "COMPLETED", "NORMAL"),
    ("9901", "BUSY", "CUSTOMER_BUSY"),
    ("9902", "NO_ANSWER", "CUSTOMER_NO_ANSWER"),
    ("9904", "FAILED", "PROVIDER_ERROR"),
    ("9907", "COMPLETED", "NORMAL"),   # every callback twice
    (ANY_ORDER, "COMPLETED", "NORMAL"),
    ("9909", "COMPLETED", "NORMAL"),   # before the answer to the request
]


@pytest.mark.parametrize("digits, status, reason", OUTCOMES)
def test_a_click_ends_truthfully(tenant, digits, status, reason):
    account(tenant)
    session = click(tenant, digits)
    if digits == ANY_ORDER:
        tenant.wait_corrected(session["id"], status, reason)
    ended = tenant.wait_ended(session["id"])
    assert (ended["status"], ended["end_reason"]) == (status, reason), ended
    legs = {leg["party"]: leg for leg in ended["legs"]}
    assert legs["AGENT"]["answered_at"], "the agent did pick up"
    assert ("answered_at" in legs["CUSTOMER"]) == (status == "COMPLETED")


def test_a_number_on_the_do_not_call_registry_is_not_tried_elsewhere(tenant):
    account(tenant)
    tenant.provider("TWILIO", priority=2)
    answer = tenant.initiate("+919800009930", agent_id="ann", agent_phone=AGENT)
    problem = is_problem(answer, 403, "BLOCKED_BY_POLICY")
    assert "NDNC" in problem["detail"] and "exotel-token" not in str(answer.body), problem


def test_an_agent_who_does_not_answer_is_not_told_as_the_customer(tenant):
    account(tenant)
    session = tenant.place("+919800000100", agent_id="ann", agent_phone="+919000009902")
    ended = tenant.wait_ended(session["id"], seconds=40)
    assert (ended["status"], ended["end_reason"]) == ("NO_ANSWER", "AGENT_NO_ANSWER"), ended


def test_a_recorded_call_says_where_the_recording_is(tenant):
    account(tenant)
    session = click(tenant, record=True)
    tenant.wait_ended(session["id"], seconds=40)
    url = wait_until(lambda: tenant.session(session["id"]).get("recording_url"), 30, "the recording")
    assert "/exotelrecordings/acme1/" in url


def test_the_end_of_a_running_call_is_the_clients_word(tenant):
    account(tenant)
    session = click(tenant, "9921")
    tenant.wait_status(session["id"], "CONNECTED")
    path = f"/api/v1/click-to-call/sessions/{session['id']}/end"
    ended = tenant.api.post(path, {"reason": "done"}).body["session"]
    assert (ended["status"], ended["known_by"]) == ("COMPLETED", "CLIENT"), ended


@pytest.mark.parametrize("action", ["hold", "mute", "dtmf"])
def test_what_a_running_call_cannot_have_is_named(tenant, action):
    account(tenant)
    session = click(tenant, "9921")
    tenant.wait_status(session["id"], "CONNECTED")
    body = {"digits": "1"} if action == "dtmf" else {}
    answer = tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/{action}", body)
    problem = is_problem(answer, 501, "CAPABILITY_MISSING")
    assert problem["metadata"]["capability"], problem


def test_callbacks_without_the_calls_token_are_refused(tenant, other):
    account(tenant)
    account(other)
    session = click(tenant, "9921")
    tenant.wait_status(session["id"], "CONNECTED")
    body = (f'{{"CallSid":"{session["provider_call_id"]}","EventType":"terminal","Status":"busy",'
            '"Legs":[{"Status":"busy"},{"Status":""}]}').encode()
    path = f"/api/v1/webhooks/voip/exotel?tenant={tenant.name}&session={session['id']}"
    send = {"Content-Type": "application/json"}
    for query, code in [("", "SIGNATURE_MISSING"), ("&token=guess", "SIGNATURE_INVALID"),
                        (f"&token={other.webhook_secret}", "SIGNATURE_INVALID")]:
        answer = Api(tenant.stack.url).request("POST", path + query, raw=body, headers=send)
        is_problem(answer, 401, code)
    assert tenant.session(session["id"])["status"] == "CONNECTED"
    answer = Api(tenant.stack.url).request("POST", f"{path}&token={tenant.webhook_secret}", raw=body,
                                           headers=send)
    assert answer.status == 200, answer


def test_missing_credentials_are_named_field_by_field(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "bare", "provider_type": "EXOTEL", "api_url": "https://api.exotel.com",
        "phone_number": "+918040000003"})
    problem = is_problem(answer, 400, "VALIDATION_FAILED")
    assert {error["field"] for error in problem["errors"]} == {"api_key", "api_secret"}


def test_the_check_asks_exotel(tenant):
    provider = account(tenant)
    answer = tenant.api.post(f"/api/v1/voip-providers/{provider['id']}/test", {})
    assert answer.status == 200 and answer.body["success"], answer


NUMBER = "+918040000003"


class ExotelLine(Line):
    """An ExoPhone with its applets at our URLs."""

    def __init__(self, tenant, **action):
        account(tenant)
        identity = {"provider": "exotel", "from": "+919800000002"}
        super().__init__(tenant, "exotel", NUMBER, identity, "Press 1", action, retries=1,
                         token=tenant.webhook_secret)


def test_a_caller_chooses_an_agent_and_talks(tenant):
    line = ExotelLine(tenant, agent_id="ann", phone=AGENT)
    begun = time.monotonic()
    call = line.ring(keys=["1"], talk_ms=30000)
    session = line.ended(call)
    assert (session["status"], session["end_reason"], session["direction"]) == (
        "COMPLETED", "NORMAL", "INBOUND"), session
    assert (session["from_phone"], session["to_phone"], session["agent_id"]) == (
        "+919800000002", NUMBER, "ann")
    # 30 s at ten times the speed, in whole seconds; a slow machine's timers are late.
    assert 2 <= session["duration_seconds"] <= time.monotonic() - begun + 1, session
    heard = line.heard(call)
    assert heard[:2] == ["say Press 1", "keys 1"], heard
    assert heard[-3:] == ["ring 09000000001", "joined", "end"], heard
    # Told before the phone rings: the agent's screen knows who calls.
    types = [event["type"] for event in tenant.api.get(
        f"/api/v1/click-to-call/sessions/{session['id']}/events").body["events"]]
    assert types.index("session.offered") < types.index("session.ringing") < types.index(
        "session.connected"), types


def test_a_caller_who_presses_nothing_is_told_good_bye(tenant):
    line = ExotelLine(tenant, agent_id="ann", phone=AGENT)
    call = line.ring(keys=[])
    session = line.ended(call)
    assert session["status"] != "COMPLETED" and "call_answered_at" not in session, session
    heard = line.heard(call)
    assert heard[:2] == ["say Press 1", "say Press 1"] and heard[-1] == "end", heard


def test_an_agent_who_does_not_answer_leaves_the_caller_in_the_flow(tenant):
    line = ExotelLine(tenant, agent_id="ann", phone="+919000009901")
    call = line.ring(keys=["1"])
    session = line.ended(call)
    assert session["status"] != "COMPLETED" and "call_answered_at" not in session, session
    assert "ring 09000009901" in line.heard(call)


def test_a_message_left_is_told_as_voicemail(tenant):
    line = ExotelLine(tenant, action="VOICEMAIL")
    call = line.ring(keys=["1"])
    session = line.ended(call)
    assert session["status"] == "VOICEMAIL", session
    assert "message 3" in line.heard(call)
