"""A database that is frozen or killed: every request is answered, and all is as before afterwards."""
import os
import signal
import threading
import time

import pytest

from conftest import Tenant
from faulty_provider import FaultyProvider
from stack.process import wait_until
from stack.stack import Stack


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    running = Stack(tmp_path_factory.mktemp("dbfaults"))
    try:
        yield running.start()
    finally:
        running.stop()


class Clicks:
    def __init__(self, tenant, threads=8):
        self.tenant, self.answers, self.stopping = tenant, [], threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self, i):
        n = 0
        while not self.stopping.is_set():
            n += 1
            answer = self.tenant.initiate(f"+1404{i:02d}{n:05d}")
            self.answers.append((time.monotonic(), answer))
            if not answer.ok:
                self.stopping.wait(0.05)

    def accepted_since(self, moment):
        return [a for at, a in list(self.answers) if at > moment and a.ok]

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=40)
        assert not any(t.is_alive() for t in self.threads), "a request never got an answer"


def made_account(tenant, url):
    """A connection that the test before broke may cost one request a 503."""
    try:
        tenant.provider(url=url)
    except AssertionError as error:
        if "status=503" not in str(error):
            raise
        return False
    return True


@pytest.fixture
def clicks(suite):
    provider = FaultyProvider()
    tenant = Tenant(suite)
    wait_until(lambda: made_account(tenant, provider.url), 30, "an account to be made")
    running = Clicks(tenant)
    wait_until(lambda: running.accepted_since(0), 30, "calls to be accepted")
    yield running
    running.stopping.set()
    provider.close()


def only_2xx_and_503(clicks):
    """A call that was placed while its acceptance could not be written is told as SUBMISSION_UNKNOWN."""
    odd = [a for _, a in clicks.answers if not a.ok and a.status not in (503, 504)
           and not (a.status == 502 and a.body["code"] == "SUBMISSION_UNKNOWN")]
    assert not odd, odd[:3]
    for _, answer in clicks.answers:
        if answer.status == 503:
            assert "retry-after" in answer.headers, answer


def test_a_frozen_database_costs_time_but_no_answer(suite, clicks):
    os.kill(suite.database.pid(), signal.SIGSTOP)
    frozen = time.monotonic()
    try:
        wait_until(lambda: clicks.tenant.api.get("/readyz").status == 503, 30, "readiness to turn")
        wait_until(lambda: time.monotonic() - frozen > 3, 30, "three seconds to pass", interval=0.1)
    finally:
        os.kill(suite.database.pid(), signal.SIGCONT)
    thawed = time.monotonic()
    wait_until(lambda: len(clicks.accepted_since(thawed)) > 20, 60, "full speed again")
    clicks.stop()
    only_2xx_and_503(clicks)


def test_a_killed_database_is_used_again_as_soon_as_it_is_back(suite, clicks):
    suite.database.kill9()
    suite.database.launch()
    wait_until(suite.database.accepts, 60, "the database to be back")
    back = time.monotonic()
    wait_until(lambda: clicks.accepted_since(back), 60, "a call to be accepted after the restart")
    print(f"  first call {min(at for at, a in clicks.answers if at > back and a.ok) - back:.2f} s after")
    clicks.stop()
    only_2xx_and_503(clicks)
    kept = [a.body["session"]["id"] for _, a in clicks.answers if a.ok]
    missing = [id for id in kept if clicks.tenant.api.get(
        f"/api/v1/click-to-call/sessions/{id}").status != 200]
    assert not missing, f"{len(missing)} of {len(kept)} accepted calls are missing"
