"""Transfers, conferences and supervisors while the parties talk: one scenario each, on every wire."""
import pytest

from conftest import is_problem
from talks import NUMBER, PATH, Talk

UNANNOUNCED = pytest.mark.parametrize("type", ["BLIND", "COLD"])


@pytest.fixture(params=["TWILIO", "VONAGE", "SIP"])
def talk(request, tenant):
    """Agent ann talks with a customer; ben, bob (busy), nat (silent) and sue are registered."""
    return Talk(tenant, request.param)


def test_attended(talk):
    transfer = talk.transfer("ATTENDED", to_agent_id="ben", reason="billing question")
    assert transfer["from_agent_id"] == "ann" and transfer["to_agent_id"] == "ben"
    talk.wait("CONSULTING")
    assert talk.tenant.session(talk.id)["status"] == "ON_HOLD"
    talk.wait_room(ann="talks", ben="talks", customer="hold")
    talk.check_handed_over(talk.decide(transfer, "complete"))


def test_warm_has_all_three_talk(talk):
    transfer = talk.transfer("WARM", to_agent_id="ben")
    talk.wait("CONSULTING")
    talk.tenant.wait_status(talk.id, "CONNECTED")
    talk.wait_room(ann="talks", ben="talks", customer="talks")
    talk.check_handed_over(talk.decide(transfer, "complete"))


@UNANNOUNCED
def test_unannounced(talk, type):
    talk.transfer(type, to_agent_id="ben")
    talk.check_handed_over(talk.wait("COMPLETED"))


@pytest.mark.parametrize("type", ["ATTENDED", "BLIND"])
def test_to_a_number(talk, type):
    transfer = talk.transfer(type, to_phone=NUMBER)
    assert transfer["to_phone"] == NUMBER and "to_agent_id" not in transfer
    if type == "ATTENDED":
        talk.wait("CONSULTING")
        talk.decide(transfer, "complete")
    talk.check_handed_over(talk.wait("COMPLETED"), to="number", agent_id=None)


@pytest.mark.parametrize("type", ["ATTENDED", "BLIND"])
def test_to_a_queue_whose_first_agent_is_busy(talk, type):
    queue = talk.queue("bob", "ben")
    transfer = talk.transfer(type, to_queue_id=queue)
    assert (transfer["to_queue_id"], transfer["to_agent_id"]) == (queue, "bob")
    if type == "ATTENDED":
        talk.wait("CONSULTING")
        talk.decide(transfer, "complete")
    done = talk.wait("COMPLETED")
    assert done["to_agent_id"] == "ben", done
    assert "transfer.next_agent" in talk.events()
    talk.check_handed_over(done)


@pytest.mark.parametrize("talk", ["VONAGE"], indirect=True)
def test_a_queue_that_nobody_takes_gives_the_customer_back(talk):
    talk.transfer("BLIND", to_queue_id=talk.queue("bob", max_wait_seconds=3))
    failed = talk.wait("FAILED", seconds=60)
    assert failed["error_message"] == "No agent of the queue took the call in time", failed
    assert "transfer.waiting" in talk.events()
    talk.tenant.wait_status(talk.id, "CONNECTED", seconds=30)
    talk.wait_room(ann="talks", customer="talks")


def test_a_cancelled_consultation_gives_the_customer_back(talk):
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait("CONSULTING")
    assert talk.decide(transfer, "cancel")["status"] == "CANCELLED"
    talk.tenant.wait_status(talk.id, "CONNECTED")
    talk.wait_leg("consult-1", "ENDED")
    talk.wait_room(ann="talks", customer="talks")
    assert talk.end()["status"] == "COMPLETED"


def test_a_cancelled_blind_transfer_returns_to_the_agent(talk):
    transfer = talk.transfer("BLIND", to_agent_id="nat")
    assert talk.decide(transfer, "cancel")["status"] == "CANCELLED"
    talk.tenant.wait_status(talk.id, "CONNECTED", seconds=30)
    talk.wait_room(ann="talks", customer="talks")
    assert talk.end()["status"] == "COMPLETED"


@pytest.mark.parametrize("target, why", [("bob", "The target was busy"),
                                         ("nat", "The target did not answer")])
def test_a_target_that_cannot_be_had_leaves_the_customer_with_the_agent(talk, target, why):
    talk.transfer("ATTENDED", to_agent_id=target)
    assert talk.wait("FAILED")["error_message"] == why
    talk.tenant.wait_status(talk.id, "CONNECTED")
    talk.wait_room(ann="talks", customer="talks")


@UNANNOUNCED
def test_a_failed_unannounced_transfer_returns_to_the_agent(talk, type):
    talk.transfer(type, to_agent_id="bob")
    talk.wait("FAILED")
    talk.wait_leg("agent-2", "ANSWERED")
    talk.tenant.wait_status(talk.id, "CONNECTED", seconds=30)
    assert talk.leg("agent")["state"] == "ENDED"
    talk.wait_room(ann="talks", customer="talks")
    assert talk.end()["status"] == "COMPLETED"


def test_the_second_transfer_meets_the_first(talk):
    first = talk.transfer("ATTENDED", to_agent_id="ben")
    again = talk.api.post(f"{PATH}/{talk.id}/transfer", {"to_agent_id": "ben"})
    assert is_problem(again, 409, "TRANSFER_OPEN")["metadata"]["transfer_id"] == first["id"]


def test_a_customer_who_was_handed_over_is_handed_on(talk):
    talk.transfer("BLIND", to_agent_id="ben")
    first = talk.wait("COMPLETED")
    second = talk.api.post(f"{PATH}/{first['new_session_id']}/transfer",
                           {"transfer_type": "BLIND", "to_agent_id": "sue"})
    assert second.status == 201, second
    talk.wait_room(sue="talks", customer="talks")
    talk.tenant.wait_status(first["new_session_id"], "TRANSFERRED")


def test_a_conference_of_three(talk):
    answer = talk.api.post(f"{PATH}/{talk.id}/parties", {"phone": NUMBER})
    assert answer.status == 201 and answer.body["id"] == "party-1", answer
    talk.wait_leg("party-1", "ANSWERED")
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"
    talk.wait_room(ann="talks", number="talks", customer="talks")
    assert talk.api.delete(f"{PATH}/{talk.id}/parties/party-1").status == 204
    talk.wait_leg("party-1", "ENDED")
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"
    talk.wait_room(ann="talks", customer="talks")


@pytest.mark.parametrize("talk", ["TWILIO", "VONAGE"], indirect=True)
def test_a_supervisor_listens_whispers_and_barges_in(talk):
    body = {"mode": "LISTEN", "supervisor_id": "sue"}
    answer = talk.api.post(f"{PATH}/{talk.id}/monitor", body)
    assert answer.status == 201 and answer.body["id"] == "supervisor-1", answer
    talk.wait_leg("supervisor-1", "ANSWERED")
    talk.wait_room(ann="talks", customer="talks", sue="listens")
    for mode, heard in (("WHISPER", "whispers"), ("BARGE", "talks"), ("LISTEN", "listens")):
        changed = talk.api.post(f"{PATH}/{talk.id}/monitor", {**body, "mode": mode})
        assert changed.status == 201 and changed.body["id"] == "supervisor-1", changed
        talk.wait_room(ann="talks", customer="talks", sue=heard)
    assert {"monitor.started", "monitor.changed"} <= set(talk.events())
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"


@pytest.mark.parametrize("talk", ["SIP"], indirect=True)
def test_a_contract_without_supervision_says_so(talk):
    answer = talk.api.post(f"{PATH}/{talk.id}/monitor", {"mode": "LISTEN", "supervisor_id": "sue"})
    assert is_problem(answer, 501, "CAPABILITY_MISSING")["metadata"]["capability"] == "listen"
    talk.wait_room(ann="talks", customer="talks")
