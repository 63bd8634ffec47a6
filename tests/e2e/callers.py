"""A number with a menu at a simulated provider, and those who call it."""
from conftest import ENDED
from stack.api import Api
from stack.process import wait_until

CALLER = "+12025550111"
SESSIONS = "/api/v1/click-to-call/sessions"


def leg(session, name):
    return next((leg for leg in session["legs"] if leg["id"] == name), {})


class Line:
    """A tenant's number at a provider, whose webhooks come to the path of its type, with a menu of one key."""

    def __init__(self, tenant, path, number, identity, prompt, action, retries=2, token=""):
        """`identity`: what the simulator calls and signs with: provider, account, secret. `token`: of the URLs."""
        self.tenant, self.number, self.identity = tenant, number, identity
        base = f"{tenant.stack.url}/api/v1/webhooks/voip/{path}"
        query = f"?tenant={tenant.name}" + (f"&token={token}" if token else "")
        self.flow_url, self.event_url = f"{base}/flow{query}", f"{base}{query}"
        option = {"dtmf_key": "1", "action": action.pop("action", "ROUTE_AGENT"), "action_json": action}
        answer = tenant.api.post("/api/v1/ivr-menus", {
            "menu_name": "Main", "prompt_text": prompt, "phone_number": number,
            "timeout_seconds": 3, "max_retries": retries, "options": [option]})
        assert answer.status == 201, answer
        self.menu = answer.body["id"]

    def ring(self, **script):
        answer = Api(self.tenant.stack.simulator_url).post("/_inbound", {
            "from": CALLER, "to": self.number, "answer_url": self.flow_url, "event_url": self.event_url,
            **self.identity, **script})
        assert answer.status == 201, answer
        return answer.body["call"]

    def heard(self, call):
        answer = Api(self.tenant.stack.simulator_url).get(f"/_inbound?call={call}")
        return answer.body["calls"][call]["heard"]

    def hears_the_end(self, call):
        wait_until(lambda: self.heard(call)[-1:] == ["end"], 30, "the caller to be hung up on")
        return self.heard(call)

    def session(self, call):
        """The one session of the call, once there is one."""
        def found():
            listed = self.tenant.api.get(SESSIONS).body["sessions"]
            return [s for s in listed if s.get("provider_call_id") == call]
        wait_until(found, 30, "a session of the call")
        assert len(found()) == 1
        return self.tenant.session(found()[0]["id"])

    def ended(self, call):
        return self.tenant.wait_status(self.session(call)["id"], *ENDED)

    def events(self, session):
        answer = self.tenant.api.get(f"{SESSIONS}/{session['id']}/events")
        return [event["type"] for event in answer.body["events"]]
