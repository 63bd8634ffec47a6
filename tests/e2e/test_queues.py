"""Callers in a queue: offered, missed, waiting, gone."""
from conftest import ENDED
from stack.process import wait_until
from test_twilio_inbound import TwilioLine

ANSWERS, SILENT = "+12025550177", "+12025559902"


def make_queue(tenant, **fields):
    answer = tenant.api.post("/api/v1/queues", {"queue_name": "Sales", "ring_seconds": 8, **fields})
    assert answer.status == 201, answer
    return answer.body


def make_agent(tenant, name, phone):
    answer = tenant.api.post("/api/v1/agents", {"id": name, "name": name, "phone": phone})
    assert answer.status == 201, answer


def log_in(tenant, name):
    answer = tenant.api.post("/api/v1/agent-activity", {"agent_id": name, "activity_type": "LOGIN"})
    assert answer.status == 201, answer


def live(tenant, queue):
    return tenant.api.get(f"/api/v1/queues/{queue['id']}/live").body


def wait_empty(tenant, queue):
    wait_until(lambda: not live(tenant, queue)["waiting"], 30, "the queue to be empty")


def test_a_call_that_one_agent_misses_is_taken_by_the_next(tenant):
    queue = make_queue(tenant)
    make_agent(tenant, "ann", SILENT)
    make_agent(tenant, "bob", ANSWERS)
    log_in(tenant, "ann")  # idle longest
    log_in(tenant, "bob")
    line = TwilioLine(tenant, action="ROUTE_QUEUE", queue_id=queue["id"])
    call = line.ring(keys=["1"], talk_ms=20000)
    session = line.ended(call)
    assert (session["status"], session["agent_id"]) == ("COMPLETED", "bob"), session
    assert line.events(session).count("session.offered") == 2
    wait_empty(tenant, queue)
    wait_until(lambda: live(tenant, queue)["available_agents"] == ["bob"], 30, "bob alone to be free again")
    missed = tenant.api.get("/api/v1/agents/ann/presence").body
    assert (missed["state"], missed["reason"], missed["is_available"]) == ("BREAK", "MISSED", False), missed
    log_in(tenant, "ann")
    wait_until(lambda: sorted(live(tenant, queue)["available_agents"]) == ["ann", "bob"], 30,
               "both agents to be free again")


def test_a_caller_waits_until_an_agent_logs_in(tenant):
    queue = make_queue(tenant)
    make_agent(tenant, "ann", ANSWERS)
    line = TwilioLine(tenant, action="ROUTE_QUEUE", queue_id=queue["id"])
    call = line.ring(keys=["1"], talk_ms=20000)
    wait_until(lambda: live(tenant, queue)["waiting"], 30, "the caller to wait")
    session = line.session(call)
    assert [w["session_id"] for w in live(tenant, queue)["waiting"]] == [session["id"]]
    assert tenant.api.delete(f"/api/v1/queues/{queue['id']}").status == 409
    log_in(tenant, "ann")
    session = line.ended(call)
    assert (session["status"], session["agent_id"]) == ("COMPLETED", "ann"), session
    wait_empty(tenant, queue)


def test_a_caller_who_gives_up_waiting_leaves_the_queue(tenant):
    queue = make_queue(tenant)
    line = TwilioLine(tenant, action="ROUTE_QUEUE", queue_id=queue["id"])
    call = line.ring(keys=["1"], hang_up_after_ms=80000)
    wait_until(lambda: live(tenant, queue)["waiting"], 30, "the caller to wait")
    session = tenant.wait_status(line.session(call)["id"], *ENDED)
    assert session["end_reason"] == "CALLER_ABANDONED", session
    wait_empty(tenant, queue)


def test_a_caller_who_waited_too_long_leaves_a_message(tenant):
    queue = make_queue(tenant, max_wait_seconds=1, overflow="VOICEMAIL")
    line = TwilioLine(tenant, action="ROUTE_QUEUE", queue_id=queue["id"])
    call = line.ring(keys=["1", "#"], message_ms=4000)
    session = line.ended(call)
    assert session["status"] == "VOICEMAIL", session
    wait_empty(tenant, queue)


def test_an_agents_call_is_one_and_over_by_whichever_id_its_client_names_it(tenant):
    tenant.provider()
    make_agent(tenant, "ann", ANSWERS)
    log_in(tenant, "ann")
    session = tenant.place("+12025559921", agent_id="ann")  # talks for an hour
    for name in session["id"], session["session_id"]:
        answer = tenant.api.post("/api/v1/agent-activity",
                                 {"agent_id": "ann", "activity_type": "ON_CALL", "session_id": name})
        assert answer.status == 201, answer
    tenant.wait_status(session["id"], "CONNECTED")
    presence = lambda: tenant.api.get("/api/v1/agents/ann/presence").body  # noqa: E731
    wait_until(lambda: presence().get("session_ids") == [session["session_id"]], 30, "the call to be one")
    assert presence()["state"] == "ON_CALL", presence()
    assert tenant.api.post(f"/api/v1/click-to-call/sessions/{session['id']}/end", {}).status == 200
    tenant.wait_ended(session["id"])
    wait_until(lambda: presence()["state"] == "AVAILABLE", 30, "ann to be free", hint=str(presence()))
    assert presence()["is_available"] and not presence().get("session_ids"), presence()
