"""Whatever belongs to another tenant answers exactly as what is not there: on every path of the contract."""
import re

from conftest import is_problem
from stack.process import wait_until

ABSENT = "01890000-0000-7000-8000-000000000000"
# Paths whose variable is no id of a tenant's.
PUBLIC = ("/api/v1/webhooks/voip/",)
# What must be said for a request to come as far as the thing it is about; the others are as far with nothing.
NEEDED = {
    "status": {"status": "CONNECTED"}, "dtmf": {"digits": "1"}, "parties": {"phone": "+12025550177"},
    "wrap-up": {"disposition": "SALE"}, "monitor": {"mode": "LISTEN", "phone": "+12025550177"},
    "transfer": {"transfer_type": "BLIND", "to_phone": "+12025550177"},
}


def belongings(owner, quiet_provider):
    """One of each kind of thing that the owner has, by the path it is found at."""
    api = owner.api

    def made(path, body, *inside):
        answer = api.post("/api/v1" + path, body)
        assert answer.status == 201, (path, answer)
        found = answer.body
        for name in inside:
            found = found[name]
        return found["id"]
    provider = owner.provider(url=quiet_provider.url)["id"]
    session = owner.place("+12025550777", agent_id="ann")
    assert owner.webhook(session["session_id"], "CALL_EXPLODED").status == 400
    log = api.get("/api/v1/webhooks/logs").body["logs"][0]["id"]
    menu = {"menu_name": "m", "prompt_text": "hello", "options": [{"dtmf_key": "1", "action": "HANG_UP"}]}
    return {
        "voip-providers": provider, "click-to-call/sessions": session["id"], "webhooks/logs": log,
        "agents": made("/agents", {"id": "ann", "name": "Ann", "phone": "PJSIP/ann"}),
        "routing-rules": made("/routing-rules", {
            "rule_name": "r", "rule_type": "PRIORITY", "condition_json": {}, "action_json": {},
            "provider_id": provider}),
        "phone-numbers": made("/phone-numbers", {"phone_number": "+12025550199", "list_type": "VIP"}),
        "compliance-rules": made("/compliance-rules", {
            "rule_name": "c", "rule_type": "RECORDING_CONSENT", "parameters": {}}),
        "ivr-menus": made("/ivr-menus", menu),
        "queues": made("/queues", {"queue_name": "q"}),
        "api-keys": made("/api-keys", {"name": "k", "role": "AGENT", "agent_id": "ann"}, "api_key"),
    }


def operations(api):
    paths = api.get("/api/v1/openapi.json").body["paths"]
    for path, methods in sorted(paths.items()):
        if "{" in path and not path.startswith(PUBLIC):
            yield from ((method.upper(), path) for method in sorted(methods))


def test_no_path_tells_apart_what_is_not_yours_and_what_is_not_there(tenant, other, quiet_provider):
    theirs = belongings(other, quiet_provider)
    tried = 0
    for method, path in operations(tenant.api):
        kind = re.match(r"/api/v1/(.+?)/\{", path).group(1)
        if kind == "recordings":
            continue  # below
        answers = []
        for id in (theirs[kind], ABSENT):
            target = re.sub(r"\{[^}]*\}", id, path)
            body = NEEDED.get(path.rsplit("/", 1)[1], {}) if method in ("POST", "PATCH", "PUT") else None
            answer = tenant.api.request(method, target, body=body)
            told = answer.body if isinstance(answer.body, dict) else {}
            answers.append((answer.status, told.get("code"), str(told.get("detail")).replace(id, "ID")))
        assert answers[0] == answers[1], (method, path, answers)
        assert answers[0][0] == 404, (method, path, answers)
        tried += 1
    assert tried > 40, tried
    for kind, id in theirs.items():  # and nothing of it was touched
        if kind != "api-keys":
            assert other.api.get(f"/api/v1/{kind}/{id}").status == 200, kind


def test_no_list_and_no_figure_shows_what_is_not_yours(tenant, other, quiet_provider):
    belongings(other, quiet_provider)
    for path in ("agents", "agent-activity", "api-keys", "click-to-call/sessions", "compliance-rules",
                 "ivr-menus", "phone-numbers", "queues", "recordings", "routing-rules", "voip-providers",
                 "webhooks/logs"):
        answer = tenant.api.get("/api/v1/" + path)
        assert answer.status == 200, (path, answer)
        # The caller's own key is the one thing it has.
        assert answer.body.get("total", 0) == (1 if path == "api-keys" else 0), (path, answer)
    figures = lambda of: of.api.get("/api/v1/click-to-call/stats").body  # noqa: E731
    wait_until(lambda: figures(other)["total_calls"] == 1, 30, "the call to be counted")
    stats = figures(tenant)
    assert stats["total_calls"] == 0, stats
    is_problem(tenant.api.get(f"/api/v1/recordings/{ABSENT}"), 404, "NOT_FOUND")
