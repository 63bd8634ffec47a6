"""A WebSocket client of RFC 6455 on the standard library, enough for the live feed's tests."""
import base64
import json
import os
import socket
import struct


class WebSocket:
    def __init__(self, host, port, path, headers, timeout=30):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{k}: {v}" for k, v in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline().strip():
            pass

    def send(self, value):
        data = json.dumps(value).encode()
        mask = os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self.socket.sendall(b"\x81" + length + mask + masked)

    def receive(self):
        """The next text message as JSON; None when the server closed."""
        while True:
            first = self.stream.read(2)
            if len(first) < 2:
                return None
            opcode, length = first[0] & 15, first[1] & 127
            if length == 126:
                length = struct.unpack(">H", self.stream.read(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.stream.read(8))[0]
            data = self.stream.read(length)
            if opcode == 8:
                return None
            if opcode in (1, 2):
                return json.loads(data)

    def close(self):
        self.socket.close()
