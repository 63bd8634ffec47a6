"""Mixed load with a ledger: every id a client got a 2xx for, to be checked one by one afterwards."""
import random
import threading
import time

from moments import moments


class MixedLoad:
    """`callers` place calls on the simulator, which plays them to their end; `tellers` place calls on a
    quiet provider and tell their story by webhooks, repeating each until it is acknowledged."""

    def __init__(self, driven, told, callers=6, tellers=6, seed=1):
        self.driven, self.told = driven, told
        self.rng = random.Random(seed)
        self.calls, self.told_calls = [], []   # session ids with a 2xx
        self.acknowledged = []                 # (session id, event) with a 2xx
        self.answers = {}                      # status -> count
        self.lock = threading.Lock()
        self.failed = []                       # what no thread may raise unseen
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._call, daemon=True) for _ in range(callers)]
        self.threads += [threading.Thread(target=self._tell, daemon=True) for _ in range(tellers)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=100)  # a webhook is told for 60 s, and its last answer may take 30
        assert not any(t.is_alive() for t in self.threads), "a request never got an answer"
        assert not self.failed, self.failed[:3]

    def _number(self):
        with self.lock:
            return f"+1303{self.rng.randrange(10**5):05d}00"

    def _count(self, answer):
        with self.lock:
            self.answers[answer.status] = self.answers.get(answer.status, 0) + 1

    def _call(self):
        while not self.stopping.is_set():
            answer = self.driven.initiate(self._number())
            self._count(answer)
            if answer.ok:
                with self.lock:
                    self.calls.append(answer.body["session"]["id"])
            self.stopping.wait(0.02 if answer.ok else 0.05)

    def _tell(self):
        while not self.stopping.is_set():
            answer = self.told.initiate(self._number())
            self._count(answer)
            if not answer.ok:
                self.stopping.wait(0.05)
                continue
            session = answer.body["session"]
            with self.lock:
                self.told_calls.append(session["id"])
            rang, answered, ended = moments(-30, -25, -5)
            for event, status, at in (("CALL_RINGING", "RINGING", rang),
                                      ("CALL_ANSWERED", "CONNECTED", answered),
                                      ("CALL_ENDED", "COMPLETED", ended)):
                self._tell_one(session, event, status, at)

    def _tell_one(self, session, event, status, at):
        give_up = time.monotonic() + 60  # as a provider that retries
        while time.monotonic() < give_up:
            answer = self.told.webhook(session["session_id"], event, status, at=at)
            self._count(answer)
            if answer.ok:
                with self.lock:
                    self.acknowledged.append((session["id"], event))
                return
            time.sleep(0.05)
        with self.lock:
            self.failed.append(f"{event} of {session['id']} was never acknowledged")
