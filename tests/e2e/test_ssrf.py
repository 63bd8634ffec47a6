"""A tenant cannot send the suite to its own machine and network by a provider's address."""
import pytest

from conftest import is_problem

PATH = "/api/v1/voip-providers"


def account(**fields):
    return {"provider_name": "mine", "provider_type": "SIP", "api_url": "https://switch.example.com",
            "phone_number": "+10987654321", "api_key": "the-key", **fields}


# The tests' suite allows loopback; nothing else that is not public.
@pytest.mark.parametrize("url", [
    "http://169.254.169.254", "http://10.0.0.1:8088", "http://192.168.1.1/ari", "http://172.16.0.1",
    "http://0.0.0.0", "http://0x0a000001", "http://167772161", "http://10.1", "http://[fd00::1]:80",
    "http://[fe80::1]", "http://[::ffff:10.0.0.1]", "http://100.64.0.1", "file:///etc/passwd",
    "gopher://169.254.169.254:6379/_x", "http://user@10.0.0.1", "//10.0.0.1"])
@pytest.mark.parametrize("field", ["api_url", "callback_url"])
def test_an_address_that_is_not_public_is_refused_by_its_field(tenant, url, field):
    problem = is_problem(tenant.api.post(PATH, account(**{field: url})), 400, "VALIDATION_FAILED")
    assert [e["field"] for e in problem["errors"]] == [field], problem
    assert tenant.api.get(PATH).body["total"] == 0


def test_an_account_cannot_be_moved_there_either(tenant):
    made = tenant.api.post(PATH, account())
    assert made.status == 201, made
    path = f"{PATH}/{made.body['id']}"
    is_problem(tenant.api.patch(path, {"api_url": "http://169.254.169.254"}), 400, "VALIDATION_FAILED")
    assert tenant.api.get(path).body["api_url"] == "https://switch.example.com"


def native(url="sip:127.0.0.1:9;transport=udp", **settings):
    return account(api_url=url, settings={"mode": "native", **settings})


@pytest.mark.parametrize("host", ["169.254.169.254:80", "10.0.0.1", "192.168.1.1:5061", "0x0a000001", "10.1",
                                  "0.0.0.0:5060", "[fd00::1]:5060", "[::ffff:10.0.0.1]"])
@pytest.mark.parametrize("scheme", ["sip", "sips"])
def test_a_sip_proxy_that_is_not_public_is_refused_by_its_field(tenant, scheme, host):
    url = f"{scheme}:{host}"
    for field, body in (("api_url", native(url, agent_proxy="sip:127.0.0.1")),
                        ("settings.agent_proxy", native(agent_proxy=url))):
        problem = is_problem(tenant.api.post(PATH, body), 400, "VALIDATION_FAILED")
        assert [e["field"] for e in problem["errors"]] == [field], problem
    assert tenant.api.get(PATH).body["total"] == 0


def test_a_line_cannot_be_bound_to_an_address_that_is_not_allowed(tenant):
    problem = is_problem(tenant.api.post(PATH, native(bind="sip:10.0.0.5:5060")), 400, "VALIDATION_FAILED")
    assert [e["field"] for e in problem["errors"]] == ["settings.bind"], problem
    for bind in ("sip:*:*", "sip:127.0.0.1:*"):
        assert tenant.api.post(PATH, native(bind=bind)).status == 201


def test_a_phone_at_an_address_that_is_not_allowed_is_not_called(tenant):
    assert tenant.api.post(PATH, native(bind="sip:127.0.0.1:*")).status == 201
    for phone in ("ann@169.254.169.254", "ann@10.0.0.1"):
        refused = is_problem(tenant.initiate(agent_id="ann", agent_phone=phone), 422, "INVALID_DESTINATION")
        assert "not allowed" in str(refused), refused
