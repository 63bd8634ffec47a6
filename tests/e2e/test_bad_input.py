"""Bad input: each a clear problem+json with a stable code, nothing half-done."""
import json
import re

import pytest

from conftest import is_problem
from stack.api import Api

INITIATE = "/api/v1/click-to-call/initiate"


def count(tenant):
    return tenant.api.get("/api/v1/click-to-call/sessions").body["total"]


@pytest.mark.parametrize("number", [
    "", "abc", "123", "+", "+0", "+12345678901234567890", "+1202555\r\nX: y", "+1202555,1",
    "+12025550100/n", "+12025550100;ext=5", "+12025550100@evil", "١٢٣", "+1 (202) abc", None, 5, [], {}])
def test_a_number_that_is_none_is_refused(tenant, number):
    tenant.provider()
    body = is_problem(tenant.api.post(INITIATE, {"to_phone": number}), 400, "VALIDATION_FAILED")
    assert body["errors"][0]["field"] == "to_phone", body
    assert count(tenant) == 0


def test_a_missing_number_is_named(tenant):
    body = is_problem(tenant.api.post(INITIATE, {}), 400, "VALIDATION_FAILED")
    assert body["errors"][0]["field"] == "to_phone"


def test_an_unknown_field_is_named(tenant):
    body = is_problem(tenant.initiate(tofone="+1"), 400, "UNKNOWN_FIELD")
    assert body["errors"][0]["field"] == "tofone"


@pytest.mark.parametrize("field, value", [
    ("lead_id", "x" * 300), ("agent_id", "x" * 300), ("contact_name", "x" * 1000),
    ("contact_email", "x" * 1000), ("campaign_id", "x" * 300), ("phone_type", "x" * 100),
    ("metadata", {"note": "x" * 20000}), ("callback_url", "file:///etc/passwd"),
    ("agent_phone", "PJSIP/a,b"), ("priority", 99)])
def test_an_over_long_or_wrong_field_is_named_and_is_never_a_503(tenant, field, value):
    tenant.provider()
    body = is_problem(tenant.initiate(**{field: value}), 400, "VALIDATION_FAILED")
    assert body["errors"][0]["field"] == field
    assert count(tenant) == 0


@pytest.mark.parametrize("raw, code", [
    (b"", "MALFORMED_JSON"), (b"{", "MALFORMED_JSON"), (b"[]", None), (b"nul", "MALFORMED_JSON"),
    (b'{"to_phone":"+12025550100","to_phone":"+12025550101"}', "MALFORMED_JSON"),
    (b'{"to_phone":"\xff\xfe"}', "MALFORMED_JSON"), (b'{"to_phone":"\xc0\xaf"}', "MALFORMED_JSON"),
    (b'{"to_phone":"\\ud800"}', "MALFORMED_JSON"), (b'{"to_phone":"+12025550100"} x', "MALFORMED_JSON"),
    (b"[" * 100000, "MALFORMED_JSON"), (b'{"metadata":' * 1000 + b"1" + b"}" * 1000, "MALFORMED_JSON")])
def test_malformed_json_is_refused(tenant, raw, code):
    answer = tenant.api.request("POST", INITIATE, raw=raw, headers={"Content-Type": "application/json"})
    assert answer.status == 400, answer
    assert answer.body["code"] in ([code] if code else ["MALFORMED_JSON", "VALIDATION_FAILED"])


def test_a_body_over_the_limit_is_refused_before_it_is_read(tenant):
    answer = tenant.api.request("POST", INITIATE, raw=b'{"to_phone":"' + b"1" * (2 << 20) + b'"}',
                                headers={"Content-Type": "application/json"})
    assert answer.status in (413, 0), answer  # 0: closed while we were still sending
    assert count(tenant) == 0


def test_another_media_type_is_refused(tenant):
    answer = tenant.api.request("POST", INITIATE, raw=b"to_phone=1",
                                headers={"Content-Type": "application/x-www-form-urlencoded"})
    is_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_tokens_and_tenants_are_checked(stack, tenant, other):
    path = "/api/v1/click-to-call/sessions"
    is_problem(Api(stack.url, tenant.name).get(path), 401, "UNAUTHENTICATED")
    is_problem(Api(stack.url, tenant.name, "ctc_wrong").get(path), 401, "UNAUTHENTICATED")
    is_problem(Api(stack.url, "", tenant.token).get(path), 400, "TENANT_REQUIRED")
    is_problem(Api(stack.url, other.name, tenant.token).get(path), 403, "TENANT_MISMATCH")
    forged = "eyJhbGciOiJub25lIn0.eyJ0ZW5hbnRfaWQiOiJ0In0."
    is_problem(Api(stack.url, tenant.name, forged).get(path), 401, "UNAUTHENTICATED")


def test_what_is_not_there_and_what_is_not_yours_answer_alike(tenant, other):
    other.provider()
    foreign = other.place()
    foreign_provider = other.api.get("/api/v1/voip-providers").body["providers"][0]["id"]
    absent = "01890000-0000-7000-8000-000000000000"
    for method, path in [("GET", "/api/v1/click-to-call/sessions/{}"),
                         ("POST", "/api/v1/click-to-call/sessions/{}/end"),
                         ("POST", "/api/v1/click-to-call/sessions/{}/hold"),
                         ("GET", "/api/v1/click-to-call/sessions/{}/events"),
                         ("GET", "/api/v1/voip-providers/{}")]:
        theirs = foreign_provider if "voip" in path else foreign["id"]
        answers = [tenant.api.request(method, path.format(id), body={} if method == "POST" else None)
                   for id in (theirs, absent)]
        for answer in answers:
            is_problem(answer, 404, "NOT_FOUND")
        assert answers[0].body["detail"].replace(theirs, "") == answers[1].body["detail"].replace(absent, "")
    assert tenant.api.get("/api/v1/click-to-call/sessions").body["total"] == 0
    body = is_problem(tenant.initiate(provider_id=foreign_provider), 400, "VALIDATION_FAILED")
    assert body["errors"][0]["field"] == "provider_id"


def test_a_blacklisted_number_is_never_dialled(tenant):
    tenant.provider()
    added = tenant.api.post("/api/v1/phone-numbers", {
        "phone_number": "+12025550199", "list_type": "BLACKLIST", "reason": "asked not to be called"})
    assert added.status == 201, added
    body = is_problem(tenant.initiate("+1 202 555 0199"), 403, "BLOCKED_BY_POLICY")
    assert "BLACKLIST" in str(body["errors"])
    assert count(tenant) == 0


def test_an_agent_on_a_call_gets_no_second_one(tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    agent = tenant.api.post("/api/v1/agents", {"name": "Ann", "phone": "agent-a", "capacity": 1})
    assert agent.status == 201, agent
    first = tenant.place("+12025550777", agent_id=agent.body["id"])
    body = is_problem(tenant.initiate("+12025550101", agent_id=agent.body["id"]), 409, "AGENT_BUSY")
    assert body["metadata"]["session_id"] in (first["id"], first["session_id"])


def test_a_double_click_is_answered_with_the_call_at_hand(tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    first = tenant.place("+12025550777", agent_id="a-1")
    body = is_problem(tenant.initiate("+12025550777", agent_id="a-1"), 409, "CALL_ALREADY_RUNNING")
    assert body["metadata"]["session_id"] in (first["id"], first["session_id"])
    assert count(tenant) == 1


def test_live_control_needs_a_live_call(tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    session = tenant.place("+12025550777")
    for step in ("hold", "resume", "mute", "unmute", "recording/start"):
        answer = tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/{step}", {})
        assert answer.status == 409, (step, answer)
    body = is_problem(tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/dtmf",
                                      {"digits": "12x"}), 400, "VALIDATION_FAILED")
    assert body["errors"][0]["field"] == "digits"


INJECTIONS = ["' OR '1'='1", "'; DROP TABLE click_to_call_session; --", "\" OR \"\"=\"", "1 OR SLEEP(5)",
              "%27%20OR%201=1", "\\'; --", "${jndi:ldap://x}", "{{7*7}}"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_any_field_is_only_text(tenant, text):
    tenant.provider()
    session = tenant.place(f"+1202556{INJECTIONS.index(text):04d}", contact_name=text, lead_id=text[:30])
    assert tenant.session(session["id"])["contact_name"] == text
    from urllib.parse import quote
    for name in ("status", "agent_id", "lead_id", "q", "sort", "cursor", "limit"):
        answer = tenant.api.get(f"/api/v1/click-to-call/sessions?{name}={quote(text)}")
        assert answer.status in (200, 400), answer
    assert tenant.api.get(f"/api/v1/click-to-call/sessions/{quote(text, safe='')}").status in (400, 404)


def test_characters_that_a_column_never_has_are_no_fault_of_ours(tenant):
    asked = 0
    for path, methods in tenant.api.get("/api/v1/openapi.json").body["paths"].items():
        if path in ("/api/v1/events", "/api/v1/ws"):
            continue  # these stay open
        described = methods.get("get", {}).get("parameters", [])
        texts = [p["name"] for p in described if p.get("in") == "query" and p["schema"].get("type") == "string"]
        for query in ["", *(f"?{name}=%C3%BC" for name in texts)]:
            answer = tenant.api.get(re.sub(r"{[^}]*}", "%C3%BC", path) + query)
            assert answer.status < 500, (path + query, answer)
            asked += 1
    assert asked > 60


@pytest.mark.parametrize("body, field", [
    ({}, "provider_type"),
    ({"provider_type": "ASTERISK"}, "provider_name"),
    ({"provider_name": "x", "provider_type": "CARRIER_PIGEON"}, "provider_type"),
    ({"provider_name": "x", "provider_type": "ASTERISK", "api_url": "ftp://x", "phone_number": "+15550100",
      "auth_token": "a:b"}, "api_url"),
    ({"provider_name": "x", "provider_type": "TWILIO", "api_url": "https://x", "phone_number": "+15550100"},
     None)])
def test_a_bad_provider_is_refused_field_by_field(tenant, body, field):
    answer = tenant.api.post("/api/v1/voip-providers", body)
    problem = is_problem(answer, 400, "VALIDATION_FAILED")
    fields = [e["field"] for e in problem["errors"]]
    assert (field in fields) if field else fields, json.dumps(problem)
