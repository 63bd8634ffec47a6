"""Transfers, conferences and supervisors at a real Asterisk: the phones' own ears say who hears whom."""
import os

import pytest

from asterisk_switch import AGENT, Conversation, Switch, customer, legs_of
from conftest import check_logs, is_problem
from stack.process import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Asterisk's chroot needs root")

PATH = "/api/v1/click-to-call/sessions"
TARGET, SUPERVISOR = "agent-b", "agent-c"
AGENTS = {"ben": TARGET, "sue": SUPERVISOR, "bob": "agent-busy", "nat": "agent-no-answer", "rex": "agent-rejects"}
OURS = "+18885550100"


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    running = Switch(tmp_path_factory.mktemp("asterisk-transfers"), CTC_SESSION_PARTY_RING_SECONDS="10")
    try:
        running.start()
        for name, phone in AGENTS.items():
            answer = running.tenant.api.post("/api/v1/agents", {"id": name, "name": name, "phone": phone})
            assert answer.status == 201, answer
        yield running
    finally:
        running.stop()
    check_logs(running.stack)


class Talk:
    """A conversation of ann, at agent-a, with a customer, and what becomes of it."""

    def __init__(self, call):
        self.call, self.switch, self.id, self.number = call, call.switch, call.id, call.number
        self.asterisk, self.tenant, self.api = call.asterisk, call.tenant, call.tenant.api
        self.mark = call.mark

    def post(self, path, body=None, status=200, id=None):
        answer = self.api.post(f"{PATH}/{id or self.id}/{path}", body or {})
        assert answer.status == status, answer
        return answer.body

    def transfer(self, type, **target):
        return self.post("transfer", {"transfer_type": type, **target}, status=201)

    def decide(self, transfer, what):
        return self.post(f"transfers/{transfer['id']}/{what}")

    def newest(self):
        return self.api.get(f"{PATH}/{self.id}/transfers").body["transfers"][-1]

    def wait(self, status):
        try:
            wait_until(lambda: self.newest()["status"] == status, 60, f"the transfer to be {status}")
        except TimeoutError as error:
            raise AssertionError(f"{error}; it is {self.newest()}")
        return self.newest()

    def hear(self, **heard):
        """Who hears whom now: customer=["agent-b"] and so on; [] is silence."""
        for phone, tones in heard.items():
            number = self.number if phone == "customer" else phone.replace("_", "-")
            # A phone may have heard the same in the call of the test before.
            self.asterisk.wait_hears(number, *tones, since=self.mark)

    def is_ended(self, phone):
        return self.asterisk.wait(phone, "ended", self.mark)

    def stays(self):
        assert not self.asterisk.said(self.number, "ended", self.mark), "the customer was hung up on"

    def events(self, id=None):
        return [e["type"] for e in self.switch.events(id or self.id)]

    def taken_over(self, transfer, by=None):
        """The session that goes on, once the first one is handed over."""
        done = self.wait("COMPLETED")
        assert done["id"] == transfer["id"] and done["completed_at"], done
        old = self.tenant.session(self.id)
        assert (old["status"], old["end_reason"]) == ("TRANSFERRED", "HANDED_OVER"), old
        assert {"transfer.requested", "transfer.completed", "session.transferred"} <= set(self.events())
        new = self.tenant.session(done["new_session_id"])
        assert new["status"] == "CONNECTED", new
        assert new.get("agent_id") == by, new
        assert new["parent_session_id"] == new["conversation_id"] == self.id, new
        self.stays()
        return new["id"]

    def ends_with(self, phone, id, *phones):
        """`phone` hangs up: the last session is over, the first stays handed over, nobody is left."""
        self.asterisk.hang_up(phone)
        ended = self.tenant.wait_ended(id)
        assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
        assert self.tenant.session(self.id)["status"] in ("TRANSFERRED", "COMPLETED")
        for other in (self.number, *phones):
            self.is_ended(other)
        wait_until(self.switch.is_empty, 30, "Asterisk to have no channel and no bridge left")


@pytest.fixture
def talk(switch):
    talking = Talk(switch.connect())
    yield talking
    for session in talking.api.get(f"{PATH}?limit=20").body["sessions"]:
        if talking.id in (session["id"], session["conversation_id"]):
            talking.api.post(f"{PATH}/{session['id']}/end", {})
            talking.tenant.wait_ended(session["id"])
    wait_until(switch.is_empty, 30, "Asterisk to have no channel and no bridge left")


def wait_consulting(talk):
    talk.wait("CONSULTING")
    talk.hear(customer=["music"], agent_a=[TARGET], agent_b=[AGENT])


# -- attended


def test_attended_the_customer_waits_with_music_then_talks_with_the_next_agent(talk):
    transfer = talk.transfer("ATTENDED", to_agent_id="ben", reason="billing question")
    assert (transfer["from_agent_id"], transfer["to_agent_id"]) == ("ann", "ben"), transfer
    assert transfer["reason"] == "billing question", transfer
    wait_consulting(talk)
    assert talk.tenant.session(talk.id)["status"] == "ON_HOLD"
    assert talk.decide(transfer, "complete")["status"] == "COMPLETED"
    new = talk.taken_over(transfer, by="ben")
    talk.hear(customer=[TARGET], agent_b=["customer"])
    talk.is_ended(AGENT)
    talk.ends_with(talk.number, new, TARGET)


def test_attended_cancelled_gives_the_customer_back(talk):
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    wait_consulting(talk)
    assert talk.decide(transfer, "cancel")["status"] == "CANCELLED"
    talk.tenant.wait_status(talk.id, "CONNECTED")
    talk.is_ended(TARGET)
    talk.hear(customer=[AGENT], agent_a=["customer"])
    talk.ends_with(AGENT, talk.id)


def test_attended_cancelled_while_the_target_rings(talk):
    transfer = talk.transfer("ATTENDED", to_agent_id="nat")
    talk.wait("RINGING")
    talk.hear(customer=["music"])
    talk.decide(transfer, "cancel")
    talk.asterisk.wait("agent-no-answer-180", "cancelled", talk.mark)
    talk.hear(customer=[AGENT], agent_a=["customer"])
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"


@pytest.mark.parametrize("target, why", [
    ("bob", "The target was busy"), ("rex", "The target declined"), ("nat", "The target did not answer")])
def test_attended_a_target_that_cannot_be_had_leaves_the_customer_with_the_agent(talk, target, why):
    talk.transfer("ATTENDED", to_agent_id=target)
    assert talk.wait("FAILED")["error_message"] == why
    talk.tenant.wait_status(talk.id, "CONNECTED")
    talk.hear(customer=[AGENT], agent_a=["customer"])
    talk.ends_with(talk.number, talk.id, AGENT)


def test_attended_an_agent_who_hangs_up_while_consulting_has_handed_over(talk):
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    wait_consulting(talk)
    talk.asterisk.hang_up(AGENT)
    new = talk.taken_over(transfer, by="ben")
    talk.hear(customer=[TARGET], agent_b=["customer"])
    talk.ends_with(TARGET, new)


def test_attended_a_customer_who_hangs_up_while_waiting_ends_it_for_all(talk):
    talk.transfer("ATTENDED", to_agent_id="ben")
    wait_consulting(talk)
    talk.asterisk.hang_up(talk.number)
    assert talk.tenant.wait_ended(talk.id)["status"] == "COMPLETED"
    assert talk.wait("CANCELLED")["error_message"] == "The call ended"
    talk.is_ended(AGENT)
    talk.is_ended(TARGET)


# -- blind and cold: the agent leaves before the target has answered


def test_blind_the_agent_is_gone_and_the_customer_hears_music_until_the_target_answers(talk):
    number = customer(804)
    transfer = talk.transfer("BLIND", to_phone=number)
    assert transfer["to_phone"] == number, transfer
    left = talk.is_ended(AGENT)
    music = talk.asterisk.hears(talk.number, "music", since=talk.mark)
    new = talk.taken_over(transfer)
    answered = talk.asterisk.wait(number, "answered", talk.mark)
    assert max(left["time"], music["time"]) < answered["time"], "the agent left too late"
    talk.asterisk.wait_hears(number, "customer")
    talk.hear(customer=["customer"])  # a number outside speaks with a customer's voice
    talk.ends_with(number, new)


def test_blind_to_an_agent(talk):
    new = talk.taken_over(talk.transfer("BLIND", to_agent_id="ben"), by="ben")
    talk.hear(customer=[TARGET], agent_b=["customer"])
    talk.is_ended(AGENT)
    talk.ends_with(TARGET, new)


@pytest.mark.parametrize("type, target, why", [
    ("BLIND", "bob", "The target was busy"), ("BLIND", "nat", "The target did not answer"),
    ("COLD", "rex", "The target declined")])
def test_a_blind_transfer_that_fails_rings_the_agent_again(talk, type, target, why):
    talk.transfer(type, to_agent_id=target)
    assert talk.wait("FAILED")["error_message"] == why
    session = talk.tenant.wait_status(talk.id, "CONNECTED")
    legs = {leg["id"]: leg["state"] for leg in session["legs"]}
    # Who refuses at once may do so before the agent was let go, who stays then.
    stayed = target != "nat" and legs["agent"] == "ANSWERED"
    assert stayed or legs["agent-2"] == "ANSWERED", session
    talk.hear(customer=[AGENT], agent_a=["customer"])
    talk.stays()
    talk.ends_with(talk.number, talk.id, AGENT)


def test_a_customer_who_hangs_up_while_the_blind_target_rings_ends_it(talk):
    number = customer(180)
    talk.transfer("BLIND", to_phone=number)
    talk.is_ended(AGENT)
    talk.asterisk.wait(number, "ringing", talk.mark)
    talk.asterisk.hang_up(talk.number)
    assert talk.tenant.wait_ended(talk.id)["status"] == "COMPLETED"
    talk.asterisk.wait(number, "cancelled", talk.mark)
    assert talk.wait("CANCELLED")["error_message"] == "The call ended"


def test_cold_to_a_queue(talk):
    queue = talk.api.post("/api/v1/queues", {"queue_name": f"q-{talk.id}"})
    assert queue.status == 201, queue
    login = talk.api.post("/api/v1/agent-activity", {"agent_id": "ben", "activity_type": "LOGIN"})
    assert login.status == 201, login
    live = f"/api/v1/queues/{queue.body['id']}/live"
    wait_until(lambda: talk.api.get(live).body.get("available_agents") == ["ben"], 30, "ben to be free")
    transfer = talk.transfer("COLD", to_queue_id=queue.body["id"])
    assert (transfer["to_queue_id"], transfer["to_agent_id"]) == (queue.body["id"], "ben"), transfer
    new = talk.taken_over(transfer, by="ben")
    talk.hear(customer=[TARGET], agent_b=["customer"])
    talk.ends_with(talk.number, new, TARGET)


def test_cold_to_a_number(talk):
    number = customer(100)
    new = talk.taken_over(talk.transfer("COLD", to_phone=number))
    talk.asterisk.wait_hears(number, "customer")
    talk.is_ended(AGENT)
    talk.ends_with(talk.number, new, number)


# -- warm


def test_warm_has_all_three_talk_then_the_agent_leaves(talk):
    transfer = talk.transfer("WARM", to_agent_id="ben")
    talk.wait("CONSULTING")
    talk.hear(customer=[AGENT, TARGET], agent_a=[TARGET, "customer"], agent_b=[AGENT, "customer"])
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"
    talk.decide(transfer, "complete")
    new = talk.taken_over(transfer, by="ben")
    talk.hear(customer=[TARGET], agent_b=["customer"])
    talk.is_ended(AGENT)
    talk.ends_with(TARGET, new)


# -- one after another


def test_a_call_is_handed_over_and_back(talk):
    answer = talk.api.post("/api/v1/agents", {"id": "ann", "name": "ann", "phone": AGENT})
    assert answer.status == 201, answer
    first = talk.transfer("BLIND", to_agent_id="ben")
    second = Talk(Conversation(talk.switch, talk.taken_over(first, by="ben"), talk.number, talk.mark))
    talk.hear(customer=[TARGET], agent_b=["customer"])
    mark = talk.asterisk.mark()
    back = second.transfer("ATTENDED", to_agent_id="ann")
    second.wait("CONSULTING")
    talk.hear(customer=["music"], agent_a=[TARGET], agent_b=[AGENT])
    second.decide(back, "complete")
    third = second.wait("COMPLETED")["new_session_id"]
    talk.hear(customer=[AGENT], agent_a=["customer"])
    talk.asterisk.wait(TARGET, "ended", mark)
    session = talk.tenant.session(third)
    assert (session["agent_id"], session["conversation_id"]) == ("ann", talk.id), session
    assert session["parent_session_id"] == second.id, session
    talk.ends_with(talk.number, third, AGENT)


# -- conference and supervisor


def test_a_conference_of_three_then_of_four(talk):
    answer = talk.api.post(f"{PATH}/{talk.id}/parties", {"agent_id": "ben"})
    assert answer.status == 201 and answer.body["id"] == "party-1", answer
    talk.hear(customer=[AGENT, TARGET], agent_a=[TARGET, "customer"], agent_b=[AGENT, "customer"])
    talk.post("parties", {"agent_id": "sue"}, status=201)
    talk.hear(customer=[AGENT, TARGET, "agent-other"], agent_c=[AGENT, TARGET, "customer"])
    assert talk.api.delete(f"{PATH}/{talk.id}/parties/party-1").status == 204
    talk.is_ended(TARGET)
    talk.hear(customer=[AGENT, "agent-other"], agent_c=[AGENT, "customer"])
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"
    talk.ends_with(talk.number, talk.id, AGENT, SUPERVISOR)


def monitor(talk, mode):
    answer = talk.api.post(f"{PATH}/{talk.id}/monitor", {"mode": mode, "supervisor_id": "sue"})
    assert answer.status == 201 and answer.body["id"] == "supervisor-1", answer.body


def test_a_supervisor_listens_whispers_and_barges_in(talk):
    monitor(talk, "LISTEN")
    talk.hear(agent_c=[AGENT, "customer"], agent_a=["customer"], customer=[AGENT])
    monitor(talk, "WHISPER")
    talk.hear(agent_a=["agent-other", "customer"], agent_c=[AGENT, "customer"], customer=[AGENT])
    monitor(talk, "BARGE")
    talk.hear(agent_a=["agent-other", "customer"], agent_c=[AGENT, "customer"], customer=[AGENT, "agent-other"])
    monitor(talk, "LISTEN")
    talk.hear(agent_a=["customer"], agent_c=[AGENT, "customer"], customer=[AGENT])
    assert {"monitor.started", "monitor.changed"} <= set(talk.events())
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"
    talk.ends_with(talk.number, talk.id, AGENT, SUPERVISOR)


@pytest.mark.parametrize("mode, agent_hears", [("WHISPER", ["agent-other", "customer"]), ("BARGE", ["agent-other", "customer"])])
def test_a_supervisor_who_begins_with_it(talk, mode, agent_hears):
    monitor(talk, mode)
    talk.hear(agent_c=[AGENT, "customer"], agent_a=agent_hears,
              customer=[AGENT, "agent-other"] if mode == "BARGE" else [AGENT])
    monitor(talk, "LISTEN")
    talk.hear(agent_c=[AGENT, "customer"], agent_a=["customer"], customer=[AGENT])
    talk.asterisk.hang_up(SUPERVISOR)
    talk.hear(agent_a=["customer"], customer=[AGENT])
    wait_until(lambda: len(talk.switch.bridges()) == 1, 30, "the supervisor's bridge to be gone")
    # The switch is ahead of what is written down.
    wait_until(lambda: legs_of(talk.tenant.session(talk.id))["SUPERVISOR"]["state"] == "ENDED", 30,
               "the supervisor's leg to be ended")
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"


def test_a_second_transfer_meets_the_first(talk):
    first = talk.transfer("ATTENDED", to_agent_id="nat")
    again = talk.api.post(f"{PATH}/{talk.id}/transfer", {"to_agent_id": "ben"})
    assert is_problem(again, 409, "TRANSFER_OPEN")["metadata"]["transfer_id"] == first["id"]
