"""Vonage over the simulator's Voice API: calls with live control, outcomes, callers, forged webhooks."""
import json
import urllib.request

import pytest

from conftest import is_problem
from stack.api import Api
from stack.process import wait_until

APPLICATION = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
SECRET = "simulator-signature-secret"
AGENT = "+12025550001"
ANY_ORDER = "+12025559908"


def simulator(stack, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(stack.simulator_url + path, data=data)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def live_legs(stack, **wanted):
    return [leg for leg in simulator(stack, "/_calls")["vonage"]
            if all(leg.get(name) == value for name, value in wanted.items())]


def legs_of(stack, session):
    return [leg for leg in live_legs(stack) if leg["room"].endswith(session)]


@pytest.fixture
def call(stack, tenant):
    tenant.provider("VONAGE")
    # ...9921 talks for an hour, so that only the test ends it.
    session = tenant.place("+12025559921", agent_id="ann", agent_phone=AGENT)
    tenant.wait_status(session["id"], "CONNECTED", seconds=30)
    yield {"id": session["id"], "do": lambda step, body=None: tenant.api.post(
        f"/api/v1/click-to-call/sessions/{session['id']}/{step}", body or {})}
    tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/end", {})


def customer_of(stack, call):
    return [leg for leg in legs_of(stack, call["id"]) if leg["to"]["number"] == "12025559921"][0]


def test_a_call_from_click_to_completed(stack, tenant):
    tenant.provider("VONAGE")
    session = tenant.place("+12025550142", agent_id="ann", agent_phone=AGENT)
    assert session["provider_type"] == "VONAGE", session
    tenant.wait_reached(session["id"], "CONNECTED")
    ended = tenant.wait_ended(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    assert ended["call_answered_at"] and ended["duration_seconds"] >= 1, ended
    legs = {leg["id"]: leg for leg in ended["legs"]}
    assert set(legs) == {"agent", "customer"} and all(leg["provider_leg_id"] for leg in legs.values())
    assert simulator(stack, f"/_stats?reference={session['id']}|12025550142")["dials"] == 1


def test_hold_mute_digits_and_the_end(stack, call):
    assert call["do"]("hold").body["session"]["status"] == "ON_HOLD"
    assert (customer_of(stack, call)["muted"], customer_of(stack, call)["earmuffed"]) == (True, True)
    assert call["do"]("resume").body["session"]["status"] == "CONNECTED"
    assert (customer_of(stack, call)["muted"], customer_of(stack, call)["earmuffed"]) == (False, False)
    assert call["do"]("mute").body["session"]["is_muted"] is True
    agent = [leg for leg in legs_of(stack, call["id"]) if leg["to"]["number"] == AGENT[1:]]
    assert agent[0]["muted"] is True
    assert call["do"]("unmute").body["session"]["is_muted"] is False
    assert call["do"]("dtmf", {"digits": "12#"}).status == 200
    assert {leg["to"]["number"]: leg["digits"] for leg in legs_of(stack, call["id"])} == \
        {"12025559921": "12#", AGENT[1:]: ""}
    is_problem(call["do"]("dtmf", {"digits": "A"}), 400, "VALIDATION_FAILED")
    assert call["do"]("end").status == 200
    wait_until(lambda: not legs_of(stack, call["id"]), 30, "both legs to be gone")


def test_a_recording_begins_by_hand_and_cannot_pause(stack, tenant, call):
    assert call["do"]("recording/start").status == 200
    is_problem(call["do"]("recording/pause"), 501, "CAPABILITY_MISSING")
    wait_until(lambda: len(legs_of(stack, call["id"])) == 2, 30, "the agent to be back in the room")
    assert tenant.session(call["id"])["status"] == "CONNECTED"
    call["do"]("end")
    wait_until(lambda: (tenant.session(call["id"]).get("recording_url") or "").startswith(
        stack.simulator_url + "/v1/files/"), 30, "the recording's URL")


@pytest.mark.parametrize("number, status, reason", [
    ("+12025559901", "BUSY", "CUSTOMER_BUSY"),
    ("+12025559903", "FAILED", "CUSTOMER_REJECTED"),
    ("+12025559905", "FAILED", "INVALID_NUMBER"),
    ("+12025559902", "NO_ANSWER", "CUSTOMER_NO_ANSWER"),
])
def test_a_customer_who_is_not_reached_leaves_no_agent_behind(stack, tenant, number, status, reason):
    tenant.provider("VONAGE")
    session = tenant.place(number, agent_id="ann", agent_phone=AGENT)
    ended = tenant.wait_ended(session["id"], seconds=30)
    assert (ended["status"], ended["end_reason"]) == (status, reason), ended
    wait_until(lambda: not legs_of(stack, session["id"]), 30, "the agent's leg to be hung up")


@pytest.mark.parametrize("number", ["+12025559907", ANY_ORDER, "+12025559909"])
def test_events_twice_in_any_order_or_early_end_the_same(tenant, number):
    tenant.provider("VONAGE")
    session = tenant.place(number, agent_id="ann", agent_phone=AGENT)
    if number == ANY_ORDER:
        tenant.wait_corrected(session["id"], "COMPLETED", "NORMAL")
    ended = tenant.wait_ended(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended


def test_an_unsigned_event_changes_nothing_and_is_logged(stack, tenant, call):
    answer = Api(stack.url).request(
        "POST", f"/api/v1/webhooks/voip/vonage?tenant={tenant.name}&session={call['id']}&leg=customer",
        raw=b'{"status":"completed","uuid":"x"}', headers={"Content-Type": "application/json"})
    assert answer.status in (401, 403, 503), answer
    assert tenant.session(call["id"])["status"] == "CONNECTED"
    logs = tenant.api.get("/api/v1/webhooks/logs?state=REFUSED").body["logs"]
    assert logs and logs[0]["provider_type"] == "VONAGE", logs


def test_missing_credentials_are_named(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "v", "provider_type": "VONAGE", "api_url": "https://api.nexmo.com",
        "phone_number": "+10987654321", "priority": 1, "timeout_seconds": 3})
    fields = {e["field"] for e in is_problem(answer, 400, "VALIDATION_FAILED")["errors"]}
    assert fields == {"application_id", "private_key", "webhook_secret"}


def test_the_account_is_checked(tenant):
    provider = tenant.provider("VONAGE")
    answer = tenant.api.post(f"/api/v1/voip-providers/{provider['id']}/test", {})
    assert answer.status == 200 and answer.body["success"] is True, answer
