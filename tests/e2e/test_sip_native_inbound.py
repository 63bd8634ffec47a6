"""Callers over native SIP: SIPp calls the suite, which rings the agents' phones (SIPp) by itself."""
import shutil
import socket
from pathlib import Path

import pytest

from sip_phones import Phone, own_address
from sip_stranger import Stranger
from stack.process import wait_until
from talks import PATH, Handover

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")

OURS, CALLER = "+10987654321", "+12025550142"


class Trunk:
    """An account that is called, with agent ann at its proxy."""

    def __init__(self, tenant, folder):
        self.tenant, self.folder, self.phones, self.host = tenant, folder, [], own_address()

    def open(self, agent, trusted=("127.0.0.1/32",), password="s3cret", ring_seconds=20, **settings):
        self.agent = self.phone(agent)
        assert self.tenant.api.post("/api/v1/agents", {"id": "ann", "name": "ann", "phone": "ann"}).ok
        self.log_in("ann")
        credentials = {"api_key": "user", "api_secret": password} if password else {}
        self.tenant.provider("SIP", url="sip:127.0.0.1:9;transport=udp", timeout_seconds=8, **credentials, settings={
            "mode": "native", "bind": f"sip:{self.host}:5060", "agent_proxy": self.agent.url,
            "inbound_from": list(trusted), **settings})
        local = f"{socket.inet_aton(self.host)[::-1].hex().upper()}:{5060:04X}"
        wait_until(lambda: local in Path("/proc/net/udp").read_text(), 30, "the account to listen")
        return self

    def log_in(self, agent):
        answer = self.tenant.api.post("/api/v1/agent-activity", {"agent_id": agent, "activity_type": "LOGIN"})
        assert answer.ok, answer

    def phone(self, behaviour, **more):
        self.phones.append(Phone(self.folder, behaviour, **more))
        return self.phones[-1]

    def menu(self, *options):
        answer = self.tenant.api.post("/api/v1/ivr-menus", {
            "menu_name": "Main", "phone_number": OURS, "prompt_text": "Welcome", "timeout_seconds": 1,
            "max_retries": 0, "options": [{"dtmf_key": key, "action": action, "action_json": more}
                                          for key, action, more in options]})
        assert answer.status == 201, answer

    def call(self, behaviour, **more):
        self.caller = self.phone(behaviour, to=f"{self.host}:5060", number=OURS, **{"host": "127.0.0.1", **more})
        return self

    def stranger(self):
        self.phones.append(Stranger(own_address(), self.host, OURS))
        return self.phones[-1]

    def sessions(self):
        return self.tenant.api.get("/api/v1/click-to-call/sessions?direction=INBOUND&limit=20").body["sessions"]

    def session(self):
        return wait_until(lambda: next(iter(self.sessions()), None), 30, "the caller's session")

    def wait_done(self, *phones):
        wait_until(lambda: all(p.is_done() for p in phones), 30, "all phones to end as they should",
                   hint=self.caller.seen()[-600:])


@pytest.fixture
def trunk(tenant, tmp_path):
    made = Trunk(tenant, tmp_path)
    yield made
    for phone in made.phones:
        phone.close()


@pytest.mark.parametrize("hangs_up, transport", [("caller", "u1"), ("agent", "u1"), ("caller", "t1")])
def test_a_caller_reaches_an_agent_until_one_hangs_up(trunk, hangs_up, transport):
    by_caller = hangs_up == "caller"
    trunk.open("customer" if by_caller else "hangs-up")
    trunk.call("calls-and-hangs-up" if by_caller else "calls-and-stays", transport=transport)
    session = trunk.session()
    assert (session["direction"], session["from_phone"], session["to_phone"]) == ("INBOUND", CALLER, OURS), session
    ended = trunk.tenant.wait_ended(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    assert ended["call_answered_at"] and ended["agent_id"] == "ann", ended
    trunk.wait_done(trunk.caller, trunk.agent)
    # Each was given the other's streams, telephone-event among them, with our o= line.
    for phone in (trunk.caller, trunk.agent):
        assert "o=ctc " in phone.seen() and phone.seen().count("a=rtpmap:101 telephone-event/8000") >= 2
    assert "SIP/2.0 180 Ringing" in trunk.caller.seen()
    assert f"From: <sip:{CALLER}@" in trunk.agent.seen()
    events = [e["type"] for e in trunk.tenant.api.get(f"{PATH}/{session['id']}/events").body["events"]]
    assert events.index("session.offered") < events.index("leg.ringing"), events


def test_a_caller_who_gives_up_silences_the_agents_phone(trunk):
    trunk.open("silent").call("calls-and-gives-up")
    ended = trunk.tenant.wait_ended(trunk.session()["id"])
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CALLER_ABANDONED"), ended
    trunk.wait_done(trunk.caller, trunk.agent)


@pytest.mark.parametrize("agent, ring_seconds", [("busy", 20), ("declines", 20), ("silent", 5)])
def test_an_agent_who_does_not_take_the_call_leaves_it_to_the_next(trunk, agent, ring_seconds):
    trunk.open(agent)
    bob = trunk.phone("customer")
    trunk.menu(("t", "ROUTE_AGENT", {"agent_id": "ann", "ring_seconds": ring_seconds, "no_answer": {
        "action": "ROUTE_AGENT", "agent_id": "bob", "phone": f"bob@{bob.host}"}}))
    trunk.call("calls-and-hangs-up")
    ended = trunk.tenant.wait_ended(trunk.session()["id"])
    assert (ended["status"], ended["agent_id"]) == ("COMPLETED", "bob"), ended
    trunk.wait_done(trunk.caller, trunk.agent, bob)


@pytest.mark.parametrize("agent, status", [("busy", "486"), ("declines", "603"), ("silent", "480")])
def test_a_caller_whom_nobody_takes_is_told_why(trunk, agent, status):
    trunk.open(agent).menu(("t", "ROUTE_AGENT", {"agent_id": "ann", "ring_seconds": 5}))
    trunk.call("calls-in-vain", status=status)
    ended = trunk.tenant.wait_ended(trunk.session()["id"])
    assert "call_answered_at" not in ended and ended["status"] != "COMPLETED", ended
    trunk.wait_done(trunk.caller, trunk.agent)


def test_a_menu_that_waits_for_keys_cannot_be_heard(trunk):
    trunk.open("customer").menu(("1", "ROUTE_AGENT", {"agent_id": "ann"}))
    trunk.call("calls-in-vain", status="480")
    ended = trunk.tenant.wait_ended(trunk.session()["id"])
    assert (ended["status"], ended["error_code"]) == ("FAILED", "CAPABILITY_MISSING"), ended
    trunk.wait_done(trunk.caller)
    assert trunk.agent.seen() == ""


def test_a_callers_call_is_held_and_handed_over(trunk):
    trunk.open("agent").call("calls-and-stays")
    ben = trunk.phone("customer")
    assert trunk.tenant.api.post("/api/v1/agents", {"id": "ben", "name": "ben", "phone": f"ben@{ben.host}"}).ok
    talk = Handover(trunk.tenant, trunk.session()["id"])
    trunk.tenant.wait_status(talk.id, "CONNECTED")
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait("CONSULTING")
    talk.check_handed_over(talk.decide(transfer, "complete"))
    trunk.wait_done(trunk.caller, trunk.agent, ben)


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_strangers_prove_themselves_by_digest(trunk, algorithm):
    trunk.open("customer")
    stranger = trunk.stranger()
    assert stranger.invite()[0] == 401 and list(stranger.challenges()) == ["SHA-256", "MD5"]
    status, tag = stranger.invite([stranger.authorization(algorithm, "s3cret")])
    assert status == 200, stranger.said
    trunk.tenant.wait_status(trunk.session()["id"], "CONNECTED")
    assert stranger.hang_up(tag) == 200
    assert trunk.tenant.wait_ended(trunk.session()["id"])["status"] == "COMPLETED"
    assert "s3cret" not in "".join(stranger.said)


def test_strangers_are_refused(trunk):
    trunk.open("customer")
    stranger = trunk.stranger()
    assert stranger.invite()[0] == 401
    guess = stranger.authorization("SHA-256", "guess")
    assert stranger.invite([guess])[0] == 401
    # What one call proved proves no other.
    proof, other = stranger.authorization("SHA-256", "s3cret"), trunk.stranger()
    assert other.invite([proof])[0] == 401 and "stale=true" in other.said[-1]
    trunk.call("calls-another-number").wait_done(trunk.caller)
    assert trunk.sessions() == [] and trunk.agent.seen() == ""


def test_without_a_password_only_the_trunk_may_call(trunk):
    assert trunk.open("customer", password="").stranger().invite()[0] == 403
    assert trunk.sessions() == []
