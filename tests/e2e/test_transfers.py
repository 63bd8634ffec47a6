"""What happens beside a transfer, conferences and supervisors while the parties talk: one scenario each, on every wire.
The transfers themselves are in test_transfer_cells.py."""
import pytest

from conftest import is_problem
from talks import BUSY, NUMBER, PATH, SUPERVISOR, Talk


@pytest.fixture(params=["TWILIO", "VONAGE", "SIP"])
def talk(request, tenant):
    """Agent ann talks with a customer; ben, bob (busy), nat (silent) and sue are registered."""
    return Talk(tenant, request.param)


@pytest.mark.parametrize("type", ["ATTENDED", "BLIND"])
def test_to_a_queue_whose_first_agent_is_busy(talk, type):
    queue = talk.queue("bob", "ben")
    transfer = talk.transfer(type, to_queue_id=queue)
    assert transfer["to_queue_id"] == queue, transfer
    talk.check_rung_first(BUSY, transfer, "bob", "ben")
    if type == "ATTENDED":
        talk.wait("CONSULTING")
        talk.decide(transfer, "complete")
    done = talk.wait("COMPLETED")
    assert done["to_agent_id"] == "ben", done
    assert "transfer.next_agent" in talk.events()
    talk.check_handed_over(done)


def test_a_target_that_does_not_answer_leaves_the_customer_with_the_agent(talk):
    talk.transfer("ATTENDED", to_agent_id="nat")
    assert talk.wait("FAILED")["error_message"] == "The target did not answer"
    talk.tenant.wait_status(talk.id, "CONNECTED")
    talk.wait_room(ann="talks", customer="talks")


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
    talk.wait_room(ann="talks", customer="talks")
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"


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
        assert talk.heard_only_by("ann") == ([SUPERVISOR] if mode == "WHISPER" else []), mode
    assert {"monitor.started", "monitor.changed"} <= set(talk.events())
    assert talk.tenant.session(talk.id)["status"] == "CONNECTED"


@pytest.mark.parametrize("talk", ["SIP"], indirect=True)
def test_a_contract_without_supervision_says_so(talk):
    answer = talk.api.post(f"{PATH}/{talk.id}/monitor", {"mode": "LISTEN", "supervisor_id": "sue"})
    assert is_problem(answer, 501, "CAPABILITY_MISSING")["metadata"]["capability"] == "listen"
    talk.wait_room(ann="talks", customer="talks")
