"""Hold, mute, digits, recording and hang-up while the parties talk, on each provider's wire."""
import pytest

from conftest import is_problem
from stack.process import wait_until
from talks import parties, room_of


@pytest.fixture(params=["ASTERISK", "TWILIO"])
def call(request, tenant):
    tenant.provider(request.param)
    # ...9921 talks for an hour, so that only the test ends it.
    session = tenant.place("+12025559921", agent_id="ann", agent_phone="agent-a"
                           if request.param == "ASTERISK" else "+12025550001")
    tenant.wait_status(session["id"], "CONNECTED")
    yield {"id": session["id"], "kind": request.param,
           "do": lambda step, body=None: tenant.api.post(
               f"/api/v1/click-to-call/sessions/{session['id']}/{step}", body or {})}
    tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/end", {})


def wait_modes(stack, call, customer, agent):
    """Until the provider itself has both so. The simulated Asterisk does not tell; the real one is heard in its own tests."""
    if call["kind"] == "TWILIO":
        wanted = {"+12025559921": customer, "+12025550001": agent}
        wait_until(lambda: parties(stack, "TWILIO", call["id"]) == wanted, 30, f"the room to be {wanted}")


def events(tenant, id):
    return [e["type"] for e in tenant.api.get(f"/api/v1/click-to-call/sessions/{id}/events").body["events"]]


def test_hold_and_resume(stack, tenant, call):
    assert call["do"]("hold").body["session"]["status"] == "ON_HOLD"
    wait_modes(stack, call, customer="hold", agent="talks")
    assert call["do"]("hold").body["session"]["status"] == "ON_HOLD", "holding twice is no error"
    assert call["do"]("resume").body["session"]["status"] == "CONNECTED"
    wait_modes(stack, call, customer="talks", agent="talks")
    assert "session.held" in events(tenant, call["id"]) and "session.resumed" in events(tenant, call["id"])


def test_mute_and_unmute(stack, call):
    assert call["do"]("mute").body["session"]["is_muted"] is True
    wait_modes(stack, call, customer="talks", agent="listens")
    assert call["do"]("unmute").body["session"]["is_muted"] is False
    wait_modes(stack, call, customer="talks", agent="talks")


def test_digits(stack, tenant, call):
    answer = call["do"]("dtmf", {"digits": "12#"})
    assert answer.status == 200, answer
    if call["kind"] == "TWILIO":
        heard = lambda: {leg["to"]: leg["digits"] for leg in room_of(stack, "TWILIO", call["id"])}  # noqa: E731
        wait_until(lambda: heard() == {"+12025559921": "12#", "+12025550001": ""}, 30,
                   "the digits at the customer's phone only")
        asked = tenant.api.get(f"/api/v1/webhooks/logs?session_id={call['id']}&limit=100").body
        assert "digits-asked" in str(asked) and "12#" not in str(asked) and "12%23" not in str(asked)


def test_recording_starts_pauses_goes_on_and_stops(tenant, call):
    for step in ("start", "pause", "resume", "stop"):
        answer = call["do"](f"recording/{step}")
        assert answer.status == 200, (step, answer)
    assert tenant.session(call["id"])["is_recorded"] is True
    rows = lambda: tenant.api.get(f"/api/v1/recordings?session_id={call['id']}").body["recordings"]  # noqa: E731
    wait_until(rows, 30, "the recording's row")
    wait_until(lambda: rows()[0].get("gaps"), 30, "the gap to be on the record")
    assert len(rows()) == 1


def test_a_recording_ordered_with_the_call_is_stopped_and_another_paused_and_stopped(stack, tenant):
    tenant.provider("TWILIO")
    session = tenant.place("+12025559921", agent_id="ann", agent_phone="+12025550001", record=True)
    tenant.wait_status(session["id"], "CONNECTED")
    # Told by a callback of its own.
    wait_until(lambda: tenant.session(session["id"]).get("is_recorded"), 30, "the recording to begin")
    for step in ("stop", "start", "pause", "resume", "stop"):
        answer = tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/recording/{step}", {})
        assert answer.status == 200, (step, answer)
    rows = lambda: tenant.api.get(f"/api/v1/recordings?session_id={session['id']}").body["recordings"]  # noqa: E731
    wait_until(lambda: [row["state"] for row in rows()] == ["READY", "READY"], 30, "two recordings, both ready")
    assert len({row["id"] for row in rows()}) == 2
    tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/end", {})


def test_end(tenant, call):
    assert call["do"]("end", {"reason": "call_completed"}).status == 200
    ended = tenant.wait_ended(call["id"])
    assert ended["status"] == "COMPLETED" and ended["end_reason"] == "NORMAL", ended
    for step in ("hold", "mute", "dtmf"):
        is_problem(call["do"](step, {"digits": "1"} if step == "dtmf" else None), 409, "CALL_NOT_LIVE")


def test_wrap_up_is_kept(tenant, call):
    call["do"]("end")
    tenant.wait_ended(call["id"])
    answer = call["do"]("wrap-up", {"disposition": "interested", "notes": "call back", "tags": ["hot"]})
    assert answer.status == 200, answer
    assert tenant.session(call["id"])["wrap_up"]["disposition"] == "interested"


def test_a_cancel_before_the_answer_ends_cancelled(tenant):
    tenant.provider(settings={"app": "ctc-" + tenant.name, "ring_timeout_seconds": 600})  # time to cancel
    session = tenant.place("+12025559902", agent_id="ann", agent_phone="agent-a")
    tenant.wait_status(session["id"], "RINGING")
    assert tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/end", {}).status == 200
    ended = tenant.wait_ended(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CANCELLED_BY_AGENT"), ended
