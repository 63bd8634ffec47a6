"""One Idempotency-Key, one call."""
from concurrent.futures import ThreadPoolExecutor

from conftest import Tenant, is_problem

KEY = {"Idempotency-Key": "click-1"}


def test_the_same_key_answers_with_the_first_result(tenant):
    tenant.provider()
    first = tenant.initiate(headers=KEY)
    again = tenant.initiate(headers=KEY)
    assert first.status == again.status == 201
    assert first.body["session"]["id"] == again.body["session"]["id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert tenant.api.get("/api/v1/click-to-call/sessions").body["total"] == 1


def test_another_body_under_the_same_key_is_refused(tenant):
    tenant.provider()
    tenant.initiate(headers=KEY)
    is_problem(tenant.initiate("+12025550101", headers=KEY), 422, "IDEMPOTENCY_KEY_REUSED")


def test_ten_at_once_make_one_call(tenant):
    tenant.provider()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: tenant.initiate(headers=KEY), range(10)))
    made = {a.body["session"]["id"] for a in answers if a.status == 201}
    assert len(made) == 1
    for answer in answers:
        if answer.status != 201:
            is_problem(answer, 409, "IDEMPOTENCY_IN_PROGRESS")
            assert "retry-after" in answer.headers
    assert tenant.api.get("/api/v1/click-to-call/sessions").body["total"] == 1


def test_keys_of_tenants_are_apart(stack, tenant):
    other = Tenant(stack)
    tenant.provider()
    other.provider()
    assert tenant.initiate(headers=KEY).body["session"]["id"] != other.initiate(
        headers=KEY).body["session"]["id"]


def test_a_refused_request_does_not_burn_the_key(tenant):
    is_problem(tenant.initiate("nonsense", headers=KEY), 400, "VALIDATION_FAILED")
    tenant.provider()
    assert tenant.initiate(headers=KEY).status == 201
