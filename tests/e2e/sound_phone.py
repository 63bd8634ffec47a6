"""The sound of a phone: RTP (G.711 u-law) at its address, a tone of its own, and what it hears of others' tones."""
import functools
import itertools
import math
import operator
import socket
import struct
import threading
import time
from array import array
from http.server import BaseHTTPRequestHandler

from faulty_provider import Server
from stack.process import wait_until

PORT = 40000  # as sip_phones.AUDIO says
BLOCK = 800  # a tenth of a second
# Far from each other, from the ring-back and from the melody of hold music.
TONES = {"ann": 1000, "customer": 1900, "ben": 2500, "number": 2800, "sue": 3100, "prompt": 1450, "queue": 700}
RINGBACK = 425


def _linear(code):
    code = ~code & 255
    magnitude = (((code & 15) << 3) + 132 << ((code >> 4) & 7)) - 132
    return -magnitude if code & 128 else magnitude


LINEAR = [_linear(code) for code in range(256)]


def encode(sample):
    sign, magnitude = (128, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 132
    exponent = max(magnitude.bit_length() - 8, 0)
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 15) & 255


@functools.cache
def _waves(hertz):
    """A second of sine and cosine; whole hertz come out even."""
    steps = [2 * math.pi * hertz * n / 8000 for n in range(8000)]
    return [math.sin(step) for step in steps], [math.cos(step) for step in steps]


def level(samples, hertz):
    # By tables: the phones' threads send in time only while this one leaves them the interpreter.
    sine, cosine = (sum(map(operator.mul, samples, itertools.cycle(wave))) for wave in _waves(hertz))
    return math.hypot(sine, cosine) * 2 / max(len(samples), 1)


def heard_in(samples):
    """Names of the tones in these samples; "ringback", or "music" for sound that is none of them."""
    found = {name for name, hertz in TONES.items() if level(samples, hertz) > 700}
    rms = math.sqrt(sum(s * s for s in samples) / max(len(samples), 1))
    if level(samples, RINGBACK) > 700:
        found.add("ringback")
    elif not found and rms > 150:
        found.add("music")
    return found


def wav(name, seconds):
    """A file of 16 bit PCM with that tone, as a studio delivers it: 16 kHz."""
    samples = array("h", (int(8000 * math.sin(2 * math.pi * TONES[name] * n / 16000)) for n in range(int(16000 * seconds))))
    data = samples.tobytes()
    return (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
            + b"data" + struct.pack("<I", len(data)) + data)


class Studio:
    """Serves prompts over HTTP: /music.wav, and anything else as a prompt of a second and a half."""

    def __init__(self):
        studio, self.asked = self, []
        prompt, music = wav("prompt", 1.5), wav("queue", 2)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                studio.asked.append(self.path)
                body = music if self.path == "/music.wav" else prompt
                self.send_response(404 if self.path.startswith("/missing") else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Sound:
    """A phone's RTP socket. It sends its tone to where it hears from; `silent` sends nothing."""

    def __init__(self, name, host, silent=False, port=PORT):
        self.name, self.silent, self.peer = name, silent, None
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.socket.settimeout(0.2)
        self.samples, self.keys, self._events, self._to_press = array("h"), "", set(), []
        self._lock, self._open = threading.Lock(), True
        tone = TONES.get(name, 0)
        self._wave = bytes(encode(int(6000 * math.sin(2 * math.pi * tone * n / 8000))) for n in range(8000))
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._receive, self._send)]
        for thread in self._threads:
            thread.start()

    def _receive(self):
        while self._open:
            try:
                packet, source = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            if len(packet) < 12:
                continue
            self.peer = source
            kind, stamp = packet[1] & 127, packet[4:8]
            with self._lock:
                if kind == 101 and stamp not in self._events:
                    self._events.add(stamp)
                    self.keys += "0123456789*#ABCD"[packet[12]]
                elif kind == 0:
                    self.samples.extend(LINEAR[code] for code in packet[12:])

    def _send(self):
        sequence, stamp, due = 1, 1000, time.monotonic()
        while self._open:
            due += 0.02
            time.sleep(max(0, due - time.monotonic()))
            if self.peer is None:
                continue
            if self._to_press:
                sequence, stamp = self._press(self._to_press.pop(0), sequence, stamp)
                due = time.monotonic()
                continue
            if not self.silent:
                at = (stamp - 1000) % 8000
                self._put(0, sequence, stamp, self._wave[at:at + 160])
            sequence, stamp = sequence + 1, stamp + 160

    def _put(self, kind, sequence, stamp, payload):
        head = struct.pack("!BBHII", 128, kind, sequence & 65535, stamp, 77)
        try:
            self.socket.sendto(head + payload, self.peer)
        except OSError:
            pass

    def _press(self, key, sequence, stamp):
        event = "0123456789*#ABCD".index(key)
        for n in range(1, 9):
            end = 128 if n > 5 else 0
            length = min(n, 6) * 160
            marker = 128 if n == 1 else 0
            self._put(101 | marker, sequence, stamp, struct.pack("!BBH", event, end | 10, length))
            sequence += 1
            time.sleep(0.02)
        time.sleep(0.1)
        return sequence, stamp + 2000

    def press(self, keys):
        self._to_press.extend(keys)

    def recent(self, seconds=0.3):
        with self._lock:
            return self.samples[-int(8000 * seconds):]

    def hears(self):
        """What came in the last moment; nothing when that was no sound."""
        return heard_in(self.recent())

    def wait_hears(self, *names, seconds=30):
        """Until these and no others are heard, in what comes from now on."""
        with self._lock:
            begin = len(self.samples)

        def heard():
            with self._lock:
                fresh = len(self.samples) - begin
            return fresh >= 2400 and self.hears() == set(names)
        wait_until(heard, seconds, f"{self.name} to hear {sorted(names)}", hint=str(sorted(self.hears())), interval=0.05)

    def close(self):
        self._open = False
        for thread in self._threads:
            thread.join()
        self.socket.close()


class Wav:
    """A recording as it came over the API: 8 kHz, u-law, mono."""

    def __init__(self, content):
        assert content[:4] == b"RIFF" and content[8:12] == b"WAVE", content[:16]
        at, self.samples = 12, None
        while at + 8 <= len(content):
            name, size = content[at:at + 4], struct.unpack("<I", content[at + 4:at + 8])[0]
            body = content[at + 8:at + 8 + size]
            if name == b"fmt ":
                assert struct.unpack("<HHI", body[:8]) == (7, 1, 8000), body
            if name == b"data":
                self.samples = array("h", (LINEAR[code] for code in body))
            at += 8 + size + size % 2
        self.seconds = len(self.samples) / 8000

    def lasts(self, *names):
        """For how many seconds exactly these are heard together."""
        blocks = [frozenset(heard_in(self.samples[at:at + BLOCK]))
                  for at in range(0, len(self.samples) - BLOCK + 1, BLOCK)]
        return blocks.count(frozenset(names)) / 10


def fetched(tenant, session_id):
    """The session's recording once it is ready, with its sound as the API gives it."""
    def ready():
        found = tenant.api.get(f"/api/v1/click-to-call/sessions/{session_id}/recordings").body["recordings"]
        return found if found and found[0]["state"] == "READY" else None
    recording = wait_until(ready, 30, "the recording to be ready")[0]
    answer = tenant.api.get(recording["media_path"])
    assert answer.status == 200 and answer.headers["content-type"] == "audio/wav", answer
    return recording, Wav(answer.body)
