"""Callers at a real Asterisk: menus by keys, agents, messages. tools/asterisk; needs root, as that does."""
import os
import wave
from io import BytesIO

import pytest

from asterisk_switch import Switch, legs_of, near
from conftest import check_logs
from stack.process import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Asterisk's chroot needs root")

OURS = "+18885550100"
AGENT, NEXT = "agent-a", "agent-b"
_callers = iter(range(1000, 9999))


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    running = Switch(tmp_path_factory.mktemp("asterisk-in"))
    try:
        running.start()
        add_menus(running.tenant)
        yield running
    finally:
        running.stop()
    check_logs(running.stack)


def add_menus(tenant):
    """1, 4, 5, 6: an agent, recorded. 2: a message. 3: Ann, then Bob when she does not answer."""
    # An agent for each test at the same phone: whether one is free again is looked at once a second.
    agents = {"1": "eve", "4": "zoe", "5": "kim", "6": "lea"}
    ann = {"agent_id": "ann", "phone": "agent-no-answer", "ring_seconds": 5,
           "no_answer": {"action": "ROUTE_AGENT", "agent_id": "bob", "phone": NEXT}}
    answer = tenant.api.post("/api/v1/ivr-menus", {
        "menu_name": "Main", "phone_number": OURS, "prompt_text": "Press 1",
        "timeout_seconds": 3, "max_retries": 1, "options": [
            *({"dtmf_key": key, "action": "ROUTE_AGENT",
               "action_json": {"agent_id": agent, "phone": AGENT, "record": True}}
              for key, agent in agents.items()),
            {"dtmf_key": "2", "action": "VOICEMAIL", "action_json": {"max_seconds": 30}},
            {"dtmf_key": "3", "action": "ROUTE_AGENT", "action_json": ann}]})
    assert answer.status == 201, answer


class Caller:
    """Somebody who calls our number, and the session that is opened for it."""

    def __init__(self, switch):
        self.switch, self.asterisk, self.tenant = switch, switch.asterisk, switch.tenant
        self.number, self.mark = f"+1202555{next(_callers)}", switch.asterisk.mark()
        self.asterisk.run("call-in", self.number, OURS)
        self.id = wait_until(self.find, 10, "the caller's session")["id"]

    def find(self):
        found = self.tenant.api.get("/api/v1/click-to-call/sessions?direction=INBOUND&limit=20").body
        mine = [s for s in found["sessions"] if s["from_phone"] == self.number]
        return mine[0] if mine else None

    def press(self, keys):
        # The answer to the call is the first prompt's beginning.
        self.asterisk.wait(self.number, "answered", self.mark)
        self.asterisk.press(self.number, keys)
        return self

    def talks_with(self, agent):
        self.tenant.wait_status(self.id, "CONNECTED")
        self.asterisk.hears(self.number, agent, since=self.mark)
        self.asterisk.hears(agent, "customer", since=self.mark)
        return self

    def ended(self):
        return self.tenant.wait_ended(self.id)


@pytest.fixture
def caller(switch):
    calling = Caller(switch)
    yield calling
    switch.tenant.api.post(f"/api/v1/click-to-call/sessions/{calling.id}/end", {})
    calling.ended()
    wait_until(switch.is_empty, 10, "Asterisk to have no channel and no bridge left")


def test_a_caller_reaches_an_agent_by_a_key_and_both_hear_each_other(switch, caller):
    session = switch.tenant.session(caller.id)
    assert (session["direction"], session["to_phone"]) == ("INBOUND", OURS), session
    assert not switch.asterisk.said(AGENT, "invited", caller.mark), "nobody is rung before a key is pressed"
    caller.press("1").talks_with(AGENT)
    switch.asterisk.settle(1)
    switch.asterisk.hang_up(caller.number)
    ended = caller.ended()
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    assert ended["known_by"] == "EVENT_SOCKET", ended
    legs = legs_of(ended)
    near(legs["AGENT"]["answered_at"], switch.asterisk.wait(AGENT, "answered", caller.mark))
    near(legs["CUSTOMER"]["ended_at"], switch.asterisk.wait(caller.number, "ended", caller.mark))
    switch.asterisk.wait(AGENT, "ended", caller.mark)
    assert ended["duration_seconds"] >= 1, ended


def test_an_agent_who_hangs_up_ends_the_call(switch, caller):
    caller.press("4").talks_with(AGENT)
    switch.asterisk.hang_up(AGENT)
    switch.asterisk.wait(caller.number, "ended", caller.mark)
    assert caller.ended()["status"] == "COMPLETED"


def test_the_next_agent_is_rung_when_the_first_does_not_answer(switch, caller):
    caller.press("3")
    switch.asterisk.hears(caller.number, "music", since=caller.mark)
    switch.asterisk.wait("agent-no-answer-180", "cancelled", caller.mark, seconds=15)
    caller.talks_with(NEXT)
    switch.asterisk.hang_up(caller.number)
    ended = caller.ended()
    assert ended["status"] == "COMPLETED" and legs_of(ended)["AGENT"]["answered_at"], ended


def test_a_caller_on_hold_hears_music(switch, caller):
    caller.press("5").talks_with(AGENT)
    mark = switch.asterisk.mark()
    answer = switch.tenant.api.post(f"/api/v1/click-to-call/sessions/{caller.id}/hold", {})
    assert answer.status == 200, answer
    switch.asterisk.hears(caller.number, "music", since=mark)
    switch.asterisk.hears(AGENT, since=mark)


def test_a_message_is_left_and_can_be_fetched(switch, caller):
    caller.press("2")
    name = f"{caller.id}-message-"
    folder = switch.asterisk.recording("x").parent
    message = wait_until(lambda: next(iter(folder.glob(name + "*.wav")), None), 10, "the recording to begin")
    switch.asterisk.settle(2)
    switch.asterisk.hang_up(caller.number)
    ended = caller.ended()
    assert ended["status"] == "VOICEMAIL", ended
    with wave.open(BytesIO(switch.ari(f"/recordings/stored/{message.stem}/file"))) as sound:
        assert 1 < sound.getnframes() / sound.getframerate() < 10


def test_a_caller_who_presses_nothing_is_asked_again_and_then_let_go(switch, caller):
    switch.asterisk.wait(caller.number, "ended", caller.mark, seconds=30)
    ended = caller.ended()
    assert "call_answered_at" not in ended and ended["duration_seconds"] == 0, ended


def test_a_caller_who_gives_up_has_abandoned_the_call(switch, caller):
    switch.asterisk.wait(caller.number, "answered", caller.mark)
    switch.asterisk.hang_up(caller.number)
    ended = caller.ended()
    assert ended["end_reason"] == "CALLER_ABANDONED", ended


def test_a_caller_in_the_menu_outlives_the_suite(switch, caller):
    switch.asterisk.wait(caller.number, "answered", caller.mark)
    switch.stack.children["suite"].kill9()
    switch.stack.wait_ready()
    switch.wait_socket("CONNECTED")
    caller.press("6").talks_with(AGENT)
    switch.asterisk.hang_up(caller.number)
    assert caller.ended()["status"] == "COMPLETED"
