"""Native SIP: calls between two SIP phones (SIPp) that the suite itself controls, without any switch."""
import shutil

import pytest

from conftest import is_problem
from sip_phones import Phone
from stack.process import wait_until

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")


class Line:
    """An account whose numbers all reach one phone and whose agents another."""

    def __init__(self, tenant, folder):
        self.tenant, self.folder, self.phones = tenant, folder, []

    def open(self, customer, agent="agent", transport="u1", **settings):
        self.customer = self.phone(customer, transport)
        self.agent = self.phone(agent, transport)
        suffix = ";transport=tcp" if transport == "t1" else ""
        self.provider = self.tenant.provider(
            "SIP", url=self.customer.url + suffix, api_key="user", api_secret="s3cret", timeout_seconds=8,
            settings={"mode": "native", "bind": "sip:127.0.0.1:*", "agent_proxy": self.agent.url + suffix,
                      "ring_timeout_seconds": 5, **settings})
        return self

    def phone(self, behaviour, transport="u1"):
        self.phones.append(Phone(self.folder, behaviour, transport))
        return self.phones[-1]

    def place(self):
        return self.tenant.place("+12025550100", agent_id="ann", agent_phone="ann")["id"]

    def connect(self):
        id = self.place()
        self.tenant.wait_status(id, "CONNECTED", seconds=20)
        return id

    def do(self, id, step, body=None):
        return self.tenant.api.post(f"/api/v1/click-to-call/sessions/{id}/{step}", body or {})


@pytest.fixture
def line(tenant, tmp_path):
    made = Line(tenant, tmp_path)
    yield made
    for phone in made.phones:
        phone.close()


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_two_phones_talk_until_one_hangs_up(line, transport):
    id = line.open("hangs-up", transport=transport).place()
    ended = line.tenant.wait_ended(id, seconds=30)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    assert ended["call_answered_at"]
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 10, "both calls to end as they should")
    # Each phone was given the other's media address, with our o= line.
    assert "m=audio 40000" in line.agent.seen().split("ACK sip:", 1)[1]
    assert "o=ctc " in line.agent.seen() and "o=ctc " in line.customer.seen()


@pytest.mark.parametrize("customer, status, reason", [
    ("busy", "BUSY", "CUSTOMER_BUSY"), ("declines", "FAILED", "CUSTOMER_REJECTED"),
    ("unknown", "FAILED", "INVALID_NUMBER"), ("silent", "NO_ANSWER", "CUSTOMER_NO_ANSWER")])
def test_an_outcome_is_told_truthfully(line, customer, status, reason):
    ended = line.tenant.wait_ended(line.open(customer).place(), seconds=30)
    assert (ended["status"], ended["end_reason"]) == (status, reason), ended
    legs = {leg["party"]: leg for leg in ended["legs"]}
    assert legs["AGENT"]["answered_at"] and "answered_at" not in legs["CUSTOMER"]
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 10, "both phones to be let go")


def test_a_busy_agent_is_not_told_as_the_customer(line):
    ended = line.tenant.wait_ended(line.open("customer", agent="busy").place(), seconds=20)
    assert (ended["status"], ended["end_reason"]) == ("BUSY", "AGENT_REJECTED"), ended
    assert line.customer.seen() == ""


def test_a_cancel_while_the_customer_rings(line):
    id = line.open("silent", ring_timeout_seconds=60).place()
    wait_until(lambda: [leg for leg in line.tenant.session(id)["legs"]
                        if leg["party"] == "CUSTOMER" and leg["state"] == "RINGING"], 20, "the customer to be rung")
    assert line.do(id, "end").status == 200
    ended = line.tenant.wait_ended(id)
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CANCELLED_BY_AGENT"), ended
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 10, "the customer's phone to stop ringing")
    assert "CANCEL sip:" in line.customer.seen()


def test_hold_resume_digits_and_hang_up(line):
    id = line.open("customer").connect()
    assert line.do(id, "hold").status == 200
    line.tenant.wait_status(id, "ON_HOLD")
    assert line.do(id, "resume").status == 200
    line.tenant.wait_status(id, "CONNECTED")
    assert line.do(id, "dtmf", {"digits": "5"}).status == 200
    problem = is_problem(line.do(id, "mute"), 501, "CAPABILITY_MISSING")
    assert problem["metadata"]["capability"] == "mute"
    assert line.do(id, "end").status == 200
    ended = line.tenant.wait_ended(id)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 10, "both phones to be hung up")
    assert "Signal=5" in line.customer.seen()
    assert "a=inactive" in line.customer.seen() and "a=inactive" in line.agent.seen()


def test_a_challenge_is_answered_by_digest_without_showing_the_password(line):
    id = line.open("customer", agent="asks-password").connect()
    line.do(id, "end")
    line.tenant.wait_ended(id)
    wait_until(line.agent.is_done, 10, "the agent to be hung up")
    seen = line.agent.seen()
    assert 'username="user"' in seen and 'realm="phones"' in seen and "s3cret" not in seen


def test_the_proxy_is_asked_whether_it_lives(line):
    line.open("customer")
    test = f"/api/v1/voip-providers/{line.provider['id']}/test"
    line.customer.close()
    answer = line.tenant.api.post(test, {})
    assert answer.body["success"] is False and answer.body["error_code"] == "PROVIDER_UNREACHABLE", answer


def test_native_settings_are_checked(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "native", "provider_type": "SIP", "api_url": "http://proxy.example",
        "phone_number": "+10987654321", "settings": {"mode": "native", "bind": "everywhere", "preset": "jambonz"}})
    fields = {error["field"] for error in is_problem(answer, 400, "VALIDATION_FAILED")["errors"]}
    assert fields == {"api_url", "settings.bind", "settings.preset"}, fields
