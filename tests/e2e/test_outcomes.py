"""How calls end, on each provider's wire: status, reason, legs and figures."""
import pytest

# The last four digits of the customer's number choose the outcome (tools/simulator/README.md).
OUTCOMES = [
    ("0100", "COMPLETED", "NORMAL"),
    ("9901", "BUSY", "CUSTOMER_BUSY"),
    ("9902", "NO_ANSWER", "CUSTOMER_NO_ANSWER"),
    ("9903", "FAILED", "CUSTOMER_REJECTED"),
    ("9905", "FAILED", "INVALID_NUMBER"),
    ("9904", "FAILED", "PROVIDER_ERROR"),
]


@pytest.mark.parametrize("kind", ["ASTERISK", "TWILIO"])
@pytest.mark.parametrize("digits, status, reason", OUTCOMES)
def test_an_outcome_is_told_truthfully(tenant, kind, digits, status, reason):
    tenant.provider(kind)
    session = tenant.place(f"+1202555{digits}", agent_id="ann", agent_phone="agent-a"
                           if kind == "ASTERISK" else "+12025550001")
    ended = tenant.wait_ended(session["id"], seconds=40)
    assert (ended["status"], ended["end_reason"]) == (status, reason), ended
    legs = {leg["party"]: leg for leg in ended["legs"]}
    assert legs["AGENT"]["answered_at"], "the agent did pick up"
    if status == "COMPLETED":
        assert ended["call_answered_at"] and ended["call_ended_at"] > ended["call_answered_at"]
    else:
        assert "call_answered_at" not in ended and ended["duration_seconds"] == 0
        assert "answered_at" not in legs["CUSTOMER"]
