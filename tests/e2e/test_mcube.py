"""mCube on its wire: clicks over both generations to their end, and what it cannot do."""
import json
from datetime import datetime, timedelta, timezone

import pytest
from conftest import is_problem
from faulty_provider import FaultyProvider
from stack.api import Api
from stack.process import wait_until

AGENT = "+919000000001"
INDIA = timezone(timedelta(hours=5, minutes=30))


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
    tenant.wait_status(session["id"], "CONNECTED")
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
    session = tenant.wait_ended(wait_until(found, 30, "a session of the call")["id"])
    assert (session["status"], session["end_reason"], session["direction"]) == (
        "COMPLETED", "NORMAL", "INBOUND"), session
    assert session["agent_id"] == "ann"
    # Told before the phone rings: the agent's screen knows who calls.
    types = [event["type"] for event in tenant.api.get(
        f"/api/v1/click-to-call/sessions/{session['id']}/events").body["events"]]
    assert types.index("session.offered") < types.index("session.ringing") < types.index(
        "session.connected"), types


class Mcube(FaultyProvider):
    """Takes calls, and the live requests of one customer: `live` is what they are answered with."""
    CALL = "90000000011741152953"

    def __init__(self):
        super().__init__()
        self.asked, self.live = [], {"status": "succ"}

    def post(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers.get("Content-Length") or 0)) or "{}")
        self.asked.append((handler.path, body))
        answer = {"status": "succ", "callid": self.CALL} if handler.path.endswith("outbound-calls") else self.live
        self.send(handler, 200, json.dumps(answer).encode())


LIVE = {step: {"path": f"/live/{step}", "body": {"HTTP_AUTHORIZATION": "{token}", "callid": "{callid}",
                                                 **({"digits": "{digits}"} if step == "dtmf" else {})}}
        for step in ("hang_up", "hold", "resume", "dtmf")}


def test_a_customer_whom_mcube_gave_addresses_can_control_calls(tenant):
    mcube = Mcube()
    provider = account(tenant, url=mcube.url, settings={"operations": LIVE})
    assert {"hang_up", "hold", "dtmf"} <= set(provider["capabilities"]), provider
    assert not {"mute", "transfer", "record"} & set(provider["capabilities"]), provider
    session = click(tenant)
    placed = mcube.asked[0][1]
    push = {"callid": mcube.CALL, "refid": session["id"], "emp_phone": "9000000001", "callto": "9800000100",
            "clicktocalldid": "8040000003", "starttime": f"{datetime.now(INDIA):%Y-%m-%d %H:%M:%S}", "dialstatus": "ANSWER",
            "direction": "outbound", "groupname": "Sales", "agentname": "Ann"}
    where = "/api/v1/webhooks/voip/mcube?" + placed["refurl"].split("?", 1)[1]
    assert Api(tenant.stack.url).post(where, push).status == 200
    tenant.wait_status(session["id"], "CONNECTED")
    do = lambda step, body=None: tenant.api.post(  # noqa: E731
        f"/api/v1/click-to-call/sessions/{session['id']}/{step}", body or {})
    for step, body, asked, status in (("hold", None, "hold", "ON_HOLD"), ("resume", None, "resume", "CONNECTED"),
                                      ("dtmf", {"digits": "12#"}, "dtmf", "CONNECTED")):
        answer = do(step, body)
        assert answer.status == 200 and answer.body["session"]["status"] == status, answer
        digits = {"digits": "12#"} if step == "dtmf" else {}
        assert mcube.asked[-1] == (f"/live/{asked}", {"HTTP_AUTHORIZATION": "mcube-token", "callid": mcube.CALL,
                                                      **digits})
    is_problem(do("mute"), 501, "CAPABILITY_MISSING")
    mcube.live = {"status": "fail", "msg": "executive not on call"}
    refused = is_problem(do("hold"), 502, "PROVIDER_REFUSED")
    assert "executive not on call" in refused["detail"] and "mcube-token" not in str(refused), refused
    mcube.live = {"status": "succ"}
    assert do("end").status == 200
    assert mcube.asked[-1][0] == "/live/hang_up"
    ended = tenant.wait_ended(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    mcube.close()


def test_operations_are_checked_field_by_field(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "live", "provider_type": "MCUBE", "api_url": "https://api.mcube.com",
        "phone_number": NUMBER, "auth_token": "mcube-token", "settings": {"operations": {
            "hold": {"path": "/h/{nobody}"}, "transfer": {"path": "/t"}}}})
    problem = is_problem(answer, 400, "VALIDATION_FAILED")
    assert {error["field"] for error in problem["errors"]} == {
        "settings.operations.hold.path", "settings.operations.transfer"}, problem
