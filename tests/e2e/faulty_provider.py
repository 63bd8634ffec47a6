"""A provider that misbehaves on request, and counts every dial it was asked for."""
import json
import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


# Last words of the paths by which calls are placed at Exotel, mCube, Twilio, Vonage and a SIP switch.
PLACING = {"connect.json", "outbound-calls", "Calls.json", "Participants.json", "calls"}


class Server(ThreadingHTTPServer):
    """With a queue for all who connect at once: a handshake that finds none is made again after a second only."""
    request_queue_size = 128


class FaultyProvider:
    """`mode` names how a request that places a call is answered; GET of a known channel tells that it lives."""

    def __init__(self):
        self.mode = "ok"
        self.dials = []       # ids in the order asked
        self.bodies = []      # what each was asked with
        self.known = set()    # calls that were really placed
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                outer.post(self)

            def do_GET(self):
                outer.get(self)

            def do_DELETE(self):
                outer.change(self)

            def do_PUT(self):
                outer.change(self)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def send(self, handler, status, body, kind="application/json", headers=()):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def reset(self, handler):
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True

    def change(self, handler):
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.send(handler, 204, b"")

    def post(self, handler):
        asked = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        parts = handler.path.split("?")[0].split("/")
        places = parts[-1] in PLACING or ("channels" in parts and
                                          len(parts) <= parts.index("channels") + 2)
        if not places:
            return self.send(handler, 204, b"")
        call = parts[-1]
        self.dials.append(call)
        self.bodies.append(asked)
        return self.misbehave(handler, call)

    def misbehave(self, handler, call):
        """Answers the request that places `call` as `mode` says."""
        good = json.dumps({"id": call, "state": "Down", "name": "PJSIP/x-1"}).encode()
        mode = self.mode
        if mode == "ok":
            self.known.add(call)
            return self.send(handler, 200, good)
        if mode == "500":
            return self.send(handler, 500, b'{"message":"boom"}')
        if mode == "429":
            return self.send(handler, 429, b'{"message":"slow down"}', headers=[("Retry-After", "7")])
        if mode == "401":
            return self.send(handler, 401, b'{"message":"Authentication required"}')
        if mode == "html":
            return self.send(handler, 200, b"<html>welcome</html>", "text/html")
        if mode == "nothing":
            return self.send(handler, 200, b"")
        if mode == "half a body":
            return self.send(handler, 200, b'{"status":"succ","Call":{"Sid":"5f0c')
        if mode == "cut short":  # less than was announced
            handler.send_response(200)
            handler.send_header("Content-Length", "500")
            handler.end_headers()
            handler.wfile.write(b'{"status":"succ",')
            handler.close_connection = True
            return None
        if mode == "redirect":
            return self.send(handler, 302, b"", headers=[("Location", "http://169.254.169.254/")])
        if mode == "reset":
            return self.reset(handler)
        if mode == "reset after placing":
            self.known.add(call)
            return self.reset(handler)
        if mode == "garbage after placing":
            self.known.add(call)
            return self.send(handler, 200, b'{"id":[[[')
        if mode in ("hang", "hang after placing"):
            if mode != "hang":
                self.known.add(call)
            if not self.release.wait(30):
                return self.reset(handler)
            self.known.add(call)
            return self.send(handler, 200, good)
        if mode == "endless":
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            try:
                for _ in range(20000):
                    handler.wfile.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
            except OSError:
                pass
            handler.close_connection = True
            return None
        raise AssertionError(f"no such mode: {mode}")

    def get(self, handler):
        parts = handler.path.split("?")[0].split("/")
        if parts[-1] == "channels":
            body = json.dumps([{"id": c, "state": "Ringing", "name": "PJSIP/x"} for c in list(self.known)])
            return self.send(handler, 200, body.encode())
        if "channels" in parts and parts[-1] in self.known:
            body = {"id": parts[-1], "state": "Ringing", "name": "PJSIP/x",
                    "creationtime": "2026-01-01T10:00:00.000+0000"}
            return self.send(handler, 200, json.dumps(body).encode())
        return self.send(handler, 404, b'{"message":"Channel not found"}')

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def closed_port():
    """The URL of a port that is nobody's and stays so: bound, and not listening."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"
