#!/usr/bin/env python3
"""The phones of tools/asterisk: SIPp speaks SIP, this program is their mouths, ears and fingers.

It starts one SIPp per phone (sipp/phone.xml), sends each phone's own tone into every answered call, listens to
what Asterisk sends back, and writes one JSON object per line to the phones' log: what became of each call, which
tones a phone hears and which DTMF digits (RFC 4733) reached it. Commands come as lines on the FIFO `control`:
"ID press NUMBER DIGITS", "ID hangup|hold|resume NUMBER", "ID call-in FROM TO"; the answer is a log line too.
Only the standard library is used. README.md describes the log.
"""

import argparse
import json
import math
import operator
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time

# name: (last octet of its address, its tone in Hz). Tones are multiples of 50 so that a 20 ms packet holds whole
# periods (one packet serves for all) and of 10 so that they do not leak into each other's bins below.
PHONES = {"agent-a": (11, 400), "agent-b": (12, 500), "agent-other": (13, 600), "trunk": (21, 700)}
TONES = {400: "agent-a", 500: "agent-b", 600: "agent-other", 700: "customer", 900: "music", 440: "ringback"}
PACKET = 160        # samples in 20 ms
WINDOW = 800        # samples per verdict on what is heard: 100 ms, bins of 10 Hz
LOUD = 500          # amplitude of a tone that counts; ours is AMPLITUDE
AMPLITUDE = 8000
SILENT_AFTER = 0.3  # seconds without a packet
DIGITS = "0123456789*#ABCD"
DIGIT_PACKETS, GAP_PACKETS = 8, 5  # 160 ms pressed, 100 ms apart
EVENT_PAYLOAD = 101


def from_ulaw(byte):
    byte = ~byte & 0xFF
    magnitude = (((byte & 0x0F) << 3) + 0x84 << (byte >> 4 & 7)) - 0x84
    return -magnitude if byte & 0x80 else magnitude


DECODE = [from_ulaw(byte) for byte in range(256)]
ENCODE = sorted((value, byte) for byte, value in enumerate(DECODE))


def to_ulaw(sample):
    return min(ENCODE, key=lambda entry: abs(entry[0] - sample))[1]


def tone_packet(frequency):
    return bytes(to_ulaw(AMPLITUDE * math.sin(2 * math.pi * frequency * n / 8000)) for n in range(PACKET))


WAVES = {frequency: tuple([wave(2 * math.pi * frequency * n / 8000) for n in range(WINDOW)]
                          for wave in (math.sin, math.cos)) for frequency in TONES}


def tones_in(samples):
    heard = []
    for frequency, (sine, cosine) in WAVES.items():
        size = math.hypot(sum(map(operator.mul, samples, sine)), sum(map(operator.mul, samples, cosine)))
        if 2 * size / WINDOW > LOUD:
            heard.append(TONES[frequency])
    return sorted(heard)


class Call:
    """One call of one phone: the RTP stream to and from Asterisk."""

    def __init__(self, phone, call_id, number):
        self.phone, self.call_id, self.number = phone, call_id, number
        self.remote = None
        self.answered = False
        self.sequence = self.timestamp = 0
        self.source = struct.unpack("!I", os.urandom(4))[0]
        self.fingers = []             # RTP packets (marker, type, payload, event's start) that replace the tone
        self.samples = []
        self.last_packet = time.monotonic()
        self.last_digit = None
        self.hears = self.candidate = []

    def press(self, digits):
        for digit in digits:
            code, start = DIGITS.index(digit), len(self.fingers) * PACKET
            for n in range(1, DIGIT_PACKETS + 1):
                event = struct.pack("!BBH", code, 10, n * PACKET)
                self.fingers.append((n == 1, event, (n - 1) * PACKET))
            # The end is said three times, in case one is lost; all of them carry the start's timestamp.
            for n in range(3):
                event = struct.pack("!BBH", code, 0x80 | 10, DIGIT_PACKETS * PACKET)
                self.fingers.append((False, event, (DIGIT_PACKETS + n) * PACKET))
            self.fingers += [None] * GAP_PACKETS

    def next_packet(self):
        marker, kind, payload, back = 0, 0, self.phone.tone, 0
        if self.fingers:
            finger = self.fingers.pop(0)
            if finger:
                (pressed, payload, back), kind = finger, EVENT_PAYLOAD
                marker = 0x80 if pressed else 0
        header = struct.pack("!BBHII", 0x80, marker | kind, self.sequence & 0xFFFF,
                             self.timestamp - back & 0xFFFFFFFF, self.source)
        self.sequence += 1
        self.timestamp += PACKET
        return header + payload


class Phone:
    def __init__(self, name, address, tone, sip_port):
        self.name, self.address, self.tone = name, address, tone_packet(tone)
        self.sip_port, self.media_port = sip_port, sip_port + 2
        open_socket(address, sip_port).close()    # SIPp's own message for a taken port is no help
        self.media = open_socket(address, self.media_port)
        self.media.setblocking(False)


class Phones:
    def __init__(self, options):
        self.options = options
        self.log_file = open(os.path.join(options.run, "phones.jsonl"), "w", buffering=1)
        self.selector = selectors.DefaultSelector()
        self.calls = {}               # (phone, call id) -> Call
        self.streams = {}             # (phone, Asterisk's media address) -> Call
        self.children = {}            # process -> phone's name, or None for one call in
        self.ports = {}               # call id -> SIP port of the SIPp that has the call, when not the phone's
        self.next_tick = 0
        self.phones = {}
        for name, (octet, tone) in PHONES.items():
            phone = Phone(name, f"{options.net}.{octet}", tone, options.port)
            self.phones[name] = phone
            self.selector.register(phone.media, selectors.EVENT_READ, lambda phone=phone: self.hear(phone))
            self.open_fifo(f"sipp-{name}", lambda line, phone=phone: self.on_sipp(phone, line))
        self.open_fifo("control", self.on_control)

    def log(self, event, **fields):
        self.log_file.write(json.dumps({"time": round(time.time(), 3), "event": event, **fields}) + "\n")

    def log_call(self, event, call, **fields):
        self.log(event, phone=call.phone.name, number=call.number, call_id=call.call_id, **fields)

    def open_fifo(self, name, on_line):
        path = os.path.join(self.options.run, name)
        if os.path.exists(path):
            os.unlink(path)
        os.mkfifo(path, 0o600)
        # Open for writing too: without a writer a FIFO would be at its end for ever after the first one left.
        fifo, rest = os.open(path, os.O_RDWR | os.O_NONBLOCK), bytearray()

        def read():
            rest.extend(os.read(fifo, 65536))
            *lines, last = rest.split(b"\n")
            rest[:] = last
            for line in lines:
                on_line(line.decode(errors="replace").strip())

        self.selector.register(fifo, selectors.EVENT_READ, read)

    # SIPp

    def start_sipp(self, phone, scenario, port, unused_port, *arguments):
        here = os.path.dirname(os.path.abspath(__file__))
        return subprocess.Popen(
            # setpriv: SIPp must not outlive this program, even when that is killed.
            ["setpriv", "--pdeathsig", "KILL", "sipp", *arguments, "-sf", os.path.join(here, "sipp", scenario),
             "-i", phone.address, "-p", str(port), "-bind_local", "-key", "phone_media_port", str(phone.media_port),
             # SIPp binds a media port of its own even when it sends no media.
             "-mi", phone.address, "-mp", str(unused_port), "-ci", phone.address, "-nostdin",
             "-default_behaviors", "all,-abortunexp",
             "-trace_logs", "-log_file", os.path.join(self.options.run, f"sipp-{phone.name}"),
             "-trace_err", "-error_file", os.path.join(self.options.run, f"sipp-{phone.name}-{port}.errors")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=self.options.run)

    def start_phones(self):
        for phone in self.phones.values():
            self.children[self.start_sipp(phone, "phone.xml", phone.sip_port, phone.sip_port + 4)] = phone.name
        deadline = time.monotonic() + 10
        while not all(bound(phone.address, phone.sip_port) for phone in self.phones.values()):
            self.reap()
            if time.monotonic() > deadline:
                sys.exit("the SIPp phones did not open their ports within 10 s")
            time.sleep(0.02)
        self.log("ready")

    def reap(self):
        for child, name in list(self.children.items()):
            if child.poll() is not None:
                del self.children[child]
                if name:
                    sys.exit(f"SIPp of {name} ended with status {child.returncode}; "
                             f"see {self.options.run}/sipp-{name}-*.errors")
                if child.returncode:
                    self.log("error", message=f"a call in ended with SIPp's status {child.returncode}; "
                                              f"see {self.options.run}/sipp-trunk-*.errors")

    def on_sipp(self, phone, line):
        event, call_id, number, address, port = line.split()
        key = (phone, call_id)
        call = self.calls.get(key)
        if call is None:
            call = self.calls[key] = Call(phone, call_id, number)
        if event == "answered":
            call.answered = True
            call.last_packet = time.monotonic()
        if event in ("invited", "answered"):
            call.remote = (address, int(port))
            self.streams[phone, call.remote] = call
        self.log_call(event, call)
        if event in ("ended", "cancelled", "refused"):
            del self.calls[key]
            self.ports.pop(call_id, None)
            if self.streams.get((phone, call.remote)) is call:
                del self.streams[phone, call.remote]

    # Audio

    def hear(self, phone):
        while True:
            try:
                packet, sender = phone.media.recvfrom(2048)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue
            call = self.streams.get((phone, sender))
            if call is None or len(packet) < 12:
                continue
            kind, body = packet[1] & 0x7F, packet[12:]
            if kind == EVENT_PAYLOAD and len(body) >= 4:
                self.hear_digit(call, packet[4:8], body)
            elif kind == 0:
                call.last_packet = time.monotonic()
                call.samples.extend(DECODE[byte] for byte in body)
                if len(call.samples) >= WINDOW:
                    self.judge(call, tones_in(call.samples[:WINDOW]))
                    call.samples.clear()

    def hear_digit(self, call, timestamp, body):
        code, flags, duration = struct.unpack("!BBH", body[:4])
        if flags & 0x80 and call.last_digit != timestamp and code < len(DIGITS):
            call.last_digit = timestamp
            self.log_call("dtmf", call, digit=DIGITS[code], duration_ms=duration // 8)

    def judge(self, call, heard):
        # Twice the same, because a window across a change hears both.
        if heard == call.candidate and heard != call.hears:
            call.hears = heard
            self.log_call("hears", call, hears=heard)
        call.candidate = heard

    def tick(self):
        now = time.monotonic()
        for call in list(self.calls.values()):
            if not call.answered:
                continue
            try:
                call.phone.media.sendto(call.next_packet(), call.remote)
            except OSError:
                pass                  # Asterisk has closed its port; the BYE is under way
            if now - call.last_packet > SILENT_AFTER:
                call.samples.clear()
                self.judge(call, [])

    # Commands

    def on_control(self, line):
        request, verb, *arguments = line.split()
        try:
            getattr(self, "do_" + verb.replace("-", "_"))(*arguments)
        except (AttributeError, LookupError, TypeError, ValueError, OSError) as error:
            self.log("control", request=request, ok=False, error=str(error))
        else:
            self.log("control", request=request, ok=True)

    def find(self, number):
        for call in reversed(self.calls.values()):
            if call.answered and number in (call.number, call.phone.name):
                return call
        raise LookupError(f"{number} is in no answered call")

    def do_press(self, number, digits):
        call = self.find(number)
        if set(digits) - set(DIGITS):
            raise ValueError(f"digits are {DIGITS}, not {digits}")
        call.press(digits)

    def push_button(self, number, button):
        call = self.find(number)
        port = self.ports.get(call.call_id, call.phone.sip_port)
        request = (f"{button} sip:phone SIP/2.0\r\nVia: SIP/2.0/UDP {call.phone.address}\r\nFrom: <sip:phone>;tag=1\r\n"
                   f"To: <sip:phone>\r\nCall-ID: {call.call_id}\r\nCSeq: 1 {button}\r\nContent-Length: 0\r\n\r\n")
        call.phone.media.sendto(request.encode(), (call.phone.address, port))

    def do_hangup(self, number):
        self.push_button(number, "PHONE-HANGUP")

    def do_hold(self, number):
        self.push_button(number, "PHONE-HOLD")

    def do_resume(self, number):
        self.push_button(number, "PHONE-RESUME")

    def do_call_in(self, caller, called):
        phone = self.phones["trunk"]
        port, unused_port = free_ports(phone.address, 2)
        call_id = f"call-in-{port}-{time.time_ns()}"
        self.ports[call_id] = port
        child = self.start_sipp(phone, "caller.xml", port, unused_port, self.options.asterisk, "-m", "1",
                                "-s", called, "-key", "caller", caller, "-cid_str", call_id)
        self.children[child] = None
        self.log_call("calling", Call(phone, call_id, caller))

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            self.start_phones()
            while True:
                self.turn()
        finally:
            # KILL, because SIPp answers TERM only when its last call is over.
            for child in self.children:
                child.kill()

    def turn(self):
        if any(call.answered for call in self.calls.values()):
            timeout = max(0, self.next_tick - time.monotonic())
        else:
            timeout, self.next_tick = 1, time.monotonic()
        ready = [key for key, _ in self.selector.select(timeout)]
        # FIFOs (plain numbers) first: they say whose call the audio is.
        for key in sorted(ready, key=lambda key: not isinstance(key.fileobj, int)):
            key.data()
        if time.monotonic() >= self.next_tick:
            self.tick()
            # A machine that was away for long does not get the missed packets in one burst.
            self.next_tick = max(self.next_tick + 0.02, time.monotonic() - 0.1)
        self.reap()


def open_socket(address, port):
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.bind((address, port))
    except OSError as error:
        sys.exit(f"{address}:{port}: {error.strerror}; set CTC_ASTERISK_PHONE_PORT or CTC_ASTERISK_NET")
    return opened


def free_ports(address, count):
    sockets = [open_socket(address, 0) for _ in range(count)]
    ports = [candidate.getsockname()[1] for candidate in sockets]
    for candidate in sockets:
        candidate.close()
    return ports


def bound(address, port):
    number = struct.unpack("=I", socket.inet_aton(address))[0]
    wanted = f"{number:08X}:{port:04X}"
    with open("/proc/net/udp") as table:
        return any(line.split()[1] == wanted for line in table)


def write_music(path):
    """A second of 900 Hz, looped by Asterisk, for the class default of musiconhold.conf."""
    samples = [round(AMPLITUDE * math.sin(2 * math.pi * 900 * n / 8000)) for n in range(8000)]
    with open(path, "wb") as file:
        file.write(struct.pack(f"<{len(samples)}h", *samples))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    music = commands.add_parser("music", help="write the hold music, raw 8 kHz 16-bit (.sln)")
    music.add_argument("path")
    run = commands.add_parser("run", help="run the phones until SIGTERM")
    run.add_argument("--net", required=True, help="first three octets of the phones' addresses")
    run.add_argument("--port", required=True, type=int, help="the phones' SIP port; media is on port + 2")
    run.add_argument("--asterisk", required=True, help="address:port of Asterisk's SIP, for calls in")
    run.add_argument("--run", required=True, help="folder for FIFOs and phones.jsonl")
    options = parser.parse_args()
    if options.command == "music":
        write_music(options.path)
    else:
        Phones(options).run()


if __name__ == "__main__":
    main()
