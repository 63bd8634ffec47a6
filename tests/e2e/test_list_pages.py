"""Lists by cursor: whole and in order in every sort, with equal values, and nothing twice while rows come in between."""
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from conftest import is_problem

NAMES = ("bob", "ann", "Ann")
NOW = datetime.now(timezone.utc)
TIMES = [(NOW - timedelta(seconds=ago)).strftime("%Y-%m-%d %H:%M:%S") for ago in (60, 61)]
LATER = ("2046-01-02T03:04:05Z", "2046-01-02T03:04:06Z", None)  # None: never


class Rows:
    """Makes rows of one tenant, numbered, whose values are few."""

    def __init__(self, tenant, quiet_provider):
        self.tenant, self.quiet, self.made = tenant, quiet_provider, 0

    def post(self, path, body):
        answer = self.tenant.api.post("/api/v1" + path, body)
        assert answer.status == 201, answer

    def provider(self, i):
        self.tenant.provider(url=self.quiet.url, provider_name=NAMES[i % 3], priority=1 + i % 2, is_active=False)

    def api_key(self, i):
        body = {"name": NAMES[i % 3], "role": "AGENT", "agent_id": "ann"}
        if LATER[i % 3]:
            body["expires_at"] = LATER[i % 3]
        self.post("/api-keys", body)

    def rule(self, i):
        if not self.made:
            self.account = self.tenant.provider(url=self.quiet.url)["id"]
        self.post("/routing-rules", {"rule_name": NAMES[i % 3], "rule_type": "PRIORITY", "priority": 8 + i % 3,
                                     "condition_json": {}, "action_json": {}, "provider_id": self.account})

    def menu(self, i):
        self.post("/ivr-menus", {"menu_name": NAMES[i % 3], "prompt_text": "Hello.", "options": [
            {"dtmf_key": str(key), "action": "HANG_UP"} for key in range(1 + i % 3)]})

    def session(self, i):
        if not self.made:
            self.tenant.provider(url=self.quiet.url)
        return self.tenant.place(f"+1202555{i:04d}")

    def recording(self, i):
        if not self.made:
            self.of_session = self.session(0)
        self.sql("INSERT INTO call_recording (id, tenant_id, session_id, state, started_at, created_at, updated_at)"
                 f" SELECT {self.own()}, '{self.of_session['id']}', 'DELETED', {self.time(i)}, {self.time(i)}, NOW()")

    def log(self, i):
        self.sql("INSERT INTO click_to_call_webhook_log (id, tenant_id, state, received_at)"
                 f" SELECT {self.own()}, 'REFUSED', {self.time(i)}")

    def own(self):  # in no order
        return f"'{uuid.uuid4()}', '{self.tenant.name}'"

    def time(self, i):
        return f"'{TIMES[i % 2]}'"

    def sql(self, text):
        database = self.tenant.stack.database
        if database is None:
            pytest.skip("rows of this list are written into a database of our own")
        return database.sql(text, database.name)


# Path: name of the rows, what makes one, the table where two times are all there are.
LISTS = {
    "/voip-providers": ("providers", Rows.provider, "voip_provider"),
    "/api-keys": ("api_keys", Rows.api_key, ""),
    "/routing-rules": ("rules", Rows.rule, "call_routing_rule"),
    "/ivr-menus": ("menus", Rows.menu, "ivr_menu"),
    "/queues": ("queues", lambda rows, i: rows.post("/queues", {"queue_name": NAMES[i % 3]}), "call_queue"),
    "/agents": ("agents", lambda rows, i: rows.post("/agents", {
        "id": ("\u00fc", "Z", "a")[i % 3] + str(i), "name": NAMES[i % 3], "phone": f"PJSIP/{i}"}), "agent"),
    "/agent-activity": ("activities", lambda rows, i: rows.post("/agent-activity", {
        "agent_id": "ann", "activity_type": "LOGIN"}), "agent_activity_log"),
    "/phone-numbers": ("phone_numbers", lambda rows, i: rows.post("/phone-numbers", {
        "phone_number": f"+1202555{i:04d}", "list_type": "VIP"}), "phone_number_list"),
    "/compliance-rules": ("rules", lambda rows, i: rows.post("/compliance-rules", {
        "rule_name": NAMES[i % 3], "rule_type": "RECORDING_CONSENT", "parameters": {}}), ""),
    "/recordings": ("recordings", Rows.recording, ""),
    "/click-to-call/sessions/{id}/recordings": ("recordings", Rows.recording, ""),
    "/webhooks/logs": ("logs", Rows.log, ""),
    "/click-to-call/sessions": ("sessions", Rows.session, ""),
}
USUAL = {"/voip-providers": "priority", "/routing-rules": "priority", "/ivr-menus": "menu_name",
         "/queues": "queue_name", "/agents": "id", "/compliance-rules": "created_at", "/webhooks/logs": "-received_at"}


class Walk:
    def __init__(self, rows, path):
        self.name, self.make, table = LISTS[path]
        self.rows, self.api = rows, rows.tenant.api
        for _ in range(7):
            self.add()
        if table and rows.tenant.stack.database is not None:
            rows.sql(f"UPDATE {table} SET created_at = {rows.time(0)} + INTERVAL CRC32(id) % 2 SECOND"
                     f" WHERE tenant_id = '{rows.tenant.name}'")
        self.path = "/api/v1" + path.replace("{id}", getattr(rows, "of_session", {}).get("id", ""))

    def add(self):
        self.make(self.rows, self.rows.made)
        self.rows.made += 1

    def get(self, api=None, **query):
        return (api or self.api).get(self.path + "?" + "&".join(f"{k}={quote(str(v))}" for k, v in query.items()))

    def all(self, sort, limit, between=lambda: None):
        found, query = [], {"sort": sort, "limit": limit}
        while True:
            answer = self.get(**query)
            assert answer.status == 200, answer
            page = answer.body[self.name]
            found += page
            if "next_cursor" not in answer.body:
                return found
            assert len(page) == limit, answer
            query["cursor"] = answer.body["next_cursor"]
            between()

    def ids(self, *args):
        return [row["id"] for row in self.all(*args)]

    def refused(self, field, **query):
        problem = is_problem(self.get(**query), 400, "VALIDATION_FAILED")
        assert problem["errors"][0]["field"] == field, problem
        return problem["errors"][0]["detail"]


def value_in(row, field):
    if field == "created_at" and field not in row:
        field = "started_at"  # of recordings, made alike above
    value = row.get(field)
    if field.endswith("_at"):
        return datetime.fromisoformat(value).timestamp() if value else 0
    return value.lower() if field.endswith("name") else value


def opposite(sort):
    return sort[1:] if sort[0] == "-" else "-" + sort


@pytest.mark.parametrize("path", LISTS)
def test_a_list_by_cursor(tenant, other, quiet_provider, path):
    walk = Walk(Rows(tenant, quiet_provider), path)
    sorts = walk.refused("sort", sort="colour").removeprefix("must be one of ").split(", ")
    usual = USUAL.get(path, "-created_at")
    assert usual in sorts and len(sorts) >= 2, sorts
    listed = walk.get(limit=200).body
    assert [row["id"] for row in listed[walk.name]] == walk.ids(usual, 200) and listed["total"] >= 7, listed
    for sort in sorts:
        whole = walk.all(sort, 200)
        values = [value_in(row, sort.lstrip("-")) for row in whole]
        assert values == sorted(values, reverse=sort[0] == "-"), (sort, values)
        ids = [row["id"] for row in whole]
        assert walk.ids(sort, 2) == ids, sort
        assert walk.ids(opposite(sort), 3) == ids[::-1], sort
    for sort in sorts:
        before = set(walk.ids(sort, 200))
        seen = walk.ids(sort, 3, walk.add)
        assert len(set(seen)) == len(seen) and before <= set(seen), sort
    cursor = walk.get(sort=usual, limit=1).body["next_cursor"]
    walk.refused("cursor", sort=opposite(usual), cursor=cursor)
    walk.refused("cursor", sort=usual, cursor=cursor[:-1])
    if "sessions/" not in path:
        walk.refused("cursor", sort=usual, cursor=cursor, api=other.api)
    walk.refused("offset", sort=usual, cursor=cursor, offset=1)
    if "created_at" in sorts:
        elsewhere = Walk(Rows(tenant, quiet_provider), "/phone-numbers" if path == "/recordings" else "/recordings")
        elsewhere.refused("cursor", sort="created_at",
                          cursor=walk.get(sort="created_at", limit=1).body["next_cursor"])


def test_no_list_is_forgotten_here(tenant):
    paths = tenant.api.get("/api/v1/openapi.json").body["paths"]
    paged = {path.removeprefix("/api/v1") for path, methods in paths.items()
             if any(p.get("name") == "cursor" for p in methods.get("get", {}).get("parameters", []))}
    # Of the few transfers of a session; a unit test walks it.
    assert paged - {"/click-to-call/sessions/{id}/transfers"} == set(LISTS)


def test_options_of_menus_come_with_their_page(tenant, quiet_provider):
    walk = Walk(Rows(tenant, quiet_provider), "/ivr-menus")
    options = {menu["id"]: menu["options"] for menu in walk.all("menu_name", 200)}
    assert {len(found) for found in options.values()} == {1, 2, 3}
    assert {menu["id"]: menu["options"] for menu in walk.all("-created_at", 2)} == options
