"""Exotel and mCube that answer what they should not: a clear error, one dial, no credential told."""
import pytest

from conftest import is_problem

SECRETS = {"EXOTEL": {"account_sid": "acme1", "api_key": "the-api-key", "api_secret": "the-api-token"},
           "MCUBE": {"auth_token": "the-auth-token"}}


def click(tenant, provider, kind):
    tenant.provider(kind, url=provider.url, phone_number="+918040000003", timeout_seconds=1,
                    **SECRETS[kind])
    return tenant.initiate("+919800000002", agent_id="ann", agent_phone="+919000000001")


def tells_no_secret(kind, *texts):
    for name in ("api_key", "api_secret", "auth_token"):
        assert SECRETS[kind].get(name, "no such credential") not in str(texts)


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("mode, code", [("429", "PROVIDER_RATE_LIMITED"), ("401", "PROVIDER_CREDENTIALS"),
                                        ("redirect", "PROVIDER_ERROR")])
def test_a_refusal_fails_the_call_with_its_reason(tenant, quiet_provider, kind, mode, code):
    quiet_provider.mode = mode
    answer = click(tenant, quiet_provider, kind)
    problem = is_problem(answer, 502, code)
    session = tenant.session(problem["metadata"]["session_id"])
    assert (session["status"], session["error_code"]) == ("FAILED", code) and session["error_message"]
    assert len(quiet_provider.dials) == 1
    tells_no_secret(kind, answer, session)


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("mode", ["html", "half a body", "nothing", "endless", "reset", "500"])
def test_an_unknown_outcome_is_never_dialled_again(tenant, quiet_provider, kind, mode):
    quiet_provider.mode = mode
    answer = click(tenant, quiet_provider, kind)
    problem = is_problem(answer, 502, "SUBMISSION_UNKNOWN")
    ended = tenant.wait_ended(problem["metadata"]["session_id"], seconds=60)
    assert (ended["status"], ended["end_reason"]) == ("FAILED", "LOST"), ended
    assert len(quiet_provider.dials) == 1, quiet_provider.dials
    tells_no_secret(kind, answer, ended)
