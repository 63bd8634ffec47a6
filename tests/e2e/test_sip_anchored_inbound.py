"""Callers over native SIP whose sound runs through the suite: what they hear, press and say."""
import shutil

import pytest

from sip_phones import own_address
from sound_phone import Sound, Studio, fetched
from stack.process import wait_until
from talks import PATH, Handover
from test_sip_native_inbound import OURS, Trunk

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")


class House(Trunk):
    """An anchored account that is called, its phones' sound, and the studio that has its prompts."""

    def __init__(self, tenant, folder):
        super().__init__(tenant, folder)
        self.sounds, self.studio = [], Studio()

    def open(self, agent="customer", **settings):
        super().open(agent, trusted=("127.0.0.0/8",), media="anchored",
                     say=self.studio.url + "/say/{text}.wav", **settings)
        self.ann = self.sound("ann", self.agent)
        return self

    def sound(self, name, phone):
        self.sounds.append(Sound(name, phone.host))
        return self.sounds[-1]

    def call(self, behaviour="calls-and-stays", **more):
        super().call(behaviour, host=own_address(), **more)
        self.them = self.sound("customer", self.caller)
        self.id = self.session()["id"]
        return self

    def menu(self, *options, **fields):
        """Asked and repeated once; what is pressed after that leads on, or `t`."""
        answer = self.tenant.api.post("/api/v1/ivr-menus", {
            "menu_name": "Main", "phone_number": OURS, "prompt_text": "Press 1", "timeout_seconds": 3,
            "max_retries": 1, **fields, "options": [
                {"dtmf_key": key, "action": action, "action_json": more} for key, action, more in options]})
        assert answer.status == 201, answer
        return answer.body["id"]

    def talks(self):
        self.tenant.wait_status(self.id, "CONNECTED")
        self.them.wait_hears("ann")
        self.ann.wait_hears("customer")
        return Handover(self.tenant, self.id)

    def said(self):
        return [path for path in self.studio.asked if path.startswith("/say/")]

    def end(self):
        answer = self.tenant.api.post(f"{PATH}/{self.id}/end", {})
        assert answer.ok, answer
        ended = self.tenant.wait_ended(self.id)
        self.wait_done(self.caller)
        return ended

    def close(self):
        for each in self.sounds + self.phones + [self.studio]:
            each.close()


@pytest.fixture
def house(tenant, tmp_path):
    made = House(tenant, tmp_path)
    yield made
    made.close()


ANN = {"agent_id": "ann", "ring_seconds": 20}


def test_a_caller_reaches_an_agent_by_a_key_and_is_recorded(house):
    house.open().menu(("1", "ROUTE_AGENT", {**ANN, "record": True}), ("2", "VOICEMAIL", {"max_seconds": 30}))
    house.call()
    house.them.wait_hears("prompt")
    assert house.said() == ["/say/Press%201.wav"] and house.agent.seen() == "", house.studio.asked
    house.them.press("1")
    house.talks()
    assert "SIP/2.0 180" not in house.caller.seen(), "it was answered for the menu"
    house.end()
    house.wait_done(house.agent)
    _, sound = fetched(house.tenant, house.id)
    assert sound.lasts("ann", "customer") > 0.3 and sound.lasts("customer", "prompt") == 0, sound.seconds


def test_keys_by_info_are_keys_as_well(house):
    house.open().menu(("1", "ROUTE_AGENT", ANN))
    house.call("calls-and-tells-keys").talks()
    assert house.end()["status"] == "COMPLETED"


def test_a_caller_who_presses_nothing_is_asked_again_and_led_on(house):
    house.open().menu(("1", "VOICEMAIL", {"max_seconds": 30}), ("t", "ROUTE_AGENT", ANN), timeout_seconds=1)
    house.call().talks()
    # Asked for once, as it is kept; heard twice.
    assert house.said() == ["/say/Press%201.wav"], house.studio.asked
    assert house.end()["status"] == "COMPLETED"


def test_a_caller_enters_a_number(house):
    collect = {"name": "account", "text": "Enter it", "min_digits": 4, "max_digits": 10, "timeout_seconds": 5,
               "then": {"action": "ROUTE_AGENT", **ANN}}
    house.open().menu(("0", "COLLECT_DTMF", collect))
    house.call()
    house.them.wait_hears("prompt")
    house.them.press("0")
    wait_until(lambda: "/say/Enter%20it.wav" in house.said(), 30, "the question")
    house.them.press("8675309#")
    house.talks()
    events = str(house.tenant.api.get(f"{PATH}/{house.id}/events").body)
    assert "8675309" not in events, events
    assert house.end()["status"] == "COMPLETED"


def test_a_caller_waits_in_a_queue_with_its_music(house):
    answer = house.tenant.api.post("/api/v1/queues", {
        "queue_name": "Sales", "teams": ["sales"], "ring_seconds": 20, "music_url": house.studio.url + "/music.wav"})
    assert answer.status == 201, answer
    house.open().menu(("1", "ROUTE_QUEUE", {"queue_id": answer.body["id"]}))
    house.call()
    house.them.wait_hears("prompt")
    house.them.press("1")
    house.them.wait_hears("queue")
    assert house.agent.seen() == ""
    assert house.tenant.api.patch("/api/v1/agents/ann", {"teams": ["sales"]}).status == 200
    house.talks()
    assert house.end()["status"] == "COMPLETED"


def test_a_message_is_left_and_can_be_fetched(house):
    house.open().menu(("2", "VOICEMAIL", {"max_seconds": 30}))
    house.call("calls-and-hangs-up-late")
    house.them.wait_hears("prompt")
    house.them.press("2")
    ended = house.tenant.wait_ended(house.id)
    assert ended["status"] == "VOICEMAIL", ended
    house.wait_done(house.caller)
    _, sound = fetched(house.tenant, house.id)
    assert sound.lasts("customer") > 0.8 and sound.seconds < 8, sound.seconds


def test_the_end_of_the_agents_call_is_the_end_of_the_callers(house):
    house.open("hangs-up").menu(("t", "ROUTE_AGENT", ANN), timeout_seconds=1)
    house.call()
    ended = house.tenant.wait_ended(house.id)
    assert (ended["status"], ended["end_reason"]) == ("COMPLETED", "NORMAL"), ended
    house.wait_done(house.caller, house.agent)


def test_a_prompt_that_cannot_be_had_is_skipped(house):
    house.open().menu(("t", "ROUTE_AGENT", ANN), prompt_text="", prompt_audio_url=house.studio.url + "/missing.wav",
                      timeout_seconds=1)
    house.call().talks()
    assert house.end()["status"] == "COMPLETED"


def test_a_caller_is_held_and_handed_over(house):
    house.open().menu(("1", "ROUTE_AGENT", ANN))
    phone = house.phone("customer")
    ben = house.sound("ben", phone)
    assert house.tenant.api.post("/api/v1/agents", {"id": "ben", "name": "ben", "phone": f"ben@{phone.host}"}).ok
    house.call()
    house.them.wait_hears("prompt")
    house.them.press("1")
    talk = house.talks()
    transfer = talk.transfer("ATTENDED", to_agent_id="ben")
    talk.wait("CONSULTING")
    house.them.wait_hears("music")
    ben.wait_hears("ann")
    transfer = talk.decide(transfer, "complete")
    house.them.wait_hears("ben")
    talk.check_handed_over(transfer)
    house.wait_done(house.caller, house.agent, phone)


def test_a_caller_who_leaves_in_the_menu_is_told_as_gone(house):
    house.open().menu(("1", "ROUTE_AGENT", ANN), timeout_seconds=20)
    house.call("calls-and-hangs-up")
    ended = house.tenant.wait_ended(house.id)
    assert ended["end_reason"] == "CALLER_ABANDONED", ended
    house.wait_done(house.caller)
