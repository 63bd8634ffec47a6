"""Callers: menus, agents offered one after another, messages, and what is told of it all."""
import itertools
import json

import pytest

from conftest import is_problem
from stack.api import Api
from stack.process import wait_until
from test_live_feed import Listener

_lines = itertools.count(1)
FLOW = "/api/v1/webhooks/voip/twilio/flow"


class Line:
    """A number of ours at Twilio with a menu, and callers of it."""

    def __init__(self, stack, tenant, options, timeout_seconds=2):
        self.stack, self.tenant = stack, tenant
        self.number = f"+1312555{next(_lines):04d}"
        self.provider = tenant.provider("TWILIO", phone_number=self.number)
        answer = tenant.api.post("/api/v1/ivr-menus", {
            "menu_name": "Welcome", "phone_number": self.number, "prompt_text": "Press one",
            "timeout_seconds": timeout_seconds, "max_retries": 1, "options": options})
        assert answer.status == 201, answer

    def call(self, **script):
        query = f"?tenant={self.tenant.name}"
        body = {"provider": "twilio", "from": "+12025550123", "to": self.number,
                "account": "AC" + "0" * 31 + "1", "secret": "simulator-auth-token",
                "answer_url": f"{self.stack.url}{FLOW}{query}",
                "event_url": f"{self.stack.url}/api/v1/webhooks/voip/twilio{query}", **script}
        answer = Api(self.stack.simulator_url).post("/_inbound", body)
        assert answer.status == 201, answer
        self.last = answer.body["call"]
        return wait_until(self.newest, 40, "the caller's session")

    def newest(self):
        page = self.tenant.api.get("/api/v1/click-to-call/sessions?direction=INBOUND").body
        return next((s for s in page["sessions"] if s.get("provider_call_id") == self.last), None)

    def heard(self):
        return Api(self.stack.simulator_url).get(f"/_inbound?call={self.last}").body

    def ended(self, session, seconds=40):
        """The session once it ended; else all that was told of it."""
        try:
            return self.tenant.wait_ended(session["id"], seconds)
        except AssertionError as error:
            path = f"/api/v1/click-to-call/sessions/{session['id']}/events"
            told = [{k: e.get(k) for k in ("type", "party", "detail", "provider_leg_id", "fact_kind")}
                    for e in self.tenant.api.get(path).body["events"]]
            raise AssertionError(f"{error}; told: {told}; heard: {self.heard()}")

    def types(self, session):
        path = f"/api/v1/click-to-call/sessions/{session['id']}/events"
        return [e["type"] for e in self.tenant.api.get(path).body["events"]]

def agent(key="1", phone="+12025550001", agent_id="ann", **more):
    return {"dtmf_key": key, "action": "ROUTE_AGENT",
            "action_json": {"agent_id": agent_id, "phone": phone, "ring_seconds": 10, **more}}


def test_a_caller_reaches_an_agent_who_knew_before_the_phone_rang(stack, tenant):
    line = Line(stack, tenant, [agent(phone="+12025557001")])
    screen = Listener(tenant.api.events("?agent_id=ann"))
    session = line.call(keys=["1"], talk_ms=20000)
    assert session["direction"] == "INBOUND" and session["from_phone"] == "+12025550123"
    assert session["to_phone"] == line.number
    offered = screen.wait_for(session["session_id"], "session.offered")
    assert offered[2]["agent_id"] == "ann"
    ended = line.ended(session)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    assert ended["agent_id"] == "ann" and ended["duration_seconds"] >= 1
    types = line.types(session)
    assert types[0] == "session.initiated" and "session.flow" in types
    order = [types.index(t) for t in ("session.offered", "session.connected", "session.ended")]
    assert order == sorted(order), types
    assert "leg.ringing" not in types or types.index("leg.ringing") > order[0], types
    assert {leg["id"] for leg in ended["legs"]} == {"customer", "agent"}
    dialled = Api(stack.simulator_url).get("/_stats?number=%2B12025557001").body
    assert dialled == {"dials": 1}, dialled


@pytest.mark.parametrize("digits, why", [("9901", "busy"), ("9902", "no answer"), ("9903", "declined")])
def test_a_missed_offer_goes_on_as_the_menu_says(stack, tenant, digits, why):
    second = {"action": "ROUTE_AGENT", "agent_id": "bob", "phone": "+12025550002"}
    line = Line(stack, tenant, [agent(phone=f"+1202555{digits}", no_answer=second)])
    session = line.call(keys=["1"], talk_ms=10000)
    ended = line.ended(session)
    assert ended["status"] == "COMPLETED", (why, ended, line.heard())
    assert ended["agent_id"] == "bob"
    types = line.types(session)
    assert types.count("session.offered") == 2 and types.count("session.withdrawn") == 1, types


def test_a_message_is_left_when_nobody_answers(stack, tenant):
    line = Line(stack, tenant, [agent(phone="+12025559901", no_answer={"action": "VOICEMAIL"})])
    session = line.call(keys=["1", "#"], message_ms=2000, hang_up_after_ms=300000)
    ended = line.ended(session)
    assert (ended["status"], ended["end_reason"]) == ("VOICEMAIL", "MACHINE"), (ended, line.heard())
    assert ended["recording_url"] and "agent_id" not in tenant.session(session["id"])


def test_a_caller_who_gives_up_in_the_menu_abandoned_the_call(stack, tenant):
    # In the first question: long after it was asked, and long before it is asked again.
    line = Line(stack, tenant, [agent()], timeout_seconds=60)
    session = line.call(keys=[], hang_up_after_ms=20000)
    ended = line.ended(session)
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CALLER_ABANDONED"), ended


def test_a_phone_that_rings_for_a_caller_who_left_is_silenced(stack, tenant):
    phone = "+12025559902"
    line = Line(stack, tenant, [agent(phone=phone, ring_seconds=120)])
    session = line.call(keys=["1"], hang_up_after_ms=20000)
    ended = line.ended(session)
    assert ended["end_reason"] == "CALLER_ABANDONED", ended
    types = line.types(session)
    assert "session.ringing" in types and "session.withdrawn" in types, types

    def silent():
        calls = Api(stack.simulator_url).get("/_calls").body
        return phone not in json.dumps(calls)
    wait_until(silent, 8, "the agent's phone to stop, which would ring for another ten seconds")


def test_a_menu_that_says_good_bye_tells_why(stack, tenant):
    line = Line(stack, tenant, [{"dtmf_key": "9", "action": "HANG_UP"}])
    session = line.call(keys=["9"])
    ended = line.ended(session)
    assert ended["status"] == "CANCELLED" and ended["end_reason"] == "NORMAL", ended


def test_the_log_tells_of_each_question_and_none_is_replayed(stack, tenant):
    line = Line(stack, tenant, [{"dtmf_key": "9", "action": "HANG_UP"}])
    session = line.call(keys=["9"])
    line.ended(session)
    logs = tenant.api.get(f"/api/v1/webhooks/logs?session_id={session['session_id']}").body["logs"]
    questions = [log for log in logs if log["event_type"] == "flow"]
    assert len(questions) >= 2 and all(q["state"] == "APPLIED" for q in questions), logs
    replay = tenant.api.post(f"/api/v1/webhooks/logs/{questions[0]['id']}/replay")
    is_problem(replay, replay.status, "VALIDATION_FAILED")


def test_a_forged_question_is_refused_and_logged(stack, tenant, other):
    tenant.provider("TWILIO")
    for headers, status, code in ((({"X-Twilio-Signature": "AAAA"}), 401, "SIGNATURE_INVALID"),
                                  ({}, 401, "SIGNATURE_MISSING")):
        answer = Api(stack.url).request(
            "POST", f"{FLOW}?tenant={tenant.name}", raw=b"CallSid=CA1&From=%2B1&To=%2B2",
            headers={"Content-Type": "application/x-www-form-urlencoded", **headers})
        assert answer.status == status and answer.body["code"] == code, answer
    logs = tenant.api.get("/api/v1/webhooks/logs?state=REFUSED").body["logs"]
    assert {log["event_type"] for log in logs} == {"flow"}
    assert tenant.api.get("/api/v1/click-to-call/sessions").body["total"] == 0
