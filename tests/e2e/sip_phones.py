"""Phones that speak SIP (SIPp) on loopback: one process and port for each, with what it saw in a file."""
import os
import random
import socket
import subprocess
from pathlib import Path

from stack.process import wait_until

AUDIO = """v=0
      o=phone 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio 40000 RTP/AVP 0 101
      a=rtpmap:0 PCMU/8000
      a=rtpmap:101 telephone-event/8000"""
NO_MEDIA = """v=0
      o=phone 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0"""


def respond(line, sdp=None, to="[last_To:]", extra="", then=""):
    body = f"Content-Type: application/sdp\n      Content-Length: [len]\n\n      {sdp}" if sdp else \
        "Content-Length: 0"
    contact = "Contact: <sip:phone@[local_ip]:[local_port];transport=[transport]>\n      " if sdp else ""
    return f"""
  <send{' retrans="500"' if sdp else ''}{f' next="{then}"' if then else ''}>
    <![CDATA[
      SIP/2.0 {line}
      [last_Via:]
      [last_From:]
      {to}
      [last_Call-ID:]
      [last_CSeq:]
      {contact}{extra}{body}

    ]]>
  </send>"""


NEW = "[last_To:];tag=[pid]p[call_number]"
INVITE = """
  <recv request="INVITE">
    <action>
      <ereg regexp="sips*:[^>;]+" search_in="hdr" header="Contact:" assign_to="target"/>
      <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="number"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="self"/>
      <ereg regexp="o=ctc" search_in="body" assign_to="offered"/>
    </action>
  </recv>"""
TALK = f"""
  <label id="10"/>
  <recv request="INVITE" optional="true" next="20"/>
  <recv request="INFO" optional="true" next="30"/>
  <recv request="ACK" optional="true" next="10"/>
  <recv request="BYE"/>
  {respond("200 OK", then="99")}
  <label id="20"/>
  {respond("200 OK", AUDIO).replace(' retrans="500"', "")}
  <!-- A digit may come before the ACK that waits for the other phone; the ACK is then taken above. SIPp answers nothing
       else while it repeats an answer of its own. -->
  <recv request="INFO" optional="true" next="30"/>
  <recv request="ACK" next="10"/>
  <label id="30"/>
  {respond("200 OK", then="10")}
  <label id="99"/>
  <nop/>"""
HANG_UP = """
  <send retrans="500">
    <![CDATA[
      BYE [$target] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From:[$self];tag=[pid]p[call_number]
      To:[$caller]
      Call-ID: [call_id]
      CSeq: 7 BYE
      Max-Forwards: 70
      Content-Length: 0

    ]]>
  </send>
  <recv response="200"/>"""


def in_call(method, sequence, body=""):
    """A request of the phone's own in the call it was called by."""
    body = f"{body}" if body else "Content-Length: 0"
    return f"""
  <send{'' if method == "ACK" else ' retrans="500"'}>
    <![CDATA[
      {method} [$target] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From:[$self];tag=[pid]p[call_number]
      To:[$caller]
      Call-ID: [call_id]
      CSeq: {sequence} {method}
      Max-Forwards: 70
      Contact: <sip:phone@[local_ip]:[local_port];transport=[transport]>
      {body}

    ]]>
  </send>"""


def reoffer(sequence, direction):
    """Changes its own sound."""
    sdp = f"Content-Type: application/sdp\n      Content-Length: [len]\n\n      {AUDIO}\n      a={direction}"
    return in_call("INVITE", sequence, sdp) + """
  <recv response="100" optional="true"/>
  <recv response="200"/>""" + in_call("ACK", sequence)


def info(sequence, kind, body):
    return in_call("INFO", sequence, f"Content-Type: {kind}\n      Content-Length: [len]\n\n      {body}") \
        + '\n  <recv response="200"/>'


TIMER = "Require: timer\n      Session-Expires: 90;refresher={}\n      Allow: INVITE, ACK, BYE, CANCEL, UPDATE\n      "
# Refreshed by {}, as it comes.
REFRESHED = """
  <label id="10"/>
  <recv request="UPDATE" optional="true" next="20"/>
  <recv request="INVITE" optional="true" next="30"/>
  <recv request="ACK" optional="true" next="10"/>
  <recv request="BYE"/>""" + respond("200 OK", then="99") + """
  <label id="20"/>""" + respond("200 OK", extra=TIMER, then="10") + """
  <label id="30"/>""" + respond("200 OK", AUDIO, extra=TIMER) + """
  <recv request="ACK" next="10"/>
  <label id="99"/>
  <nop/>"""
# Joined by a re-INVITE that agrees on the shortest session there may be (RFC 4028); {} refreshes it.
TIMED = """
  <recv request="INVITE"/>""" + respond("200 OK", AUDIO, extra=TIMER) + """
  <recv request="ACK"/>""" + REFRESHED
REFER = """
  <send retrans="500">
    <![CDATA[
      REFER [$target] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From:[$self];tag=[pid]p[call_number]
      To:[$caller]
      Call-ID: [call_id]
      CSeq: 5 REFER
      Max-Forwards: 70
      Contact: <sip:phone@[local_ip]:[local_port];transport=[transport]>
      Refer-To: <REFER_TO>
      Content-Length: 0

    ]]>
  </send>"""
# Told how its referral goes, and whatever else comes, until it is hung up; it may be told between its 200 and the ACK.
REFERRED = f"""
  <recv response="202"/>
  <label id="10"/>
  <recv request="INVITE" optional="true" next="20"/>
  <recv request="NOTIFY" optional="true" next="30"/>
  <recv request="ACK" optional="true" next="10"/>
  <recv request="BYE"/>
  {respond("200 OK", then="99")}
  <label id="20"/>
  {respond("200 OK", AUDIO)}
  <label id="25"/>
  <recv request="INVITE" optional="true" next="20"/>
  <recv request="NOTIFY" optional="true" next="40"/>
  <recv request="ACK" optional="true" next="10"/>
  <recv request="BYE"/>
  {respond("200 OK", then="99")}
  <label id="30"/>
  {respond("200 OK", then="10")}
  <label id="40"/>
  {respond("200 OK", then="25")}
  <label id="99"/>
  <nop/>"""
# Hangs up as soon as its referral is accepted, as some phones do.
LEAVES_REFERRED = '\n  <recv response="202"/>\n  <recv request="NOTIFY"/>' + respond("200 OK") + HANG_UP.replace('\n  <recv response="200"/>', "") + f"""
  <label id="10"/>
  <recv request="INVITE" optional="true" next="20"/>
  <recv request="NOTIFY" optional="true" next="20"/>
  <recv response="200" next="99"/>
  <label id="20"/>
  {respond("481 Call Does Not Exist", then="10")}
  <label id="99"/>
  <nop/>"""


def refuse(line):
    """Not at once: a slow machine is to have let the agent go who hands over without a word."""
    return INVITE + respond("180 Ringing", to=NEW) + '\n  <pause milliseconds="1000"/>' \
        + respond(line, to=NEW) + '\n  <recv request="ACK"/>'


def answer(sdp):
    return INVITE + respond("180 Ringing", to=NEW) + '\n  <pause milliseconds="200"/>' \
        + respond("200 OK", sdp, NEW) + '\n  <recv request="ACK"/>'


REINVITED = f"""
  <recv request="INVITE"/>
  {respond("200 OK", AUDIO)}
  <recv request="ACK"/>"""


def pick_up(extra=""):
    """As a phone does: no stream where none is offered, its own where it is asked for an offer."""
    return INVITE + respond("180 Ringing", to=NEW) + """
  <pause milliseconds="200"/>
  <nop next="50" test="offered"/>""" + respond("200 OK", AUDIO, NEW, extra=extra, then="55") + """
  <label id="50"/>""" + respond("200 OK", NO_MEDIA, NEW, extra=extra) + """
  <label id="55"/>
  <recv request="ACK"/>"""


PICK_UP = pick_up()
CHALLENGE = 'WWW-Authenticate: Digest realm="phones", nonce="{}", algorithm={}, qop="auth"\n      '


def ask_password(challenges):
    return INVITE + respond("401 Unauthorized", to=NEW, extra=challenges) \
        + '\n  <recv request="ACK"/>' + answer(NO_MEDIA) + TALK




def call(number="NUMBER"):
    return f"""
  <send retrans="500">
    <![CDATA[
      INVITE sip:{number}@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:+12025550142@[local_ip]:[local_port]>;tag=[pid]c[call_number]
      To: <sip:{number}@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
      Max-Forwards: 70
      Content-Type: application/sdp
      Content-Length: [len]

      {AUDIO}

    ]]>
  </send>
  <recv response="100" optional="true"/>"""


def request(method, sequence=1, to="[last_To:]", target="[next_url]", back=0, body="Content-Length: 0"):
    """`back`: it is of the transaction that began so many steps before."""
    retrans = "" if method in ("ACK", "CANCEL") else ' retrans="500"'
    return f"""
  <send{retrans}>
    <![CDATA[
      {method} {target} SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch{f"-{back}" if back else ""}]
      From: <sip:+12025550142@[local_ip]:[local_port]>;tag=[pid]c[call_number]
      {to}
      Call-ID: [call_id]
      CSeq: {sequence} {method}
      Max-Forwards: 70
      [routes]
      {body}

    ]]>
  </send>"""


OURS = "sip:NUMBER@[remote_ip]:[remote_port]"
# In progress, then answered.
REACHED = """
  <recv response="182" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true"/>""" + request("ACK")
SCENARIOS = {
    "calls-and-hangs-up": call() + REACHED + '\n  <pause milliseconds="1200"/>' + request("BYE", 2)
    + '\n  <recv response="200"/>',
    "calls-and-stays": call() + REACHED + TALK,
    "calls-and-tells-keys": call() + REACHED + '\n  <pause milliseconds="1500"/>' + request(
        "INFO", 2, body="Content-Type: application/dtmf-relay\n      Content-Length: [len]\n\n      Signal=1")
    + '\n  <recv response="200"/>' + TALK,
    "calls-and-hangs-up-late": call() + REACHED + '\n  <pause milliseconds="8000"/>' + request("BYE", 2)
    + '\n  <recv response="200"/>',
    "calls-and-gives-up": call() + """
  <recv response="182" optional="true"/>
  <recv response="180"/>
  <pause milliseconds="500"/>""" + request("CANCEL", to=f"To: <{OURS}>", target=OURS, back=5) + """
  <recv response="200"/>
  <recv response="487"/>""" + request("ACK", target=OURS, back=8),
    "calls-in-vain": call() + """
  <recv response="182" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="STATUS"/>""" + request("ACK", target=OURS, back=5),
    "calls-another-number": call(number="+10987650000") + '\n  <recv response="404"/>'
    + request("ACK", target="sip:+10987650000@[remote_ip]:[remote_port]", back=3),
    "agent": PICK_UP + TALK,
    # Joined, held, joined with the target it consults: then it has had enough.
    "leaves-consulting": PICK_UP + 3 * REINVITED + HANG_UP,
    # Asks for longer sessions than we do.
    "wants-long-sessions": INVITE + respond("422 Session Interval Too Small", to=NEW, extra="Min-SE: 3600\n      ") + """
  <recv request="ACK"/>""" + PICK_UP + TALK,
    # The shortest session there may be: the other side refreshes it, or this one does not.
    "is-refreshed": PICK_UP + TIMED.replace("{}", "uac"),
    # It does not know UPDATE, and says so.
    "is-refreshed-by-invite": (INVITE + respond("180 Ringing", to=NEW) + respond("200 OK", AUDIO, NEW, extra=TIMER)
                               + '\n  <recv request="ACK"/>' + REFRESHED.replace(
                                   "<label id=\"20\"/>" + respond("200 OK", extra=TIMER, then="10"),
                                   "<label id=\"20\"/>" + respond("501 Not Implemented", then="10"))
                               ).replace("{}", "uac").replace(", UPDATE", ""),
    # Who refreshes is agreed on once: in the first answer, as we leave it open in the first INVITE.
    "never-refreshes": pick_up("Supported: timer\n      Session-Expires: 90;refresher=uas\n      ")
    + TIMED.replace("{}", "uas").replace("Require:", "Supported:"),
    # Its own re-INVITE is under way when the one comes that is to join it.
    "crosses": PICK_UP + '\n  <recv request="INVITE"/>' + respond("491 Request Pending")
    + '\n  <recv request="ACK"/>' + TALK,
    "refers": PICK_UP + REINVITED + '\n  <pause milliseconds="300"/>' + REFER + REFERRED,
    "refers-and-leaves": PICK_UP + REINVITED + '\n  <pause milliseconds="300"/>' + REFER + LEAVES_REFERRED,
    "customer-refers": answer(AUDIO) + '\n  <pause milliseconds="700"/>' + REFER + """
  <recv response="603"/>""" + TALK,
    "refers-in-vain": PICK_UP + REINVITED + '\n  <pause milliseconds="300"/>' + REFER + """
  <recv response="403"/>""" + TALK,
    "customer": answer(AUDIO) + TALK,
    # Behind it each number has a phone of its own: the sound of the first call is at port 40100, of the next at 40200.
    "trunk": (answer(AUDIO) + TALK).replace("40000", "40[call_number]00"),
    # By its own key, as people do. What goes by the phone's clock leaves a slow machine the time to look.
    "holds": answer(AUDIO) + '\n  <pause milliseconds="6000"/>' + reoffer(11, "sendonly")
    + '\n  <pause milliseconds="6000"/>' + reoffer(12, "sendrecv") + TALK,
    "tells-keys": answer(AUDIO) + '\n  <pause milliseconds="6000"/>'
    + info(11, "application/dtmf-relay", "Signal=7") + info(12, "application/dtmf", "8") + TALK,
    "refreshes": PICK_UP + REINVITED + '\n  <pause milliseconds="500"/>' + reoffer(11, "sendrecv") + TALK,
    # A trunk that says something before the called party picks up.
    "tells-early": INVITE + respond("183 Session Progress", AUDIO, NEW).replace(' retrans="500"', "")
    + '\n  <pause milliseconds="6000"/>' + respond("200 OK", AUDIO, NEW) + '\n  <recv request="ACK"/>' + TALK,
    "refers-anchored": answer(AUDIO) + '\n  <pause milliseconds="6000"/>' + REFER + REFERRED,
    "answers-without-sound": INVITE + respond("180 Ringing", to=NEW) + respond("200 OK", "OFFERED", NEW)
    + '\n  <recv request="ACK"/>\n  <recv request="BYE"/>' + respond("200 OK"),
    "refuses": INVITE + respond("REFUSAL", to=NEW, extra="MORE") + '\n  <recv request="ACK"/>',
    "says-nothing": INVITE + '\n  <pause milliseconds="60000"/>',
    "hangs-up": answer(AUDIO) + '\n  <pause milliseconds="2500"/>' + HANG_UP,
    "answers-options": '\n  <recv request="OPTIONS"/>' + respond("OPTIONS_ANSWER", to=NEW),
    "busy": refuse("486 Busy Here"),
    "declines": refuse("603 Decline"),
    "unknown": refuse("404 Not Found"),
    "silent": INVITE + respond("180 Ringing", to=NEW) + """
  <recv request="CANCEL"/>""" + respond("200 OK") + """
  <send>
    <![CDATA[
      SIP/2.0 487 Request Terminated
      [last_Via:]
      [last_From:]
      To:[$self];tag=[pid]p[call_number]
      [last_Call-ID:]
      CSeq: [$number] INVITE
      Content-Length: 0

    ]]>
  </send>
  <recv request="ACK"/>""",
    "asks-password": ask_password(CHALLENGE.format("abc123", "MD5")),
    "asks-password-sha256": ask_password(CHALLENGE.format("abc123", "SHA-256")),
    "asks-password-either": ask_password(CHALLENGE.format("abc123", "MD5") + CHALLENGE.format("def456", "SHA-256")
                                         + CHALLENGE.format("ghi789", "SHA3-512")),
}


def own_address():
    """A loopback address that nobody else has."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"


def is_free(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def free_port(host, following=1):
    """An even one, the first of so many. Below those that the kernel gives to whoever asks for any port, so that they
    are still free when they are taken."""
    while True:
        first = random.randrange(10000, 32000, 2)
        if all(is_free(host, first + n) for n in range(following)):
            return first


class Phone:
    """At port 5060 of a loopback address of its own, so that it can be called as name@host, or at any port of `host`,
    which may be an IPv6 address.
    `sound`: the port that it is told to be sent sound to. `relay`: behind a TlsRelay, so that `transport` is t1 and the
    phone is at the relay's port. `to`: it calls that address instead of waiting to be called. `words` stand in its
    scenario in capitals."""

    def __init__(self, folder, behaviour, transport="u1", calls=1, relay=None, refer_to="sip:nobody", to=None, host=None,
                 sound=40000, **words):
        self.host, self.port, self.relay = host or own_address(), 5060, relay
        v6 = ":" in self.host
        if host:
            self.port = free_port(host)
        name = f"{behaviour}-{self.host}-{self.port}"
        self.messages, scenario = folder / f"{name}.log", folder / f"{name}.xml"
        steps = SCENARIOS[behaviour].replace("REFER_TO", refer_to)
        for word, value in words.items():
            steps = steps.replace(word.upper(), value)
        # What follows a NOTIFY at once may be read before the answer to that is sent, which SIPp takes for unexpected: it
        # goes on then, and what it left unread comes again.
        strictness = ["-default_behaviors", "all,-abortunexp"] if "NOTIFY" in steps else []
        steps = steps.replace("m=audio 40000", f"m=audio {sound}")
        if v6:
            steps = steps.replace("IN IP4 [local_ip]", "IN IP6 [media_ip]")  # the other one is in brackets
        unused = '\n  <Reference variables="target,caller,self,number,offered"/>' if "assign_to" in steps else ""
        if relay:
            relay.target = (self.host, self.port)
            steps = steps.replace("[transport] [local_ip]:[local_port]", f"TLS 127.0.0.1:{relay.port}")
            steps = steps.replace("[local_ip]:[local_port];transport=[transport]",
                                  f"127.0.0.1:{relay.port};transport=tls")
        scenario.write_text('<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="phone">'
                            + steps + unused + "\n</scenario>\n")
        self.process = subprocess.Popen(
            ["sipp", "-sf", str(scenario), "-i", self.host, *(["-mi", self.host] if v6 else []), "-p", str(self.port),
             "-t", transport, "-nostdin", "-m", str(calls), *([to] if to else []), *strictness,
             "-key", "loopback6", "[::1]", "-key", "private6", "[fd00::1]",  # brackets are SIPp's own
             "-trace_msg", "-message_file", str(self.messages), "-message_overwrite", "true"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb"})

        table = ("/proc/net/udp" if transport == "u1" else "/proc/net/tcp") + ("6" if v6 else "")
        address = socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, self.host)
        parts = [address[i:i + 4][::-1].hex().upper() for i in range(0, len(address), 4)]
        local = f"{''.join(parts)}:{self.port:04X}"
        if not to:
            wait_until(lambda: local in Path(table).read_text(), 30, "a phone to listen")

    @property
    def url(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"sip:127.0.0.1:{self.relay.port}" if self.relay else f"sip:{host}:{self.port}"

    def seen(self):
        return self.messages.read_text(errors="replace") if self.messages.exists() else ""

    def is_done(self):
        """The call went as the scenario says, to its end; the file of messages is complete then."""
        return self.process.poll() == 0

    def close(self):
        self.process.kill()
        self.process.wait()
        if self.relay:
            self.relay.close()
