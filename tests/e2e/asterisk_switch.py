"""The suite with a tenant whose calls go through a real Asterisk, and the steps of one conversation."""
import io
import json
import math
import urllib.request
import wave
from array import array
from datetime import datetime

from conftest import QUICK_WATCHDOGS, Tenant
from real_asterisk import Asterisk
from stack.process import wait_until
from stack.stack import Stack

AGENT = "agent-a"
RING_SECONDS = 10  # in which a test looks and cancels, or restarts the suite
# The phones' own voices: tools/asterisk/phones.py.
TONES = {400: "agent-a", 500: "agent-b", 600: "agent-other", 700: "customer", 900: "music"}
# The last three digits decide what the customer does; the ones before tell the tests' calls apart.
_subscribers = iter(range(2000, 9999))


def customer(code):
    return f"+1202{next(_subscribers):04d}{code:03d}"


class Switch:
    """The suite, an Asterisk, and a tenant whose calls go through it."""

    def __init__(self, folder, **env):
        self.asterisk = Asterisk(folder / "switch")
        self.stack = Stack(folder / "suite", simulator=False, extra_env={
            **QUICK_WATCHDOGS, "CTC_SESSION_ACCEPTED_LIMIT_SECONDS": "15",
            "CTC_SESSION_SILENCE_LIMIT_SECONDS": "20", **env})

    def start(self):
        self.asterisk.install().start()
        self.stack.start()
        self.tenant = Tenant(self.stack)
        self.placed = []
        self.provider = self.tenant.provider(url=self.asterisk.url, settings={
            "app": "ctc", "endpoint_template": "PJSIP/{number}@trunk",
            "agent_endpoint_template": "PJSIP/{agent_phone}", "ring_timeout_seconds": RING_SECONDS,
            "say": "sound:beep"})  # whatever is said takes no time
        self.wait_socket("CONNECTED")
        return self

    def stop(self):
        self.stack.stop()
        self.asterisk.close()

    def wait_socket(self, state, seconds=30):
        wait_until(lambda: (self.tenant.api.get(f"/api/v1/voip-providers/{self.provider['id']}/health").body or {})
                   .get("event_socket") == state, seconds, f"the event socket to be {state}")

    def place(self, to, agent=AGENT, **fields):
        session = self.tenant.place(to, agent_id="ann", agent_phone=agent, **fields)
        self.placed.append(session["id"])
        return session["id"]

    def connect(self, code=100, **fields):
        """A call whose parties hear each other."""
        number, mark = customer(code), self.asterisk.mark()
        id = self.place(number, **fields)
        self.tenant.wait_status(id, "CONNECTED")
        self.asterisk.hears(number, AGENT, since=mark)
        self.asterisk.hears(AGENT, "customer", since=mark)
        return Conversation(self, id, number, mark)

    def events(self, id):
        return self.tenant.api.get(f"/api/v1/click-to-call/sessions/{id}/events").body["events"]

    def ari(self, path, method="GET"):
        url = path if path.startswith("http") else self.asterisk.url + path
        request = urllib.request.Request(url, method=method)
        password = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        password.add_password(None, self.asterisk.url, "ctc", "secret")
        opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(password))
        with opener.open(request, timeout=30) as answer:
            return answer.read()

    def started_at(self):
        try:
            return json.loads(self.ari("/asterisk/info?only=status"))["status"]["startup_time"]
        except OSError:
            return None

    def bridges(self):
        return json.loads(self.ari("/bridges"))

    def is_empty(self):
        return json.loads(self.ari("/channels")) == [] and self.bridges() == []


class Conversation:
    def __init__(self, switch, id, number, mark):
        self.switch, self.id, self.number, self.mark = switch, id, number, mark
        self.asterisk, self.tenant = switch.asterisk, switch.tenant

    def do(self, step, body=None):
        answer = self.tenant.api.post(f"/api/v1/click-to-call/sessions/{self.id}/{step}", body or {})
        assert answer.status == 200, (step, answer)
        return answer.body["session"]

    def seen(self, *types):
        """Waits until the timeline has these types of event, and returns it."""
        def all_there():
            timeline = self.switch.events(self.id)
            return timeline if set(types) <= {e["type"] for e in timeline} else None
        return wait_until(all_there, 30, f"{types} on the timeline", interval=0.05)

    def recording(self):
        """The session's recording once it is ready, with its audio as the API gives it."""
        return fetched_recording(self.tenant, self.id)

    def phones_are_down(self):
        self.asterisk.wait(AGENT, "ended", self.mark)
        self.asterisk.wait(self.number, "ended", self.mark)


class Audio:
    """A recording as it came over the API: 8 kHz, 16 bit, mono."""

    def __init__(self, content):
        with wave.open(io.BytesIO(content)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
            self.samples = array("h", sound.readframes(sound.getnframes()))
        self.seconds = len(self.samples) / 8000

    def voices(self):
        """For each tenth of a second who is heard in it."""
        return [frozenset(name for tone, name in TONES.items() if self._has(tone, at))
                for at in range(0, len(self.samples) - 799, 800)]

    def lasts(self, *names):
        """For how many seconds exactly these are heard together."""
        return self.voices().count(frozenset(names)) / 10

    def _has(self, tone, at):
        step = 2 * math.pi * tone / 8000
        sine = sum(self.samples[at + n] * math.sin(step * n) for n in range(800))
        cosine = sum(self.samples[at + n] * math.cos(step * n) for n in range(800))
        return math.hypot(sine, cosine) / 400 > 1000


def fetched_recording(tenant, session_id):
    def ready():
        found = tenant.api.get(f"/api/v1/click-to-call/sessions/{session_id}/recordings").body["recordings"]
        return found if found and found[0]["state"] == "READY" else None
    recording = wait_until(ready, 30, "the recording to be ready")[0]
    answer = tenant.api.get(recording["media_path"])
    assert answer.status == 200 and answer.headers["content-type"] == "audio/wav", answer
    return recording, Audio(answer.body)


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def legs_of(session):
    return {leg["party"]: leg for leg in session["legs"]}


def near(told, logged, tolerance=2.0):
    """What the tests tell apart by it lies further apart."""
    assert abs(seconds(told) - logged["time"]) < tolerance, (told, logged)
