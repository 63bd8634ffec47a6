"""Slow and silent clients by the hundred: others are served as before, and the slow ones are cut off."""
import selectors
import socket
import threading
import time
from pathlib import Path

import pytest

from conftest import Tenant
from stack.process import wait_until
from stack.stack import Stack

SLOW_HEADS, SLOW_BODIES, SILENT, IDLE, DEAF = 300, 100, 100, 1000, 50
CUT_WITHIN = 20  # seconds, from the beginning
NOISE = 1        # seconds that a busy machine may add to anything


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    running = Stack(tmp_path_factory.mktemp("slow"), simulator=False)
    try:
        yield running.start()
    finally:
        running.stop()


class SlowClients:
    """All in one thread. A client that is read from notices its end; a deaf one never reads."""

    def __init__(self, port):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.dripping = {}  # socket -> kind
        self.cut = {"head": 0, "body": 0, "silent": 0, "idle": 0}
        self.last_begun = None
        self.sockets = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def connect(self, receive_buffer=None):
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(10)
        client.connect(("127.0.0.1", self.port))
        client.setblocking(False)
        self.sockets.append(client)
        return client

    def connect_and_ask(self):
        """One that has had its answer and may keep the connection for the next question."""
        client = self.connect()
        client.settimeout(10)
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.setblocking(False)
        return client

    def start(self):
        for _ in range(IDLE):
            self.selector.register(self.connect_and_ask(), selectors.EVENT_READ, "idle")
        for _ in range(SILENT):
            self.selector.register(self.connect(), selectors.EVENT_READ, "silent")
        for count, kind, begin in (
                (SLOW_HEADS, "head", b"GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX-Slow: "),
                (SLOW_BODIES, "body", b"POST /api/v1/click-to-call/initiate HTTP/1.1\r\nHost: a\r\n"
                                      b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")):
            for _ in range(count):
                client = self.connect()
                client.send(begin)
                self.dripping[client] = kind
                self.selector.register(client, selectors.EVENT_READ, kind)
        # More than every buffer on the way can hold.
        question = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 100
        for _ in range(DEAF):
            self.connect(receive_buffer=2048).send(question)
        self.last_begun = time.monotonic()
        self.thread.start()
        return self

    def _run(self):
        drip = time.monotonic()
        while not self.stopping.is_set():
            for key, _ in self.selector.select(timeout=0.1):
                try:
                    ended = not key.fileobj.recv(4096)
                except OSError:
                    ended = True
                if ended:
                    self.selector.unregister(key.fileobj)
                    self.dripping.pop(key.fileobj, None)
                    self.cut[key.data] += 1
            if time.monotonic() - drip < 1:
                continue
            drip = time.monotonic()
            for client in list(self.dripping):
                try:
                    client.send(b"x")
                except OSError:
                    pass  # its end is read above

    def close(self):
        self.stopping.set()
        if self.thread.ident:
            self.thread.join(timeout=10)
        for client in self.sockets:
            client.close()


def held_by_the_server(port):
    """Connections that the server has open, by the kernel's word."""
    wanted = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(1 for line in lines if line.split()[1].endswith(wanted) and line.split()[3] == "01")


def latencies(tenant, seconds):
    taken, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        answer = tenant.api.get("/api/v1/me")
        taken.append(time.monotonic() - begun)
        assert answer.status == 200, answer
    return sorted(taken)


def p99(taken):
    return taken[int(len(taken) * 0.99)]


def test_others_are_served_while_the_slow_are_cut_off(suite):
    tenant = Tenant(suite)
    quiet = p99(latencies(tenant, 2))
    slow = SlowClients(suite.port)
    try:
        slow.start()
        beside = p99(latencies(tenant, 6))
        print(f"  p99 {quiet * 1000:.1f} ms in quiet, {beside * 1000:.1f} ms beside the slow")
        assert beside < 20 * quiet + NOISE
        left = max(CUT_WITHIN - (time.monotonic() - slow.last_begun), 0)
        cut_off = {"head": SLOW_HEADS, "body": SLOW_BODIES, "silent": SILENT, "idle": 0}
        wait_until(lambda: slow.cut == cut_off, left + 10, f"the slow to be cut off: {slow.cut}")
        # Those who never read are given up too; who merely keeps a connection is left alone.
        wait_until(lambda: held_by_the_server(suite.port) <= IDLE, left + 20, "the deaf to be given up")
        assert slow.cut["idle"] == 0, slow.cut
        assert tenant.api.get("/api/v1/me").status == 200
    finally:
        slow.close()
    wait_until(lambda: held_by_the_server(suite.port) <= 1, 60, "all connections to end")
