"""A call of agent ann with a customer, and the steps of handing it over: on any wire, and in the simulator's rooms."""
import json
import urllib.request

from stack.process import wait_until

PATH = "/api/v1/click-to-call/sessions"
ANN, BEN, BUSY = "+12025550001", "+13025559921", "+12025559901"
SILENT = "+12025559902"  # rings until it is given up
CUSTOMER, NUMBER, SUPERVISOR = "+12025559921", "+15025559921", "+14025559921"
AGENTS = {"ann": ANN, "ben": BEN, "bob": BUSY, "nat": SILENT, "sue": SUPERVISOR}


def account(tenant, provider):
    if provider == "SIP":  # a switch driven over HTTP by the reference contract
        return tenant.provider("SIP", url=tenant.stack.simulator_url + "/sip", api_key="switch-key",
                               webhook_secret="switch-key", settings={})
    return tenant.provider(provider)


def room_of(stack, provider, room):
    """Who is in the room at the provider, as the simulator tells of each."""
    with urllib.request.urlopen(stack.simulator_url + "/_calls", timeout=30) as answer:
        calls = json.load(answer)[provider.lower()]
    mine = [call for call in calls if call["room"].split("/")[-1] == room]
    return [p for call in mine for p in call.get("parties", [call])]


def parties(stack, provider, room):
    """{phone: how it takes part}."""
    return {p["phone"]: p["mode"] for p in room_of(stack, provider, room)}


class Handover:
    """The session of a running call, seen over REST alone."""

    def __init__(self, tenant, id):
        self.tenant, self.api, self.id = tenant, tenant.api, id

    def transfer(self, type, **target):
        answer = self.api.post(f"{PATH}/{self.id}/transfer", {"transfer_type": type, **target})
        assert answer.status == 201, answer
        return answer.body

    def decide(self, transfer, what):
        answer = self.api.post(f"{PATH}/{self.id}/transfers/{transfer['id']}/{what}", {})
        assert answer.status == 200, answer
        return answer.body

    def newest(self):
        return self.api.get(f"{PATH}/{self.id}/transfers").body["transfers"][-1]

    def wait(self, status, seconds=60):
        wait_until(lambda: self.newest()["status"] == status, seconds,
                   f"the transfer to be {status}", hint=str(self.newest()))
        return self.newest()

    def leg(self, leg_id):
        return next((leg for leg in self.tenant.session(self.id)["legs"] if leg["id"] == leg_id), None)

    def check_rung_first(self, phone, transfer, *agents):
        """By the leg: what a request answers may be told when that agent has given up already."""
        assert transfer["to_agent_id"] in agents, transfer
        assert self.leg("consult-1")["phone"] == phone, self.tenant.session(self.id)

    def wait_leg(self, leg_id, state):
        wait_until(lambda: (self.leg(leg_id) or {}).get("state") == state, 30, f"{leg_id} to be {state}")

    def events(self):
        return [e["type"] for e in self.api.get(f"{PATH}/{self.id}/events").body["events"]]

    def end(self, id=None):
        assert self.api.post(f"{PATH}/{id or self.id}/end", {}).status == 200
        return self.tenant.wait_ended(id or self.id)

    def check_handed_over(self, transfer, agent_id="ben"):
        """The old session is over, the new one ends for itself."""
        new = self.check_successor(transfer, agent_id)
        # The customer's leg names the first session, but ends the one that has it now.
        ended = self.end(new["id"])
        assert ended["status"] == "COMPLETED", ended
        assert self.tenant.session(self.id)["status"] == "TRANSFERRED"

    def check_successor(self, transfer, agent_id):
        old = self.tenant.session(self.id)
        assert (old["status"], old["end_reason"]) == ("TRANSFERRED", "HANDED_OVER"), old
        new = self.tenant.session(transfer["new_session_id"])
        assert new["status"] == "CONNECTED" and new.get("agent_id") == agent_id, new
        assert new["parent_session_id"] == new["conversation_id"] == self.id
        assert {"transfer.requested", "transfer.completed", "session.transferred"} <= set(self.events())
        return new


class Talk(Handover):
    """Placed through the simulator, which tells who is in the room."""

    def __init__(self, tenant, provider):
        self.provider = provider
        account(tenant, provider)
        for name, phone in AGENTS.items():
            answer = tenant.api.post("/api/v1/agents", {"id": name, "name": name, "phone": phone})
            assert answer.status == 201, answer
        super().__init__(tenant, tenant.place(CUSTOMER, agent_id="ann", agent_phone=ANN)["id"])
        tenant.wait_status(self.id, "CONNECTED")

    def wait_room(self, **wanted):
        """Until exactly these are in the room: phones by name, with the way each takes part."""
        phones = {**AGENTS, "customer": CUSTOMER, "number": NUMBER}
        wanted = {phones[name]: mode for name, mode in wanted.items()}
        seen = lambda: parties(self.tenant.stack, self.provider, self.id)  # noqa: E731
        wait_until(lambda: seen() == wanted, 30, f"the room to hold {wanted}", hint=str(seen()))

    def heard_only_by(self, name):
        """The phones of those whom only this one of the others hears."""
        return [p["phone"] for p in room_of(self.tenant.stack, self.provider, self.id)
                if p.get("heard_by") == AGENTS[name]]

    def queue(self, *agents, **fields):
        """A queue of these agents, who log in one after another: the first is idle longest."""
        answer = self.api.post("/api/v1/queues", {"queue_name": "Sales", "teams": ["sales"],
                                                  "ring_seconds": 20, **fields})
        assert answer.status == 201, answer
        for name in agents:
            changed = self.api.patch(f"/api/v1/agents/{name}", {"teams": ["sales"]})
            assert changed.status == 200, changed
            logged_in = self.api.post("/api/v1/agent-activity",
                                      {"agent_id": name, "activity_type": "LOGIN"})
            assert logged_in.status == 201, logged_in
        return answer.body["id"]

    def check_handed_over(self, transfer, to="ben", agent_id="ben"):
        """`to` has the customer, alone, until the new session ends."""
        self.check_successor(transfer, agent_id)
        self.wait_room(**{to: "talks", "customer": "talks"})
        super().check_handed_over(transfer, agent_id)
        self.wait_room()
