"""The whole suite on one machine: database, simulator, services. Used by tools/run and by the tests."""
import os
import secrets
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .api import Api
from .database import Database, write_secret
from .process import Child, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ["session", "routing", "dispatch", "webhook", "recording", "stats", "gateway"]


def held_port() -> socket.socket:
    """A bound socket whose port nobody else is given while it is open. A server with SO_REUSEADDR, as all of ours, may
    listen there nevertheless; until one does, connections are refused."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


class Stack:
    """Owns everything it starts; `stop` leaves nothing behind but the state folder."""

    def __init__(self, state: Path, port: int = 0, distributed: bool = False, preset: str = "release",
                 simulator: bool = True, extra_env: dict = None):
        self.state = Path(state).resolve()
        self.distributed = distributed
        self.bin = ROOT / "build" / preset / "bin"
        self.held_ports = []  # from the choice of a port to the end: another process must not come between
        self.port = port or self.new_port()
        self.with_simulator = simulator
        self.extra_env = extra_env or {}
        # A unix socket's path is at most 107 bytes, whatever the state folder's is.
        self.run_dir = Path(tempfile.mkdtemp(prefix="ctc-"))
        self.db_url = os.environ.get("CTC_DB_URL")
        self.database = None if self.db_url else Database(self.state)
        self.children = {}
        self.simulator_port = None
        self.admin_ports = {}

    def new_port(self) -> int:
        self.held_ports.append(held_port())
        return self.held_ports[-1].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    # -- environment of the services

    def _secret(self, name: str, make) -> Path:
        path = self.state / "secrets" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_secret(path, make())
        return path

    def env(self) -> dict:
        import base64
        env = {
            "CTC_DISPATCH_MASTER_KEY_FILE": str(
                self._secret("master_key", lambda: base64.b64encode(secrets.token_bytes(32)).decode())),
            "CTC_RPC_SECRET_FILE": str(self._secret("rpc_secret", lambda: secrets.token_hex(32))),
            "CTC_GATEWAY_JWT_SECRET_FILE": str(self._secret("jwt_secret", lambda: secrets.token_hex(32))),
            "CTC_DISPATCH_RECORDINGS_DIR": str(self.state / "recordings"),
            "CTC_DB_URL": self.db_url or self.database.url,
            "CTC_PUBLIC_URL": self.url,
            # Simulator, switch and phones of this machine.
            "CTC_DISPATCH_ALLOWED_NETWORKS": "127.0.0.0/8, ::1",
        }
        if self.database:
            env["CTC_DB_PASSWORD_FILE"] = str(self.database.password_file)
        for service in SERVICES:
            env[f"CTC_PEER_{service.upper()}"] = f"unix:{self.run_dir}/{service}.sock"
        env.update(self.extra_env)
        return env

    # -- start

    def start(self, progress=lambda text: None):
        self.state.mkdir(parents=True, exist_ok=True)
        if self.database:
            progress("database")
            self.database.start()
        progress("schema")
        self.ctc("migrate", str(ROOT / "migrations"))
        if self.with_simulator:
            progress("simulator")
            self.start_simulator()
        progress("services")
        self.start_services()
        self.wait_ready()
        return self

    def start_simulator(self, *flags):
        self.simulator_port = self.simulator_port or self.new_port()
        self.children["simulator"] = Child(
            "simulator", [str(self.bin / "ctc-simulator"), "--port", str(self.simulator_port), "--speed",
                          "10", *flags],
            {}, self.state / "logs" / "simulator.log").start()

    def start_services(self):
        gateway = ["--gateway.port", str(self.port)]
        if not self.distributed:
            command = [str(self.bin / "ctc"), "serve", *gateway]
            self._service("suite", command)
            return
        for service in SERVICES:
            self.admin_ports[service] = self.admin_ports.get(service) or self.new_port()
            if service == "gateway":
                self.start_gateway(service)
                continue
            self._service(service, self._alone(service, self.admin_ports[service]))

    def _alone(self, service: str, admin_port: int) -> list:
        return [str(self.bin / f"ctc-{service}"), "--rpc.listen", f"unix:{self.run_dir}/{service}.sock",
                "--admin.port", str(admin_port)]

    def start_gateway(self, name: str):
        """A second one on the same port needs CTC_GATEWAY_REUSE_PORT=true."""
        self.admin_ports["gateway"] = self.new_port()
        self._service(name, self._alone("gateway", self.admin_ports["gateway"])
                      + ["--gateway.port", str(self.port)])

    def wait_listeners(self, count: int, seconds: float = 60):
        """Until so many sockets listen on the public port."""
        wanted = f"{self.port:04X}"

        def listening():
            lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
            return sum(1 for line in lines if line.split()[1].endswith(":" + wanted)
                       and line.split()[3] == "0A") >= count
        wait_until(listening, seconds, f"{count} listeners on port {self.port}")

    def _service(self, name: str, command: list):
        self.children[name] = Child(name, command, self.env(), self.state / "logs" / f"{name}.log").start()

    def wait_ready(self, seconds: float = 90):
        # Earlier restarts are no failure of this start: a test kills its processes many times.
        restarts = {child.name: child.restarts for child in self.children.values()}

        def ready():
            for child in self.children.values():
                if not child.is_running() and child.restarts > restarts[child.name] + 3:
                    raise RuntimeError(f"{child.name} does not start; see {child.log}")
            return Api(self.url).get("/readyz").status == 200
        wait_until(ready, seconds, "the suite to be ready", hint=f"see {self.state / 'logs'}")

    # -- use

    def ctc(self, *arguments) -> str:
        done = subprocess.run([str(self.bin / "ctc"), *arguments], env={**os.environ, **self.env()},
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"ctc {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def create_key(self, tenant: str, name: str = "stack", role: str = "ADMIN") -> str:
        return self.ctc("keys", "create", "--tenant", tenant, "--name", name, "--role", role).strip()

    def api(self, tenant: str, token: str) -> Api:
        return Api(self.url, tenant, token)

    def services(self) -> list:
        return [c for name, c in self.children.items() if name != "simulator"]

    # -- end

    def stop(self):
        order = ["gateway", "suite"] + [s for s in SERVICES if s != "gateway"] + ["simulator"]
        for name in order:
            if name in self.children:
                self.children.pop(name).terminate()
        if self.database:
            self.database.stop()
        for holder in self.held_ports:
            holder.close()
        for leftover in self.run_dir.glob("*"):
            leftover.unlink()
        self.run_dir.rmdir()
