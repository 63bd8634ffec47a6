"""Providers of every type that answer what they should not: a clear error on the session, one dial, and
no credential told (conftest looks for those in every answer and, at the end, in every log)."""
import pytest

from conftest import check_database, is_problem
from faulty_provider import FaultyProvider
from provider_accounts import ACCOUNTS, account, click

REFUSALS = [("429", "PROVIDER_RATE_LIMITED"), ("401", "PROVIDER_CREDENTIALS"), ("redirect", "PROVIDER_ERROR")]
UNKNOWN = ["html", "half a body", "cut short", "nothing", "endless", "reset", "500"]


@pytest.fixture(scope="module", autouse=True)
def nothing_stored_in_clear(stack):
    yield
    check_database(stack)


@pytest.fixture
def fallback():
    provider = FaultyProvider()
    yield provider
    provider.close()


@pytest.mark.parametrize("kind", ACCOUNTS)
@pytest.mark.parametrize("mode, code", REFUSALS)
def test_a_refusal_fails_the_call_with_its_reason(tenant, quiet_provider, kind, mode, code):
    quiet_provider.mode = mode
    account(tenant, kind, quiet_provider.url)
    answer = click(tenant)
    problem = is_problem(answer, 502, code)
    session = tenant.session(problem["metadata"]["session_id"])
    assert (session["status"], session["error_code"]) == ("FAILED", code) and session["error_message"]
    assert len(quiet_provider.dials) == 1
    if mode == "429":
        assert answer.headers["retry-after"] == "7", answer.headers


@pytest.mark.parametrize("kind", ACCOUNTS)
@pytest.mark.parametrize("mode, code", REFUSALS)
def test_after_a_refusal_the_next_account_is_tried(tenant, quiet_provider, fallback, kind, mode, code):
    quiet_provider.mode = mode
    first = account(tenant, kind, quiet_provider.url)
    second = account(tenant, "ASTERISK", fallback.url, priority=2)
    answer = click(tenant)
    assert answer.status == 201, answer
    session = answer.body["session"]
    assert session["provider_id"] == second["id"], session
    tried = tenant.api.get(f"/api/v1/click-to-call/sessions/{session['id']}/route").body["candidates"]
    assert [(c["provider_id"], c["outcome"]) for c in tried] == [
        (first["id"], "refused"), (second["id"], "accepted")], tried
    assert (len(quiet_provider.dials), len(fallback.dials)) == (1, 1)


@pytest.mark.parametrize("kind", ACCOUNTS)
@pytest.mark.parametrize("mode", UNKNOWN)
def test_an_unknown_outcome_is_never_dialled_again(tenant, quiet_provider, fallback, kind, mode):
    quiet_provider.mode = mode
    account(tenant, kind, quiet_provider.url)
    account(tenant, "ASTERISK", fallback.url, priority=2)  # must not be tried either
    problem = is_problem(click(tenant), 502, "SUBMISSION_UNKNOWN")
    ended = tenant.wait_ended(problem["metadata"]["session_id"], seconds=60)
    assert (ended["status"], ended["error_code"]) == ("FAILED", "SUBMISSION_UNKNOWN"), ended
    assert ended["end_reason"] == "LOST" and "it answered: " in ended["error_message"], ended
    assert len(quiet_provider.dials) == 1, quiet_provider.dials
    assert fallback.dials == []


@pytest.mark.parametrize("kind, required", [
    ("ASTERISK", {"auth_token"}),
    ("TWILIO", {"account_sid", "auth_token"}),
    ("VONAGE", {"application_id", "private_key", "webhook_secret"}),
    ("SIP", {"api_key"}),
    ("EXOTEL", {"api_key", "api_secret"}),
    ("MCUBE", {"auth_token"})])
def test_missing_credentials_are_named_field_by_field(tenant, kind, required):
    problem = is_problem(tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "bare", "provider_type": kind, "api_url": "https://provider.example.com",
        "phone_number": "+918040000003"}), 400, "VALIDATION_FAILED")
    assert {e["field"] for e in problem["errors"]} == required, problem
    assert all(e["detail"] for e in problem["errors"]), problem


def test_an_unknown_provider_type_is_refused_with_those_there_are(tenant):
    problem = is_problem(tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "x", "provider_type": "CARRIER_PIGEON", "api_url": "https://x.example",
        "phone_number": "+15550100"}), 400, "VALIDATION_FAILED")
    assert [e["field"] for e in problem["errors"]] == ["provider_type"], problem
    for kind in ACCOUNTS:
        assert kind in problem["errors"][0]["detail"], problem
