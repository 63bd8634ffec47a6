"""Native SIP: calls between two SIP phones (SIPp) that the suite itself controls, without any switch."""
import hashlib
import re
import shutil

import pytest

from conftest import is_problem, rsa_key
from sip_phones import Phone
from stack.process import wait_until
from talks import PATH, Handover
from tls_relay import Authority, TlsRelay

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")


class Line:
    """An account whose numbers all reach one phone and whose agents another."""

    def __init__(self, tenant, folder):
        self.tenant, self.folder, self.phones = tenant, folder, []

    def open(self, customer, agent="agent", transport="u1", calls_of_agent=1, calls_of_customer=1, refer_to="",
             **settings):
        self.customer = self.phone(customer, transport, calls=calls_of_customer, refer_to=refer_to)
        self.agent = self.phone(agent, transport, calls=calls_of_agent, refer_to=refer_to)
        suffix = ";transport=tcp" if transport == "t1" else ""
        self.provider = self.tenant.provider(
            "SIP", url=self.customer.url + suffix, api_key="user", api_secret="s3cret", timeout_seconds=8,
            settings={"mode": "native", "bind": "sip:127.0.0.1:*", "agent_proxy": self.agent.url + suffix,
                      "ring_timeout_seconds": 5, **settings})
        return self

    def open_tls(self, authority, customer, signer=None, host="127.0.0.1", clients=None, certificate="", key=""):
        """Both phones behind TLS; the account trusts `authority` alone."""
        self.customer, self.agent = (
            self.phone(behaviour, "t1", relay=TlsRelay(*(signer or authority).issue(host), clients=clients))
            for behaviour in (customer, "agent"))
        tls = {"ca": authority.certificate.read_text(), **({"certificate": certificate} if certificate else {})}
        self.provider = self.tenant.provider(
            "SIP", url=self.customer.url + ";transport=tls", timeout_seconds=8,
            **({"private_key": key} if key else {}),
            settings={"mode": "native", "bind": "sip:127.0.0.1:*", "ring_timeout_seconds": 5, "tls": tls,
                      "agent_proxy": self.agent.url.replace("sip:", "sips:")})
        return self

    def phone(self, behaviour, transport="u1", **more):
        self.phones.append(Phone(self.folder, behaviour, transport, **more))
        return self.phones[-1]

    def colleague(self, behaviour):
        """Agent ben, whose phone does as told."""
        phone = self.phone(behaviour)
        self.register("ann", "ann")
        self.register("ben", f"ben@{phone.host}")
        return phone

    def register(self, name, at, **fields):
        assert self.tenant.api.post("/api/v1/agents", {"id": name, "name": name, "phone": at, **fields}).ok

    def queue(self, **agents):
        """A queue of these agents and their phones, who log in one after another: the first is idle longest."""
        answer = self.tenant.api.post("/api/v1/queues", {"queue_name": "Sales", "teams": ["sales"], "ring_seconds": 20})
        assert answer.status == 201, answer
        for name, phone in agents.items():
            self.register(name, f"{name}@{phone.host}", teams=["sales"])
            logged_in = self.tenant.api.post("/api/v1/agent-activity", {"agent_id": name, "activity_type": "LOGIN"})
            assert logged_in.status == 201, logged_in
        return answer.body["id"]

    def place(self):
        return self.tenant.place("+12025550100", agent_id="ann", agent_phone="ann")["id"]

    def connect(self):
        id = self.place()
        self.wait_joined(id)
        return id

    def wait_joined(self, id):
        """A phone that hands the call on by itself does so at once. The session itself is looked at, since its timeline is
        a moment ahead of what requests meet."""
        self.tenant.wait_status(id, "CONNECTED", "ON_HOLD", "TRANSFERRED")

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
    ended = line.tenant.wait_ended(id)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    assert ended["call_answered_at"]
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both calls to end as they should")
    # Each phone was given the other's media address, with our o= line.
    assert "m=audio 40000" in line.agent.seen().split("ACK sip:", 1)[1]
    assert "o=ctc " in line.agent.seen() and "o=ctc " in line.customer.seen()


@pytest.mark.parametrize("customer, status, reason", [
    ("busy", "BUSY", "CUSTOMER_BUSY"), ("declines", "FAILED", "CUSTOMER_REJECTED"),
    ("unknown", "FAILED", "INVALID_NUMBER"), ("silent", "NO_ANSWER", "CUSTOMER_NO_ANSWER")])
def test_an_outcome_is_told_truthfully(line, customer, status, reason):
    ended = line.tenant.wait_ended(line.open(customer).place())
    assert (ended["status"], ended["end_reason"]) == (status, reason), ended
    legs = {leg["party"]: leg for leg in ended["legs"]}
    assert legs["AGENT"]["answered_at"] and "answered_at" not in legs["CUSTOMER"]
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be let go")


def test_a_busy_agent_is_not_told_as_the_customer(line):
    ended = line.tenant.wait_ended(line.open("customer", agent="busy").place())
    assert (ended["status"], ended["end_reason"]) == ("BUSY", "AGENT_REJECTED"), ended
    assert line.customer.seen() == ""


def test_a_cancel_while_the_customer_rings(line):
    id = line.open("silent", ring_timeout_seconds=60).place()
    wait_until(lambda: [leg for leg in line.tenant.session(id)["legs"]
                        if leg["party"] == "CUSTOMER" and leg["state"] == "RINGING"], 20, "the customer to be rung")
    assert line.do(id, "end").status == 200
    ended = line.tenant.wait_ended(id)
    assert (ended["status"], ended["end_reason"]) == ("CANCELLED", "CANCELLED_BY_AGENT"), ended
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "the customer's phone to stop ringing")
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
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")
    assert "Signal=5" in line.customer.seen()
    assert "a=inactive" in line.customer.seen() and "a=inactive" in line.agent.seen()


def test_an_attended_transfer(line):
    line.open("customer")
    target, talk = line.colleague("customer"), Handover(line.tenant, line.connect())
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait("CONSULTING")
    assert line.tenant.session(talk.id)["status"] == "ON_HOLD"
    wait_until(lambda: "m=audio" in target.seen().split("ACK sip:", 1)[-1], 30, "the target to hear the agent")
    transfer = talk.decide(transfer, "complete")
    wait_until(line.agent.is_done, 30, "the agent's phone to be let go")
    talk.check_handed_over(transfer)
    wait_until(lambda: line.customer.is_done() and target.is_done(), 30, "both phones to be hung up")


def test_a_blind_transfer_lets_the_agent_go_while_the_target_rings(line):
    line.open("customer")
    target, talk = line.colleague("customer"), Handover(line.tenant, line.connect())
    talk.transfer("BLIND", to_agent_id="ben")
    talk.check_handed_over(talk.wait("COMPLETED"))
    wait_until(lambda: all(p.is_done() for p in (line.agent, line.customer, target)), 30, "all to be hung up")


@pytest.mark.parametrize("type", ["ATTENDED", "BLIND"])
def test_a_transfer_to_a_number_rings_it_at_the_trunk(line, type):
    line.open("customer", calls_of_customer=2)
    talk = Handover(line.tenant, line.connect())
    transfer = talk.transfer(type, to_phone="+12025550177")
    assert transfer["to_phone"] == "+12025550177" and "to_agent_id" not in transfer, transfer
    if type == "ATTENDED":
        talk.wait("CONSULTING")
        talk.decide(transfer, "complete")
    talk.check_handed_over(talk.wait("COMPLETED"), agent_id=None)
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "all to be hung up")
    assert "INVITE sip:+12025550177@" in line.customer.seen()


def test_a_transfer_to_a_queue_rings_its_agents_one_after_another(line):
    line.open("customer")
    bob, ben = line.phone("busy"), line.phone("customer")
    queue, talk = line.queue(bob=bob, ben=ben), Handover(line.tenant, line.connect())
    transfer = talk.transfer("BLIND", to_queue_id=queue)
    assert transfer["to_queue_id"] == queue, transfer
    talk.check_rung_first(f"bob@{bob.host}", transfer, "bob", "ben")
    done = talk.wait("COMPLETED")
    assert done["to_agent_id"] == "ben" and "transfer.next_agent" in talk.events(), done
    talk.check_handed_over(done)
    wait_until(lambda: all(p.is_done() for p in (line.agent, line.customer, bob, ben)), 30, "all to be hung up")


@pytest.mark.parametrize("step, capability, body", [
    ("parties", "conference", {"phone": "+12025550177"}),
    ("transfer", "warm_transfer", {"transfer_type": "WARM", "to_phone": "+12025550177"})])
def test_what_takes_a_mixer_is_refused_before_anything_is_written(line, step, capability, body):
    id = line.open("customer").connect()
    account = line.tenant.api.get(f"/api/v1/voip-providers/{line.provider['id']}").body
    assert account["capabilities"] == ["place", "hang_up", "hold", "dtmf", "transfer", "look_up"], account
    problem = is_problem(line.do(id, step, body), 501, "CAPABILITY_MISSING")
    assert problem["metadata"]["capability"] == capability, problem
    session = line.tenant.session(id)
    assert session["status"] == "CONNECTED" and len(session["legs"]) == 2, session
    assert line.tenant.api.get(f"{PATH}/{id}/transfers").body["total"] == 0
    assert line.do(id, "end").status == 200


def test_a_failed_blind_transfer_returns_to_the_agent(line):
    line.open("customer", calls_of_agent=2)
    line.colleague("busy")
    talk = Handover(line.tenant, line.connect())
    talk.transfer("BLIND", to_agent_id="ben")
    assert talk.wait("FAILED")["error_message"] == "The target was busy"
    talk.wait_leg("agent-2", "ANSWERED")
    line.tenant.wait_status(talk.id, "CONNECTED")
    assert talk.leg("agent")["state"] == "ENDED"
    assert talk.end()["status"] == "COMPLETED"
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")


def test_a_busy_target_leaves_the_customer_with_the_agent(line):
    line.open("customer")
    line.colleague("busy")
    talk = Handover(line.tenant, line.connect())
    talk.transfer("ATTENDED", to_agent_id="ben")
    assert talk.wait("FAILED")["error_message"] == "The target was busy"
    line.tenant.wait_status(talk.id, "CONNECTED")
    assert talk.leg("agent")["state"] == "ANSWERED" and talk.end()["status"] == "COMPLETED"
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")


@pytest.mark.parametrize("target, reached", [("silent", "RINGING"), ("customer", "CONSULTING")])
def test_a_cancelled_transfer_gives_the_customer_back(line, target, reached):
    line.open("customer", ring_timeout_seconds=60)
    phone, talk = line.colleague(target), Handover(line.tenant, line.connect())
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait(reached)
    assert talk.decide(transfer, "cancel")["status"] == "CANCELLED"
    line.tenant.wait_status(talk.id, "CONNECTED")
    wait_until(phone.is_done, 30, "the target's phone to be let go")
    assert talk.end()["status"] == "COMPLETED"
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")


def test_an_agent_who_hangs_up_while_consulting_hands_over(line):
    line.open("customer", agent="leaves-consulting")
    line.colleague("customer")
    talk = Handover(line.tenant, line.connect())
    talk.transfer("ATTENDED", to_agent_id="ben")
    talk.check_handed_over(talk.wait("COMPLETED"))


def progress(phone):
    """What a phone was told of its referral."""
    return re.findall(r"message/sipfrag\s+Content-Length: \d+\s+SIP/2\.0 (\d+)", phone.seen())


@pytest.mark.parametrize("replaces, type", [("", "BLIND"), (
    "?Replaces=call-1%40desk%3Bto-tag%3Dt1%3Bfrom-tag%3Df1", "ATTENDED")])
def test_a_phone_hands_its_call_over_by_itself(line, replaces, type):
    target = line.colleague("customer")
    line.open("customer", agent="refers", refer_to=f"sip:ben@{target.host}:5060{replaces}")
    talk = Handover(line.tenant, line.connect())
    wait_until(lambda: talk.api.get(f"{PATH}/{talk.id}/transfers").body["total"], 30, "the transfer")
    transfer = talk.wait("COMPLETED")
    assert (transfer["transfer_type"], transfer["to_agent_id"]) == (type, "ben"), transfer
    assert transfer["from_agent_id"] == "ann", transfer
    talk.check_handed_over(transfer)
    wait_until(lambda: all(p.is_done() for p in (line.agent, line.customer, target)), 30, "all to be hung up")
    assert "SIP/2.0 202 Accepted" in line.agent.seen()
    told = progress(line.agent)
    assert told[0] == "100" and told[-1] == "200", line.agent.seen()
    assert "Subscription-State: terminated" in line.agent.seen()
    dialog = re.search(r"^Replaces: (.*?)\r?$", target.seen(), re.M)
    assert (dialog.group(1) if dialog else "") == ("call-1@desk;to-tag=t1;from-tag=f1" if replaces else "")


def test_a_referral_to_a_busy_phone_leaves_the_agent_in_the_call(line):
    target = line.colleague("busy")
    line.open("customer", agent="refers", refer_to=f"sip:ben@{target.host}")
    talk = Handover(line.tenant, line.connect())
    wait_until(lambda: talk.api.get(f"{PATH}/{talk.id}/transfers").body["total"], 30, "the transfer")
    assert talk.wait("FAILED")["error_message"] == "The target was busy"
    line.tenant.wait_status(talk.id, "CONNECTED")
    assert talk.leg("agent")["state"] == "ANSWERED" and talk.leg("agent-2") is None
    assert talk.end()["status"] == "COMPLETED"
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")
    assert progress(line.agent)[-1] == "486", line.agent.seen()


def test_a_number_in_another_guise_is_no_phone_to_refer_to(line):
    line.open("customer", agent="refers", refer_to="sip:0012025550199@127.0.0.1")
    id = line.connect()
    wait_until(lambda: "404" in progress(line.agent), 30, "the refusal", hint=line.agent.seen()[-600:])
    assert line.tenant.api.get(f"{PATH}/{id}/transfers").body["total"] == 0
    line.do(id, "end")
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")


def test_a_phone_cannot_refer_to_an_address_that_is_not_allowed(line):
    line.open("customer", agent="refers-in-vain", refer_to="sip:ben@10.0.0.1:80")
    id = line.connect()
    wait_until(lambda: "SIP/2.0 403" in line.agent.seen(), 30, "the refusal")
    assert line.tenant.api.get(f"{PATH}/{id}/transfers").body["total"] == 0
    line.do(id, "end")
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")


def test_a_phone_that_refers_and_hangs_up_at_once(line):
    target = line.colleague("customer")
    line.open("customer", agent="refers-and-leaves", refer_to=f"sip:ben@{target.host}")
    talk = Handover(line.tenant, line.connect())
    wait_until(lambda: talk.api.get(f"{PATH}/{talk.id}/transfers").body["total"], 30, "the transfer")
    talk.check_handed_over(talk.wait("COMPLETED"))
    wait_until(lambda: all(p.is_done() for p in (line.agent, line.customer, target)), 30, "all to be hung up")


def test_a_customer_may_not_refer_the_call(line):
    line.open("customer-refers", refer_to="sip:+12025550199@elsewhere.example")
    id = line.connect()
    wait_until(lambda: "SIP/2.0 603" in line.customer.seen(), 30, "the refusal")
    assert line.tenant.api.get(f"{PATH}/{id}/transfers").body["total"] == 0
    line.do(id, "end")
    assert line.tenant.wait_ended(id)["status"] == "COMPLETED"
    wait_until(line.customer.is_done, 30, "the customer to be hung up")


@pytest.mark.parametrize("asks, algorithm, nonce", [
    ("asks-password", "MD5", "abc123"), ("asks-password-sha256", "SHA-256", "abc123"),
    ("asks-password-either", "SHA-256", "def456")])
def test_a_challenge_is_answered_by_digest_without_showing_the_password(line, asks, algorithm, nonce):
    id = line.open("customer", agent=asks).connect()
    line.do(id, "end")
    line.tenant.wait_ended(id)
    wait_until(line.agent.is_done, 30, "the agent to be hung up")
    answer = re.search(r"^Authorization: Digest (.*)$", line.agent.seen().replace("\r", ""), re.M).group(1)
    assert "s3cret" not in line.agent.seen()
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', answer))
    assert (given["username"], given["realm"], given["nonce"]) == ("user", "phones", nonce), answer
    assert given["algorithm"] == algorithm, answer
    h = lambda text: hashlib.new(algorithm.replace("-", "").lower(), text.encode()).hexdigest()  # noqa: E731
    proof = h(":".join([h("user:phones:s3cret"), nonce, given["nc"], given["cnonce"], "auth",
                        h("INVITE:" + given["uri"])]))
    assert given["response"] == proof, answer


def test_calls_over_tls_verify_the_peer_and_show_our_own_certificate(line, tmp_path):
    authority = Authority(tmp_path)
    ours, key = authority.issue("suite")
    line.open_tls(authority, "hangs-up", clients=authority, certificate=ours.read_text(), key=key.read_text())
    ended = line.tenant.wait_ended(line.place())
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both calls to end as they should")
    assert "SIP/2.0/TLS" in line.agent.seen() and "SIP/2.0/TLS" in line.customer.seen()
    account = line.tenant.api.get(f"/api/v1/voip-providers/{line.provider['id']}")
    assert "PRIVATE KEY" not in str(account.body)


@pytest.mark.parametrize("fault", ["another authority's", "for another host"])
def test_a_phone_whose_certificate_is_not_right_is_not_called(line, tmp_path, fault):
    authority = Authority(tmp_path)
    signer = Authority(tmp_path, "stranger") if fault.startswith("another") else authority
    host = "127.0.0.1" if fault.startswith("another") else "elsewhere.example"
    line.open_tls(authority, "customer", signer=signer, host=host)
    ended = line.tenant.wait_ended(line.place(), seconds=120)
    assert ended["status"] in ("FAILED", "NO_ANSWER") and "call_answered_at" not in ended, ended
    wait_until(lambda: line.agent.relay.refused > 0, 30, "the phone to see the handshake fail")
    assert line.agent.seen() == "" and line.agent.relay.taken == 0


def test_a_phone_that_wants_longer_sessions_gets_them(line):
    id = line.open("customer", agent="wants-long-sessions").connect()
    line.do(id, "end")
    line.tenant.wait_ended(id)
    wait_until(line.agent.is_done, 30, "the agent to be hung up")
    asked = re.findall(r"^INVITE .*?^Session-Expires: (\d+).*?^Min-SE: (\d+)", line.agent.seen(), re.S | re.M)
    assert list(dict.fromkeys(asked))[:2] == [("1800", "90"), ("3600", "3600")], asked


def test_a_session_is_refreshed_and_one_whose_phone_died_ends(tenant, tmp_path):
    lines = [Line(tenant, tmp_path).open(customer, agent=agent) for customer, agent in (
        ("customer", "is-refreshed"), ("customer", "never-refreshes"), ("is-refreshed-by-invite", "agent"))]
    try:
        refreshed, dead, by_invite = (tenant.place("+12025550100", agent_id=f"a{n}", agent_phone="ann",
                                        provider_id=line.provider["id"])["id"] for n, line in enumerate(lines))
        for id in (refreshed, dead, by_invite):
            tenant.wait_status(id, "CONNECTED")
        wait_until(lambda: "UPDATE sip:" in lines[0].agent.seen(), 120, "the session to be refreshed")
        # The stack repeats our INVITE, which had no offer: the phone's is answered in the ACK. An ACK may come twice.
        acknowledged = lambda: re.findall(r"^CSeq: (\d+) ACK(.*?)(?=^-----|\Z)", lines[2].customer.seen(),  # noqa: E731
                                          re.S | re.M)
        wait_until(lambda: len({number for number, body in acknowledged() if "m=audio" in body}) == 2, 120,
                   "a phone without UPDATE to be asked")
        # Its phone was to refresh by half of 90 s, and did not until the end.
        ended = tenant.wait_ended(dead, seconds=180)
        assert ended["status"] == "COMPLETED", ended
        wait_until(lambda: lines[1].customer.is_done(), 30, "the customer to be let go")
        assert [tenant.session(id)["status"] for id in (refreshed, by_invite)] == 2 * ["CONNECTED"]
        assert "UPDATE sip:" not in lines[2].customer.seen()
    finally:
        for phone in (phone for line in lines for phone in line.phones):
            phone.close()


def test_phones_whose_re_invite_crosses_ours_are_joined_a_bit_later(line):
    id = line.open("customer", agent="crosses").connect()
    assert "491 Request Pending" in line.agent.seen()
    line.do(id, "end")
    assert line.tenant.wait_ended(id)["status"] == "COMPLETED"
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")


def test_a_phones_own_refresh_changes_nothing(line):
    """Also where nobody's calls are taken."""
    id = line.open("customer", agent="refreshes").connect()
    wait_until(lambda: "CSeq: 11 ACK" in line.agent.seen(), 30, "the refresh", hint=line.agent.seen()[-400:])
    assert line.tenant.session(id)["status"] == "CONNECTED"
    line.do(id, "end")
    assert line.tenant.wait_ended(id)["status"] == "COMPLETED"
    wait_until(lambda: line.agent.is_done() and line.customer.is_done(), 30, "both phones to be hung up")


def test_the_proxy_is_asked_whether_it_lives(line):
    line.open("customer")
    test = f"/api/v1/voip-providers/{line.provider['id']}/test"
    line.customer.close()
    answer = line.tenant.api.post(test, {})
    assert answer.body["success"] is False and answer.body["error_code"] == "PROVIDER_UNREACHABLE", answer


@pytest.mark.parametrize("answers, lives", [("200 OK", True), ("405 Method Not Allowed", True),
                                            ("503 Service Unavailable", False)])
def test_whatever_a_proxy_answers_it_lives_unless_it_is_draining(line, answers, lives):
    proxy = line.phone("answers-options", calls=9, options_answer=answers)
    account = line.tenant.provider("SIP", url=proxy.url, timeout_seconds=8,
                                   settings={"mode": "native", "bind": "sip:127.0.0.1:*"})
    answer = line.tenant.api.post(f"/api/v1/voip-providers/{account['id']}/test", {}).body
    assert answer["success"] is lives and (lives or answer["error_code"] == "PROVIDER_UNREACHABLE"), answer


def test_native_settings_are_checked(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "native", "provider_type": "SIP", "api_url": "http://proxy.example",
        "phone_number": "+10987654321", "settings": {
            "mode": "native", "bind": "everywhere", "preset": "jambonz",
            "tls": {"ca": "none", "certificate": "none", "cipher": "any"}}})
    fields = {error["field"] for error in is_problem(answer, 400, "VALIDATION_FAILED")["errors"]}
    assert fields == {"api_url", "settings.bind", "settings.preset", "settings.tls.ca", "settings.tls.certificate",
                      "settings.tls.cipher"}, fields


def test_a_certificate_needs_its_key(tenant, tmp_path):
    certificate, _ = Authority(tmp_path).issue("suite")
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "native", "provider_type": "SIP", "api_url": "sips:proxy.example",
        "phone_number": "+10987654321", "private_key": rsa_key(),
        "settings": {"mode": "native", "tls": {"certificate": certificate.read_text()}}})
    assert {e["field"] for e in is_problem(answer, 400, "VALIDATION_FAILED")["errors"]} == {"private_key"}, answer
