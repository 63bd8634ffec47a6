"""Phones at IPv6 addresses: an agent's, one that a phone refers its call to; and an account that is at one itself."""
import shutil
import socket

import pytest

from conftest import is_problem
from sip_phones import Phone, free_port
from sound_phone import Sound
from stack.process import wait_until
from talks import PATH, Handover
from test_sip_native import line  # noqa: F401, a fixture

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")


def test_an_agent_may_be_at_an_ipv6_address(line):
    line.open("customer")
    session = line.tenant.place("+12025550199", agent_id="ann", agent_phone="ann@[::1]:5070")
    ended = line.tenant.wait_ended(session["id"])
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
    listed = wait_until(lambda: line.tenant.api.get(f"{PATH}/{session}/transfers").body["transfers"], 30,
                        "the transfer")
    assert (listed[0]["transfer_type"], listed[0]["to_phone"]) == ("BLIND", "ben@[::1]"), listed
    handover.wait("FAILED")  # nobody is there
    line.tenant.wait_status(session, "CONNECTED")
    assert handover.end()["status"] == "COMPLETED"


def test_a_phone_cannot_refer_to_an_ipv6_address_that_is_not_allowed(line):
    line.open("customer", agent="refers-in-vain", refer_to="sip:ben@[private6]:5070")
    session = line.tenant.place("+12025550199", agent_id="ann", agent_phone="ann")["id"]
    wait_until(lambda: "SIP/2.0 403" in line.agent.seen(), 30, "the refusal")
    line.tenant.wait_status(session, "CONNECTED")
    assert line.tenant.api.get(f"{PATH}/{session}/transfers").body["transfers"] == []
    assert Handover(line.tenant, session).end()["status"] == "COMPLETED"


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


over_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")


def open_at_ipv6(line, customer="customer", agent="agent", transport="u1", **settings):
    """An account and both of its phones at ::1."""
    line.customer_sound, line.agent_sound = free_port("::1"), free_port("::1")
    line.customer = line.phone(customer, transport, host="::1", sound=line.customer_sound)
    line.agent = line.phone(agent, transport, host="::1", sound=line.agent_sound)
    suffix = ";transport=tcp" if transport == "t1" else ""
    line.provider = line.tenant.provider(
        "SIP", url=line.customer.url + suffix, api_key="user", api_secret="s3cret", timeout_seconds=8,
        settings={"mode": "native", "bind": "sip:[::1]:*", "agent_proxy": line.agent.url + suffix,
                  "ring_timeout_seconds": 5, **settings})
    return line


@over_ipv6
@pytest.mark.parametrize("transport, own", [("u1", "::1"), ("t1", "::1"), ("u1", "::")])
def test_two_phones_talk_over_ipv6(line, transport, own):
    id = open_at_ipv6(line, "hangs-up", transport=transport, bind=f"sip:[{own}]:*").place()
    ended = line.tenant.wait_ended(id)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both calls to end as they should")
    # Each phone was given the other's media address, with our o= line.
    given = line.agent.seen().split("ACK sip:", 1)[1]
    assert f"m=audio {line.customer_sound}" in given and "c=IN IP6 ::1" in given, given[:600]
    assert given.split("o=ctc ", 1)[1].split("\n", 1)[0].strip().endswith(f" IN IP6 {own}"), given[:600]
    assert "Contact: <sip:[" in line.agent.seen(), line.agent.seen()[:900]


@over_ipv6
def test_sound_runs_through_us_over_ipv6(line):
    open_at_ipv6(line, agent="customer", media="anchored")
    ann = Sound("ann", "::1", port=line.agent_sound)
    them = Sound("customer", "::1", port=line.customer_sound)
    try:
        id = line.connect()
        ann.wait_hears("customer")
        them.wait_hears("ann")
        assert line.do(id, "mute").ok
        them.wait_hears()
        assert line.do(id, "end").ok
    finally:
        ann.close()
        them.close()
    assert line.tenant.wait_ended(id)["status"] == "COMPLETED"
    assert "c=IN IP6 ::1" in line.agent.seen()


@over_ipv6
def test_a_caller_over_ipv6_reaches_an_agent(tenant, tmp_path):
    port = free_port("::1")
    agent = Phone(tmp_path, "customer", host="::1")
    phones = [agent]
    try:
        assert tenant.api.post("/api/v1/agents", {"id": "ann", "name": "ann", "phone": "ann"}).ok
        assert tenant.api.post("/api/v1/agent-activity", {"agent_id": "ann", "activity_type": "LOGIN"}).ok
        tenant.provider("SIP", url="sip:[::1]:9;transport=udp", api_key="user", api_secret="s3cret", timeout_seconds=8,
                        settings={"mode": "native", "bind": f"sip:[::1]:{port}", "agent_proxy": agent.url,
                                  "inbound_from": ["::1"]})
        local = "0" * 24 + f"01000000:{port:04X}"
        with open("/proc/net/udp6", encoding="ascii") as table:
            wait_until(lambda: table.seek(0) == 0 and local in table.read(), 30, "the account to listen")
        caller = Phone(tmp_path, "calls-and-hangs-up", to=f"[::1]:{port}", host="::1", number="+10987654321",
                       sound=free_port("::1"))
        phones.append(caller)
        wait_until(lambda: all(p.is_done() for p in phones), 30, "both phones to end as they should",
                   hint=caller.seen()[-600:])
        listed = tenant.api.get(f"{PATH}?direction=INBOUND").body["sessions"]
        assert len(listed) == 1, listed
        ended = tenant.wait_ended(listed[0]["id"])
        assert (ended["status"], ended["agent_id"]) == ("COMPLETED", "ann"), ended
    finally:
        for phone in phones:
            phone.close()
