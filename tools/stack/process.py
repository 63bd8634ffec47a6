"""Child processes: start, watch, restart, end."""
import os
import signal
import subprocess
import threading
import time
from pathlib import Path


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # a zombie is not alive
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds: float, what: str, hint: str = "", interval: float = 0.02):
    """Polls a condition; fails saying what was waited for."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}" + (f"; {hint}" if hint else ""))
        time.sleep(interval)


class Child:
    """One program. With `keep_alive` it is started again when it dies, with back-off."""

    def __init__(self, name: str, command: list, env: dict, log: Path, keep_alive: bool = True):
        self.name, self.command, self.env, self.log = name, command, env, log
        self.keep_alive = keep_alive
        self.process = None
        self.restarts = 0
        self._stopping = False
        self._watcher = None

    def start(self):
        self._stopping = False
        self._spawn()
        if self.keep_alive:
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()
        return self

    def _spawn(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, env={**os.environ, **self.env},
                                            stdout=log, stderr=log, start_new_session=True)

    def _watch(self):
        delay = 0.1
        while not self._stopping:
            begun = time.monotonic()
            self.process.wait()
            if self._stopping:
                return
            if time.monotonic() - begun > 10:
                delay = 0.1
            time.sleep(delay)
            delay = min(delay * 2, 5)
            if self._stopping:
                return
            self.restarts += 1
            self._spawn()

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM, and wait; returns the exit code."""
        self._stopping = True
        if self.is_running():
            self.process.terminate()
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
