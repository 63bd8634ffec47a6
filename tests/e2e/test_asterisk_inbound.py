"""Callers at a real Asterisk: menus by keys, agents, messages. tools/asterisk; needs root, as that does."""
import contextlib
import os

import pytest

from asterisk_switch import Switch, fetched_recording, legs_of, near
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
    """1, 4 to 8: an agent, recorded. 2: a message. 3: Ann, then Bob when she does not answer.
    9: another menu. 0: a number to be entered, then an agent. *: a queue in which nobody is yet.
    #: a greeting, then a message."""
    # An agent for each test at the same phone: whether one is free again is looked at once a second.
    agents = {"1": "eve", "4": "zoe", "5": "kim", "6": "lea", "7": "max", "8": "tom"}
    ann = {"agent_id": "ann", "phone": "agent-no-answer", "ring_seconds": 5,
           "no_answer": {"action": "ROUTE_AGENT", "agent_id": "bob", "phone": NEXT}}
    answer = tenant.api.post("/api/v1/queues", {"queue_name": "Sales", "ring_seconds": 8})
    assert answer.status == 201, answer
    queue = answer.body["id"]
    answer = tenant.api.post("/api/v1/ivr-menus", {
        "menu_name": "Below", "prompt_text": "Press 1", "timeout_seconds": 15, "max_retries": 1,
        "options": [{"dtmf_key": "1", "action": "ROUTE_AGENT", "action_json": {"agent_id": "sam", "phone": AGENT}}]})
    assert answer.status == 201, answer
    below = answer.body["id"]
    collect = {"name": "account", "text": "Enter it", "min_digits": 4, "max_digits": 10, "timeout_seconds": 15,
               "then": {"action": "ROUTE_AGENT", "agent_id": "pia", "phone": AGENT}}
    answer = tenant.api.post("/api/v1/ivr-menus", {
        "menu_name": "Main", "phone_number": OURS, "prompt_text": "Press 1",
        "timeout_seconds": 3, "max_retries": 1, "options": [
            *({"dtmf_key": key, "action": "ROUTE_AGENT",
               "action_json": {"agent_id": agent, "phone": AGENT, "record": True}}
              for key, agent in agents.items()),
            {"dtmf_key": "2", "action": "VOICEMAIL", "action_json": {"max_seconds": 30}},
            {"dtmf_key": "#", "action": "VOICEMAIL", "action_json": {"text": "Leave a word", "max_seconds": 30}},
            {"dtmf_key": "3", "action": "ROUTE_AGENT", "action_json": ann},
            {"dtmf_key": "9", "action": "SUB_MENU", "target_menu_id": below},
            {"dtmf_key": "0", "action": "COLLECT_DTMF", "action_json": collect},
            {"dtmf_key": "*", "action": "ROUTE_QUEUE", "action_json": {"queue_id": queue}}]})
    assert answer.status == 201, answer
    answer = tenant.api.post("/api/v1/agents", {"id": "ben", "name": "Ben", "phone": NEXT})
    assert answer.status == 201, answer


class Caller:
    """Somebody who calls our number, and the session that is opened for it."""

    def __init__(self, switch):
        self.switch, self.asterisk, self.tenant = switch, switch.asterisk, switch.tenant
        self.number, self.mark = f"+1202555{next(_callers)}", switch.asterisk.mark()
        self.asterisk.run("call-in", self.number, OURS)
        self.id = wait_until(self.find, 30, "the caller's session")["id"]

    def find(self):
        found = self.tenant.api.get("/api/v1/click-to-call/sessions?direction=INBOUND&limit=20").body
        mine = [s for s in found["sessions"] if s["from_phone"] == self.number]
        return mine[0] if mine else None

    def press(self, keys):
        # The answer to the call is the first prompt's beginning.
        self.asterisk.wait(self.number, "answered", self.mark)
        self.asterisk.press(self.number, keys)
        return self

    def is_asked_again(self, questions):
        """Waits until so many questions were answered, and the caller hears the last one."""
        def logged():
            path = f"/api/v1/webhooks/logs?session_id={self.tenant.session(self.id)['session_id']}"
            return len([x for x in self.tenant.api.get(path).body["logs"] if x["event_type"] == "flow"])
        wait_until(lambda: logged() >= questions, 30, f"question {questions}")
        self.asterisk.settle(0.5)
        return self

    def talks_with(self, agent):
        self.tenant.wait_status(self.id, "CONNECTED")
        self.asterisk.hears(self.number, agent, since=self.mark)
        self.asterisk.hears(agent, "customer", since=self.mark)
        return self

    def is_recorded(self):
        """Waits for the recording, which begins a moment after the join; what is heard does not tell of it."""
        wait_until(lambda: self.tenant.session(self.id).get("is_recorded"), 30, "the recording to begin")
        return self

    def ended(self):
        return self.tenant.wait_ended(self.id)

    def transfer(self, type):
        answer = self.tenant.api.post(f"/api/v1/click-to-call/sessions/{self.id}/transfer",
                                      {"transfer_type": type, "to_agent_id": "ben"})
        assert answer.status == 201, answer
        return f"/api/v1/click-to-call/sessions/{self.id}/transfers/{answer.body['id']}"

    def wait_transfer(self, status):
        """The session's transfer, once it is so."""
        path = f"/api/v1/click-to-call/sessions/{self.id}/transfers"
        return wait_until(lambda: [t for t in self.tenant.api.get(path).body["transfers"] if t["status"] == status],
                          30, f"the transfer to be {status}")[0]

    def goes_on_with(self, agent):
        """The session that took over."""
        new = self.wait_transfer("COMPLETED")["new_session_id"]
        self.asterisk.wait_hears(self.number, agent, since=self.mark)
        self.asterisk.wait_hears(agent, "customer", since=self.mark)
        self.asterisk.wait(AGENT, "ended", self.mark)
        session = self.tenant.session(new)
        assert (session["status"], session["direction"], session["agent_id"]) == ("CONNECTED", "INBOUND", "ben")
        assert self.tenant.session(self.id)["status"] == "TRANSFERRED"
        return new


@pytest.fixture
def caller(switch):
    calling = Caller(switch)
    yield calling
    switch.tenant.api.post(f"/api/v1/click-to-call/sessions/{calling.id}/end", {})
    calling.ended()
    wait_until(switch.is_empty, 30, "Asterisk to have no channel and no bridge left")


def test_a_caller_reaches_an_agent_by_a_key_and_both_hear_each_other(switch, caller):
    session = switch.tenant.session(caller.id)
    assert (session["direction"], session["to_phone"]) == ("INBOUND", OURS), session
    switch.asterisk.wait(caller.number, "answered", caller.mark)
    caller.is_asked_again(1)
    assert not switch.asterisk.said(AGENT, "invited", caller.mark), "nobody is rung before a key is pressed"
    caller.press("1").talks_with(AGENT)
    switch.asterisk.settle(2)
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
    caller.press("4").talks_with(AGENT).is_recorded()
    switch.asterisk.settle(2)
    switch.asterisk.hang_up(AGENT)
    switch.asterisk.wait(caller.number, "ended", caller.mark)
    assert caller.ended()["status"] == "COMPLETED"
    _, audio = fetched_recording(switch.tenant, caller.id)
    assert audio.lasts(AGENT, "customer") > 0.8, audio.voices()


def test_the_next_agent_is_rung_when_the_first_does_not_answer(switch, caller):
    caller.press("3")
    switch.asterisk.hears(caller.number, "music", since=caller.mark)
    switch.asterisk.wait("agent-no-answer-180", "cancelled", caller.mark)
    caller.talks_with(NEXT)
    switch.asterisk.hang_up(caller.number)
    ended = caller.ended()
    assert ended["status"] == "COMPLETED" and legs_of(ended)["AGENT"]["answered_at"], ended


def test_a_caller_goes_through_a_menu_below(switch, caller):
    caller.press("9").is_asked_again(2).press("1").talks_with(AGENT)
    assert switch.tenant.session(caller.id)["agent_id"] == "sam"
    switch.asterisk.hang_up(caller.number)
    assert caller.ended()["status"] == "COMPLETED"


@pytest.mark.parametrize("keys, agent", [("91", "sam"), ("0867530904#", "pia")])
def test_a_caller_who_knows_the_menu_types_ahead(switch, caller, keys, agent):
    caller.press(keys).talks_with(AGENT)
    assert switch.tenant.session(caller.id)["agent_id"] == agent
    switch.asterisk.hang_up(caller.number)
    assert caller.ended()["status"] == "COMPLETED"


def test_a_caller_enters_a_number_of_several_digits(switch, caller):
    caller.press("0").is_asked_again(2).press("867530904#").talks_with(AGENT)
    assert switch.tenant.session(caller.id)["agent_id"] == "pia"
    switch.asterisk.hang_up(caller.number)
    ended = caller.ended()
    assert ended["status"] == "COMPLETED" and "867530904" not in str(switch.events(caller.id)), ended
    for log in (switch.stack.state / "logs").glob("*.log"):
        assert "867530904" not in log.read_text(errors="replace"), log.name


def test_a_caller_waits_in_a_queue_until_an_agent_logs_in(switch, caller):
    caller.press("*")
    switch.asterisk.hears(caller.number, "music", since=caller.mark)
    assert not switch.asterisk.said(NEXT, "invited", caller.mark), "nobody is in the queue yet"
    for path, body in (("agents", {"id": "quin", "name": "Quin", "phone": NEXT}),
                       ("agent-activity", {"agent_id": "quin", "activity_type": "LOGIN"})):
        answer = switch.tenant.api.post(f"/api/v1/{path}", body)
        assert answer.status == 201, answer
    caller.talks_with(NEXT)
    assert switch.tenant.session(caller.id)["agent_id"] == "quin"
    switch.asterisk.hang_up(caller.number)
    assert caller.ended()["status"] == "COMPLETED"
    answer = switch.tenant.api.post("/api/v1/agent-activity", {"agent_id": "quin", "activity_type": "LOGOUT"})
    assert answer.status == 201, answer


def test_a_caller_on_hold_hears_music(switch, caller):
    caller.press("5").talks_with(AGENT)
    mark = switch.asterisk.mark()
    answer = switch.tenant.api.post(f"/api/v1/click-to-call/sessions/{caller.id}/hold", {})
    assert answer.status == 200, answer
    switch.asterisk.hears(caller.number, "music", since=mark)
    switch.asterisk.hears(AGENT, since=mark)


def test_a_caller_is_handed_over_with_a_word_and_one_recording_holds_it_all(switch, caller):
    caller.press("7").talks_with(AGENT).is_recorded()
    switch.asterisk.settle(2)
    transfer = caller.transfer("ATTENDED")
    caller.wait_transfer("CONSULTING")
    for phone, hears in ((caller.number, "music"), (AGENT, NEXT), (NEXT, AGENT)):
        switch.asterisk.wait_hears(phone, hears, since=caller.mark)
    assert switch.tenant.api.post(f"{transfer}/complete", {}).status == 200
    new = caller.goes_on_with(NEXT)
    switch.asterisk.settle(2.5)
    switch.asterisk.hang_up(caller.number)
    ended = switch.tenant.wait_ended(new)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    switch.asterisk.wait(NEXT, "ended", caller.mark)
    for session in (caller.id, new):
        _, audio = fetched_recording(switch.tenant, session)
        assert audio.lasts(AGENT, "customer") > 0.8 and audio.lasts(NEXT, "customer") > 1, audio.voices()


def test_a_caller_is_handed_over_without_a_word_and_its_recording_stopped_after(switch, caller):
    caller.press("8").talks_with(AGENT).is_recorded()
    caller.transfer("BLIND")
    new = caller.goes_on_with(NEXT)
    answer = switch.tenant.api.post(f"/api/v1/click-to-call/sessions/{new}/recording/stop", {})
    assert answer.status == 200, answer
    fetched_recording(switch.tenant, new)
    switch.asterisk.hang_up(NEXT)
    assert switch.tenant.wait_ended(new)["status"] == "COMPLETED"
    switch.asterisk.wait(caller.number, "ended", caller.mark)


def test_a_message_is_left_and_can_be_fetched(switch, caller):
    caller.press("2")
    name = f"{caller.id}-message-"
    folder = switch.asterisk.recording("x").parent
    wait_until(lambda: next(iter(folder.glob(name + "*.wav")), None), 30, "the recording to begin")
    switch.asterisk.settle(2)
    switch.asterisk.hang_up(caller.number)
    ended = caller.ended()
    assert ended["status"] == "VOICEMAIL", ended
    _, audio = fetched_recording(switch.tenant, caller.id)
    assert 1 < audio.lasts("customer") <= audio.seconds < 10, audio.voices()


@contextlib.contextmanager
def words_that_last(asterisk):
    """Whatever is said is a beep (asterisk_switch.py): for a while that is the longest sound there is."""
    beep = next((asterisk.state / "asterisk" / "root" / "usr" / "share" / "asterisk" / "sounds").rglob("beep.gsm"))
    longest = max(beep.parent.glob("*.gsm"), key=lambda file: file.stat().st_size)
    kept = beep.rename(beep.with_name("beep.kept"))
    beep.write_bytes(longest.read_bytes())
    beep.chmod(0o644)
    try:
        yield
    finally:
        kept.replace(beep)


def test_a_caller_who_hangs_up_in_the_greeting_has_left_no_message(switch, caller):
    with words_that_last(switch.asterisk):
        caller.press("#").is_asked_again(2)
        switch.asterisk.hang_up(caller.number)
        ended = caller.ended()
    assert ended["end_reason"] == "CALLER_ABANDONED", ended
    # A message is on the timeline before the end; its row follows.
    assert not [e for e in switch.events(caller.id) if e["type"].startswith("recording.")]
    found = switch.tenant.api.get(f"/api/v1/click-to-call/sessions/{caller.id}/recordings").body["recordings"]
    assert found == [], found


def test_a_caller_who_presses_nothing_is_asked_again_and_then_let_go(switch, caller):
    switch.asterisk.wait(caller.number, "ended", caller.mark, seconds=30)
    ended = caller.ended()
    assert "call_answered_at" not in ended and ended["duration_seconds"] == 0, ended


def test_a_caller_who_gives_up_has_abandoned_the_call(switch, caller):
    switch.asterisk.wait(caller.number, "answered", caller.mark)
    switch.asterisk.hang_up(caller.number)
    ended = caller.ended()
    assert ended["end_reason"] == "CALLER_ABANDONED", ended


def test_a_channel_that_belongs_to_no_call_is_ended(switch):
    # As the two halves that a phone's own transfer leaves in the application.
    switch.ari("/channels?app=ctc&endpoint=Local/1002@from-agents", method="POST")
    wait_until(switch.is_empty, 30, "both halves to be hung up")


def test_a_caller_in_the_menu_outlives_the_suite(switch, caller):
    switch.asterisk.wait(caller.number, "answered", caller.mark)
    switch.stack.children["suite"].kill9()
    switch.stack.wait_ready()
    switch.wait_socket("CONNECTED")
    caller.press("6").talks_with(AGENT)
    switch.asterisk.hang_up(caller.number)
    assert caller.ended()["status"] == "COMPLETED"
