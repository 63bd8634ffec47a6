"""Webhooks of every provider type that are forged, expired or another tenant's: refused, logged, without effect."""
import dataclasses
import re

import pytest

from conftest import is_problem
from provider_accounts import NUMBER
from provider_events import ENDED, now
from stack.api import Api

# The field by which a type proves its webhooks.
SECRET_OF = {"TWILIO": "api_secret"}
OTHERS = {"SIP": {"api_key": "the-switch-key"}, "MCUBE": {"auth_token": "the-auth-token"},
          "EXOTEL": {"account_sid": "acme1", "api_key": "the-api-key", "api_secret": "the-api-token"}}


class Line:
    """A tenant with an account of the type, and a call placed by a provider that says nothing more."""

    def __init__(self, tenant, kind, url):
        self.tenant, self.kind = tenant, kind
        self.secret = f"{kind}-secret-of-{tenant.name}-0123456789"
        self.account = tenant.provider(kind, url=url, phone_number=NUMBER, priority=2,
                                       **{**OTHERS.get(kind, {}), SECRET_OF.get(kind, "webhook_secret"): self.secret})
        if kind != "ASTERISK":  # which places the call
            tenant.provider("ASTERISK", url=url)
        self.session = tenant.place("+919800000002", agent_id="ann", agent_phone=NUMBER)

    def ended(self, secret=None, at=None, session=None):
        return ENDED[self.kind](self.tenant, session or self.session, secret or self.secret, at or now())

    def post(self, posted, **headers):
        send = {k: v for k, v in {**posted.headers, **headers}.items() if v is not None}
        return Api(self.tenant.stack.url).request("POST", posted.path, raw=posted.raw, headers=send)

    def refused(self):
        return self.tenant.api.get("/api/v1/webhooks/logs?state=REFUSED").body["logs"]

    def status(self):
        return self.tenant.session(self.session["id"])["status"]


@pytest.fixture
def lines(tenant, other, quiet_provider):
    return lambda kind: (Line(tenant, kind, quiet_provider.url), Line(other, kind, quiet_provider.url))


def check_refusal(line, answer, status, code):
    is_problem(answer, status, code)
    log = line.refused()[0]
    assert (log["provider_type"], log["error_code"]) == (line.kind, code), log
    assert log["error_message"] and log["signature_valid"] == (status != 401), log
    assert line.status() == "INITIATED"


@pytest.mark.parametrize("kind", ENDED)
def test_a_genuine_one_is_taken(lines, kind):
    mine, _ = lines(kind)
    answer = mine.post(mine.ended())
    assert answer.status in (200, 204) and not mine.refused(), answer


@pytest.mark.parametrize("kind", ENDED)
def test_a_forged_one_is_refused_and_logged(lines, kind):
    mine, _ = lines(kind)
    check_refusal(mine, mine.post(mine.ended(secret="guess-" + mine.secret)), 401, "SIGNATURE_INVALID")


@pytest.mark.parametrize("kind", [k for k in ENDED if k not in ("EXOTEL", "MCUBE")])
def test_one_with_a_changed_byte_is_refused_and_logged(lines, kind):
    mine, _ = lines(kind)
    posted = mine.ended()
    next_digit = lambda digit: b"%d" % ((int(digit[0]) + 1) % 10)  # noqa: E731
    changed = dataclasses.replace(posted, raw=re.sub(rb"[0-9]", next_digit, posted.raw, count=1))
    assert changed != posted
    check_refusal(mine, mine.post(changed), 401, "SIGNATURE_INVALID")


@pytest.mark.parametrize("kind", ENDED)
def test_one_without_any_proof_is_refused_and_logged(lines, kind):
    mine, _ = lines(kind)
    posted = mine.ended()
    bare = dataclasses.replace(posted, path=posted.path.split("&token=")[0])
    answer = mine.post(bare, **{name: None for name in posted.headers if name != "Content-Type"})
    check_refusal(mine, answer, 401, "SIGNATURE_MISSING")


@pytest.mark.parametrize("kind", ENDED)
def test_another_tenants_is_refused_and_logged(lines, kind):
    mine, other = lines(kind)
    # Their secret at my door.
    check_refusal(mine, mine.post(mine.ended(secret=other.secret)), 401, "SIGNATURE_INVALID")
    # My door's query, their header.
    answer = mine.post(mine.ended(), **{"X-Tenant-ID": other.tenant.name})
    is_problem(answer, 403, "TENANT_MISMATCH")
    # Their door, properly signed, my session.
    check_refusal(other, other.post(other.ended(session=mine.session)), 404, "UNKNOWN_SESSION")
    assert mine.status() == "INITIATED"


@pytest.mark.parametrize("kind", ENDED)
@pytest.mark.parametrize("hours", [-30, 2])
def test_one_of_another_time_is_refused_and_logged(lines, kind, hours):
    mine, _ = lines(kind)
    check_refusal(mine, mine.post(mine.ended(at=now(hours))), 400, "WEBHOOK_OUTSIDE_WINDOW")
