"""SIGTERM under load: whoever sent a request gets its answer."""
import signal
import threading
import time

import pytest

from conftest import Tenant
from stack.api import Api
from stack.process import wait_until
from stack.stack import SERVICES, Stack


@pytest.mark.parametrize("distributed", [False, True])
def test_no_request_that_was_sent_is_left_without_an_answer(tmp_path, distributed):
    stack = Stack(tmp_path, distributed=distributed)
    stopped = False
    try:
        stack.start()
        tenant = Tenant(stack)
        tenant.provider()
        answers, stopping = [], threading.Event()

        def click(i):
            while not stopping.is_set():
                answers.append(tenant.initiate(f"+1303555{i:02d}{len(answers) % 100:02d}", agent_id=f"a{i}-{time.monotonic_ns()}"))

        threads = [threading.Thread(target=click, args=(i,), daemon=True) for i in range(16)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) >= 50, 60, "load to flow")
        begun = time.monotonic()
        front = stack.children["gateway" if distributed else "suite"]
        assert front.terminate() == 0
        print(f"  ended in {time.monotonic() - begun:.1f} s")
        stopping.set()
        for thread in threads:
            thread.join(timeout=40)
        # Refused connections are no answer to a request that was sent; a cut one would say otherwise.
        cut = [a for a in answers if a.status == 0 and "refused" not in a.body.lower()]
        assert not cut, cut[:3]
        assert not [a for a in answers if a.status >= 500], [a for a in answers if a.status >= 500][:3]
        stack.children.pop("gateway" if distributed else "suite")
        stack.stop()
        stopped = True
    finally:
        if not stopped:
            stack.stop()


@pytest.mark.parametrize("ending", ["suite", "gateway", "session"])
def test_a_click_that_waits_for_a_slow_provider_is_answered(tmp_path, quiet_provider, ending):
    stack = Stack(tmp_path, distributed=ending != "suite", simulator=False)
    try:
        stack.start()
        tenant = Tenant(stack)
        quiet_provider.mode = "hang"
        tenant.provider(url=quiet_provider.url, timeout_seconds=25)
        answers = []
        click = threading.Thread(target=lambda: answers.append(tenant.initiate()), daemon=True)
        click.start()
        wait_until(lambda: quiet_provider.dials, 30, "the provider to be asked")
        slow = threading.Timer(10, quiet_provider.release.set)
        slow.start()
        begun = time.monotonic()
        assert stack.children[ending].terminate() == 0
        print(f"  ended in {time.monotonic() - begun:.1f} s")
        click.join(timeout=40)
        assert [a.status for a in answers] == [201], answers
        assert len(quiet_provider.dials) == 1, quiet_provider.dials
        stack.children.pop(ending)
    finally:
        stack.stop()


def test_two_gateways_share_a_port_and_none_of_a_rolling_restart_is_felt(tmp_path):
    stack = Stack(tmp_path, distributed=True, simulator=False,
                  extra_env={"CTC_GATEWAY_REUSE_PORT": "true"})
    try:
        stack.start()
        tenant = Tenant(stack)
        bad, stopping = [], threading.Event()

        def ask():
            while not stopping.is_set():
                answer = Api(stack.url, tenant.name, tenant.token).get("/api/v1/voip-providers")
                if answer.status != 200:
                    bad.append(answer)

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            old = stack.children.pop("gateway")
            stack.start_gateway("gateway")
            stack.wait_listeners(2)
            assert old.terminate() == 0
        stopping.set()
        for thread in threads:
            thread.join(timeout=40)
        assert not bad, bad[:3]
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("apart"), distributed=True)
    try:
        yield stack.start()
    finally:
        stack.stop()


@pytest.mark.parametrize("service", [s for s in SERVICES if s != "gateway"])
def test_a_service_that_is_restarted_in_order_costs_no_answer(apart, service):
    """Its supervisor starts it again at once; what was asked meanwhile is held or told to come again."""
    tenant = Tenant(apart)
    tenant.provider()
    answers, stopping = [], threading.Event()

    def ask(i):
        n = 0
        while not stopping.is_set():
            n += 1
            answers.append(tenant.initiate(f"+1303{i}{n:06d}"))
            answers.append(tenant.api.get("/api/v1/click-to-call/sessions?limit=1"))

    threads = [threading.Thread(target=ask, args=(i,), daemon=True) for i in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) > 100, 60, "load to flow")
    old = apart.children[service].process
    begun = time.monotonic()
    old.send_signal(signal.SIGTERM)
    assert old.wait(timeout=60) == 0
    print(f"  {service} ended in {time.monotonic() - begun:.1f} s")
    wait_until(lambda: apart.children[service].process is not old, 30, "the supervisor to start it again")
    asked = len(answers)
    # Refusals come fast, so many of them may pass before it is up.
    wait_until(lambda: len(answers) > asked + 200 and all(a.ok for a in answers[-20:]), 60, "load to flow again")
    stopping.set()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "a request never got an answer"
    bad = [a for a in answers if not a.ok]
    print(f"  {len(answers)} answers, {len(bad)} refused")
    odd = [a for a in bad if a.status != 503 or "retry-after" not in a.headers]
    assert not odd, odd[:3]
