"""Callers at Twilio: the voice webhook, a menu by keys, an agent rung into the caller's room."""
import json
import shutil
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest

from callers import Line, leg
from stack.api import Api
from stack.process import wait_until

NUMBER = "+12025550142"
ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "simulator-auth-token"
SDK = Path(__file__).resolve().parent.parent / "sdk"


class TwilioLine(Line):
    def __init__(self, tenant, **action):
        self.provider = tenant.provider("TWILIO", phone_number=NUMBER)
        identity = {"provider": "twilio", "account": ACCOUNT, "secret": TOKEN}
        super().__init__(tenant, "twilio", NUMBER, identity, "Press 1 & wait", action)


def test_a_caller_chooses_an_agent_talks_and_hangs_up(tenant):
    line = TwilioLine(tenant, agent_id="ann", phone="+12025550177")
    begun = time.monotonic()
    call = line.ring(keys=["1"], talk_ms=30000)
    session = line.ended(call)
    assert (session["status"], session["end_reason"], session["direction"]) == (
        "COMPLETED", "NORMAL", "INBOUND"), session
    assert (session["from_phone"], session["to_phone"], session["agent_id"]) == (
        "+12025550111", NUMBER, "ann")
    # 30 s at ten times the speed, in whole seconds; a slow machine's timers are late.
    assert 2 <= session["duration_seconds"] <= time.monotonic() - begun + 1, session
    assert leg(session, "agent")["state"] == leg(session, "customer")["state"] == "ENDED"
    heard = line.heard(call)
    assert heard[:2] == ["say Press 1 & wait", "keys 1"]
    assert heard[-4:] == [f"room {session['id']}", "music default", "joined", "end"], heard
    events = line.events(session)
    assert events.index("session.offered") < events.index("session.ringing") < events.index(
        "session.connected")


def test_an_agent_that_hangs_up_ends_the_call(tenant):
    line = TwilioLine(tenant, agent_id="ann", phone="+12025559920")  # hangs up after a second
    call = line.ring(keys=["1"])
    session = line.ended(call)
    assert (session["status"], session["end_reason"]) == ("COMPLETED", "NORMAL"), session
    line.hears_the_end(call)


@pytest.mark.parametrize("phone", ["+12025559901", "+12025559902", "+12025559903", "+12025559904"])
def test_an_agent_that_does_not_take_the_call_leaves_it_to_the_voicemail(tenant, phone):
    line = TwilioLine(tenant, agent_id="ann", phone=phone, ring_seconds=8,
                no_answer={"action": "VOICEMAIL", "text": "Leave a message"})
    call = line.ring(keys=["1", "#"], message_ms=4000)
    session = line.ended(call)
    heard = line.heard(call)
    assert "joined" not in heard, heard
    # 4 s at ten times the speed; a slow machine's timers are late.
    (message,) = [words.split()[1] for words in heard if words.startswith("message ")]
    assert int(message) >= 4, heard
    assert session["status"] == "VOICEMAIL", session
    wait_until(lambda: tenant.session(session["id"]).get("recording_url"), 30, "the message")


def test_a_caller_that_gives_up_silences_the_agents_phone(tenant):
    line = TwilioLine(tenant, agent_id="ann", phone="+12025559902", ring_seconds=120)
    call = line.ring(keys=["1"], hang_up_after_ms=20000)
    session = line.ended(call)
    assert session["end_reason"] == "CALLER_ABANDONED", session
    assert "session.ringing" in line.events(session)
    api = Api(tenant.stack.simulator_url)
    # It would ring for another ten seconds.
    wait_until(lambda: not [c for c in api.get("/_calls").body["twilio"]
                            if c["to"] == "+12025559902" and c["account_sid"] == ACCOUNT], 8,
               "the agent's phone to be silent")


def test_wrong_keys_and_silence_repeat_the_menu_and_then_end_it(tenant):
    line = TwilioLine(tenant, agent_id="ann", phone="+12025550177")
    call = line.ring(keys=["9", ""])
    session = line.ended(call)
    assert line.heard(call).count("say Press 1 & wait") >= 2
    assert session["status"] != "COMPLETED" and not leg(session, "agent"), session


def test_duplicated_and_lost_callbacks_change_nothing(tenant):
    line = TwilioLine(tenant, agent_id="ann", phone="+12025559907")  # its events come twice
    first = line.ended(line.ring(keys=["1"], talk_ms=10000, **{"from": "+12025559907"}))
    assert (first["status"], first["end_reason"]) == ("COMPLETED", "NORMAL"), first


@pytest.mark.skipif(shutil.which("node") is None or not (SDK / "node_modules").exists(),
                    reason="tools/test --sdk installs the SDK")
def test_questions_are_taken_with_the_sdks_signature_and_with_no_other(tenant, other):
    line = TwilioLine(tenant, agent_id="ann", phone="+12025550177")
    TwilioLine(other, agent_id="bob", phone="+12025550178")

    def ask(url, token=TOKEN, signed_url=None, **changes):
        parameters = {"CallSid": "CA" + "7" * 32, "AccountSid": ACCOUNT, "From": "+12025550111",
                      "To": NUMBER, "CallStatus": "ringing", "Direction": "inbound"}
        signature = subprocess.run(
            ["node", str(SDK / "sign_twilio.js")], capture_output=True, text=True, check=True,
            input=json.dumps({"token": token, "url": signed_url or url, "parameters": parameters})).stdout
        return Api(tenant.stack.url).request(
            "POST", url[len(tenant.stack.url):],
            raw=urllib.parse.urlencode({**parameters, **changes}).encode(),
            headers={"X-Twilio-Signature": signature,
                     "Content-Type": "application/x-www-form-urlencoded"})

    assert ask(line.flow_url, token="another").status == 401
    assert ask(line.flow_url, To="+12025550199").status == 401
    assert ask(line.flow_url + "x", signed_url=line.flow_url).status in (401, 404)
    logs = tenant.api.get("/api/v1/webhooks/logs?state=REFUSED").body["logs"]
    assert logs and not any(log["signature_valid"] for log in logs)
    for _ in range(2):  # a repetition gets the same step
        answer = ask(line.flow_url)
        assert answer.status == 200, answer
        assert answer.headers["content-type"].startswith("text/xml")
        assert "<Gather " in str(answer.body) and "Press 1 &amp; wait" in str(answer.body)
    assert len(tenant.api.get("/api/v1/click-to-call/sessions").body["sessions"]) == 1
