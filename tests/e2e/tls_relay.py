"""TLS before a SIP phone that speaks TCP: the phone's peer sees a certificate made here by openssl."""
import socket
import ssl
import subprocess
import threading


class Authority:
    """Signs certificates; files in `folder`."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.certificate,
                 "-days", "2", "-subj", f"/CN={name}")

    def run(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def issue(self, host):
        """Certificate and key for `host`, which a SIP peer looks for among the DNS names (RFC 5922)."""
        certificate, key, request, names = (
            self.folder / f"{self.name}-{host}.{kind}" for kind in ("crt", "key", "csr", "names"))
        names.write_text(f"subjectAltName=DNS:{host}")
        self.run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={host}")
        self.run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                 "-days", "2", "-extfile", names, "-out", certificate)
        return certificate, key


class TlsRelay:
    """Takes TLS connections and hands their bytes on to a port of this machine. `clients`: the authority whose
    certificate a client must show."""

    def __init__(self, certificate, key, clients=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        if clients:
            self.context.load_verify_locations(clients.certificate)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target, self.refused, self.taken = None, 0, 0  # the phone's address
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            outer = self.context.wrap_socket(plain, server_side=True)
            first = outer.recv(65536)
        except OSError:
            first = b""
        if not first:
            self.refused += 1
            plain.close()
            return
        self.taken += 1
        inner = socket.create_connection(self.target)
        inner.sendall(first)
        threading.Thread(target=self.copy, args=(inner, outer), daemon=True).start()
        self.copy(outer, inner)

    def copy(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
