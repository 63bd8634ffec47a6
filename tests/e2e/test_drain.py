"""SIGTERM under load: whoever sent a request gets its answer."""
import threading
import time

import pytest

from conftest import Tenant
from stack.api import Api
from stack.stack import Stack


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
        while len(answers) < 50:
            time.sleep(0.01)
        begun = time.monotonic()
        front = stack.children["gateway" if distributed else "suite"]
        assert front.terminate() == 0
        assert time.monotonic() - begun < 10
        stopping.set()
        for thread in threads:
            thread.join(timeout=20)
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
        old = stack.children.pop("gateway")
        stack.start_gateway("gateway")
        stack.wait_listeners(2)
        assert old.terminate() == 0
        stopping.set()
        for thread in threads:
            thread.join(timeout=20)
        assert not bad, bad[:3]
    finally:
        stack.stop()
