"""Every way to hand a call over, as one table: provider, kind, target, outcome. What is told of it in the end is
the same everywhere: the transfer's row, both sessions, both agents' activity, and who is left in the call."""
import itertools
from typing import NamedTuple

import pytest

from at_once import running
from conftest import Tenant, is_problem
from provider_accounts import account, click
from stack.process import wait_until
from talks import NUMBER, PATH, Talk

BUSY_NUMBER, SILENT_NUMBER = "+15025559901", "+15025559902"
PROVIDERS, TYPES = ["TWILIO", "VONAGE", "SIP"], ["BLIND", "ATTENDED", "WARM", "COLD"]
TARGETS, OUTCOMES = ["agent", "queue", "number"], ["completed", "cancelled", "failed"]
ROW = ["tenant_id", "session_id", "new_session_id", "transfer_type", "status", "from_agent_id", "to_agent_id",
       "to_phone", "to_queue_id", "reason", "error_message", "completed_at IS NOT NULL",
       "requested_at IS NOT NULL AND created_at <= updated_at"]


class Cell(NamedTuple):
    provider: str
    type: str
    target: str
    outcome: str

    @property
    def announced(self):
        return self.type in ("ATTENDED", "WARM")

    @property
    def whom(self):
        """Who is rung, by name and by number: who answers, who is busy, who rings until it is given up."""
        if self.outcome == "failed":
            return "bob", BUSY_NUMBER
        answers = self.announced or self.outcome == "completed"
        return ("ben", NUMBER) if answers else ("nat", SILENT_NUMBER)


CELLS = [Cell(*names) for names in itertools.product(PROVIDERS, TYPES, TARGETS, OUTCOMES)]


class Run:
    """One cell, from the talk of ann and the customer to the end of everything."""

    def __init__(self, stack, cell):
        self.stack, self.cell = stack, cell
        self.talk = Talk(Tenant(stack), cell.provider)
        self.api = self.talk.api
        self.old = self.talk.tenant.session(self.talk.id)

    def run(self):
        cell, talk = self.cell, self.talk
        who, number = cell.whom
        target = {"number": {"to_phone": number}, "agent": {"to_agent_id": who}}.get(cell.target)
        self.agent = None if cell.target == "number" else who
        self.queue = None
        if cell.target == "queue":
            # The failing one waits for an agent in vain, once the first was busy; the cancelled one rings until we have
            # looked at it.
            more = {"failed": {"max_wait_seconds": 8}, "cancelled": {"ring_seconds": 120}}
            self.queue = talk.queue(who, **more.get(cell.outcome, {}))
            target = {"to_queue_id": self.queue}
        elif self.agent:
            answer = self.api.post("/api/v1/agent-activity", {"agent_id": who, "activity_type": "LOGIN"})
            assert answer.status == 201, answer
        self.transfer = talk.transfer(cell.type, reason="a reason", **target)
        {"completed": self.complete, "cancelled": self.cancel, "failed": self.fail}[cell.outcome]()

    def third(self):
        return "number" if self.cell.target == "number" else self.cell.whom[0]

    def consult(self):
        talk = self.talk
        talk.wait("CONSULTING")
        # The customer waits, or hears the two.
        attended = self.cell.type == "ATTENDED"
        talk.tenant.wait_status(talk.id, "ON_HOLD" if attended else "CONNECTED")
        talk.wait_room(**{"ann": "talks", self.third(): "talks", "customer": "hold" if attended else "talks"})

    def complete(self):
        talk = self.talk
        if self.cell.announced:
            self.consult()
            talk.decide(self.transfer, "complete")
        done = talk.wait("COMPLETED")
        new = talk.check_successor(done, self.agent)
        talk.wait_room(**{self.third(): "talks", "customer": "talks"})
        self.check_row("COMPLETED", new["id"])
        self.wait_activity("ann", [("ON_CALL", self.old), ("IDLE", self.old)], "AVAILABLE")
        if self.agent:
            self.wait_activity(self.agent, [("LOGIN", None), ("ON_CALL", new)], "ON_CALL")
        assert talk.end(new["id"])["status"] == "COMPLETED"
        talk.wait_room()
        if self.agent:
            self.wait_activity(self.agent, [("LOGIN", None), ("ON_CALL", new), ("IDLE", new)], "AVAILABLE")
        assert talk.tenant.session(talk.id)["status"] == "TRANSFERRED"

    def cancel(self):
        talk = self.talk
        if self.cell.announced:
            self.consult()
        else:
            talk.wait_leg("consult-1", "RINGING")
            early = self.api.post(f"{PATH}/{talk.id}/transfers/{self.transfer['id']}/complete", {})
            is_problem(early, 409, "TRANSFER_STATE")
        assert talk.decide(self.transfer, "cancel")["status"] == "CANCELLED"
        self.check_returned("CANCELLED")

    def fail(self):
        failed = self.talk.wait("FAILED", seconds=60)
        assert failed["error_message"] == (
            "No agent of the queue took the call in time" if self.queue else "The target was busy"), failed
        assert ("transfer.waiting" in self.talk.events()) == (self.queue is not None)
        self.check_returned("FAILED", failed["error_message"])

    def check_returned(self, status, error="NULL"):
        """Ann has the customer, alone; whoever leaves for an unannounced transfer is rung again."""
        talk = self.talk
        # A target may be busy before the agent was let go, who stays then.
        stayed = status == "FAILED" and talk.leg("agent")["state"] == "ANSWERED"
        if not self.cell.announced and not stayed:
            talk.wait_leg("agent-2", "ANSWERED")
            assert talk.leg("agent")["state"] == "ENDED"
        talk.tenant.wait_status(talk.id, "CONNECTED")
        talk.wait_leg("consult-1", "ENDED")
        talk.wait_room(ann="talks", customer="talks")
        self.check_row(status, error=error)
        self.wait_activity("ann", [("ON_CALL", self.old)], "ON_CALL")
        again = self.api.post(f"{PATH}/{talk.id}/transfers/{self.transfer['id']}/complete", {})
        is_problem(again, 409, "TRANSFER_STATE")
        ended = talk.end()
        assert (ended["status"], ended["agent_id"]) == ("COMPLETED", "ann"), ended
        self.wait_activity("ann", [("ON_CALL", self.old), ("IDLE", self.old)], "AVAILABLE")
        if self.agent:  # the feed has told everything by now
            self.wait_activity(self.agent, [("LOGIN", None)], "AVAILABLE")
        talk.wait_room()

    def row(self):
        database = self.stack.database
        line = database.sql(f"SELECT {', '.join(ROW)} FROM call_transfer WHERE id = '{self.transfer['id']}'",
                            database.name)
        return line.rstrip("\n").split("\t")

    def check_row(self, status, new="NULL", error="NULL"):
        to_phone = self.cell.whom[1] if self.cell.target == "number" else "NULL"
        assert dict(zip(ROW, self.row())) == dict(zip(ROW, [
            self.talk.tenant.name, self.talk.id, new, self.cell.type, status, "ann", self.agent or "NULL", to_phone,
            self.queue or "NULL", "a reason", error, "1", "1"]))
        told = self.talk.newest()
        assert [told.get(name, "NULL") for name in ("session_id", "new_session_id", "transfer_type", "status")] == [
            self.talk.id, new, self.cell.type, status], told

    def wait_activity(self, agent, wanted, state):
        """Until these are the agent's lines, each with its call, and this is its presence."""
        wanted = [(type, session and session["session_id"]) for type, session in wanted]

        def lines():
            listed = self.api.get(f"/api/v1/agent-activity?agent_id={agent}").body["activities"]
            return [(line["activity_type"], line.get("session_id")) for line in reversed(listed)]
        wait_until(lambda: lines() == wanted, 30, f"{agent}'s lines to be {wanted}", hint=str(lines()))
        presence = lambda: self.api.get(f"/api/v1/agents/{agent}/presence").body  # noqa: E731
        wait_until(lambda: presence()["state"] == state, 30, f"{agent} to be {state}", hint=str(presence()))
        on_call = [wanted[-1][1]] if state == "ON_CALL" else []
        assert presence().get("session_ids", []) == on_call, presence()


@pytest.fixture(scope="module")
def runs(stack, request):
    with running(request, "cell", lambda cell: Run(stack, cell).run()) as futures:
        yield futures


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_transfer(runs, cell):
    runs[cell].result()


@pytest.mark.parametrize("kind, digits", [("EXOTEL", "9921"), ("MCUBE", "9921")])
def test_a_provider_without_transfers_says_so_in_every_cell(tenant, kind, digits):
    account(tenant, kind, tenant.stack.simulator_url)
    answer = click(tenant, to=f"+91980000{digits}")
    assert answer.status == 201, answer
    call = answer.body["session"]["id"]
    tenant.wait_status(call, "CONNECTED")
    assert tenant.api.post("/api/v1/agents", {"id": "ben", "name": "Ben", "phone": "+919000000002"}).status == 201
    queue = tenant.api.post("/api/v1/queues", {"queue_name": "Sales"}).body["id"]
    for type in TYPES:
        for target in ({"to_agent_id": "ben"}, {"to_queue_id": queue}, {"to_phone": "+919800000003"}):
            refused = is_problem(tenant.api.post(f"{PATH}/{call}/transfer", {"transfer_type": type, **target}),
                                 501, "CAPABILITY_MISSING")
            assert refused["metadata"]["capability"] == "transfer", refused
    assert tenant.api.get(f"{PATH}/{call}/transfers").body["transfers"] == []
    session = tenant.session(call)
    assert session["status"] == "CONNECTED" and {leg["party"] for leg in session["legs"]} <= {"AGENT", "CUSTOMER"}
