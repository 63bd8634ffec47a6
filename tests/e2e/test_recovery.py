"""kill -9 of anything, under load: nothing accepted is lost, nothing is dialled twice.

CTC_RECOVERY_ROUNDS sets how often (default 1 of each kind); the seed of each round is printed.
"""
import collections
import os
import random
import threading
import time

import pytest

from conftest import ENDED, QUICK_WATCHDOGS, Tenant
from faulty_provider import FaultyProvider
from load import MixedLoad
from stack.process import wait_until
from stack.stack import SERVICES, Stack

ROUNDS = int(os.environ.get("CTC_RECOVERY_ROUNDS", "2"))


@pytest.fixture(scope="module", params=["one process", "distributed"])
def suite(request, tmp_path_factory):
    running = Stack(tmp_path_factory.mktemp("recovery"), distributed=request.param == "distributed",
                    extra_env=QUICK_WATCHDOGS)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def rounds(suite):
    """What is killed in each round, and its seed."""
    kinds = [[s] for s in SERVICES] if suite.distributed else [["suite"], ["db"], ["suite", "db"]]
    return [(kinds[i % len(kinds)], 1000 + i) for i in range(max(ROUNDS, 1) if ROUNDS > 3
                                                             else len(kinds))]


def check_ledger(suite, load, driven, told, provider):
    """Every id, one by one, and the provider's own count of dials."""
    by_status = collections.Counter()
    for tenant, ids in ((driven, load.calls), (told, load.told_calls)):
        for id in ids:
            answer = tenant.api.get(f"/api/v1/click-to-call/sessions/{id}")
            assert answer.status == 200, f"accepted call {id} is missing: {answer}"
    for id in load.told_calls:
        events = {e for i, e in load.acknowledged if i == id}
        if "CALL_ENDED" in events:
            # What was acknowledged is applied afterwards, after a crash in any order.
            wait_until(lambda: [told.session(id)[name] for name in ("status", "duration_seconds")] == ["COMPLETED", 20], 60,
                       f"call {id} to be told in full")
    for id in load.calls:
        by_status[driven.wait_ended(id, seconds=90)["status"]] += 1
    dials = collections.Counter(provider.dials)
    twice = {call: n for call, n in dials.items() if n > 1}
    assert not twice, f"dialled twice: {twice}"
    from stack.api import Api
    dialled = Api(suite.simulator_url).get("/_stats").body["by_reference"]
    assert dialled, "the simulator counted no dials"
    twice = {call: n for call, n in dialled.items() if n > 1}
    assert not twice, f"dialled twice at the simulator: {twice}"
    return by_status


def test_nothing_accepted_is_lost(suite):
    for victims, seed in rounds(suite):
        rng = random.Random(seed)
        provider = FaultyProvider()
        driven, told = Tenant(suite), Tenant(suite)
        driven.provider()
        told.provider(url=provider.url)
        load = MixedLoad(driven, told, seed=seed).start()
        wait_until(lambda: len(load.calls) > 20 and len(load.acknowledged) > 20, 60, "load to flow")
        time.sleep(rng.uniform(0, 0.5))  # the random moment is the point here, not a wait
        before = len(load.calls)
        for victim in victims:
            suite.database.kill9() if victim == "db" else suite.children[victim].kill9()
        killed = time.monotonic()
        if "db" in victims:
            time.sleep(1)  # R3: the database stays away for a second
            suite.database.launch()
            wait_until(suite.database.accepts, 60, "the database to be back")
            killed = time.monotonic()
        wait_until(lambda: len(load.calls) > before, 60, "calls to be accepted again")
        back = time.monotonic() - killed
        wait_until(lambda: len(load.calls) > before + 20, 60, "load to flow again")
        load.stop()
        by_status = check_ledger(suite, load, driven, told, provider)
        provider.close()
        print(f"  killed {'+'.join(victims)} (seed {seed}): {len(load.calls)} + {len(load.told_calls)} calls,"
              f" {len(load.acknowledged)} webhooks, back in {back:.1f} s, ended {dict(by_status)},"
              f" answers {dict(sorted(load.answers.items()))}")
        assert set(by_status) <= ENDED


def test_a_key_gives_one_call_though_all_died_between_dial_and_answer(suite):
    """C1 and R6: the client was told nothing, the provider was dialled."""
    provider = FaultyProvider()
    provider.mode = "hang after placing"
    tenant = Tenant(suite)
    tenant.provider(url=provider.url, timeout_seconds=20)
    key = {"Idempotency-Key": "across-a-crash"}
    answers = []
    asking = threading.Thread(target=lambda: answers.append(tenant.initiate(headers=key)), daemon=True)
    asking.start()
    wait_until(lambda: provider.dials, 30, "the dial")
    for name, child in suite.children.items():
        if name != "simulator":
            child.kill9()
    asking.join(timeout=40)
    assert answers and not answers[0].ok, answers  # its connection died

    def found():
        answer = tenant.api.get("/api/v1/click-to-call/sessions")
        return answer.ok and answer.body["sessions"]
    id = wait_until(found, 60, "the suite to be back")[0]["id"]
    wait_until(lambda: tenant.session(id)["submission"] == "ACCEPTED", 60,
               "the reconciler to find the call at the provider")
    session = tenant.session(id)
    assert session["provider_call_id"] == provider.dials[0]
    # A webhook for it applies; a service that is not back yet has the provider send it again.
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    wait_until(lambda: tenant.webhook(session["session_id"], "CALL_BUSY", "BUSY", at=at).status == 200, 60,
               "the webhook to be taken")
    tenant.wait_status(id, "BUSY")

    def told():
        answer = tenant.initiate(headers=key)
        assert answer.status in (201, 409), answer
        return answer if answer.status == 201 else None
    if not suite.distributed:  # the key is held for a minute by the request that died
        again = wait_until(told, 90, "the same key to answer with the call", interval=0.5)
        assert again.body["session"]["id"] == id
    assert tenant.api.get("/api/v1/click-to-call/sessions").body["total"] == 1
    assert len(provider.dials) == 1, provider.dials
    provider.close()
