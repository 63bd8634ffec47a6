"""Callers at Vonage: the answer webhook, a menu by keys, an agent rung into the caller's conversation."""
import time

import pytest

from callers import Line
from stack.api import Api
from stack.process import wait_until

NUMBER = "+12025550143"
APPLICATION = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
SECRET = "simulator-signature-secret"
AGENT = "+12025550178"


class VonageLine(Line):
    def __init__(self, tenant, **action):
        tenant.provider("VONAGE", phone_number=NUMBER)
        identity = {"provider": "vonage", "account": APPLICATION, "secret": SECRET}
        super().__init__(tenant, "vonage", NUMBER, identity, "Press 1", action)


def test_a_caller_chooses_an_agent_talks_and_hangs_up(tenant):
    line = VonageLine(tenant, agent_id="ann", phone=AGENT)
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
    types = line.events(session)
    assert types.index("session.offered") < types.index("session.ringing") < types.index(
        "session.connected"), types


def test_an_agent_that_hangs_up_ends_the_call(tenant):
    line = VonageLine(tenant, agent_id="ann", phone="+12025559920")  # hangs up after a second
    call = line.ring(keys=["1"])
    session = line.ended(call)
    assert (session["status"], session["end_reason"]) == ("COMPLETED", "NORMAL"), session
    line.hears_the_end(call)


@pytest.mark.parametrize("phone", ["+12025559901", "+12025559902", "+12025559903", "+12025559904"])
def test_an_agent_that_does_not_take_the_call_leaves_it_to_the_voicemail(tenant, phone):
    line = VonageLine(tenant, agent_id="ann", phone=phone, ring_seconds=8,
                no_answer={"action": "VOICEMAIL", "text": "Leave a message"})
    call = line.ring(keys=["1", "#"], message_ms=4000)
    session = line.ended(call)
    heard = line.heard(call)
    assert "joined" not in heard and "message 4" in heard, heard
    assert session["status"] == "VOICEMAIL", session
    wait_until(lambda: tenant.session(session["id"]).get("recording_url"), 30, "the message")


def test_a_message_that_the_caller_ends_by_hanging_up_is_one(tenant):
    line = VonageLine(tenant, action="VOICEMAIL", text="Leave a message")
    call = line.ring(keys=["1"], message_ms=36000000, hang_up_after_ms=120000)
    session = line.ended(call)
    # Nobody asks what comes next: the recording tells it, a moment after the end.
    wait_until(lambda: tenant.session(session["id"])["status"] == "VOICEMAIL", 30, "the message to be told")
    assert tenant.session(session["id"])["recording_url"], session


def test_a_caller_that_gives_up_silences_the_agents_phone(tenant):
    line = VonageLine(tenant, agent_id="ann", phone="+12025559902", ring_seconds=120)
    call = line.ring(keys=["1"], hang_up_after_ms=20000)
    session = line.ended(call)
    assert session["end_reason"] == "CALLER_ABANDONED", session
    assert "session.ringing" in line.events(session)
    api = Api(tenant.stack.simulator_url)
    # It would ring for another ten seconds.
    wait_until(lambda: not [leg for leg in api.get("/_calls").body["vonage"]
                            if leg["room"] == "" and leg["to"]["number"] == "12025559902"], 8,
               "the agent's phone to be silent")


def test_wrong_keys_and_silence_repeat_the_menu_and_then_end_it(tenant):
    line = VonageLine(tenant, agent_id="ann", phone=AGENT)
    call = line.ring(keys=["9", ""])
    session = line.ended(call)
    assert line.heard(call).count("say Press 1") >= 2
    assert session["status"] != "COMPLETED" and "agent" not in {leg["id"] for leg in session["legs"]}
