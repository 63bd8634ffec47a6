"""Native SIP whose sound runs through the suite: real phones (SIPp) with real RTP, and who hears whom."""
import re
import shutil
import time

import pytest

from conftest import Tenant, is_problem
from sip_phones import free_port
from sound_phone import Sound, fetched
from stack.process import wait_until
from stack.stack import Stack
from talks import PATH, Handover
from test_sip_native import Line, progress

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")


class Call(Line):
    """An anchored account, its phones, and the sound of each."""

    def __init__(self, tenant, folder):
        super().__init__(tenant, folder)
        self.sounds = []

    def open(self, customer="customer", agent="customer", silent=False, **more):
        super().open(customer, agent, media="anchored", **more)
        self.ann = self.sound("ann", self.agent, silent=silent)
        self.them = self.sound("customer", self.customer, **({"port": 40100} if customer == "trunk" else {}))
        return self

    def sound(self, name, phone, **more):
        self.sounds.append(Sound(name, phone.host, **more))
        return self.sounds[-1]

    def colleague(self, behaviour="customer", name="ben"):
        phone = super().colleague(behaviour)
        return phone, self.sound(name, phone)

    def talk(self, **fields):
        """A call in which both hear each other."""
        placed = self.tenant.place("+12025550100", agent_id="ann", agent_phone="ann", **fields)
        self.wait_joined(placed["id"])
        self.hear(self.ann, "customer")
        self.hear(self.them, "ann")
        return Handover(self.tenant, placed["id"])

    def hear(self, phone, *names):
        phone.wait_hears(*names)

    def hear_each_other(self, *phones):
        for listener in phones:
            self.hear(listener, *(speaker.name for speaker in phones if speaker is not listener))

    def ask(self, id, step, body=None):
        answer = self.do(id, step, body)
        assert answer.ok, answer
        return answer.body

    def hand_over(self, talk, type, target):
        """Until the customer talks with `target`, and with nobody else; each step of it is heard."""
        if type in ("ATTENDED", "WARM"):
            consulting = talk.wait("CONSULTING")
            with_all = type == "WARM"
            self.hear(self.them, *(("ann", target.name) if with_all else ("music",)))
            self.hear(self.ann, target.name, *(("customer",) if with_all else ()))
            self.hear(target, "ann", *(("customer",) if with_all else ()))
            talk.decide(consulting, "complete")
        done = talk.wait("COMPLETED")
        self.hear(self.them, target.name)
        self.hear(target, "customer")
        self.over(self.agent)
        return done

    def over(self, *phones):
        wait_until(lambda: all(p.is_done() for p in phones), 30, "all phones to be let go")

    def close(self):
        for each in self.sounds + self.phones:
            each.close()


@pytest.fixture
def line(tenant, tmp_path):
    made = Call(tenant, tmp_path)
    yield made
    made.close()


def test_the_agent_hears_the_customer_ring(line):
    id = line.open("silent", ring_timeout_seconds=60).place()
    line.ann.wait_hears("ringback")
    line.ask(id, "end")
    assert line.tenant.wait_ended(id)["status"] == "CANCELLED"
    line.over(line.agent, line.customer)


def test_what_a_trunk_says_before_the_answer_is_heard(line):
    id = line.open("tells-early", ring_timeout_seconds=60).place()
    line.ann.wait_hears("customer")
    assert line.tenant.session(id)["status"] != "CONNECTED" and line.them.hears() == set()
    line.tenant.wait_status(id, "CONNECTED")
    line.hear(line.them, "ann")
    line.ask(id, "end")
    assert line.tenant.wait_ended(id)["status"] == "COMPLETED"
    line.over(line.agent, line.customer)


def test_two_talk_hold_mute_and_press_keys(line):
    talk = line.open().talk()
    line.ask(talk.id, "hold")
    line.hear(line.them, "music")
    line.hear(line.ann)
    assert line.tenant.session(talk.id)["status"] == "ON_HOLD"
    line.ask(talk.id, "resume")
    line.hear(line.them, "ann")
    line.hear(line.ann, "customer")
    line.ask(talk.id, "mute")
    line.hear(line.them)
    line.hear(line.ann, "customer")
    line.ask(talk.id, "unmute")
    line.hear(line.them, "ann")
    line.ask(talk.id, "dtmf", {"digits": "5#"})
    wait_until(lambda: line.them.keys == "5#", 30, "the keys", hint=line.them.keys)
    assert line.ann.keys == ""
    ended = talk.end()
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    line.over(line.agent, line.customer)
    for phone in (line.agent, line.customer):
        # By their numbers: one that is not answered at once is sent again.
        invited = re.findall(r"^INVITE sip:.*?^CSeq: (\d+) INVITE", phone.seen(), re.S | re.M)
        assert len(set(invited)) == 1, "nothing of this is the phones' business"


def test_a_phone_holds_by_itself(line):
    talk = line.open(agent="holds").talk()
    line.hear(line.them, "music")
    line.tenant.wait_reached(talk.id, "ON_HOLD")  # for as long as its clock says
    line.hear(line.them, "ann")
    line.tenant.wait_status(talk.id, "CONNECTED")
    assert "a=recvonly" in line.agent.seen()
    talk.end()
    line.over(line.agent, line.customer)


def test_keys_of_a_phone_are_told_whichever_way_they_come(line):
    talk = line.open(agent="tells-keys").talk()
    line.them.press("3#")

    def told():
        events = talk.api.get(f"{PATH}/{talk.id}/events").body["events"]
        return sorted((e["party"], e.get("detail")) for e in events if "dtmf" in e["type"].lower())
    wait_until(lambda: len(told()) == 4, 30, "four keys to be told", hint=str(talk.events()))
    talk.end()
    line.over(line.agent, line.customer)


def test_silence_ends_a_call_only_where_the_account_says_so(line):
    line.open(silent=True, media_timeout_seconds=2)
    id = line.place()
    ended = line.tenant.wait_ended(id)
    assert ended["status"] == "COMPLETED", ended
    line.over(line.agent, line.customer)


def test_an_attended_transfer_is_heard_at_each_step(line):
    phone, ben = line.open().colleague()
    talk = line.talk()
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait("CONSULTING")
    line.hear(line.them, "music")
    line.hear(line.ann, "ben")
    line.hear(ben, "ann")
    transfer = talk.decide(transfer, "complete")
    line.hear(line.them, "ben")
    line.hear(ben, "customer")
    line.over(line.agent)
    talk.check_handed_over(transfer)
    line.over(line.customer, phone)


def test_three_talk_in_a_warm_transfer(line):
    phone, ben = line.open().colleague()
    talk = line.talk()
    transfer = talk.transfer("WARM", to_agent_id="ben")
    talk.wait("CONSULTING")
    line.hear(line.them, "ann", "ben")
    line.hear(line.ann, "customer", "ben")
    line.hear(ben, "customer", "ann")
    transfer = talk.decide(transfer, "complete")
    line.hear(line.them, "ben")
    talk.check_handed_over(transfer)
    line.over(line.agent, line.customer, phone)


@pytest.mark.parametrize("type", ["BLIND", "COLD"])
def test_an_unannounced_transfer(line, type):
    phone, ben = line.open().colleague()
    talk = line.talk()
    talk.transfer(type, to_agent_id="ben")
    transfer = talk.wait("COMPLETED")
    line.hear(line.them, "ben")
    line.hear(ben, "customer")
    line.over(line.agent)
    talk.check_handed_over(transfer)
    line.over(line.customer, phone)


@pytest.mark.parametrize("type", ["BLIND", "ATTENDED", "WARM", "COLD"])
def test_a_transfer_to_a_queue_whose_first_agent_is_busy(line, type):
    line.open()
    bob, phone = line.phone("busy"), line.phone("customer")
    ben, queue = line.sound("ben", phone), line.queue(bob=bob, ben=phone)
    talk = line.talk()
    transfer = talk.transfer(type, to_queue_id=queue)
    assert transfer["to_queue_id"] == queue, transfer
    talk.check_rung_first(f"bob@{bob.host}", transfer, "bob", "ben")
    done = line.hand_over(talk, type, ben)
    assert done["to_agent_id"] == "ben" and "transfer.next_agent" in talk.events(), done
    talk.check_handed_over(done)
    line.over(line.customer, bob, phone)


@pytest.mark.parametrize("type", ["BLIND", "ATTENDED", "WARM", "COLD"])
def test_a_transfer_to_a_number_rings_it_at_the_trunk(line, type):
    line.open("trunk", calls_of_customer=2)
    number = line.sound("number", line.customer, port=40200)
    talk = line.talk()
    transfer = talk.transfer(type, to_phone="+12025550177")
    assert transfer["to_phone"] == "+12025550177" and "to_agent_id" not in transfer, transfer
    talk.check_handed_over(line.hand_over(talk, type, number), agent_id=None)
    line.over(line.customer)
    assert "INVITE sip:+12025550177@" in line.customer.seen()


def test_a_cancelled_transfer_gives_the_customer_back(line):
    phone, ben = line.open().colleague()
    talk = line.talk()
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait("CONSULTING")
    line.hear(ben, "ann")
    assert talk.decide(transfer, "cancel")["status"] == "CANCELLED"
    line.hear(line.them, "ann")
    line.over(phone)
    assert talk.end()["status"] == "COMPLETED"
    line.over(line.agent, line.customer)


def test_a_failed_blind_transfer_returns_to_the_agent(line):
    line.open(calls_of_agent=2)
    line.colleague("busy")
    talk = line.talk()
    talk.transfer("BLIND", to_agent_id="ben")
    assert talk.wait("FAILED")["error_message"] == "The target was busy"
    talk.wait_leg("agent-2", "ANSWERED")
    line.tenant.wait_status(talk.id, "CONNECTED")
    line.hear(line.them, "ann")
    assert talk.end()["status"] == "COMPLETED"
    line.over(line.agent, line.customer)


@pytest.mark.parametrize("replaces, type", [("", "BLIND"), (
    "?Replaces=call-1%40desk%3Bto-tag%3Dt1%3Bfrom-tag%3Df1", "ATTENDED")])
def test_a_phone_refers_its_call(line, replaces, type):
    phone, ben = line.colleague()
    line.open(agent="refers-anchored", refer_to=f"sip:ben@{phone.host}:5060{replaces}")
    talk = line.talk()
    wait_until(lambda: talk.api.get(f"{PATH}/{talk.id}/transfers").body["total"], 30, "the transfer")
    transfer = talk.wait("COMPLETED")
    assert transfer["transfer_type"] == type, transfer
    line.hear(line.them, "ben")
    talk.check_handed_over(transfer)
    line.over(line.agent, line.customer, phone)
    assert progress(line.agent)[-1] == "200"
    assert ("Replaces: call-1@desk;to-tag=t1;from-tag=f1" in phone.seen()) is bool(replaces)


def test_a_guest_joins_and_leaves(line):
    phone, ben = line.open().colleague()
    talk = line.talk()
    leg = line.ask(talk.id, "parties", {"agent_id": "ben"})
    line.hear(line.them, "ann", "ben")
    line.hear(ben, "ann", "customer")
    leg_id = talk.leg("party-1")["id"]
    answer = line.tenant.api.delete(f"{PATH}/{talk.id}/parties/{leg_id}")
    assert answer.status in (200, 204), (answer, leg)
    line.hear(line.them, "ann")
    line.over(phone)
    assert talk.end()["status"] == "COMPLETED"
    line.over(line.agent, line.customer)


def test_a_conference_of_three_then_of_four(line):
    phone, ben = line.open().colleague()
    other = line.phone("customer")
    sue = line.sound("sue", other)
    line.register("sue", f"sue@{other.host}")
    talk = line.talk()
    line.ask(talk.id, "parties", {"agent_id": "ben"})
    line.hear(ben, "ann", "customer")
    line.ask(talk.id, "parties", {"agent_id": "sue"})
    line.hear_each_other(line.ann, line.them, ben, sue)
    assert talk.api.delete(f"{PATH}/{talk.id}/parties/party-1").status == 204
    line.over(phone)
    line.hear_each_other(line.ann, line.them, sue)
    assert line.tenant.session(talk.id)["status"] == "CONNECTED"
    assert talk.end()["status"] == "COMPLETED"
    line.over(line.agent, line.customer, other)


def test_a_supervisor_listens_whispers_and_barges_in(line):
    phone, sue = line.open().colleague(name="sue")
    talk = line.talk()
    for mode, ann, them in (("LISTEN", {"customer"}, {"ann"}), ("WHISPER", {"customer", "sue"}, {"ann"}),
                            ("BARGE", {"customer", "sue"}, {"ann", "sue"})):
        line.ask(talk.id, "monitor", {"supervisor_id": "ben", "mode": mode})
        line.hear(sue, "ann", "customer")
        line.hear(line.ann, *ann)
        line.hear(line.them, *them)
    assert talk.end()["status"] == "COMPLETED"
    line.over(line.agent, line.customer, phone)


def test_a_call_is_recorded_paused_and_stopped(line):
    talk = line.open().talk()
    begun = time.monotonic()
    line.ask(talk.id, "recording/start")
    time.sleep(1.5)
    line.ask(talk.id, "mute")
    line.hear(line.them)
    time.sleep(1)
    line.ask(talk.id, "recording/pause")
    paused = time.monotonic()
    line.ask(talk.id, "unmute")
    time.sleep(1)
    pause = time.monotonic() - paused
    line.ask(talk.id, "recording/resume")
    time.sleep(1)
    line.ask(talk.id, "recording/stop")
    whole = time.monotonic() - begun
    _, sound = fetched(line.tenant, talk.id)
    # What was said while it paused is not in it; a muted agent is not either.
    assert 3 < sound.seconds < whole - pause + 0.3, (sound.seconds, whole, pause)
    assert sound.lasts("ann", "customer") > 1.5 and sound.lasts("customer") > 0.8, sound.seconds
    assert talk.end()["status"] == "COMPLETED"
    line.over(line.agent, line.customer)


def test_a_call_is_recorded_from_the_join_to_its_end(line):
    phone, ben = line.open().colleague()
    talk = line.talk(record=True)
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait("CONSULTING")
    line.hear(ben, "ann")
    transfer = talk.decide(transfer, "complete")
    line.hear(line.them, "ben")
    time.sleep(2)
    talk.check_handed_over(transfer)
    for id in (talk.id, transfer["new_session_id"]):
        _, sound = fetched(line.tenant, id)
        assert sound.lasts("ann", "customer") > 0.3 and sound.lasts("ben", "customer") > 1, sound.seconds
    line.over(line.agent, line.customer, phone)


def test_a_call_for_which_no_port_is_free_is_not_placed(line):
    first = free_port("127.0.0.1", 4)
    line.open(media_ports=f"{first}-{first + 3}")
    talk = line.talk()
    problem = is_problem(line.tenant.initiate("+12025550101", agent_id="ben", agent_phone="ann"), 502,
                         "PROVIDER_UNREACHABLE")
    assert "media_ports" in problem["detail"] + str(problem), problem
    assert talk.end()["status"] == "COMPLETED"
    line.over(line.agent, line.customer)
    wait_until(lambda: line.tenant.initiate("+12025550101", agent_id="ben", agent_phone="ann").status == 201, 30,
               "a call to be placed again, as the first one's ports are free", interval=2)


@pytest.fixture(scope="module", params=["one process", "distributed"])
def mortal(request, tmp_path_factory):
    """A suite whose process that carries calls is ended by tests."""
    running = Stack(tmp_path_factory.mktemp("mortal"), distributed=request.param == "distributed", simulator=False)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_call_ends_with_its_process_and_its_recording_is_kept(mortal, tmp_path, how):
    line = Call(Tenant(mortal), tmp_path)
    try:
        talk = line.open().talk(record=True)
        folder = mortal.state / "recordings" / line.provider["id"]
        wait_until(lambda: [file for file in folder.glob(f"{talk.id}-*.wav") if file.stat().st_size > 16000], 30,
                   "two seconds of it to be on the disk")
        process = mortal.children["dispatch" if mortal.distributed else "suite"]
        if how == "stopped":
            assert process.terminate() == 0
            line.over(line.agent, line.customer)
            process.start()
        else:
            process.kill9()
        mortal.wait_ready()
        # Long before the watchdog asks what became of it.
        ended = line.tenant.wait_ended(talk.id)
        assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL" if how == "stopped" else "LOST"), ended
        recording, sound = fetched(line.tenant, talk.id)
        assert sound.lasts("ann", "customer") > 0.5, sound.seconds
    finally:
        line.close()


def test_what_an_anchored_account_can_do(line):
    line.open()
    account = line.tenant.api.get(f"/api/v1/voip-providers/{line.provider['id']}").body
    assert {"mute", "record", "pause_recording", "fetch_recording", "warm_transfer", "conference", "listen",
            "whisper", "barge"} <= set(account["capabilities"]), account
    assert "inbound" not in account["capabilities"]


def test_anchored_settings_are_checked(tenant):
    answer = tenant.api.post("/api/v1/voip-providers", {
        "provider_name": "native", "provider_type": "SIP", "api_url": "sip:127.0.0.1:5060",
        "phone_number": "+10987654321", "settings": {
            "mode": "native", "media": "anchored", "media_ports": "80-90", "media_timeout_seconds": -1}})
    problem = is_problem(answer, 400, "VALIDATION_FAILED")
    assert {"settings.media_address", "settings.media_ports", "settings.media_timeout_seconds"} <= {
        fault["field"] for fault in problem["errors"]}, problem
