"""Transfers, conferences and supervisors while the parties talk, on each provider's wire."""
import pytest

from conftest import is_problem
from stack.process import wait_until

PATH = "/api/v1/click-to-call/sessions"
STAYS = "+12025559921"  # answers and talks for an hour
BUSY = "+12025559901"


@pytest.fixture
def talk(tenant):
    """Agent ann talks with a customer; ben, bob and the supervisor sue are registered."""
    tenant.provider("TWILIO")
    for name, phone in (("ann", "+12025550001"), ("ben", STAYS), ("bob", BUSY), ("sue", STAYS)):
        assert tenant.api.post("/api/v1/agents", {"id": name, "name": name, "phone": phone}).ok
    session = tenant.place(STAYS, agent_id="ann", agent_phone="+12025550001")
    tenant.wait_status(session["id"], "CONNECTED", seconds=30)
    return Talk(tenant, session["id"])


class Talk:
    def __init__(self, tenant, id):
        self.tenant, self.api, self.id = tenant, tenant.api, id

    def transfer(self, type, **target):
        answer = self.api.post(f"{PATH}/{self.id}/transfer", {"transfer_type": type, **target})
        assert answer.status == 201, answer
        return answer.body

    def decide(self, transfer, what):
        answer = self.api.post(f"{PATH}/{self.id}/transfers/{transfer['id']}/{what}", {})
        assert answer.status == 200, answer
        return answer.body

    def newest(self):
        return self.api.get(f"{PATH}/{self.id}/transfers").body["transfers"][-1]

    def wait(self, status):
        wait_until(lambda: self.newest()["status"] == status, 30, f"the transfer to be {status}",
                   hint=str(self.newest()))
        return self.newest()

    def leg(self, leg_id):
        return next((leg for leg in self.tenant.session(self.id)["legs"] if leg["id"] == leg_id), None)

    def wait_leg(self, leg_id, state):
        wait_until(lambda: (self.leg(leg_id) or {}).get("state") == state, 30, f"{leg_id} to be {state}")

    def events(self):
        return [e["type"] for e in self.api.get(f"{PATH}/{self.id}/events").body["events"]]

    def end(self, id=None):
        assert self.api.post(f"{PATH}/{id or self.id}/end", {}).status == 200
        return self.tenant.wait_ended(id or self.id)


def check_handed_over(talk, transfer):
    old = talk.tenant.session(talk.id)
    assert (old["status"], old["end_reason"]) == ("TRANSFERRED", "HANDED_OVER"), old
    new = talk.tenant.session(transfer["new_session_id"])
    assert new["status"] == "CONNECTED" and new["agent_id"] == "ben", new
    assert new["parent_session_id"] == new["conversation_id"] == talk.id
    assert {"transfer.requested", "transfer.completed", "session.transferred"} <= set(talk.events())
    # The customer's leg names the first session, but ends the one that has it now.
    ended = talk.end(new["id"])
    assert ended["status"] == "COMPLETED", ended
    assert talk.tenant.session(talk.id)["status"] == "TRANSFERRED"


def test_attended(talk):
    transfer = talk.transfer("ATTENDED", to_agent_id="ben", reason="billing question")
    assert transfer["from_agent_id"] == "ann" and transfer["to_agent_id"] == "ben"
    talk.wait("CONSULTING")
    assert talk.tenant.session(talk.id)["status"] == "ON_HOLD"
    check_handed_over(talk, talk.decide(transfer, "complete"))


def test_warm_has_all_three_talk(talk):
    transfer = talk.transfer("WARM", to_agent_id="ben")
    talk.wait("CONSULTING")
    talk.tenant.wait_status(talk.id, "CONNECTED")
    check_handed_over(talk, talk.decide(transfer, "complete"))


def test_blind(talk):
    talk.transfer("BLIND", to_agent_id="ben")
    check_handed_over(talk, talk.wait("COMPLETED"))


def test_a_cancelled_consultation_gives_the_customer_back(talk):
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait("CONSULTING")
    assert talk.decide(transfer, "cancel")["status"] == "CANCELLED"
    talk.tenant.wait_status(talk.id, "CONNECTED")
    talk.wait_leg("consult-1", "ENDED")
    assert talk.end()["status"] == "COMPLETED"


def test_a_busy_target_leaves_the_customer_with_the_agent(talk):
    talk.transfer("ATTENDED", to_agent_id="bob")
    assert talk.wait("FAILED")["error_message"] == "The target was busy"
    talk.tenant.wait_status(talk.id, "CONNECTED")


def test_a_failed_blind_transfer_returns_to_the_agent(talk):
    talk.transfer("BLIND", to_agent_id="bob")
    talk.wait("FAILED")
    talk.wait_leg("agent-2", "ANSWERED")
    talk.tenant.wait_status(talk.id, "CONNECTED", seconds=30)
    assert talk.leg("agent")["state"] == "ENDED"
    assert talk.end()["status"] == "COMPLETED"


def test_the_second_transfer_meets_the_first(talk):
    first = talk.transfer("ATTENDED", to_agent_id="ben")
    again = talk.api.post(f"{PATH}/{talk.id}/transfer", {"to_agent_id": "ben"})
    assert is_problem(again, 409, "TRANSFER_OPEN")["metadata"]["transfer_id"] == first["id"]


def test_a_conference_of_three(talk):
    answer = talk.api.post(f"{PATH}/{talk.id}/parties", {"phone": STAYS})
    assert answer.status == 201 and answer.body["id"] == "party-1", answer
    talk.wait_leg("party-1", "ANSWERED")
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"
    assert talk.api.delete(f"{PATH}/{talk.id}/parties/party-1").status == 204
    talk.wait_leg("party-1", "ENDED")
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"


def test_a_supervisor_listens_then_whispers(talk):
    body = {"mode": "LISTEN", "supervisor_id": "sue"}
    answer = talk.api.post(f"{PATH}/{talk.id}/monitor", body)
    assert answer.status == 201 and answer.body["id"] == "supervisor-1", answer
    talk.wait_leg("supervisor-1", "ANSWERED")
    changed = talk.api.post(f"{PATH}/{talk.id}/monitor", {**body, "mode": "WHISPER"})
    assert changed.status == 201 and changed.body["id"] == "supervisor-1", changed
    assert {"monitor.started", "monitor.changed"} <= set(talk.events())
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"
