"""The live feed: server-sent events and WebSocket, resumable, and nobody else's events."""
import threading

from conftest import is_problem
from stack.api import Api
from stack.process import wait_until
from websocket import WebSocket


class Listener:
    """Reads a feed that is open in the background; what came is in `events`."""

    def __init__(self, source):
        self.events = []
        self.thread = threading.Thread(target=self._read, args=(source,), daemon=True)
        self.thread.start()

    def _read(self, source):
        for event in source:
            self.events.append(event)

    def wait_for(self, session_id, kind):
        return wait_until(lambda: next((e for e in list(self.events) if e[1] == kind and
                                        e[2]["session_id"] == session_id), None),
                          40, f"{kind} of {session_id} on the feed")


def test_events_arrive_as_they_happen(tenant):
    tenant.provider()
    feed = Listener(tenant.api.events())
    session = tenant.place("+12025550100", agent_phone="agent-a")
    for kind in ("session.ringing", "session.connected", "session.ended"):
        feed.wait_for(session["session_id"], kind)
    numbers = [int(e[0]) for e in feed.events]
    assert numbers == sorted(set(numbers))


def test_a_client_resumes_where_it_was(tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    first = tenant.place("+12025550701")
    path = f"/api/v1/click-to-call/sessions/{first['id']}/events"
    seen = int(tenant.api.get(path).body["events"][-1]["seq"])
    second = tenant.place("+12025550702")
    feed = Listener(tenant.api.events(f"?after={seen}"))
    feed.wait_for(second["session_id"], "session.initiated")
    assert all(int(e[0]) > seen for e in feed.events), (first, seen, feed.events)


def test_other_tenants_and_other_agents_are_not_told(stack, tenant, other, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    other.provider(url=quiet_provider.url)
    all_mine, anns = Listener(tenant.api.events("?after=0")), Listener(
        tenant.api.events("?after=0&agent_id=ann"))
    foreign = other.place("+12025550703", agent_id="ann")
    bobs = tenant.place("+12025550704", agent_id="bob")
    ann = tenant.place("+12025550705", agent_id="ann")
    anns.wait_for(ann["session_id"], "session.initiated")
    all_mine.wait_for(ann["session_id"], "session.initiated")
    seen = lambda feed: {e[2]["session_id"] for e in feed.events}
    assert bobs["session_id"] in seen(all_mine) and bobs["session_id"] not in seen(anns)
    assert foreign["session_id"] not in seen(all_mine) | seen(anns)


def test_a_websocket_tells_the_same_and_resumes(stack, tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    auth = {"Authorization": f"Bearer {tenant.token}", "X-Tenant-ID": tenant.name}
    session = tenant.place("+12025550706")
    socket = WebSocket("127.0.0.1", stack.port, "/api/v1/ws", auth)
    assert socket.status == 101
    socket.send({"resume_after": 0})
    message = socket.receive()
    while message is not None and message.get("session_id") != session["session_id"]:
        message = socket.receive()
    assert message["type"] == "session.initiated", message
    socket.close()


def test_the_feed_needs_a_token(stack, tenant):
    is_problem(Api(stack.url, tenant.name, "ctc_wrong").get("/api/v1/events"), 401, "UNAUTHENTICATED")
    assert WebSocket("127.0.0.1", stack.port, "/api/v1/ws", {}).status == 401
