"""The user's document, endpoint by endpoint, with its bodies as printed."""
import pytest

from conftest import is_problem
from moments import moments


def create_printed_provider(tenant):
    return tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "My Asterisk Server", "provider_type": "ASTERISK",
        "api_url": tenant.stack.simulator_url, "auth_token": "asterisk-auth-token",
        "webhook_secret": tenant.webhook_secret,
        "phone_number": "+0987654321", "caller_id": "MyCompany", "dial_plan_prefix": "100",
        "is_active": True, "retry_count": 3, "timeout_seconds": 30, "priority": 1})


def test_a_call_is_initiated_with_the_printed_body(tenant):
    tenant.provider(phone_number="+0987654321")
    answer = tenant.api.post("/api/v1/click-to-call/initiate", {
        "to_phone": "+1234567890", "phone_type": "EXTERNAL", "lead_id": "lead-uuid",
        "agent_id": "agent-uuid", "contact_name": "John Doe",
        "contact_email": "john@example.com", "campaign_id": "campaign-uuid",
        "metadata": {"custom_field": "value"}})
    assert answer.status == 201, answer
    assert answer.body["success"] is True
    session = answer.body["session"]
    assert session["status"] == "INITIATED"
    assert session["from_phone"] == "+0987654321" and session["to_phone"] == "+1234567890"
    assert session["session_id"].startswith("sess_") and session["provider_type"] == "ASTERISK"
    read = tenant.session(session["id"])
    assert read["id"] == session["id"] and read["metadata"] == {"custom_field": "value"}
    assert tenant.session(session["session_id"])["id"] == session["id"]


def test_the_printed_provider_is_created_and_never_shows_a_credential(tenant):
    created = create_printed_provider(tenant)
    assert created.status == 201, created
    listed = tenant.api.get("/api/v1/voip-providers").body
    assert listed["total"] == 1 and listed["providers"][0]["provider_name"] == "My Asterisk Server"
    got = tenant.api.get(f"/api/v1/voip-providers/{created.body['id']}")
    for answer in (created, got):
        assert "asterisk-auth-token" not in str(answer.body)
        assert tenant.webhook_secret not in str(answer.body)
    assert "auth_token" in got.body["credentials_set"]


def test_webhooks_drive_a_call_and_its_figures_are_right(tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    session = tenant.place("+12025550777", campaign_id="c1")
    sid = session["session_id"]
    rang, answered, ended = moments(-100, -94, -4)
    for event, status, at in (("CALL_RINGING", "RINGING", rang),
                              ("CALL_ANSWERED", "CONNECTED", answered),
                              ("CALL_ENDED", "COMPLETED", ended)):
        answer = tenant.webhook(sid, event, status, at=at)
        assert answer.status == 200 and answer.body == {
            "success": True, "message": "Webhook processed successfully"}, answer
    done = tenant.wait_status(session["id"], "COMPLETED")
    assert done["duration_seconds"] == 90
    assert done["call_started_at"] and done["call_answered_at"] and done["call_ended_at"]


def test_statistics_have_the_printed_shape(tenant):
    stats = tenant.api.get("/api/v1/click-to-call/stats")
    assert stats.status == 200, stats
    assert {k: stats.body[k] for k in ("total_calls", "completed_calls", "failed_calls",
                                       "total_duration", "average_duration")} == dict.fromkeys(
        ("total_calls", "completed_calls", "failed_calls", "total_duration", "average_duration"), 0)
    assert stats.body["by_status"] == {}


def test_a_list_is_filtered_and_paged(tenant):
    tenant.provider()
    placed = [tenant.place(f"+1202555{1000 + i}", agent_id=f"agent-{i % 2}") for i in range(5)]
    answer = tenant.api.get("/api/v1/click-to-call/sessions?agent_id=agent-0&limit=2&offset=0")
    assert answer.status == 200, answer
    assert answer.body["total"] == 3 and answer.body["limit"] == 2 and answer.body["offset"] == 0
    ids = [s["id"] for s in answer.body["sessions"]]
    assert ids == [placed[4]["id"], placed[2]["id"]]
    rest = tenant.api.get("/api/v1/click-to-call/sessions?agent_id=agent-0&limit=2&cursor="
                          + answer.body["next_cursor"]).body
    assert [s["id"] for s in rest["sessions"]] == [placed[0]["id"]]


def test_agent_activity_is_logged_with_the_printed_body(tenant):
    answer = tenant.api.post("/api/v1/agent-activity", {
        "agent_id": "agent-uuid", "activity_type": "ON_CALL", "session_id": "session-uuid",
        "is_available": True, "duration_seconds": 300})
    assert answer.status == 201, answer
    listed = tenant.api.get("/api/v1/agent-activity?agent_id=agent-uuid").body
    assert listed["total"] == 1 and listed["activities"][0]["activity_type"] == "ON_CALL"


def test_a_status_is_patched_along_the_state_machine_only(tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    session = tenant.place("+12025550777")
    path = f"/api/v1/click-to-call/sessions/{session['id']}/status"
    assert tenant.api.patch(path, {"status": "CONNECTED"}).body["session"]["status"] == "CONNECTED"
    body = is_problem(tenant.api.patch(path, {"status": "INITIATED"}), 409, "ILLEGAL_TRANSITION")
    assert "COMPLETED" in body["metadata"]["legal"]


def test_a_call_is_ended_with_the_printed_body(tenant):
    tenant.provider()
    session = tenant.place()
    answer = tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/end",
                             {"reason": "call_completed"})
    assert answer.status == 200 and answer.body["success"] is True, answer
    ended = tenant.wait_ended(session["id"])
    assert ended["status"] in ("CANCELLED", "COMPLETED")
    again = tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/end", {})
    assert again.status == 200, "ending twice is no error"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/docs"])
def test_the_public_pages_answer_without_a_token(stack, path):
    from stack.api import Api
    assert Api(stack.url).get(path).status == 200
