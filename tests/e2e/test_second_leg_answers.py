"""The agent has answered, and the request that dials the customer is answered as it should not be: a clear error on
the session, nobody left on the line, one dial. Where nobody but us dials the customer: Twilio, Vonage and Asterisk."""
import json
import urllib.parse
import urllib.request

import pytest

from at_once import running
from conftest import Tenant, check_database
from second_leg_provider import SecondLegProvider
from stack.api import Api
from stack.process import wait_until
from talks import ANN, parties

CUSTOMER = "+12025559921"  # would answer and talk
KINDS = ["TWILIO", "VONAGE", "ASTERISK"]
REFUSALS = {"429": "PROVIDER_RATE_LIMITED", "401": "PROVIDER_CREDENTIALS", "redirect": "PROVIDER_ERROR"}
UNKNOWN = ["html", "half a body", "cut short", "nothing", "endless", "reset", "500"]


@pytest.fixture(scope="module", autouse=True)
def nothing_stored_in_clear(stack):
    yield
    check_database(stack)


def place(tenant, kind, provider):
    account = tenant.provider(kind, url=provider.url)
    if kind == "ASTERISK":
        wait_until(lambda: tenant.health(account["id"])["event_socket"] == "CONNECTED", 30, "the event socket")
    return tenant.place(CUSTOMER, agent_id="ann", agent_phone=ANN)["id"]


def on_the_line(stack, kind, session):
    if kind != "ASTERISK":
        return parties(stack, kind, session)
    with urllib.request.urlopen(stack.simulator_url + "/_calls", timeout=10) as answer:
        return [channel["id"] for channel in json.load(answer)["ari"] if channel["id"].startswith(session)]


def fails(stack, case):
    kind, mode = case
    tenant, provider = Tenant(stack), SecondLegProvider(stack.simulator_url, CUSTOMER)
    provider.mode = mode
    session = place(tenant, kind, provider)
    ended = tenant.wait_ended(session, seconds=120)
    # A switch is asked again for the same channel, and told to drop it: what it did is known then.
    asks_again = kind == "ASTERISK" and mode in UNKNOWN
    code = REFUSALS.get(mode, "PROVIDER_ERROR" if asks_again else "SUBMISSION_UNKNOWN")
    assert (ended["status"], ended.get("error_code")) == ("FAILED", code) and ended["error_message"], ended
    legs = {leg["party"]: leg for leg in ended["legs"]}
    assert legs["AGENT"]["answered_at"] and "answered_at" not in legs.get("CUSTOMER", {}), legs
    assert len(set(provider.dials)) == 1 and len(provider.dials) == (3 if asks_again else 1), provider.dials
    wait_until(lambda: not on_the_line(stack, kind, session), 30, "everybody to be off the line",
               hint=str(on_the_line(stack, kind, session)))
    provider.close()


@pytest.fixture(scope="module")
def runs(stack, request):
    with running(request, "case", lambda case: fails(stack, case)) as futures:
        yield futures


@pytest.mark.parametrize("case", [(kind, mode) for kind in KINDS for mode in [*REFUSALS, *UNKNOWN]], ids="-".join)
def test_the_call_fails_with_its_reason_and_nobody_is_left(runs, case):
    runs[case].result()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["garbage after placing", "reset after placing"])
def test_a_customer_who_was_dialled_after_all_is_talked_to(stack, tenant, kind, mode):
    provider = SecondLegProvider(stack.simulator_url, CUSTOMER)
    provider.mode = mode
    session = place(tenant, kind, provider)
    tenant.wait_status(session, "CONNECTED")
    assert len(set(provider.dials)) == 1, provider.dials
    reference = urllib.parse.quote(provider.dials[0] if kind == "ASTERISK" else f"{session}|{CUSTOMER[1:]}")
    told = Api(stack.simulator_url).get(f"/_stats?reference={reference}")
    assert told.body["dials"] == 1, told
    assert tenant.api.post(f"/api/v1/click-to-call/sessions/{session}/end", {}).status == 200
    assert tenant.wait_ended(session)["status"] == "COMPLETED"
    provider.close()
