"""Phone lists brought in as CSV: many at once, all or none, and they count at once."""
import pytest

from conftest import is_problem

PATH = "/api/v1/phone-numbers/import"
HEADER = "phone_number,list_type,reason\n"


def lines(count, reason="asked not to be called"):
    return HEADER + "".join(f"+1202{5550000 + i:07d},BLACKLIST,{reason}\n" for i in range(count))


def listed(tenant):
    return tenant.api.get("/api/v1/phone-numbers?limit=1").body["total"]


def test_fifty_thousand_lines_are_taken_at_once(tenant, quiet_provider):
    tenant.api.timeout = 90
    answer = tenant.api.post(PATH, {"csv": lines(50_000)})
    assert answer.status == 200, answer
    assert answer.body["imported"] == 50_000 and answer.body["unchanged"] == 0, answer
    assert listed(tenant) == 50_000
    tenant.provider(url=quiet_provider.url)
    is_problem(tenant.initiate("+12025599999"), 403, "BLOCKED_BY_POLICY")
    assert quiet_provider.dials == []
    again = tenant.api.post(PATH, {"csv": lines(50_000)})
    assert again.body["imported"] == 0 and again.body["unchanged"] == 50_000, again


@pytest.mark.parametrize("csv, field", [
    (lines(50_001, ""), "csv"),
    (HEADER + "x" * (3 << 20), "csv"),
    (lines(10) + "+12025550100,GREY\n", "csv line 12"),
    (lines(10) + "not a number,VIP\n", "csv line 12"),
], ids=["a line too many", "too many bytes", "no such list", "no number"])
def test_a_fault_in_one_line_takes_none(tenant, csv, field):
    problem = is_problem(tenant.api.post(PATH, {"csv": csv}), 400, "VALIDATION_FAILED")
    assert problem["errors"][0]["field"] == field, problem
    assert listed(tenant) == 0


def test_a_body_beyond_the_imports_limit_is_refused(tenant):
    answer = tenant.api.request("POST", PATH, raw=b'{"csv":"' + b"1" * (4 << 20) + b'"}',
                                headers={"Content-Type": "application/json"})
    assert answer.status in (413, 0), answer  # 0: closed while we were still sending
