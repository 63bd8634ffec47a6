"""How calls end, on each provider's wire: status, reason, legs and figures."""
import urllib.parse

import pytest

from conftest import is_problem
from stack.api import Api

ANY_ORDER = "9908"  # its events come in any order
# The last four digits of the customer's number choose the outcome (tools/simulator/README.md).
OUTCOMES = [
    ("0100", "COMPLETED", "NORMAL"),
    ("9901", "BUSY", "CUSTOMER_BUSY"),
    ("9902", "NO_ANSWER", "CUSTOMER_NO_ANSWER"),
    ("9903", "FAILED", "CUSTOMER_REJECTED"),
    ("9905", "FAILED", "INVALID_NUMBER"),
    ("9904", "FAILED", "PROVIDER_ERROR"),
    ("9907", "COMPLETED", "NORMAL"),   # every event twice
    (ANY_ORDER, "COMPLETED", "NORMAL"),
    ("9909", "COMPLETED", "NORMAL"),   # before the answer to the request
]


@pytest.mark.parametrize("kind", ["ASTERISK", "TWILIO"])
@pytest.mark.parametrize("digits, status, reason", OUTCOMES)
def test_an_outcome_is_told_truthfully(tenant, kind, digits, status, reason):
    tenant.provider(kind)
    session = tenant.place(f"+1202555{digits}", agent_id="ann", agent_phone="agent-a"
                           if kind == "ASTERISK" else "+12025550001")
    if digits == ANY_ORDER:
        tenant.wait_corrected(session["id"], status, reason)
    ended = tenant.wait_ended(session["id"])
    assert (ended["status"], ended["end_reason"]) == (status, reason), ended
    legs = {leg["party"]: leg for leg in ended["legs"]}
    assert legs["AGENT"]["answered_at"], "the agent did pick up"
    if status == "COMPLETED":
        # Its times are whole seconds, and only the first of these calls lasts longer than one.
        talked = ended["call_ended_at"] > ended["call_answered_at"]
        assert talked or (digits != "0100" and ended["call_ended_at"] == ended["call_answered_at"]), ended
    else:
        assert "call_answered_at" not in ended and ended["duration_seconds"] == 0
        assert "answered_at" not in legs["CUSTOMER"]


@pytest.mark.parametrize("agent, customer", [("+12025559917", "+12025550100"), ("+12025550001", "+12025559917"),
                                             ("+12025559913", "+12025559915")])
def test_a_leg_at_twilio_whose_answer_was_lost_is_looked_up_and_dialled_once(tenant, agent, customer):
    tenant.provider("TWILIO")
    answer = tenant.initiate(customer, agent_id="ann", agent_phone=agent)
    if agent.endswith("0001"):
        id = answer.body["session"]["id"]
    else:
        id = is_problem(answer, 502, "SUBMISSION_UNKNOWN")["metadata"]["session_id"]
    ended = tenant.wait_ended(id, seconds=60)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    simulator = Api(tenant.stack.simulator_url)
    for phone in (agent, customer):
        reference = urllib.parse.quote(f"{ended['id']}|{phone[1:]}")
        assert simulator.get(f"/_stats?reference={reference}").body["dials"] == 1, phone
