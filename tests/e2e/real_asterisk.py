"""A real Asterisk with phones of its own for one test module, and what those phones saw and heard."""
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from stack.process import wait_until

TOOL = Path(__file__).resolve().parent.parent.parent / "tools" / "asterisk" / "asterisk"


class Asterisk:
    """tools/asterisk in a folder and on loopback addresses of its own."""

    def __init__(self, state: Path):
        self.state = Path(state)
        pid = os.getpid()
        self.env = {**os.environ, "CTC_STATE": str(self.state),
                    "CTC_ASTERISK_NET": f"127.{1 + pid // 250 % 250}.{1 + pid % 250}"}
        self.env.pop("CTC_ASTERISK_ROOT", None)
        self.settings = {}

    def run(self, *command):
        done = subprocess.run([TOOL, *command], env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"asterisk {' '.join(command)}: {done.stdout[-500:]}{done.stderr[-500:]}")
        return done.stdout

    def install(self):
        self.run("install")
        return self

    def start(self):
        self.run("start")
        lines = (self.state / "asterisk.env").read_text().splitlines()
        self.settings = dict(line.split("=", 1) for line in lines)
        return self

    def kill9(self):
        """The switch dies without a word; what it ran is gone."""
        os.kill(int((self.state / "asterisk" / "run" / "asterisk.pid").read_text()), signal.SIGKILL)

    def close(self):
        self.run("stop")
        shutil.rmtree(self.state / "asterisk" / "root", ignore_errors=True)

    @property
    def url(self):
        return self.settings["CTC_ARI_URL"]

    def recording(self, name):
        return self.state / "asterisk" / "root" / "ctc" / "spool" / "recording" / f"{name}.wav"

    # -- people at the phones

    def press(self, number, digits):
        self.run("press", number, digits)

    def hang_up(self, number):
        self.run("hangup", number)

    def hold(self, number):
        self.run("hold", number)

    def resume(self, number):
        self.run("resume", number)

    # -- what the phones say

    def log(self):
        text = Path(self.settings["CTC_ASTERISK_PHONES_LOG"]).read_text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def mark(self):
        return len(self.log())

    def said(self, number, event, since=0, **fields):
        return [line for line in self.log()[since:] if line["event"] == event
                and line.get("number") == number and fields.items() <= line.items()]

    def wait(self, number, event, since=0, seconds=30, **fields):
        """The first such line of the phones' log."""
        try:
            return wait_until(lambda: self.said(number, event, since, **fields), seconds,
                              f"{number} to say {event} {fields or ''}", interval=0.05)[0]
        except TimeoutError as error:
            said = [f"{x['event']} {x.get('hears', '')}" for x in self.log()[since:] if x.get("number") == number]
            raise AssertionError(f"{error}; it said {said}")

    def hears(self, number, *tones, since=0, seconds=30):
        return self.wait(number, "hears", since, seconds, hears=sorted(tones))

    def now_hears(self, number, since=0):
        """What it hears at this moment, in its latest call; `since` leaves out what it heard in those before."""
        told = self.said(number, "hears", since)
        return told[-1]["hears"] if told else []

    def wait_hears(self, number, *tones, since=0, seconds=30):
        try:
            wait_until(lambda: self.now_hears(number, since) == sorted(tones), seconds,
                       f"{number} to hear {tones or 'silence'}", interval=0.05)
        except TimeoutError as error:
            raise AssertionError(f"{error}; it hears {self.now_hears(number, since)}")

    def settle(self, seconds):
        """Lets a conversation last: its length is what is measured, nothing is waited for."""
        time.sleep(seconds)
