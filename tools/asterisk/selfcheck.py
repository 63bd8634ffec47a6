#!/usr/bin/env python3
"""Proves what README.md promises: calls every number of the table over ARI and checks what comes of it.

Run by `asterisk selfcheck`, which gives it asterisk.env. It has an app and a number of its own, so that a suite that
is connected to the same Asterisk is not disturbed. Only the standard library is used.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

APP = "ctc-selfcheck"
URL = urllib.parse.urlsplit(os.environ["CTC_ARI_URL"])
LOGIN = base64.b64encode(f"{os.environ['CTC_ARI_USER']}:{os.environ['CTC_ARI_PASSWORD']}".encode()).decode()
RUN = f"selfcheck-{os.getpid()}"
BUTTONS = sys.argv[1]      # the entry script, for press, hold, hangup, call-in
PATIENCE = 10              # seconds


def number(name):
    return os.environ["CTC_ASTERISK_" + name]


class Failed(Exception):
    pass


class Tail:
    """A growing list of objects; wait() returns the first one, from `since` on, for which `wanted` holds."""

    def __init__(self):
        self.items, self.grown = [], threading.Condition()

    def add(self, item):
        with self.grown:
            self.items.append(item)
            self.grown.notify_all()

    def wait(self, what, wanted, since=0, seconds=PATIENCE):
        with self.grown:
            end = time.monotonic() + seconds
            seen = since
            while True:
                for seen in range(seen, len(self.items)):
                    if wanted(self.items[seen]):
                        return self.items[seen]
                seen = len(self.items)
                if not self.grown.wait(end - time.monotonic()) and time.monotonic() >= end:
                    raise Failed(f"{what}: not within {seconds} s")


class Events(Tail):
    """ARI's event socket. Asterisk's frames are small, whole and uncompressed, which keeps this short."""

    def __init__(self):
        super().__init__()
        self.socket = socket.create_connection((URL.hostname, URL.port), PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (f"GET {URL.path}/events?app={APP} HTTP/1.1\r\nHost: {URL.netloc}\r\nAuthorization: Basic {LOGIN}\r\n"
             f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
             ).encode())
        self.file = self.socket.makefile("rb")
        status = self.file.readline()
        if b" 101 " not in status:
            raise Failed(f"the event socket was refused: {status.decode().strip()}")
        while self.file.readline().strip():
            pass
        self.socket.settimeout(None)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            first, length = self.file.read(2)
            if length in (126, 127):
                length = int.from_bytes(self.file.read(2 if length == 126 else 8), "big")
            payload = self.file.read(length)
            if first & 0x0F == 1:
                self.add(json.loads(payload))

    def of(self, kind, channel):
        """The event `kind` of a channel (or of the channel called `peer`), waited for."""
        return self.wait(f"{kind} of {channel}", lambda event: event["type"] == kind and
                         (event.get("channel") or event.get("peer") or {}).get("id") == channel)


class PhonesLog(Tail):
    def __init__(self):
        super().__init__()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with open(os.environ["CTC_ASTERISK_PHONES_LOG"]) as file:
            file.seek(0, os.SEEK_END)
            rest = ""
            while True:
                rest += file.readline()
                if rest.endswith("\n"):
                    self.add(json.loads(rest))
                    rest = ""
                else:
                    time.sleep(0.02)

    def of(self, who, event, since=0, **fields):
        def wanted(line):
            return line["event"] == event and line.get("number") == who and fields.items() <= line.items()
        return self.wait(f"'{event}' {fields or ''} at {who}", wanted, since)


def ari(method, path, body=None, **query):
    url = f"{URL.geturl()}/{path}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, method=method, data=json.dumps(body).encode() if body else None, headers={
        "Authorization": f"Basic {LOGIN}", "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        raise Failed(f"{method} {path}: {error.code} {error.read().decode()}") from error


def endpoint(who):
    return f"PJSIP/{who}@trunk" if who.startswith("+") else f"PJSIP/{who}"


def call(who, leg, timeout=PATIENCE):
    channel = f"{RUN}-{leg}"
    ari("POST", "channels", {"variables": {"CTC_SESSION_ID": RUN, "CTC_LEG": leg}}, endpoint=endpoint(who), app=APP,
        appArgs=leg, channelId=channel, timeout=timeout, callerId='"Self-check" <+12025550123>')
    return channel


def hang_up(channel):
    ari("DELETE", f"channels/{channel}", reason="normal")


def press_button(*arguments):
    result = subprocess.run([BUTTONS, *arguments], capture_output=True, text=True)
    if result.returncode:
        raise Failed(f"{' '.join(arguments)}: {result.stderr.strip()}")


def expect(what, got, wanted):
    if got not in wanted:
        raise Failed(f"{what} is {got}, not {' or '.join(map(str, wanted))}")


class Check:
    def __init__(self):
        self.events, self.phones = Events(), PhonesLog()

    def mark(self):
        return len(self.phones.items)

    def hears(self, who, *tones, since):
        self.phones.of(who, "hears", since, hears=sorted(tones))

    def unanswered(self, who, leg, causes, code, timeout=PATIENCE):
        """Call somebody who does not answer; Asterisk 16 tells no SIP code and has cause 0 for its own time-out."""
        channel = call(who, leg, timeout)
        end = self.events.of("ChannelDestroyed", channel)
        expect("cause", end["cause"], causes)
        expect("SIP code", end.get("tech_cause", code), [code])
        return f"cause {end['cause']} {end['cause_txt']}, SIP {code}"

    def answered(self, who, leg, rings=0.0):
        start = time.monotonic()
        channel = call(who, leg)
        self.events.of("StasisStart", channel)
        if time.monotonic() - start < rings:
            raise Failed(f"answered before {rings} s")
        hang_up(channel)
        self.events.of("ChannelDestroyed", channel)
        self.phones.wait(f"'ended' at {who}", lambda line: line["event"] == "ended")
        return "answered" + (f" after {rings} s" if rings else "")

    def leaves(self, who, leg):
        channel = call(who, leg)
        self.events.of("StasisStart", channel)
        start = time.monotonic()
        end = self.events.of("ChannelDestroyed", channel)
        expect("cause", end["cause"], [16, 0])   # 22 tells 0 for a leg that hangs up in no bridge
        if not 1 < time.monotonic() - start < 4:
            raise Failed(f"it hung up after {time.monotonic() - start:.1f} s, not 2")
        return f"answered, hung up itself after 2 s, cause {end['cause']}"

    def given_up(self, who):
        channel = call(who, "given-up")
        self.phones.of(who, "ringing")
        hang_up(channel)
        self.phones.of(who, "cancelled")
        expect("cause", self.events.of("ChannelDestroyed", channel)["cause"], [16])
        return "rings until it is cancelled, cause 16"

    def bridge(self, agent, customer):
        self.agent, self.customer = call(agent, "agent"), None
        start = self.events.of("StasisStart", self.agent)
        expect("channelvars", start["channel"].get("channelvars"), [{"CTC_SESSION_ID": RUN, "CTC_LEG": "agent"}])
        ari("POST", "bridges", type="mixing,dtmf_events", bridgeId=RUN)
        ari("POST", f"bridges/{RUN}/addChannel", channel=self.agent)
        mark = self.mark()
        self.customer = call(customer, "customer")
        self.events.of("StasisStart", self.customer)
        ari("POST", f"bridges/{RUN}/addChannel", channel=self.customer)
        self.hears(agent, "customer", since=mark)
        self.hears(customer, "agent-a", since=mark)
        return "each hears the other's tone"

    def hold(self, agent, customer):
        mark = self.mark()
        ari("POST", f"channels/{self.customer}/mute", direction="in")
        ari("POST", f"channels/{self.customer}/moh")
        self.hears(customer, "music", since=mark)
        self.hears(agent, since=mark)
        mark = self.mark()
        ari("DELETE", f"channels/{self.customer}/moh")
        ari("DELETE", f"channels/{self.customer}/mute", direction="in")
        self.hears(agent, "customer", since=mark)
        self.hears(customer, "agent-a", since=mark)
        return "the customer hears music, the agent nothing; then each other again"

    def phone_hold(self, agent, customer):
        mark = self.mark()
        press_button("hold", agent)
        self.events.of("ChannelHold", self.agent)
        self.hears(customer, "music", since=mark)
        mark = self.mark()
        press_button("resume", agent)
        self.events.of("ChannelUnhold", self.agent)
        self.hears(customer, "agent-a", since=mark)
        return "ChannelHold, the customer hears music, ChannelUnhold"

    def digits_out(self, customer, digits="1290*#"):
        mark = self.mark()
        ari("POST", f"channels/{self.customer}/dtmf", dtmf=digits, duration=100, between=100)
        self.phones.wait(f"the last digit at {customer}",
                         lambda _: sum(line["event"] == "dtmf" for line in self.phones.items[mark:]) == len(digits), mark)
        got = [line for line in self.phones.items[mark:] if line["event"] == "dtmf"]
        expect("what arrived", "".join(line["digit"] for line in got), [digits])
        expect("who heard it", {line["number"] for line in got} == {customer}, [True])
        return f"{digits} arrived as RFC 4733"

    def digits_in(self, customer, digits="305#"):
        mark = len(self.events.items)
        press_button("press", customer, digits)

        def pressed():
            return "".join(event["digit"] for event in self.events.items[mark:]
                           if event["type"] == "ChannelDtmfReceived" and event["channel"]["id"] == self.customer)
        self.events.wait(f"ChannelDtmfReceived {digits}", lambda _: len(pressed()) == len(digits), mark)
        expect("what arrived", pressed(), [digits])
        return f"{digits} gave ChannelDtmfReceived"

    def agent_leaves(self, agent, customer):
        press_button("hangup", agent)
        expect("cause", self.events.of("ChannelDestroyed", self.agent)["cause"], [16])
        hang_up(self.customer)
        self.phones.of(customer, "ended")
        ari("DELETE", f"bridges/{RUN}")
        return "the agent's phone hung up, cause 16; the customer's leg was ended by ARI"

    def inbound(self, caller, called):
        press_button("call-in", caller, called)
        start = self.events.wait("StasisStart inbound", lambda event: event["type"] == "StasisStart" and
                                 event["args"] == ["inbound", called])
        channel = start["channel"]["id"]
        expect("caller", start["channel"]["caller"]["number"], [caller])
        mark = self.mark()
        ari("POST", f"channels/{channel}/answer")
        self.phones.of(caller, "answered", mark)
        ari("POST", f"channels/{channel}/moh")
        self.hears(caller, "music", since=mark)
        press_button("hangup", caller)
        self.events.of("StasisEnd", channel)
        return "StasisStart inbound, answered, hears music, caller hangs up: StasisEnd"

    def refused_in(self, caller, called):
        press_button("call-in", caller, called)
        start = self.events.wait("StasisStart inbound", lambda event: event["type"] == "StasisStart" and
                                 event["channel"]["caller"]["number"] == caller)
        ari("DELETE", f"channels/{start['channel']['id']}", reason="busy")
        self.phones.of(caller, "refused")
        return "an unanswered call in is refused"


def main():
    check, failures = Check(), 0
    agent, customer, busy = number("AGENT"), number("CUSTOMER"), number("CUSTOMER_BUSY")
    prefix, did = customer[:-3], number("SELFCHECK_DID")
    steps = [
        ("busy, 486", check.unanswered, busy, "busy", [17], 486),
        ("no answer, 180", check.unanswered, number("CUSTOMER_NO_ANSWER"), "no-answer", [19, 0], 480, 1),
        ("cancelled while ringing, 180", check.given_up, number("CUSTOMER_NO_ANSWER")),
        ("rejected, 603", check.unanswered, number("CUSTOMER_REJECTED"), "rejected", [21], 603),
        ("unallocated, 404", check.unanswered, number("CUSTOMER_UNALLOCATED"), "unallocated", [1], 404),
        ("failure, 503", check.unanswered, number("CUSTOMER_FAILURE"), "failure", [34], 503),
        ("broken, 500", check.unanswered, prefix + "500", "broken", [38], 500),
        ("unavailable, 480", check.unanswered, prefix + "480", "unavailable", [19], 480),
        ("silent trunk, 408", check.unanswered, prefix + "408", "silent", [19, 0], 480, 1),
        ("rings for 2 s, 802", check.answered, prefix + "802", "slow", 2.0),
        ("answers, 100", check.answered, customer, "answers"),
        ("hangs up after 2 s, 902", check.leaves, number("CUSTOMER_HANGS_UP"), "leaves"),
        ("agent-b answers", check.answered, number("AGENT_2"), "agent-b"),
        ("agent-busy", check.unanswered, number("AGENT_BUSY"), "agent-busy", [17], 486),
        ("agent-no-answer", check.unanswered, number("AGENT_NO_ANSWER"), "agent-no-answer", [19, 0], 480, 1),
        ("agent-rejects", check.unanswered, number("AGENT_REJECTS"), "agent-rejects", [21], 603),
        ("agent-hangs-up", check.leaves, number("AGENT_HANGS_UP"), "agent-hangs-up"),
        ("agent and customer bridged", check.bridge, agent, customer),
        ("hold by ARI", check.hold, agent, customer),
        ("hold by the agent's phone", check.phone_hold, agent, customer),
        ("DTMF to the customer", check.digits_out, customer),
        ("DTMF from the customer", check.digits_in, customer),
        ("the agent hangs up", check.agent_leaves, agent, customer),
        ("call in", check.inbound, "+12025550177", did),
        ("call in, refused", check.refused_in, "+12025550178", did),
    ]
    for name, step, *arguments in steps:
        try:
            print(f"ok      {name}: {step(*arguments)}", flush=True)
        except (Failed, OSError, KeyError) as failure:
            failures += 1
            print(f"FAILED  {name}: {failure}", flush=True)
    for channel in ari("GET", "channels"):
        if channel["id"].startswith(RUN):
            hang_up(channel["id"])
    print(f"{len(steps) - failures} of {len(steps)} as promised")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
