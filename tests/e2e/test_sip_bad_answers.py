"""Native SIP, its sound direct or through us: phones and trunks that answer what they should not. Each leads to a clear
word on the session, for the agent's leg and for the customer's, and lets the other phone go."""
import re
import shutil
import socket
import threading

import pytest

from sip_phones import own_address
from stack.process import wait_until
from test_sip_native import Line

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs the package sip-tester")

GARBAGE = b"\x00\xff not a description\r\n"
SDP = "v=0\r\no=p 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"


class BadPhone:
    """Answers each INVITE with what it is told, byte for byte; other requests with 200. `asked` are the methods of its
    transactions: a request that comes again, as to somebody slow, is one."""

    def __init__(self, answer):
        self.host, self.port, self.answer, self.asked = own_address(), 5060, answer, []
        self.known = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.host, self.port))
        self.socket.settimeout(0.2)
        self.open = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    url = property(lambda self: f"sip:{self.host}:{self.port}")

    def _run(self):
        while self.open:
            try:
                packet, source = self.socket.recvfrom(65535)
            except OSError:
                continue
            head, _, _ = packet.partition(b"\r\n\r\n")
            lines = head.decode(errors="replace").split("\r\n")
            method = lines[0].split(" ")[0]
            transaction = (method, next((line for line in lines if line.lower().startswith("via:")), ""))
            if transaction not in self.known:
                self.known.add(transaction)
                self.asked.append(method)
            if method in ("ACK", "SIP/2.0"):
                continue
            copied = [line for line in lines if re.match("(Via|From|Call-ID|CSeq):", line, re.I)]
            to = next(line for line in lines if line.lower().startswith("to:"))
            tagged = to if "tag=" in to else to + ";tag=bad"
            status, extra, body = self.answer if method == "INVITE" else ("200 OK", "", b"")
            if status is None:
                continue
            here = [] if "Contact:" in extra else [f"Contact: <sip:p@{self.host}:{self.port}>"]
            common = "\r\n".join([*copied, tagged, *here])
            kind = "Content-Type: application/sdp\r\n" if body else ""
            text = f"SIP/2.0 {status}\r\n{common}\r\n{extra}{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body
            self.socket.sendto(text[:90] if extra == "cut" else text, source)

    def close(self):
        self.open = False
        self.thread.join()
        self.socket.close()


def no_audio(host="127.0.0.1"):
    return f"v=0\r\no=p 1 1 IN IP4 {host}\r\ns=-\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n".encode()


# answer, status and reason when it is the customer's, reason when it is the agent's, error_code, a word of the message
ANSWERS = {
    "500": (("500 Server Internal Error", "", b""), "PROVIDER_ERROR", "SIP 500"),
    "503 with Retry-After": (("503 Service Unavailable", "Retry-After: 7\r\n", b""), "PROVIDER_ERROR", "SIP 503"),
    "403": (("403 Forbidden", "", b""), "PROVIDER_ERROR", "SIP 403"),
    "488": (("488 Not Acceptable Here", "", b""), "PROVIDER_ERROR", "SIP 488"),
    "a status that is none": (("799 Whatever", "", b""), None, None),
}
MEDIA = {
    "garbage for a description": ("200 OK", "", GARBAGE),
    "no description": ("200 OK", "", b""),
    "no stream": ("200 OK", "", no_audio()),
    "sound at an address that is not allowed": (
        "200 OK", "", SDP.format(host="10.99.0.1").encode()),
}
SILENT = {"nothing": (None, "", b""), "half a message": ("200 OK", "cut", b"")}


class BadLine(Line):
    def bad(self, leg, answer, **settings):
        """One of the two phones answers badly; the other is as it should be."""
        self.wrong = BadPhone(answer)
        self.phones.append(self.wrong)
        anchored = settings.get("media") == "anchored"
        good = self.phone("customer" if anchored or leg == "agent" else "agent") if leg == "customer" \
            else self.phone("customer")
        self.right = good
        trunk, agents = (self.wrong, good) if leg == "customer" else (good, self.wrong)
        self.provider = self.tenant.provider(
            "SIP", url=trunk.url, api_key="user", api_secret="s3cret", timeout_seconds=8,
            settings={"mode": "native", "bind": "sip:127.0.0.1:*", "agent_proxy": agents.url,
                      "ring_timeout_seconds": 5, **settings})
        return self

    def ended(self, seconds=120):
        return self.tenant.wait_ended(self.place(), seconds=seconds)

    def check_let_go(self, leg):
        if leg == "customer":
            wait_until(self.right.is_done, 30, "the agent to be let go", hint=self.right.seen()[-400:])
        else:
            assert self.right.seen() == "", "a customer is not rung for an agent who is not there"


@pytest.fixture
def line(tenant, tmp_path):
    made = BadLine(tenant, tmp_path)
    yield made
    for phone in made.phones:
        phone.close()


@pytest.mark.parametrize("media", ["direct", "anchored"])
@pytest.mark.parametrize("leg", ["agent", "customer"])
@pytest.mark.parametrize("what", ANSWERS)
def test_a_refusal_is_told_as_it_was(line, media, leg, what):
    answer, code, word = ANSWERS[what]
    ended = line.bad(leg, answer, media=media).ended()
    assert ended["status"] in ("FAILED", "NO_ANSWER"), ended
    if code:
        assert ended["status"] == "FAILED" and ended["error_code"] == code and word in ended["error_message"], ended
        assert line.wrong.asked.count("INVITE") == 1, "one call is one call"
    line.check_let_go(leg)


@pytest.mark.parametrize("leg", ["agent", "customer"])
@pytest.mark.parametrize("what", MEDIA)
def test_an_answer_that_cannot_be_heard_is_told(line, leg, what):
    ended = line.bad(leg, MEDIA[what], media="anchored").ended()
    assert (ended["status"], ended["error_code"]) == ("FAILED", "PROVIDER_ERROR"), ended
    assert "session description" in ended["error_message"], ended
    wait_until(lambda: "BYE" in line.wrong.asked, 30, "the phone to be hung up")
    line.check_let_go(leg)


@pytest.mark.parametrize("leg", ["agent", "customer"])
@pytest.mark.parametrize("what, media", [("nothing", "direct"), ("nothing", "anchored"), ("half a message", "anchored")])
def test_what_never_answers_is_given_up(line, leg, what, media):
    ended = line.bad(leg, SILENT[what], media=media).ended()
    assert ended["status"] == "NO_ANSWER", ended
    assert ended["end_reason"] == ("AGENT_NO_ANSWER" if leg == "agent" else "CUSTOMER_NO_ANSWER"), ended
    line.check_let_go(leg)


@pytest.mark.parametrize("media", ["direct", "anchored"])
def test_a_redirect_is_followed(line, media):
    elsewhere = line.phone("customer")
    line.bad("customer", ("302 Moved Temporarily", "", b""), media=media)
    line.wrong.answer = ("302 Moved Temporarily", f"Contact: <{elsewhere.url}>\r\n", b"")
    id = line.place()
    line.tenant.wait_status(id, "CONNECTED")
    assert line.do(id, "end").ok
    assert line.tenant.wait_ended(id)["status"] == "COMPLETED"
