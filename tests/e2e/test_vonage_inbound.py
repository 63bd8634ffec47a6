"""Callers at Vonage: the answer webhook, a menu by keys, an agent rung into the caller's conversation."""
import time

import pytest

from conftest import ENDED
from stack.api import Api
from stack.process import wait_until

NUMBER = "+12025550143"
APPLICATION = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
SECRET = "simulator-signature-secret"
AGENT = "+12025550178"


class Line:
    """A tenant's number at Vonage with a menu of one key, and those who call it."""

    def __init__(self, tenant, **action):
        self.tenant = tenant
        tenant.provider("VONAGE", phone_number=NUMBER)
        base = f"{tenant.stack.url}/api/v1/webhooks/voip/vonage"
        self.flow_url = f"{base}/flow?tenant={tenant.name}"
        self.event_url = f"{base}?tenant={tenant.name}"
        option = {"dtmf_key": "1", "action": action.pop("action", "ROUTE_AGENT"), "action_json": action}
        answer = tenant.api.post("/api/v1/ivr-menus", {
            "menu_name": "Main", "prompt_text": "Press 1", "phone_number": NUMBER,
            "timeout_seconds": 3, "max_retries": 2, "options": [option]})
        assert answer.status == 201, answer

    def ring(self, **script):
        answer = Api(self.tenant.stack.simulator_url).post("/_inbound", {
            "provider": "vonage", "from": "+12025550111", "to": NUMBER, "account": APPLICATION,
            "secret": SECRET, "answer_url": self.flow_url, "event_url": self.event_url, **script})
        assert answer.status == 201, answer
        return answer.body["call"]

    def heard(self, call):
        answer = Api(self.tenant.stack.simulator_url).get(f"/_inbound?call={call}")
        return answer.body["calls"][call]["heard"]

    def ended(self, call):
        def found():
            listed = self.tenant.api.get("/api/v1/click-to-call/sessions").body["sessions"]
            return [s for s in listed if s.get("provider_call_id") == call]
        wait_until(found, 30, "a session of the call")
        assert len(found()) == 1
        return self.tenant.wait_status(found()[0]["id"], *ENDED)


def test_a_caller_chooses_an_agent_talks_and_hangs_up(tenant):
    line = Line(tenant, agent_id="ann", phone=AGENT)
    begun = time.monotonic()
    call = line.ring(keys=["1"], talk_ms=30000)
    session = line.ended(call)
    assert (session["status"], session["end_reason"], session["direction"]) == (
        "COMPLETED", "NORMAL", "INBOUND"), session
    assert (session["from_phone"], session["to_phone"], session["agent_id"]) == (
        "+12025550111", NUMBER, "ann")
    # 30 s at ten times the speed, in whole seconds; a slow machine's timers are late.
    assert 2 <= session["duration_seconds"] <= time.monotonic() - begun + 1, session
    heard = line.heard(call)
    assert heard == ["say Press 1", "keys 1", f"room {session['id']}", "joined", "end"], heard
    # Told before the phone rings: the agent's screen knows who calls.
    types = [event["type"] for event in tenant.api.get(
        f"/api/v1/click-to-call/sessions/{session['id']}/events").body["events"]]
    assert types.index("session.offered") < types.index("session.ringing") < types.index(
        "session.connected"), types


def test_an_agent_that_hangs_up_ends_the_call(tenant):
    line = Line(tenant, agent_id="ann", phone="+12025559920")  # hangs up after a second
    call = line.ring(keys=["1"])
    session = line.ended(call)
    assert (session["status"], session["end_reason"]) == ("COMPLETED", "NORMAL"), session
    wait_until(lambda: line.heard(call)[-1] == "end", 30, "the caller to be hung up on")


@pytest.mark.parametrize("phone", ["+12025559901", "+12025559902", "+12025559903", "+12025559904"])
def test_an_agent_that_does_not_take_the_call_leaves_it_to_the_voicemail(tenant, phone):
    line = Line(tenant, agent_id="ann", phone=phone, ring_seconds=8,
                no_answer={"action": "VOICEMAIL", "text": "Leave a message"})
    call = line.ring(keys=["1", "#"], message_ms=4000)
    session = line.ended(call)
    heard = line.heard(call)
    assert "joined" not in heard and "message 4" in heard, heard
    assert session["status"] == "VOICEMAIL", session
    wait_until(lambda: tenant.session(session["id"]).get("recording_url"), 30, "the message")


def test_a_caller_that_gives_up_silences_the_agents_phone(tenant):
    line = Line(tenant, agent_id="ann", phone="+12025559902", ring_seconds=120)
    call = line.ring(keys=["1"], hang_up_after_ms=20000)
    session = line.ended(call)
    assert session["end_reason"] == "CALLER_ABANDONED", session
    api = Api(tenant.stack.simulator_url)
    # It would ring for another ten seconds.
    wait_until(lambda: not [leg for leg in api.get("/_calls").body["vonage"]
                            if leg["room"] == "" and leg["to"]["number"] == "12025559902"], 8,
               "the agent's phone to be silent")


def test_wrong_keys_and_silence_repeat_the_menu_and_then_end_it(tenant):
    line = Line(tenant, agent_id="ann", phone=AGENT)
    call = line.ring(keys=["9", ""])
    session = line.ended(call)
    assert line.heard(call).count("say Press 1") >= 2
    assert session["status"] != "COMPLETED" and "agent" not in {leg["id"] for leg in session["legs"]}
