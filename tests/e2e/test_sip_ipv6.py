"""Phones at IPv6 addresses: an agent's, and one that a phone refers its call to."""
import shutil

import pytest

from conftest import is_problem
from stack.process import wait_until
from talks import PATH, Handover
from test_sip_native import Line

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")


@pytest.fixture
def line(tenant, tmp_path):
    line = Line(tenant, tmp_path)
    yield line
    for phone in line.phones:
        phone.close()


def test_an_agent_may_be_at_an_ipv6_address(line):
    line.open("customer")
    session = line.tenant.place("+12025550199", agent_id="ann", agent_phone="ann@[::1]:5070")
    ended = line.tenant.wait_ended(session["id"], seconds=40)
    agent = ended["legs"][0]
    assert (agent["party"], agent["phone"]) == ("AGENT", "ann@[::1]:5070"), ended
    assert agent["cause"].startswith("sip:"), "it was called"


@pytest.mark.parametrize("phone, code", [("ann@[fd00::1]:5060", 403), ("ann@[::ffff:10.0.0.1]", 403), ("ann@[::1", 400),
                                         ("ann@[::1]:99x", 400), ("ann@::1", 400), ("ann@[]", 400)])
def test_an_address_that_is_none_or_not_allowed_is_refused(line, phone, code):
    line.open("customer")
    answer = line.tenant.initiate("+12025550199", agent_id="ann", agent_phone=phone)
    if code == 400:
        problem = is_problem(answer, 400, "VALIDATION_FAILED")
        assert [error["field"] for error in problem["errors"]] == ["agent_phone"], problem
        return
    assert answer.body["code"] == "INVALID_DESTINATION", answer
    ended = line.tenant.session(answer.body["metadata"]["session_id"])
    assert ended["status"] == "FAILED" and "not allowed" in ended["error_message"], ended


def test_a_phone_refers_its_call_to_an_ipv6_address(line):
    line.open("customer", agent="refers", refer_to="sip:ben@[loopback6]:5070")
    session = line.tenant.place("+12025550199", agent_id="ann", agent_phone="ann")["id"]
    handover = Handover(line.tenant, session)
    listed = wait_until(lambda: line.tenant.api.get(f"{PATH}/{session}/transfers").body["transfers"], 20, "the transfer")
    assert (listed[0]["transfer_type"], listed[0]["to_phone"]) == ("BLIND", "ben@[::1]"), listed
    handover.wait("FAILED")  # nobody is there
    line.tenant.wait_status(session, "CONNECTED")
    assert handover.end()["status"] == "COMPLETED"


def test_a_phone_cannot_refer_to_an_ipv6_address_that_is_not_allowed(line):
    line.open("customer", agent="refers-in-vain", refer_to="sip:ben@[private6]:5070")
    session = line.tenant.place("+12025550199", agent_id="ann", agent_phone="ann")["id"]
    wait_until(lambda: "SIP/2.0 403" in line.agent.seen(), 20, "the refusal")
    assert line.tenant.api.get(f"{PATH}/{session}/transfers").body["transfers"] == []
    assert Handover(line.tenant, session).end()["status"] == "COMPLETED"
