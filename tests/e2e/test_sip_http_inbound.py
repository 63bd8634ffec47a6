"""Callers at SIP switches that ask over HTTP what to do, in TwiML (SignalWire) and in jambonz's verbs."""
import base64
import datetime
import hashlib
import hmac
import json
import time
import urllib.parse

import pytest

from callers import SESSIONS, Line, leg
from conftest import ENDED, is_problem
from stack.api import Api
from stack.process import wait_until
from test_recordings import check_audio, wait_ready

NUMBER = "+12025550142"
AGENT = "+12025550177"
SECRET = "the-signing-secret"
PROJECT = "project-1"


class SwitchLine(Line):
    def __init__(self, tenant, dialect, **action):
        self.dialect = dialect
        constants = {"signalwire": {"project": PROJECT, "script": "https://script.example/dial"},
                     "jambonz": {"account_sid": PROJECT}}[dialect]
        self.provider = tenant.provider(
            "SIP", url=tenant.stack.simulator_url + {"signalwire": "", "jambonz": "/jambonz"}[dialect],
            # SignalWire's user is the project, which is no secret; the simulator's token is its signing key as well.
            phone_number=NUMBER, account_sid=PROJECT, api_key=PROJECT, api_secret=SECRET, webhook_secret=SECRET,
            settings={"preset": dialect, "constants": constants})
        identity = {"provider": dialect, "account": PROJECT, "secret": SECRET}
        super().__init__(tenant, "sip", NUMBER, identity, "Press 1 & wait", action)


@pytest.fixture(params=["signalwire", "jambonz"])
def dialect(request):
    return request.param


def test_a_caller_chooses_an_agent_talks_and_hangs_up(tenant, dialect):
    line = SwitchLine(tenant, dialect, agent_id="ann", phone=AGENT)
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
    assert line.hears_the_end(call) == ["say Press 1 & wait", "keys 1", f"ring {AGENT}", "joined", "end"]
    # Told before the phone rings: the agent's screen knows who calls.
    events = line.events(session)
    assert events.index("session.offered") < events.index("session.ringing") < events.index(
        "session.connected"), events


def test_an_agent_that_hangs_up_ends_the_call(tenant, dialect):
    line = SwitchLine(tenant, dialect, agent_id="ann", phone="+12025559920")  # hangs up after a second
    call = line.ring(keys=["1"])
    # The leg that tells of the answer and the one that tells of the end do so independently.
    tenant.wait_corrected(line.session(call)["id"], "COMPLETED", "NORMAL")
    line.hears_the_end(call)


@pytest.mark.parametrize("phone", ["+12025559901", "+12025559902", "+12025559903", "+12025559904"])
def test_an_agent_that_does_not_take_the_call_is_followed_by_another(tenant, dialect, phone):
    line = SwitchLine(tenant, dialect, agent_id="ann", phone=phone, ring_seconds=8,
                no_answer={"action": "ROUTE_NUMBER", "phone": AGENT})
    call = line.ring(keys=["1"], talk_ms=20000)
    session = line.ended(call)
    assert (session["status"], session["end_reason"]) == ("COMPLETED", "NORMAL"), session
    heard = line.hears_the_end(call)
    assert heard[2:] == [f"ring {phone}", f"ring {AGENT}", "joined", "end"], heard


def test_a_message_is_left_and_can_be_fetched(tenant):
    line = SwitchLine(tenant, "signalwire", action="VOICEMAIL", text="Leave a message")
    call = line.ring(keys=["1", "#"], message_ms=4000)
    session = line.ended(call)
    assert session["status"] == "VOICEMAIL", session
    wait_until(lambda: tenant.session(session["id"]).get("recording_url"), 30, "the message")
    (message,) = [words.split()[1] for words in line.heard(call) if words.startswith("message ")]
    assert int(message) >= 4
    check_audio(tenant, wait_ready(tenant, session["id"]))


def test_a_message_at_jambonz_is_refused_by_name_and_the_call_ends(tenant):
    line = SwitchLine(tenant, "jambonz", action="VOICEMAIL", text="Leave a message")
    call = line.ring(keys=["1"])
    assert line.hears_the_end(call) == ["say Press 1 & wait", "keys 1", "end"]
    session = line.ended(call)
    assert session["status"] in ENDED and session["status"] != "VOICEMAIL", session


def test_a_caller_that_gives_up_ends_the_session(tenant, dialect):
    line = SwitchLine(tenant, dialect, agent_id="ann", phone="+12025559902", ring_seconds=60)
    call = line.ring(keys=["1"], hang_up_after_ms=20000)
    session = line.ended(call)
    assert session["end_reason"] == "CALLER_ABANDONED", session
    calls = Api(tenant.stack.simulator_url)
    wait_until(lambda: not [c for kind in ("twilio", "jambonz") for c in calls.get("/_calls").body[kind]
                            if c["to"] == "+12025559902"], 30, "the agent's phone to be silent")


def test_wrong_keys_and_silence_repeat_the_menu_and_then_end_it(tenant, dialect):
    line = SwitchLine(tenant, dialect, agent_id="ann", phone=AGENT)
    call = line.ring(keys=["9", ""])
    session = line.ended(call)
    assert line.hears_the_end(call).count("say Press 1 & wait") >= 2
    assert session["status"] != "COMPLETED" and not leg(session, "agent"), session


def test_a_caller_waits_in_a_queue_until_an_agent_logs_in(tenant, dialect):
    api = tenant.api
    assert api.post("/api/v1/agents", {"id": "ann", "name": "Ann", "phone": AGENT}).status == 201
    queue = api.post("/api/v1/queues", {"queue_name": "Sales", "music_url": "https://music.example/a.mp3"})
    assert queue.status == 201, queue
    line = SwitchLine(tenant, dialect, action="ROUTE_QUEUE", queue_id=queue.body["id"])
    call = line.ring(keys=["1"], talk_ms=20000)
    wait_until(lambda: line.heard(call).count("play https://music.example/a.mp3") >= 2, 30, "the music")
    answer = api.post("/api/v1/agent-activity", {"agent_id": "ann", "activity_type": "LOGIN"})
    assert answer.status == 201, answer
    session = line.ended(call)
    assert (session["status"], session["agent_id"]) == ("COMPLETED", "ann"), session


def test_outside_its_hours_a_menu_says_so_and_hangs_up(tenant, dialect):
    line = SwitchLine(tenant, dialect, agent_id="ann", phone=AGENT)
    now = datetime.datetime.now(datetime.timezone.utc)
    days = [(now + datetime.timedelta(days=n)).strftime("%Y-%m-%d") for n in (-1, 0, 1)]
    answer = tenant.api.patch(f"/api/v1/ivr-menus/{line.menu}", {"business_hours": {
        "time_zone": "UTC", "hours": [{"start": "00:00", "end": "24:00"}], "holidays": days,
        "closed_text": "We are closed."}})
    assert answer.status == 200, answer
    call = line.ring()
    assert line.hears_the_end(call) == ["say We are closed.", "end"]
    assert line.ended(call)["status"] in ENDED


def test_the_call_is_ended_and_the_agent_muted_over_the_api(tenant):
    line = SwitchLine(tenant, "jambonz", agent_id="ann", phone="+12025559921")
    call = line.ring(keys=["1"])
    id = line.session(call)["id"]
    tenant.wait_status(id, "CONNECTED")
    live = lambda: Api(tenant.stack.simulator_url).get("/_calls").body["jambonz"]  # noqa: E731
    assert tenant.api.post(f"{SESSIONS}/{id}/mute", {}).status == 200
    assert [c["muted"] for c in live() if c.get("parent_call_sid") == call] == [True]
    assert [c["muted"] for c in live() if c["call_sid"] == call] == [False]
    problem = is_problem(tenant.api.post(f"{SESSIONS}/{id}/hold", {}), 501, "CAPABILITY_MISSING")
    assert problem["metadata"]["capability"] == "hold"
    assert tenant.api.post(f"{SESSIONS}/{id}/end", {}).status == 200
    ended = tenant.wait_ended(id)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    line.hears_the_end(call)


def test_events_that_come_twice_or_never_change_nothing(tenant, dialect):
    line = SwitchLine(tenant, dialect, agent_id="ann", phone=AGENT)
    call = line.ring(keys=["1"], talk_ms=10000, **{"from": "+12025559907"})
    tenant.wait_corrected(line.session(call)["id"], "COMPLETED", "NORMAL")


def test_what_a_caller_can_get_is_told_of_the_account(tenant, dialect):
    line = SwitchLine(tenant, dialect, agent_id="ann", phone=AGENT)
    told = tenant.api.get(f"/api/v1/voip-providers/{line.provider['id']}").body["capabilities"]
    assert {"inbound", "ivr"} <= set(told), told
    assert ("voicemail" in told) == (dialect == "signalwire"), told


@pytest.mark.parametrize("flow, field", [
    ({"dialect": "vxml"}, "settings.flow.dialect"),
    ({}, "settings.flow.dialect"),
    ({"dialect": "twiml", "voices": {}}, "settings.flow.voices"),
    ({"dialect": "jambonz", "ringback_url": "ring.wav"}, "settings.flow.ringback_url"),
    ({"dialect": "jambonz", "menu": 1}, "settings.flow.menu"),
])
def test_bad_words_for_callers_are_refused_by_field(tenant, flow, field):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "switch", "provider_type": "SIP", "api_url": tenant.stack.simulator_url,
        "phone_number": NUMBER, "api_key": "key", "webhook_secret": SECRET,
        "settings": {"preset": "reference", "flow": flow}})
    problem = is_problem(answer, 400, "VALIDATION_FAILED")
    assert [error["field"] for error in problem["errors"]] == [field], problem


def test_questions_without_a_secret_to_prove_them_are_refused_when_the_account_is_written(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "switch", "provider_type": "SIP", "api_url": tenant.stack.simulator_url,
        "phone_number": NUMBER, "api_key": "key", "settings": {"preset": "jambonz"}})
    problem = is_problem(answer, 400, "VALIDATION_FAILED")
    assert [error["field"] for error in problem["errors"]] == ["webhook_secret"], problem


def jambonz_question(line, secret):
    body = json.dumps({"call_sid": "11111111-2222-3333-4444-555555555555", "direction": "inbound",
                       "from": "+12025550111", "to": NUMBER, "call_status": "trying"}).encode()
    stamp = str(int(time.time()))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Jambonz-Signature": f"t={stamp},v1={signature}"}
    return body, headers


def twiml_question(line, secret):
    fields = {"CallSid": "11111111-2222-3333-4444-555555555556", "From": "+12025550111", "To": NUMBER,
              "CallStatus": "ringing", "Direction": "inbound"}
    text = line.flow_url + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-SignalWire-Signature": signature}
    return urllib.parse.urlencode(fields).encode(), headers


def test_a_forged_question_is_refused_and_logged(tenant, other, dialect):
    # Further accounts of the type, none of which asks: the question is still of the one that does.
    tenant.provider("SIP", url=tenant.stack.simulator_url + "/sip", api_key="key", webhook_secret="theirs")
    line = SwitchLine(tenant, dialect, agent_id="ann", phone=AGENT)
    SwitchLine(other, dialect, agent_id="bob", phone=AGENT)
    make = {"jambonz": jambonz_question, "signalwire": twiml_question}[dialect]

    def ask(body, headers):
        path = line.flow_url[len(tenant.stack.url):]
        return Api(tenant.stack.url).request("POST", path, raw=body, headers=headers)

    body, headers = make(line, "another secret")
    assert ask(body, headers).status == 401
    logged = tenant.api.get("/api/v1/webhooks/logs?state=REFUSED").body["logs"][0]
    assert (logged["state"], logged["event_type"], logged["signature_valid"]) == ("REFUSED", "flow", False), logged
    body, headers = make(line, SECRET)
    assert ask(body + b" ", headers).status == 401
    assert ask(body, {"Content-Type": headers["Content-Type"]}).status == 401
    assert tenant.api.get(SESSIONS).body["sessions"] == []
    genuine = ask(body, headers)
    assert genuine.status == 200, genuine
    assert len(tenant.api.get(SESSIONS).body["sessions"]) == 1
