"""REFER of ours (RFC 3515): the customer's phone (SIPp) calls by itself whom it is handed to without a word."""
import re
import shutil

import pytest

from sip_phones import AUDIO, SCENARIOS, TALK, answer, in_call, respond
from stack.process import wait_until
from talks import Handover
from test_sip_native import line  # noqa: F401, a fixture

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")

NUMBER = "+12025550177"


def tells(sequence, line, state="active;expires=60"):
    return in_call("NOTIFY", sequence, f"Event: refer\n      Subscription-State: {state}\n"
                   f"      Content-Type: message/sipfrag\n      Content-Length: [len]\n\n      SIP/2.0 {line}") \
        + '\n  <recv response="200"/>'


OVER = "terminated;reason=noresource"
HELD = '\n  <recv request="INVITE"/>' + respond("200 OK", AUDIO) + '\n  <recv request="ACK"/>'
CHALLENGE = 'WWW-Authenticate: Digest realm="phones", nonce="n1", algorithm=MD5, qop="auth"\n      '
ASKED = '\n  <recv request="REFER"/>'
ACCEPTS = ASKED + respond("202 Accepted") + tells(11, "100 Trying") + tells(12, "180 Ringing")
REACHES = ACCEPTS + '\n  <pause milliseconds="1500"/>' + tells(13, "200 OK", OVER) + '\n  <recv request="BYE"/>' \
    + respond("200 OK")
SCENARIOS.update({
    "reaches": answer(AUDIO) + HELD + REACHES,
    "reaches-anchored": answer(AUDIO) + REACHES,  # held without a word
    "finds-it-busy": answer(AUDIO) + HELD + ACCEPTS + tells(13, "486 Busy Here", OVER) + TALK,
    "gives-up": answer(AUDIO) + HELD + ACCEPTS + tells(13, "100 Trying", "terminated;reason=giveup") + TALK,
    "says-no-more": answer(AUDIO) + HELD + ACCEPTS + TALK,
    **{f"refuses-by-{line[:3]}": answer(AUDIO) + HELD + ASKED + respond(line) + TALK
       for line in ("603 Decline", "405 Method Not Allowed", "501 Not Implemented")},
    # For the account's user, who is not believed.
    "refuses-by-401": answer(AUDIO) + HELD + (ASKED + respond("401 Unauthorized", extra=CHALLENGE)) * 3 + TALK,
    "refuses-by-503": answer(AUDIO) + HELD + ASKED + respond("503 Service Unavailable", extra="Retry-After: 2\n      ") + TALK})


def on_hold(line):
    """A talk whose customer's phone is through with the hold: else REFER may be there before the ACK of it, and SIPp
    would take that for the end."""
    talk = Handover(line.tenant, line.connect())
    answer = line.tenant.api.post(f"/api/v1/click-to-call/sessions/{talk.id}/hold")
    assert answer.status == 200, answer
    wait_until(lambda: line.customer.seen().count("ACK sip:") >= 2, 30, "the hold to be through")
    return talk


def over(*phones):
    wait_until(lambda: all(p.is_done() for p in phones), 30, "all phones to be let go",
               hint="\n".join(p.seen()[-900:] for p in phones if not p.is_done()))


@pytest.mark.parametrize("type, media", [("BLIND", "direct"), ("COLD", "direct"), ("BLIND", "anchored")])
def test_a_phone_that_reaches_the_number_takes_the_call_away(line, type, media):
    direct = media == "direct"
    line.open("reaches" if direct else "reaches-anchored", "agent" if direct else "customer", transfer="refer", media=media)
    talk = on_hold(line) if direct else Handover(line.tenant, line.connect())
    talk.transfer(type, to_phone=NUMBER)
    done = talk.wait("COMPLETED")
    assert (done["transfer_type"], done["to_phone"]) == (type, NUMBER), done
    assert done["completed_at"] and "new_session_id" not in done, done
    ended = line.tenant.wait_ended(talk.id)
    assert (ended["status"], ended["end_reason"]) == ("TRANSFERRED", "HANDED_OVER"), ended
    over(line.agent, line.customer)
    request = line.customer.seen().partition("REFER sip:")[2]
    target, by = (re.search(rf"^{name}: <([^>]+)>", request, re.M).group(1) for name in ("Refer-To", "Referred-By"))
    assert target.startswith(f"sip:{NUMBER}@{line.customer.host}") and by.startswith("sip:+10987654321@"), (target, by)
    assert {"transfer.requested", "transfer.ringing", "transfer.completed"} <= set(talk.events()), talk.events()


@pytest.mark.parametrize("customer, why", [
    ("finds-it-busy", "The target was busy"), ("gives-up", "The target did not answer"),
    ("says-no-more", "The target did not answer"),
    *((f"refuses-by-{status}", f"the customer's phone does not take a REFER: {status}") for status in (603, 405, 501, 401, 503))])
def test_a_phone_that_does_not_reach_the_number_stays_with_the_agent(line, customer, why):
    line.open(customer, transfer="refer")
    talk = on_hold(line)
    talk.transfer("BLIND", to_phone=NUMBER)
    failed = talk.wait("FAILED", seconds=90)
    assert failed["error_message"] == why, failed
    line.tenant.wait_status(talk.id, "CONNECTED")
    assert talk.leg("agent")["state"] == "ANSWERED" and talk.leg("agent-2") is None
    assert talk.end()["status"] == "COMPLETED"
    over(line.agent, line.customer)


def test_an_agent_is_rung_by_us_also_where_phones_are_referred(line):
    target = line.colleague("customer")
    line.open("customer", transfer="refer")
    talk = Handover(line.tenant, line.connect())
    talk.transfer("BLIND", to_agent_id="ben")
    talk.check_handed_over(talk.wait("COMPLETED"))
    over(line.agent, line.customer, target)
    assert "REFER sip:" not in line.customer.seen()


def test_how_transfers_are_made_is_checked(line):
    answer = line.tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "trunk", "provider_type": "SIP", "api_url": "sip:127.0.0.1:5060", "phone_number": "+10987654321",
        "settings": {"mode": "native", "transfer": "perhaps"}})
    assert answer.status == 400 and "settings.transfer" in str(answer.body), answer
    assert "refer" in line.open("customer", transfer="refer").provider["capabilities"]
