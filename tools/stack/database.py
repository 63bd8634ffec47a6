"""A private MariaDB under the state folder: own data, unix socket, durable commits."""
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from .process import alive, wait_until


class Database:
    """Starts, kills and restarts one mariadbd. `CTC_DB_URL` makes the stack use a real server instead."""

    def __init__(self, state: Path, name: str = "ctc", buffer_pool: str = "256M"):
        self.dir = state / "db"
        # Of its own: a server that starts deletes every temporary table it finds, another server's too.
        self.tmp = self.dir / "tmp"
        self.name = name
        self.buffer_pool = buffer_pool
        self.socket = self.dir / "mysqld.sock"
        self.pid_file = self.dir / "mysqld.pid"
        self.password_file = state / "secrets" / "db_password"
        self.process = None

    @property
    def url(self) -> str:
        return f"mysql://ctc@/{self.name}?socket={self.socket}"

    @property
    def data_flag(self) -> str:
        return f"--datadir={self.dir / 'data'}"

    def pid(self):
        """Of the server of this folder: after a power cut the number in its file may be a stranger's."""
        try:
            pid = int(self.pid_file.read_text())
            told = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if alive(pid) and self.data_flag.encode() in told else None

    def sql(self, text: str, database: str = "") -> str:
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot", "-N", "-B"]
        if database:
            command.append(database)
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the database refused a statement: {done.stderr.strip()}")
        return done.stdout

    def _install(self):
        data, unfinished = self.dir / "data", self.dir / "data.unfinished"
        if (data / "mysql").is_dir():
            return
        for rest in (data, unfinished):  # of an installation that was interrupted
            shutil.rmtree(rest, ignore_errors=True)
        self.tmp.mkdir(parents=True, exist_ok=True)
        with open(self.dir / "install.log", "w") as log:
            done = subprocess.run(
                ["mariadb-install-db", "--no-defaults", f"--datadir={unfinished}", f"--tmpdir={self.tmp}",
                 # Forced: a machine whose own name nobody knows has no other trouble with it.
                 "--auth-root-authentication-method=normal", "--skip-test-db", "--force"] + as_user(),
                stdout=log, stderr=log)
        if done.returncode:
            raise RuntimeError(f"the database could not be installed, see {self.dir / 'install.log'}")
        unfinished.rename(data)

    def launch(self):
        """Starts the server without waiting for it."""
        if self._server():
            return
        self.socket.unlink(missing_ok=True)
        self.tmp.mkdir(exist_ok=True)
        command = [
            shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults",
            self.data_flag, f"--tmpdir={self.tmp}",
            f"--socket={self.socket}", f"--pid-file={self.pid_file}",
            "--skip-networking", "--innodb-flush-log-at-trx-commit=1", "--skip-log-bin",
            f"--innodb-buffer-pool-size={self.buffer_pool}", "--innodb-log-file-size=256M",
            "--innodb-flush-method=O_DIRECT", "--max-connections=200",
            "--character-set-server=utf8mb4", "--skip-name-resolve"] + as_user()
        log = open(self.dir / "mysqld.log", "ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        log.close()

    def accepts(self) -> bool:
        return subprocess.run(
            ["mariadb-admin", "--no-defaults", f"--socket={self.socket}", "-uroot", "ping"],
            capture_output=True).returncode == 0

    def start(self):
        self._install()
        self.launch()
        wait_until(self.accepts, 120, "the database to accept connections",
                   hint=f"see {self.dir / 'mysqld.log'}")
        if not self.password_file.exists():
            self.password_file.parent.mkdir(parents=True, exist_ok=True)
            write_secret(self.password_file, secrets.token_hex(16))
        password = self.password_file.read_text().strip()
        self.sql(f"CREATE DATABASE IF NOT EXISTS {self.name} CHARACTER SET utf8mb4;"
                 f"CREATE USER IF NOT EXISTS 'ctc'@'localhost';"
                 f"ALTER USER 'ctc'@'localhost' IDENTIFIED BY '{password}';"
                 f"GRANT ALL ON {self.name}.* TO 'ctc'@'localhost';")

    def _server(self):
        """The one that was launched a moment ago has not written its number yet."""
        launched = self.process and self.process.poll() is None
        return self.pid() or (self.process.pid if launched else None)

    def kill9(self):
        pid = self._server()
        if pid:
            os.kill(pid, signal.SIGKILL)
            if self.process:
                self.process.wait()
            wait_until(lambda: not alive(pid), 30, "the database to be gone")

    def stop(self):
        pid = self._server()
        if pid:
            os.kill(pid, signal.SIGTERM)
            if self.process:
                self.process.wait()
            wait_until(lambda: not alive(pid), 60, "the database to stop")


def as_user():
    return ["--user=root"] if os.geteuid() == 0 else []


def write_secret(path: Path, text: str):
    """Only its owner may read it, from the first moment on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")

