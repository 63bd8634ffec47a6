"""The suite against a real Asterisk with phones that talk: tools/asterisk. Needs root, as that does."""
import json
import os
import random
import time
from collections import Counter

import pytest

from asterisk_switch import AGENT, Conversation, Switch, customer, legs_of, near, seconds
from conftest import ENDED, check_logs, is_problem
from stack.process import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Asterisk's chroot needs root")


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    running = Switch(tmp_path_factory.mktemp("asterisk"))
    try:
        yield running.start()
    finally:
        running.stop()
    check_logs(running.stack)


@pytest.fixture
def call(switch):
    """A conversation that ends with the test, whatever becomes of it."""
    talking = switch.connect()
    yield talking
    switch.tenant.api.post(f"/api/v1/click-to-call/sessions/{talking.id}/end", {})
    switch.tenant.wait_ended(talking.id)


# -- one conversation from the click to its end


def test_a_click_rings_the_agent_then_the_customer_and_joins_them(switch):
    asterisk, mark, number = switch.asterisk, switch.asterisk.mark(), customer(804)
    id = switch.place(number)
    ringback = asterisk.hears(AGENT, "ringback", since=mark)
    switch.tenant.wait_status(id, "CONNECTED")
    asterisk.hears(AGENT, "customer", since=mark)
    asterisk.hears(number, AGENT, since=mark)
    asterisk.settle(2)
    asterisk.hang_up(AGENT)
    ended = switch.tenant.wait_ended(id)
    asterisk.wait(number, "ended", mark)

    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    assert ended["known_by"] == "EVENT_SOCKET" and ended["attempts"] == 1, ended
    agent_rang, agent_up = (asterisk.wait(AGENT, e, mark) for e in ("ringing", "answered"))
    rang, up, over = (asterisk.wait(number, e, mark) for e in ("ringing", "answered", "ended"))
    assert ringback["time"] < up["time"], "ringback ends with the customer's answer"
    assert agent_up["time"] <= asterisk.wait(number, "invited", mark)["time"], "the customer was called too early"
    legs = legs_of(ended)
    for leg, ringing, answered in (("AGENT", agent_rang, agent_up), ("CUSTOMER", rang, up)):
        near(legs[leg]["ringing_at"], ringing)
        near(legs[leg]["answered_at"], answered)
        near(legs[leg]["ended_at"], over)
        assert legs[leg]["state"] == "ENDED", legs
    assert legs["AGENT"]["phone"] == AGENT and legs["CUSTOMER"]["phone"] == number, legs
    near(ended["call_answered_at"], up)
    near(ended["call_ended_at"], over)
    talked = over["time"] - up["time"]
    # Whole seconds of what the switch measured, which is a bit earlier or later at a phone.
    assert -1 < talked - ended["duration_seconds"] < 2, (ended["duration_seconds"], talked)
    steps = [e["new_status"] for e in switch.events(id) if e.get("old_status") != e["new_status"]]
    assert steps == ["INITIATED", "RINGING", "CONNECTED", "COMPLETED"], steps
    wait_until(switch.is_empty, 30, "Asterisk to have no channel and no bridge left")


def test_the_duration_is_right_when_the_customer_hangs_up(switch):
    mark, number = switch.asterisk.mark(), customer(904)
    id = switch.place(number)
    ended = switch.tenant.wait_ended(id)
    switch.asterisk.wait(AGENT, "ended", mark)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    over, up = (switch.asterisk.wait(number, event, mark)["time"] for event in ("ended", "answered"))
    assert 3 <= ended["duration_seconds"] <= over - up + 0.5, (ended, over - up)
    assert ended["duration_seconds"] == int(seconds(ended["call_ended_at"]) - seconds(ended["call_answered_at"]))


# -- how calls fail; all are placed at once, to save the tests' time

AGENTS = [
    # agent, status, reason, cause
    ("agent-busy", "BUSY", "AGENT_REJECTED", "sip:486"),
    ("agent-no-answer", "NO_ANSWER", "AGENT_NO_ANSWER", "sip:480"),
    ("agent-rejects", "FAILED", "AGENT_REJECTED", "sip:603"),
]
CUSTOMERS = [
    # code, status, reason, cause, rings
    (486, "BUSY", "CUSTOMER_BUSY", "sip:486", False),
    (180, "NO_ANSWER", "CUSTOMER_NO_ANSWER", "sip:480", True),
    (603, "FAILED", "CUSTOMER_REJECTED", "sip:603", True),
    (404, "FAILED", "INVALID_NUMBER", "sip:404", False),
    (480, "NO_ANSWER", "CUSTOMER_NO_ANSWER", "sip:480", True),
    (503, "FAILED", "PROVIDER_ERROR", "sip:503", False),
    (500, "FAILED", "PROVIDER_ERROR", "sip:500", False),
    (408, "FAILED", "UNREACHABLE", "sip:480", False),
]


@pytest.fixture(scope="module")
def failures(switch):
    """Outcome's name -> (customer's number, session as it ended)."""
    numbers = {name: customer(100) for name, *_ in AGENTS}
    numbers.update({code: customer(code) for code, *_ in CUSTOMERS})
    ids = {name: switch.place(number, agent=name if isinstance(name, str) else AGENT)
           for name, number in numbers.items()}
    return {name: (numbers[name], switch.tenant.wait_ended(id, seconds=60)) for name, id in ids.items()}


@pytest.mark.parametrize("agent, status, reason, cause", AGENTS)
def test_an_agent_who_does_not_answer_ends_the_call(switch, failures, agent, status, reason, cause):
    number, ended = failures[agent]
    assert (ended["status"], ended["end_reason"], ended["cause"]) == (status, reason, cause), ended
    assert not switch.asterisk.said(number, "invited"), "the customer was called although no agent was there"
    assert ended["duration_seconds"] == 0 and "call_answered_at" not in ended, ended
    assert "answered_at" not in legs_of(ended)["AGENT"], ended


@pytest.mark.parametrize("code, status, reason, cause, rings", CUSTOMERS)
def test_a_customer_who_does_not_answer_is_told_truthfully(switch, failures, code, status, reason, cause, rings):
    number, ended = failures[code]
    assert (ended["status"], ended["end_reason"], ended["cause"]) == (status, reason, cause), ended
    assert ended["duration_seconds"] == 0 and "call_answered_at" not in ended, ended
    legs = legs_of(ended)
    assert legs["AGENT"]["answered_at"], "the agent did pick up"
    assert ("ringing_at" in legs["CUSTOMER"]) == rings and "answered_at" not in legs["CUSTOMER"], ended
    if status == "FAILED" and reason != "CUSTOMER_REJECTED":
        assert ended["error_code"] and ended["error_message"], ended


def test_nobody_is_left_on_the_line_by_a_failed_call(switch, failures):
    assert failures
    wait_until(switch.is_empty, 30, "Asterisk to have no channel and no bridge left")


def test_an_agent_who_hangs_up_while_the_customer_rings_cancels(switch):
    mark, number = switch.asterisk.mark(), customer(804)
    ended = switch.tenant.wait_ended(switch.place(number, agent="agent-hangs-up"))
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CANCELLED_BY_AGENT"), ended
    switch.asterisk.wait(number, "cancelled", mark)


def test_a_phone_that_asterisk_does_not_know_fails_the_call(switch):
    answer = switch.tenant.initiate(customer(100), agent_id="ann", agent_phone="nobody")
    if answer.ok:
        switch.placed.append(answer.body["session"]["id"])
        ended = switch.tenant.wait_ended(answer.body["session"]["id"])
        assert (ended["status"], ended["end_reason"]) == ("FAILED", "UNREACHABLE"), ended
    else:
        failed = is_problem(answer, 502, "PROVIDER_REFUSED")
        switch.placed.append(failed["metadata"]["session_id"])


# -- control while they talk


def test_hold_gives_music_and_silence_until_resumed(switch, call):
    mark = switch.asterisk.mark()
    assert call.do("hold")["status"] == "ON_HOLD"
    switch.asterisk.hears(call.number, "music", since=mark)
    switch.asterisk.hears(AGENT, since=mark)
    mark = switch.asterisk.mark()
    assert call.do("resume")["status"] == "CONNECTED"
    switch.asterisk.hears(call.number, AGENT, since=mark)
    switch.asterisk.hears(AGENT, "customer", since=mark)


def test_a_call_on_hold_ends_completed(switch):
    call = switch.connect()
    call.do("hold")
    switch.asterisk.hears(call.number, "music", since=call.mark)
    switch.asterisk.settle(1.2)
    switch.asterisk.hang_up(call.number)
    ended = switch.tenant.wait_ended(call.id)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    assert ended["hold_seconds"] >= 1 and ended["duration_seconds"] >= ended["hold_seconds"], ended


def test_the_phones_own_hold_button_is_seen(switch, call):
    mark = switch.asterisk.mark()
    switch.asterisk.hold(AGENT)
    switch.asterisk.hears(call.number, "music", since=mark)
    switch.tenant.wait_status(call.id, "ON_HOLD")
    mark = switch.asterisk.mark()
    switch.asterisk.resume(AGENT)
    switch.asterisk.hears(call.number, AGENT, since=mark)
    switch.tenant.wait_status(call.id, "CONNECTED")


def test_a_muted_agent_is_not_heard_until_unmuted(switch, call):
    mark = switch.asterisk.mark()
    assert call.do("mute")["is_muted"] is True
    switch.asterisk.hears(call.number, since=mark)
    switch.asterisk.settle(0.5)  # as long as it would take to hear nothing any more
    switch.asterisk.wait_hears(AGENT, "customer", since=call.mark)
    mark = switch.asterisk.mark()
    assert call.do("unmute")["is_muted"] is False
    switch.asterisk.hears(call.number, AGENT, since=mark)


def test_digits_reach_the_customer_only(switch, call):
    mark = switch.asterisk.mark()
    call.do("dtmf", {"digits": "12#"})
    wait_until(lambda: len(switch.asterisk.said(call.number, "dtmf", mark)) == 3, 30, "three digits at the customer")
    assert "".join(d["digit"] for d in switch.asterisk.said(call.number, "dtmf", mark)) == "12#"
    assert not switch.asterisk.said(AGENT, "dtmf", mark)


def test_digits_of_the_customer_are_noted_but_not_shown(switch, call):
    switch.asterisk.press(call.number, "7")
    timeline = call.seen("session.dtmf")
    assert [e["party"] for e in timeline if e["type"] == "session.dtmf"] == ["CUSTOMER"], timeline
    assert all("digits" not in e and "7" not in e.get("detail", "") for e in timeline), timeline


def test_a_recording_has_what_was_said_outside_its_pause(switch):
    call = switch.connect()
    begun = time.monotonic()
    call.do("recording/start")
    switch.asterisk.settle(2)
    before = time.monotonic()
    call.do("recording/pause")
    paused = time.monotonic()
    switch.asterisk.settle(3)
    pause = time.monotonic() - paused
    call.do("recording/resume")
    longest = time.monotonic() - before
    switch.asterisk.settle(1)
    call.do("recording/stop")
    whole = time.monotonic() - begun
    assert switch.tenant.session(call.id)["is_recorded"] is True
    call.do("end")
    switch.tenant.wait_ended(call.id)

    recording, audio = call.recording()
    assert recording["recording_url"] and recording["ended_at"] and len(recording["gaps"]) == 1, recording
    gap = recording["gaps"][0]
    assert 2.5 < seconds(gap["to"]) - seconds(gap["from"]) < longest + 0.5, (recording, longest)
    assert switch.asterisk.recording(f"{call.id}-rec").exists(), "Asterisk has no such recording"
    assert 2.0 < audio.seconds < whole - pause + 0.5, (audio.seconds, whole, pause)
    assert switch.tenant.session(call.id)["recording_url"] == recording["recording_url"]


def test_a_call_that_asks_for_it_is_recorded_from_the_join(switch):
    call = switch.connect(record=True)
    call.seen("recording.started")
    switch.asterisk.settle(2)
    switch.asterisk.hang_up(call.number)
    switch.tenant.wait_ended(call.id)
    recording, audio = call.recording()
    assert audio.lasts(AGENT, "customer") > 0.8, audio.voices()
    whole = switch.tenant.api.get(recording["media_path"]).body
    part = switch.tenant.api.get(recording["media_path"], headers={"Range": "bytes=1000-1999"})
    assert part.status == 206 and part.body == whole[1000:2000], part


# -- ends


def test_an_end_by_the_api_puts_both_phones_down(switch):
    call = switch.connect()
    call.do("end", {"reason": "call_completed"})
    ended = switch.tenant.wait_ended(call.id)
    call.phones_are_down()
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended


def test_a_cancel_while_the_agent_rings(switch):
    mark, number = switch.asterisk.mark(), customer(100)
    id = switch.place(number, agent="agent-no-answer")
    switch.asterisk.wait("agent-no-answer-180", "ringing", mark)
    switch.tenant.wait_status(id, "RINGING")
    Conversation(switch, id, number, mark).do("end")
    ended = switch.tenant.wait_ended(id)
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CANCELLED_BY_AGENT"), ended
    switch.asterisk.wait("agent-no-answer-180", "cancelled", mark)
    assert not switch.asterisk.said(number, "invited", mark), "the customer was called after the cancel"


def test_a_cancel_while_the_customer_rings(switch):
    mark, number = switch.asterisk.mark(), customer(180)
    id = switch.place(number)
    switch.asterisk.wait(number, "ringing", mark)
    Conversation(switch, id, number, mark).do("end")
    ended = switch.tenant.wait_ended(id)
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CANCELLED_BY_AGENT"), ended
    switch.asterisk.wait(number, "cancelled", mark)
    switch.asterisk.wait(AGENT, "ended", mark)


def test_twenty_calls_at_once_all_talk(switch):
    numbers = [customer(902) for _ in range(20)]
    ids = [switch.place(number, agent=AGENT if n % 2 else "agent-b") for n, number in enumerate(numbers)]
    for number, id in zip(numbers, ids):
        ended = switch.tenant.wait_ended(id, seconds=60)
        assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
        over, up = (switch.asterisk.wait(number, event)["time"] for event in ("ended", "answered"))
        assert 1 <= ended["duration_seconds"] <= over - up + 0.5, (ended, over - up)
        assert len(switch.asterisk.said(number, "answered")) == 1, "the customer was called twice"
    wait_until(switch.is_empty, 30, "Asterisk to have no channel and no bridge left")


# -- crashes


def test_a_call_outlives_the_suite(switch):
    call = switch.connect()
    switch.stack.children["suite"].kill9()
    switch.stack.wait_ready()
    switch.wait_socket("CONNECTED")
    assert switch.tenant.session(call.id)["status"] == "CONNECTED"
    mark = switch.asterisk.mark()
    assert call.do("hold")["status"] == "ON_HOLD", "it can be controlled as before"
    switch.asterisk.hears(call.number, "music", since=mark)
    call.do("resume")
    switch.asterisk.hears(call.number, AGENT, since=mark)
    assert not switch.asterisk.said(call.number, "ended", call.mark)
    switch.asterisk.hang_up(call.number)
    ended = switch.tenant.wait_ended(call.id)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    near(ended["call_ended_at"], switch.asterisk.wait(call.number, "ended", call.mark))
    switch.asterisk.wait(AGENT, "ended", call.mark)


def test_a_call_that_ends_while_the_suite_is_down_is_completed_after(switch):
    call = switch.connect()
    leaving = switch.connect()
    number, mark = customer(100), switch.asterisk.mark()
    gone = Conversation(switch, switch.place(number, agent="agent-b", record=True), number, mark)
    gone.seen("recording.started")
    suite = switch.stack.children["suite"]
    suite._stopping = True  # it stays down until the test starts it
    suite.kill9()
    suite.process.wait()
    switch.asterisk.hang_up(leaving.number)
    over = switch.asterisk.wait(leaving.number, "ended", leaving.mark)
    switch.asterisk.settle(1)
    for phone in (gone.number, "agent-b"):
        switch.asterisk.hang_up(phone)
        switch.asterisk.wait(phone, "ended", mark)
    switch.stack.start_services()
    switch.stack.wait_ready()
    ended = switch.tenant.wait_ended(leaving.id)
    assert ended["status"] == "COMPLETED", ended
    near(ended["call_ended_at"], over, tolerance=time.time() - over["time"] + 1)  # between the two nobody could tell
    assert switch.tenant.wait_ended(gone.id)["status"] == "COMPLETED"
    _, audio = gone.recording()
    assert audio.lasts("agent-b", "customer") > 0.8, audio.voices()
    call.do("end")
    assert switch.tenant.wait_ended(call.id)["status"] == "COMPLETED"
    wait_until(switch.is_empty, 30, "the other party's line and the bridges of all three to be let go")
    wait_until(lambda: json.loads(switch.ari("/applications/ctc"))["bridge_ids"] == [], 30,
               "subscriptions to end with their bridges")


def test_a_call_that_rings_while_the_suite_dies_is_neither_lost_nor_doubled(switch):
    mark, number = switch.asterisk.mark(), customer(808)
    id = switch.place(number)
    switch.asterisk.wait(number, "ringing", mark)
    switch.stack.children["suite"].kill9()
    switch.stack.wait_ready()
    # A leg that is answered while nobody is connected is dropped by Asterisk.
    switch.tenant.wait_status(id, "CONNECTED")
    switch.asterisk.hears(number, AGENT, since=mark)
    assert len(switch.asterisk.said(number, "invited", mark)) == 1, "the customer was called twice"
    Conversation(switch, id, number, mark).do("end")
    assert switch.tenant.wait_ended(id)["status"] == "COMPLETED"


def test_calls_of_every_age_survive_kill_after_kill(switch):
    rng = random.Random(5)
    numbers, ids = [], []
    for round in range(3):
        for n in range(8):
            numbers.append(customer(rng.choice([100, 801, 802, 902, 903, 486])))
            answer = switch.tenant.initiate(numbers[-1], agent_id="ann", agent_phone=["agent-a", "agent-b"][n % 2])
            assert answer.status == 201, answer
            ids.append(answer.body["session"]["id"])
            switch.asterisk.settle(rng.uniform(0, 0.2))  # the random age is the point
        switch.stack.children["suite"].kill9()
        switch.stack.wait_ready()
    switch.placed += ids
    switch.wait_socket("CONNECTED")
    switch.asterisk.settle(3)  # longer than anything here rings; what talks then is ended
    for id in ids:
        # One that was placed within 100 ms of a kill is looked up when its answer would be due.
        wait_until(lambda: switch.tenant.session(id)["status"] in ENDED | {"CONNECTED"}, 40,
                   f"session {id} to be settled, since nothing rings any more", hint=str(switch.tenant.session(id)))
        if switch.tenant.session(id)["status"] == "CONNECTED":
            switch.tenant.api.post(f"/api/v1/click-to-call/sessions/{id}/end", {})
    endings = Counter()
    for number, id in zip(numbers, ids):
        ended = switch.tenant.wait_ended(id)
        endings[ended["status"], ended["end_reason"]] += 1
        invited = switch.asterisk.said(number, "invited")
        assert len(invited) <= 1, f"{number} was called {len(invited)} times"
        up = switch.asterisk.said(number, "answered")
        if ended["status"] == "COMPLETED":
            assert up, f"{ended} claims a conversation that never was"
        if not up:
            continue
        # Who orders a hang-up knows of the end before the phone does.
        talked = switch.asterisk.wait(number, "ended")["time"] - up[0]["time"]
        if ended["status"] == "COMPLETED":
            assert ended["duration_seconds"] <= talked + 10, (ended, talked)
        else:  # he picked up while nobody was there to join him, or just before the end
            assert talked < 10, (ended, talked)
    print(f"  {len(ids)} calls ended {dict(endings)}")
    wait_until(switch.is_empty, 30, "Asterisk to have no channel and no bridge left")


def test_asterisk_restarts_in_order(switch):
    call = switch.connect()
    before = switch.started_at()
    switch.asterisk.run("cli", "core", "restart", "now")
    over = switch.asterisk.wait(call.number, "ended", call.mark)
    ended = switch.tenant.wait_ended(call.id, seconds=60)
    assert ended["status"] == "COMPLETED", ended
    near(ended["call_ended_at"], over, tolerance=time.time() - over["time"] + 1)  # told, or found to be so
    wait_until(lambda: switch.started_at() not in (None, before), 60, "Asterisk to be back")
    switch.wait_socket("CONNECTED", seconds=60)
    talk = switch.connect()
    talk.do("end")
    assert switch.tenant.wait_ended(talk.id)["status"] == "COMPLETED"


def test_asterisk_dies_and_comes_back(switch):
    call = switch.connect()
    ringing = switch.place(customer(180))
    switch.tenant.wait_status(ringing, "RINGING")
    switch.asterisk.kill9()
    switch.wait_socket("DISCONNECTED")
    refused = is_problem(switch.tenant.initiate(customer(100), agent_phone=AGENT), 502, "PROVIDER_UNREACHABLE")
    switch.placed.append(refused["metadata"]["session_id"])
    switch.asterisk.start()
    switch.wait_socket("CONNECTED", seconds=60)
    ended = switch.tenant.wait_ended(call.id, seconds=60)
    assert ended["status"] == "COMPLETED", ended
    unanswered = switch.tenant.wait_ended(ringing, seconds=60)
    assert unanswered["status"] != "COMPLETED" and "call_answered_at" not in unanswered, unanswered
    talk = switch.connect()
    talk.do("end")
    assert switch.tenant.wait_ended(talk.id)["status"] == "COMPLETED"


# -- figures: last, over all the calls above


def test_the_figures_are_those_of_the_calls_made(switch):
    sessions = [switch.tenant.wait_ended(id) for id in switch.placed]
    by_status = dict(Counter(s["status"] for s in sessions))
    talked = sum(s["duration_seconds"] for s in sessions)
    assert set(by_status) <= ENDED

    def told():
        figures = switch.tenant.api.get("/api/v1/click-to-call/stats").body
        return figures["by_status"] == by_status and figures["total_duration"] == talked
    try:
        wait_until(told, 30, "the figures")
    except TimeoutError:
        figures = switch.tenant.api.get("/api/v1/click-to-call/stats").body
        assert (figures["by_status"], figures["total_duration"]) == (by_status, talked)
    figures = switch.tenant.api.get("/api/v1/click-to-call/stats").body
    assert figures["total_calls"] == len(sessions), figures
    assert figures["completed_calls"] == by_status["COMPLETED"] and figures["failed_calls"] == by_status["FAILED"]
