"""Somebody who calls over SIP and UDP and answers a digest challenge with the algorithm he wants, which SIPp cannot."""
import hashlib
import re
import socket
import uuid


class Stranger:
    def __init__(self, host, to, number):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(30)
        self.here, self.to, self.number = "%s:%d" % self.socket.getsockname(), to, number
        self.uri = f"sip:{number}@{to}:5060"
        self.call, self.own_tag, self.sequence, self.said = uuid.uuid4().hex, "s1", 0, []

    def send(self, method, tag="", branch=None, headers=(), body=""):
        lines = [f"{method} {self.uri} SIP/2.0", f"Via: SIP/2.0/UDP {self.here};branch=z9hG4bK{branch or uuid.uuid4().hex}",
                 f"From: <sip:+12025550142@{self.here}>;tag={self.own_tag}", f"To: <{self.uri}>{tag}", f"Call-ID: {self.call}",
                 f"CSeq: {self.sequence} {method}", "Max-Forwards: 70", f"Contact: <sip:stranger@{self.here}>", *headers,
                 f"Content-Length: {len(body)}", "", body]
        self.socket.sendto("\r\n".join(lines).encode(), (self.to, 5060))

    def final(self):
        """Of the request sent last: an answer to one before it may come again."""
        while True:
            text = self.socket.recv(65536).decode()
            status = int(text.split(" ", 2)[1]) if text.startswith("SIP/2.0 ") else 0
            if status >= 200 and re.search(rf"^CSeq: {self.sequence} ", text, re.M):
                self.said.append(text)
                return status, re.search(r"^To: .*?(;tag=\S+)", text, re.M).group(1)

    def invite(self, headers=()):
        """The final status of one INVITE, acknowledged."""
        self.sequence += 1
        branch = uuid.uuid4().hex
        body = f"v=0\r\no=s 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
        self.send("INVITE", branch=branch, headers=(*headers, "Content-Type: application/sdp"), body=body)
        status, tag = self.final()
        self.send("ACK", tag, branch if status >= 300 else None)
        return status, tag

    def challenges(self):
        """Of the last answer, by algorithm."""
        found = {}
        for line in re.findall(r"^WWW-Authenticate: Digest (.*?)\r?$", self.said[-1], re.M):
            terms = dict(re.findall(r'(\w+)="?([^",]+)"?', line))
            found[terms["algorithm"]] = terms
        return found

    def authorization(self, algorithm, password):
        terms = self.challenges()[algorithm]
        h = lambda text: hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()  # noqa: E731
        proof = h(":".join([h(f"user:{terms['realm']}:{password}"), terms["nonce"], "00000001", "c1", "auth",
                            h(f"INVITE:{self.uri}")]))
        return (f'Authorization: Digest username="user", realm="{terms["realm"]}", nonce="{terms["nonce"]}", '
                f'uri="{self.uri}", response="{proof}", algorithm={algorithm}, cnonce="c1", qop=auth, nc=00000001')

    def hang_up(self, tag):
        self.sequence += 1
        self.send("BYE", tag)
        return self.final()[0]

    def close(self):
        self.socket.close()
