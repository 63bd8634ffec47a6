"""A provider that is the simulator's but for one request: the one that dials the customer once the agent answered."""
import http.client
import json
import socket
import threading
from urllib.parse import urlsplit

from faulty_provider import FaultyProvider


def dials_the_customer(path, body, customer):
    """Whether a POST is that request at Twilio, Vonage or Asterisk."""
    last = path.split("?")[0].rsplit("/", 1)
    if last[1] == "Participants.json":
        return True
    if not body.startswith(b"{"):
        return False
    asked = json.loads(body)
    if last[1] == "calls":
        return [to.get("number") for to in asked.get("to", [])] == [customer.lstrip("+")]
    return last[0].endswith("/channels") and asked.get("variables", {}).get("CTC_LEG") == "customer"


class SecondLegProvider(FaultyProvider):
    """`mode` names the answer to that request, which never reaches the simulator; with "after placing" in it, it does."""

    def __init__(self, simulator_url, customer):
        super().__init__()
        self.simulator, self.customer = urlsplit(simulator_url), customer

    def post(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if not dials_the_customer(handler.path, body, self.customer):
            return self.forward(handler, body)
        call = handler.path.split("?")[0].rsplit("/", 1)[1]
        self.dials.append(call)
        if "after placing" not in self.mode:
            return self.misbehave(handler, call)
        if len(self.dials) > 1:  # it misbehaves once
            return self.forward(handler, body)
        self.ask(handler, body)
        return self.misbehave(handler, call)

    def get(self, handler):
        if handler.headers.get("Upgrade"):
            return self.tunnel(handler)
        return self.forward(handler, b"")

    def change(self, handler):
        self.forward(handler, handler.rfile.read(int(handler.headers.get("Content-Length") or 0)))

    def ask(self, handler, body):
        """The simulator's answer: status, headers, body."""
        connection = http.client.HTTPConnection(self.simulator.hostname, self.simulator.port, timeout=10)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() != "content-length"}
            connection.request(handler.command, handler.path, body=body or None, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type") or "application/json", answer.read()
        finally:
            connection.close()

    def forward(self, handler, body):
        status, kind, text = self.ask(handler, body)
        self.send(handler, status, text, kind)

    def tunnel(self, handler):
        """The switch's event socket, byte by byte."""
        upstream = socket.create_connection((self.simulator.hostname, self.simulator.port))
        lines = [f"{handler.command} {handler.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in handler.headers.items()]
        upstream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        back = threading.Thread(target=pump, args=(upstream, handler.connection), daemon=True)
        back.start()
        pump(handler.connection, upstream)
        back.join()
        upstream.close()
        handler.close_connection = True


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
