"""mCube on its wire: clicks over both generations to their end, and what it cannot do."""
import pytest
from conftest import is_problem
from stack.api import Api
from stack.process import wait_until

AGENT = "+919000000001"


def account(tenant, classic=False, **fields):
    credential = {"api_key": "0123456789abcdef0123456789abcdef"} if classic \
        else {"auth_token": "mcube-token"}
    return tenant.provider("MCUBE", phone_number="+918040000003",
                           webhook_secret=tenant.webhook_secret, **credential, **fields)


def click(tenant, digits="0100", **fields):
    return tenant.place(f"+91980000{digits}", agent_id="ann", agent_phone=AGENT, **fields)


OUTCOMES = [
    ("0100", "COMPLETED", "NORMAL"),
    ("9901", "BUSY", "CUSTOMER_BUSY"),
    ("9902", "NO_ANSWER", "CUSTOMER_NO_ANSWER"),
    ("9904", "FAILED", "PROVIDER_ERROR"),
    ("9907", "COMPLETED", "NORMAL"),
    ("9908", "COMPLETED", "NORMAL"),
    ("9909", "COMPLETED", "NORMAL"),
]


@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize("digits, status, reason", OUTCOMES)
def test_a_click_ends_truthfully(tenant, classic, digits, status, reason):
    account(tenant, classic)
    session = click(tenant, digits)
    ended = tenant.wait_ended(session["id"], seconds=40)
    assert (ended["status"], ended["end_reason"]) == (status, reason), ended
    if status == "COMPLETED":
        assert "/mcube-recordings/" in ended["recording_url"], ended


@pytest.mark.parametrize("digits, status, code", [("9930", 403, "BLOCKED_BY_POLICY"),
                                                  ("9926", 502, "PROVIDER_CREDENTIALS")])
def test_a_refusal_with_status_200_is_told_as_one(tenant, digits, status, code):
    account(tenant)
    answer = tenant.initiate(f"+91980000{digits}", agent_id="ann", agent_phone=AGENT)
    is_problem(answer, status, code)
    assert "mcube-token" not in str(answer.body), answer


def test_a_busy_executive_is_the_agent(tenant):
    account(tenant)
    session = tenant.place("+919800000100", agent_id="ann", agent_phone="+919000009901")
    ended = tenant.wait_ended(session["id"], seconds=40)
    assert (ended["status"], ended["end_reason"]) == ("BUSY", "AGENT_REJECTED"), ended


@pytest.mark.parametrize("action", ["hold", "mute", "dtmf"])
def test_what_a_running_call_cannot_have_is_named(tenant, action):
    account(tenant)
    session = click(tenant, "9921")
    tenant.wait_status(session["id"], "CONNECTED", seconds=20)
    body = {"digits": "1"} if action == "dtmf" else {}
    answer = tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/{action}", body)
    is_problem(answer, 501, "CAPABILITY_MISSING")


def test_missing_credentials_are_named(tenant):
    body = {"provider_name": "bare", "provider_type": "MCUBE", "api_url": "https://api.mcube.com",
            "phone_number": "+918040000003"}
    problem = is_problem(tenant.api.post("/api/v1/voip-providers", body), 400, "VALIDATION_FAILED")
    assert [error["field"] for error in problem["errors"]] == ["auth_token"]
    body["settings"] = {"variant": "classic"}
    problem = is_problem(tenant.api.post("/api/v1/voip-providers", body), 400, "VALIDATION_FAILED")
    assert [error["field"] for error in problem["errors"]] == ["api_key"]


def test_the_check_tells_what_can_be_told(tenant):
    provider = account(tenant)
    answer = tenant.api.post(f"/api/v1/voip-providers/{provider['id']}/test", {})
    assert answer.status == 200 and answer.body["success"], answer


NUMBER = "+918040000003"


@pytest.mark.parametrize("classic", [False, True])
def test_a_callers_agent_is_asked_for_and_the_talk_told(tenant, classic):
    account(tenant, classic)
    base = f"{tenant.stack.url}/api/v1/webhooks/voip/mcube"
    query = f"?tenant={tenant.name}&token={tenant.webhook_secret}"
    # mCube plays no prompts of ours, so the number has no menu: it rings who is there.
    answer = tenant.api.post("/api/v1/agents", {"id": "ann", "name": "Ann", "phone": AGENT})
    assert answer.status == 201, answer
    answer = tenant.api.post("/api/v1/agent-activity", {"agent_id": "ann", "activity_type": "LOGIN"})
    assert answer.status == 201, answer
    answer = Api(tenant.stack.simulator_url).post("/_inbound", {
        "provider": "mcube", "from": "+919800000002", "to": NUMBER, "talk_ms": 30000,
        "account": "classic" if classic else "", "answer_url": f"{base}/flow{query}",
        "event_url": base + query})
    assert answer.status == 201, answer
    call = answer.body["call"]

    def found():
        listed = tenant.api.get("/api/v1/click-to-call/sessions").body["sessions"]
        return next((s for s in listed if s.get("provider_call_id") == call), None)
    session = tenant.wait_ended(wait_until(found, 10, "a session of the call")["id"], seconds=30)
    assert (session["status"], session["end_reason"], session["direction"]) == (
        "COMPLETED", "NORMAL", "INBOUND"), session
    assert session["agent_id"] == "ann"
    # Told before the phone rings: the agent's screen knows who calls.
    types = [event["type"] for event in tenant.api.get(
        f"/api/v1/click-to-call/sessions/{session['id']}/events").body["events"]]
    assert types.index("session.offered") < types.index("session.ringing") < types.index(
        "session.connected"), types
