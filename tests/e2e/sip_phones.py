"""Phones that speak SIP (SIPp) on loopback: one process and port for each, with what it saw in a file."""
import os
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
      <ereg regexp="sip:[^>;]+" search_in="hdr" header="Contact:" assign_to="target"/>
      <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="number"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="self"/>
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
  {respond("200 OK", AUDIO)}
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


def refuse(line):
    return INVITE + respond("180 Ringing", to=NEW) + '\n  <pause milliseconds="200"/>' \
        + respond(line, to=NEW) + '\n  <recv request="ACK"/>'


def answer(sdp):
    return INVITE + respond("180 Ringing", to=NEW) + '\n  <pause milliseconds="200"/>' \
        + respond("200 OK", sdp, NEW) + '\n  <recv request="ACK"/>'


SCENARIOS = {
    "agent": answer(NO_MEDIA) + TALK,
    "customer": answer(AUDIO) + TALK,
    "hangs-up": answer(AUDIO) + '\n  <pause milliseconds="1200"/>' + HANG_UP,
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
    "asks-password": INVITE + respond("401 Unauthorized", to=NEW, extra=(
        'WWW-Authenticate: Digest realm="phones", nonce="abc123", algorithm=MD5, qop="auth"\n      ')) + """
  <recv request="ACK"/>""" + answer(NO_MEDIA) + TALK,
}


class Phone:
    def __init__(self, folder, behaviour, transport="u1"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.messages = folder / f"{behaviour}-{self.port}.log"
        scenario = folder / f"{behaviour}-{self.port}.xml"
        unused = '\n  <Reference variables="target,caller,self,number"/>'
        scenario.write_text('<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="phone">'
                            + SCENARIOS[behaviour] + unused + "\n</scenario>\n")
        self.process = subprocess.Popen(
            ["sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(self.port), "-t", transport, "-nostdin", "-m", "1",
             "-trace_msg", "-message_file", str(self.messages), "-message_overwrite", "true"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb"})

        table = "/proc/net/udp" if transport == "u1" else "/proc/net/tcp"
        local = f"0100007F:{self.port:04X}"
        wait_until(lambda: local in Path(table).read_text(), 10, "a phone to listen")

    @property
    def url(self):
        return f"sip:127.0.0.1:{self.port}"

    def seen(self):
        return self.messages.read_text(errors="replace") if self.messages.exists() else ""

    def is_done(self):
        """The call went as the scenario says, to its end; the file of messages is complete then."""
        return self.process.poll() == 0

    def close(self):
        self.process.kill()
        self.process.wait()
