"""INVITE with Replaces (RFC 3891) to native SIP: a phone (SIPp) takes another one's place in a call that goes on."""
import re
import shutil

import pytest

from sip_phones import AUDIO, REACHED, SCENARIOS, TALK, answer, call, own_address, request, respond
from sip_stranger import Stranger
from sound_phone import Sound
from stack.process import wait_until
from talks import Handover
from test_sip_native import Line
from test_sip_native_inbound import Trunk

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")

SHOWN = "+12025550142"  # by the phone that calls us
CALL = call().replace("Max-Forwards: 70", "Max-Forwards: 70\n      HEADERS")
SCENARIOS.update({
    "takes-over": CALL + REACHED + TALK,
    "takes-over-in-vain": CALL + '\n  <recv response="STATUS"/>'
    + request("ACK", target="sip:NUMBER@[remote_ip]:[remote_port]", back=3),
    # Agrees with the first phone alone.
    "insists": answer(AUDIO) + '\n  <recv request="INVITE"/>' + respond("488 Not Acceptable Here")
    + '\n  <recv request="ACK"/>' + TALK,
})


def dialog(phone):
    """Of the call that we made to a phone: Call-ID, our tag, its tag."""
    call_id = re.search(r"^Call-ID: (\S+)", phone.seen(), re.M).group(1)
    ours = re.search(r"^From:.*;tag=(\S+)", phone.seen(), re.M).group(1)
    its = re.search(r"^To:.*;tag=([^;\s]+)", phone.seen(), re.M).group(1)
    return call_id, ours, its


def replaces(phone, more=""):
    return "Replaces: {};to-tag={};from-tag={}{}".format(*dialog(phone), more)


class Desk(Line):
    """An account that is called as well, from 127.0.0.1 alone unless it is shown the password."""

    def open(self, customer="customer", agent="agent", **more):
        self.host = own_address()
        return super().open(customer, agent, bind=f"sip:{self.host}:5060", inbound_from=["127.0.0.1/32"], **more)

    def newcomer(self, headers, behaviour="takes-over", **more):
        return self.phone(behaviour, to=f"{self.host}:5060", host="127.0.0.1", headers=headers, number=SHOWN, **more)

    def refused(self, headers, status, **more):
        """A phone that is told so and does not get into the call."""
        phone = self.newcomer(headers, "takes-over-in-vain", status=str(status), **more)
        wait_until(phone.is_done, 30, f"the refusal by {status}", hint=phone.seen()[-800:])

    def over(self, *phones):
        wait_until(lambda: all(p.is_done() for p in phones), 30, "all phones to be let go",
                   hint="\n".join(p.seen()[-500:] for p in phones if not p.is_done()))


@pytest.fixture
def desk(tenant, tmp_path):
    made = Desk(tenant, tmp_path)
    yield made
    for phone in made.phones:
        phone.close()


def wait_replaced(talk, leg):
    wait_until(lambda: "leg.replaced" in talk.events(), 30, "the change of phones to be told", hint=str(talk.events()))
    found = talk.leg(leg)
    assert (found["state"], found["phone"]) == ("ANSWERED", SHOWN), found


@pytest.mark.parametrize("leg", ["agent", "customer"])
def test_a_phone_takes_anothers_place(desk, leg):
    desk.open()
    talk = Handover(desk.tenant, desk.connect())
    before = desk.tenant.session(talk.id)
    replaced, stays = (desk.agent, desk.customer) if leg == "agent" else (desk.customer, desk.agent)
    assert re.search(r"^Supported:.*\breplaces\b", replaced.seen(), re.M), replaced.seen()
    new = desk.newcomer(replaces(replaced) + "\n      Require: replaces", sound=41000)
    wait_replaced(talk, leg)
    desk.over(replaced)
    # The two have each other's streams now.
    assert "m=audio 41000" in stays.seen() and "m=audio 40000" in new.seen().split("200 OK", 1)[1], new.seen()
    after = desk.tenant.session(talk.id)
    assert (after["status"], after["call_answered_at"]) == ("CONNECTED", before["call_answered_at"]), after
    # What is done to the leg is done to the phone that has it now.
    assert desk.do(talk.id, "hold").ok
    wait_until(lambda: "a=inactive" in new.seen(), 30, "the phone to be held")
    assert desk.do(talk.id, "resume").ok
    desk.tenant.wait_status(talk.id, "CONNECTED")
    ended = talk.end()
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    desk.over(new, stays)


def test_a_call_that_rings_is_taken_by_another_phone(desk):
    desk.open(agent="silent")
    talk = Handover(desk.tenant, desk.place())
    desk.tenant.wait_status(talk.id, "RINGING")
    new = desk.newcomer(replaces(desk.agent, ";early-only"))
    desk.tenant.wait_status(talk.id, "CONNECTED")
    desk.over(desk.agent)
    wait_replaced(talk, "agent")
    wait_until(lambda: "m=audio 40000" in new.seen().split("a=inactive", 1)[-1], 30, "the customer's sound to be agreed on")
    assert talk.end()["status"] == "COMPLETED"
    desk.over(new, desk.customer)


def test_who_cannot_talk_with_the_other_phone_is_refused_and_nothing_changes(desk):
    desk.open("insists")
    talk = Handover(desk.tenant, desk.connect())
    desk.refused(replaces(desk.agent), 488)
    assert desk.tenant.session(talk.id)["status"] == "CONNECTED" and "leg.replaced" not in talk.events()
    assert talk.end()["status"] == "COMPLETED"
    desk.over(desk.agent, desk.customer)


def test_what_names_no_dialog_of_ours_is_refused(desk):
    desk.open()
    talk = Handover(desk.tenant, desk.connect())
    call_id, ours, its = dialog(desk.agent)
    right = replaces(desk.agent)
    desk.refused(f"Replaces: {call_id};to-tag={its};from-tag={ours}", 481)  # as the other side sees it
    desk.refused(f"Replaces: other;to-tag={ours};from-tag={its}", 481)
    desk.refused(right + ";early-only", 486)
    desk.refused(f"{right}\n      {right}", 400)
    desk.refused(f"{right}, {right.partition(' ')[2]}", 400)
    desk.refused(f"Replaces: {call_id};to-tag={ours}", 400)
    desk.refused(f"Replaces: {call_id};to-tag={ours};from-tag={its};to-tag={its}", 400)
    assert desk.tenant.session(talk.id)["status"] == "CONNECTED" and "leg.replaced" not in talk.events()
    talk.end()
    desk.over(desk.agent, desk.customer)
    desk.refused(right, 603)


def test_only_who_may_call_the_account_takes_a_place_in_its_calls(desk, tmp_path):
    desk.open()
    talk = Handover(desk.tenant, desk.connect())
    header = replaces(desk.agent)
    stranger = Stranger(own_address(), desk.host, SHOWN)
    desk.phones.append(stranger)
    assert stranger.invite([header])[0] == 401
    guess = stranger.authorization("SHA-256", "guess")
    assert stranger.invite([header, guess])[0] == 401
    # Another account that trusts the phone does not know the dialog.
    other = Desk(desk.tenant, tmp_path)
    other.phones = desk.phones
    other.open()
    other.refused(header, 481)
    assert desk.tenant.session(talk.id)["status"] == "CONNECTED" and "leg.replaced" not in talk.events()
    # The password proves the account's own.
    assert stranger.invite([header])[0] == 401
    proof = stranger.authorization("SHA-256", "s3cret")
    status, tag = stranger.invite([header, proof])
    assert status == 200, stranger.said[-1]
    wait_replaced(talk, "agent")
    desk.over(desk.agent)
    # Who has heard it takes no place by it, neither its own nor another one's, and calls nobody later.
    its, stranger.own_tag = stranger.own_tag, "s2"
    for replayed in (f"Replaces: {stranger.call};to-tag={tag.partition('=')[2]};from-tag={its}", replaces(desk.customer)):
        assert stranger.invite([replayed, proof])[0] == 401, stranger.said[-1]
    assert desk.tenant.session(talk.id)["status"] == "CONNECTED" and talk.leg("agent")["phone"] == SHOWN
    stranger.own_tag = its
    assert stranger.hang_up(tag) == 200
    desk.tenant.wait_ended(talk.id)
    assert stranger.invite([proof])[0] == 401, stranger.said[-1]


def test_a_caller_is_taken_by_another_phone_than_the_one_that_rings(tenant, tmp_path):
    trunk = Trunk(tenant, tmp_path)
    try:
        trunk.open("silent").call("calls-and-stays")
        session = trunk.session()
        wait_until(lambda: ";tag=" in trunk.agent.seen().partition("180 Ringing")[2], 30, "the agent's phone to ring")
        new = trunk.phone("takes-over", to=f"{trunk.host}:5060", host="127.0.0.1", headers=replaces(trunk.agent),
                          number=SHOWN, sound=41000)
        tenant.wait_status(session["id"], "CONNECTED")
        trunk.wait_done(trunk.agent)
        assert "m=audio 41000" in trunk.caller.seen(), trunk.caller.seen()
        talk = Handover(tenant, session["id"])
        wait_replaced(talk, "agent")
        assert talk.end()["status"] == "COMPLETED"
        trunk.wait_done(trunk.caller, new)
    finally:
        for phone in trunk.phones:
            phone.close()


def test_an_anchored_call_goes_on_muted_with_the_phone_that_came(desk):
    desk.open("customer", "customer", media="anchored")
    sounds = [Sound("ann", desk.agent.host), Sound("customer", desk.customer.host), Sound("ben", "127.0.0.1", port=41000)]
    ann, customer, ben = sounds
    try:
        talk = Handover(desk.tenant, desk.connect())
        ann.wait_hears("customer")
        customer.wait_hears("ann")
        assert desk.do(talk.id, "mute").ok
        new = desk.newcomer(replaces(desk.agent), sound=41000)
        wait_replaced(talk, "agent")
        desk.over(desk.agent)
        ben.wait_hears("customer")
        customer.wait_hears()
        assert desk.tenant.session(talk.id)["is_muted"]
        assert desk.do(talk.id, "unmute").ok
        customer.wait_hears("ben")
        talk.end()
        desk.over(new, desk.customer)
    finally:
        for sound in sounds:
            sound.close()
