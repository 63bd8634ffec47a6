"""Callers are recorded only where the tenant's rules allow it: conversations and messages."""
import base64

import pytest

from callers import leg
from conftest import is_problem
from stack.api import Api
from stack.process import wait_until
from test_twilio_inbound import ACCOUNT, TOKEN, TwilioLine

RULES = "/api/v1/compliance-rules"
AGENT = {"agent_id": "ann", "phone": "+12025550177", "record": True}


def consent(tenant, jurisdiction="", **parameters):
    body = {"rule_name": "ask first", "rule_type": "RECORDING_CONSENT", "parameters": parameters}
    if jurisdiction:
        body["jurisdiction"] = jurisdiction
    answer = tenant.api.post(RULES, body)
    assert answer.status == 201, answer


def explanations(line, session):
    answer = line.tenant.api.get(f"/api/v1/click-to-call/sessions/{session['id']}/events")
    return " ".join(e.get("detail", "") for e in answer.body["events"])


def recordings(tenant):
    return tenant.api.get("/api/v1/recordings").body["recordings"]


def kept_at_twilio(line, session):
    """The recordings of the call where they are made, which we may yet have to hear of."""
    word = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    answer = Api(line.tenant.stack.simulator_url).get(
        f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json?CallSid={session['provider_call_id']}",
        headers={"Authorization": f"Basic {word}"})
    assert answer.status == 200, answer
    return answer.body["recordings"]


def talk(tenant, **action):
    line = TwilioLine(tenant, **{**AGENT, **action})
    session = line.ended(line.ring(keys=["1"], talk_ms=20000))
    assert session["status"] == "COMPLETED" and leg(session, "agent")["answered_at"], session
    return line, session


@pytest.mark.parametrize("jurisdiction", [None, "DE"])
def test_a_conversation_is_recorded_where_no_rule_stands_against_it(tenant, jurisdiction):
    if jurisdiction:
        consent(tenant, jurisdiction)  # of another country than the caller's
    line, session = talk(tenant)
    assert len(kept_at_twilio(line, session)) == 1
    wait_until(lambda: recordings(tenant), 30, "the recording")


@pytest.mark.parametrize("jurisdiction", ["", "US"])
def test_a_conversation_that_needs_consent_goes_on_unrecorded(tenant, jurisdiction):
    consent(tenant, jurisdiction)
    line, session = talk(tenant)
    assert kept_at_twilio(line, session) == []
    assert not session.get("is_recorded") and recordings(tenant) == [], session
    assert "not recorded: \"ask first\" wants consent first" in explanations(line, session)


def test_a_rule_that_is_changed_holds_from_the_next_caller_on(tenant):
    consent(tenant, "DE")
    rule = tenant.api.get(RULES).body["rules"][0]
    assert tenant.api.get(f"{RULES}/{rule['id']}").body == rule
    answer = tenant.api.patch(f"{RULES}/{rule['id']}", {"jurisdiction": "US"})
    assert answer.status == 200 and answer.body == {**rule, "jurisdiction": "US"}, answer
    problem = is_problem(tenant.api.patch(f"{RULES}/{rule['id']}", {"parameters": {"mesages": True}}),
                         400, "VALIDATION_FAILED")
    assert problem["errors"][0]["field"] == "parameters.mesages", problem
    line, session = talk(tenant)
    assert kept_at_twilio(line, session) == []
    assert not session.get("is_recorded") and recordings(tenant) == [], session
    assert "not recorded: \"ask first\" wants consent first" in explanations(line, session)


def test_every_caller_is_recorded_when_the_configuration_says_so(tenant):
    assert tenant.api.put("/api/v1/recording-config", {"auto_record": True}).status == 200
    talk(tenant, record=False)
    wait_until(lambda: recordings(tenant), 30, "the recording")


def test_a_message_is_taken_on_request_in_spite_of_the_rule(tenant):
    consent(tenant)
    line = TwilioLine(tenant, action="VOICEMAIL")
    session = line.ended(line.ring(keys=["1", "#"], message_ms=4000))
    assert session["status"] == "VOICEMAIL", session
    wait_until(lambda: recordings(tenant), 30, "the message")


def test_a_message_is_not_taken_where_the_rule_speaks_of_messages(tenant):
    consent(tenant, messages=True)
    line = TwilioLine(tenant, action="VOICEMAIL")
    call = line.ring(keys=["1", "#"], message_ms=4000)
    session = line.ended(call)
    assert session["status"] != "VOICEMAIL", session
    assert not any(heard.startswith("message") for heard in line.heard(call)), line.heard(call)
    assert kept_at_twilio(line, session) == [] and recordings(tenant) == []
    assert "no message may be recorded" in explanations(line, session)
