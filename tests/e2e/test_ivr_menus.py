"""Menus and queues over REST: written, refused, tried out; and the example of docs/ivr.md as printed."""
import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest

from conftest import is_problem

MENUS = "/api/v1/ivr-menus"
QUEUES = "/api/v1/queues"
NOWHERE = "01890000-0000-7000-8000-000000000000"


def menu_body(**fields):
    return {"menu_name": "Main", "prompt_text": "Welcome.", **fields}


def add_menu(tenant, **fields):
    answer = tenant.api.post(MENUS, menu_body(**fields))
    assert answer.status == 201, answer
    return answer.body


def add_queue(tenant, **fields):
    answer = tenant.api.post(QUEUES, {"queue_name": "Sales", **fields})
    assert answer.status == 201, answer
    return answer.body


def add_agent(tenant, name, **fields):
    answer = tenant.api.post("/api/v1/agents", {"id": name, "name": name, "phone": f"PJSIP/{name}",
                                                **fields})
    assert answer.status == 201, answer
    answer = tenant.api.post("/api/v1/agent-activity", {"agent_id": name, "activity_type": "LOGIN"})
    assert answer.status == 201, answer


def key(dtmf_key, action, target=None, **action_json):
    option = {"dtmf_key": dtmf_key, "action": action}
    if target:
        option["target_menu_id"] = target
    if action_json:
        option["action_json"] = action_json
    return option


def simulate(tenant, menu, *inputs, **fields):
    answer = tenant.api.post(f"{MENUS}/{menu['id']}/simulate", {"inputs": list(inputs), **fields})
    assert answer.status == 200, answer
    return answer.body


def validate(tenant, menu):
    answer = tenant.api.get(f"{MENUS}/{menu['id']}/validate")
    assert answer.status == 200, answer
    return answer.body


def faulty_fields(answer, code="VALIDATION_FAILED"):
    return [error["field"] for error in is_problem(answer, 400, code)["errors"]]


def test_a_menu_is_written_read_changed_and_deleted(tenant, other):
    menu = add_menu(tenant, phone_number="+1 (202) 555-0142", options=[
        key("1", "ROUTE_NUMBER", phone="+12025550177", ring_seconds=30), key("t", "VOICEMAIL")])
    assert menu["phone_number"] == "+12025550142"
    assert (menu["language"], menu["timeout_seconds"], menu["max_retries"], menu["is_active"]) == (
        "en-US", 5, 3, True)
    path = f"{MENUS}/{menu['id']}"
    assert tenant.api.get(path).body == menu
    is_problem(other.api.get(path), 404, "NOT_FOUND")
    listed = tenant.api.get(MENUS).body
    assert (listed["total"], listed["menus"]) == (1, [menu])
    assert other.api.get(MENUS).body["total"] == 0

    changed = tenant.api.patch(path, {"prompt_text": "Hello.", "options": [
        key("1", "HANG_UP"), key("2", "REPEAT")]})
    assert changed.status == 200, changed
    assert changed.body["prompt_text"] == "Hello."
    assert changed.body["phone_number"] == "+12025550142"
    assert changed.body["options"][0]["id"] == menu["options"][0]["id"]  # a key keeps its id
    assert tenant.api.get(path).body == changed.body

    is_problem(other.api.delete(path), 404, "NOT_FOUND")
    assert tenant.api.delete(path).status == 204
    is_problem(tenant.api.get(path), 404, "NOT_FOUND")


def test_menus_are_listed_by_parent_and_number(tenant):
    root = add_menu(tenant, phone_number="+12025550142")
    child = add_menu(tenant, menu_name="Child", parent_menu_id=root["id"])
    assert tenant.api.get(f"{MENUS}?parent_menu_id={root['id']}").body["menus"] == [child]
    assert tenant.api.get(f"{MENUS}?phone_number=%2B12025550142").body["menus"] == [root]
    assert [m["menu_name"] for m in tenant.api.get(f"{MENUS}?limit=1&offset=1").body["menus"]] == [
        "Main"]
    assert faulty_fields(tenant.api.get(f"{MENUS}?limit=201")) == ["limit"]


@pytest.mark.parametrize("fields, field", [
    ({"menu_name": ""}, "menu_name"),
    ({"menu_name": "x" * 256}, "menu_name"),
    ({"prompt_text": ""}, "prompt_text"),
    ({"prompt_audio_url": "file:///etc/passwd"}, "prompt_audio_url"),
    ({"language": "english"}, "language"),
    ({"timeout_seconds": 0}, "timeout_seconds"),
    ({"max_retries": 11}, "max_retries"),
    ({"phone_number": "1001"}, "phone_number"),
    ({"parent_menu_id": NOWHERE}, "parent_menu_id"),
    ({"business_hours": {"time_zone": "Mars/Olympus", "hours": []}}, "business_hours.time_zone"),
    ({"business_hours": {"time_zone": "UTC", "hours": [{"start": "9", "end": "17:00"}]}},
     "business_hours.hours[0].start"),
    ({"options": [key("10", "HANG_UP")]}, "options[0].dtmf_key"),
    ({"options": [key("1", "HANG_UP"), key("1", "REPEAT")]}, "options[1].dtmf_key"),
    ({"options": [{"dtmf_key": "1"}]}, "options[0].action"),
    ({"options": [key("1", "SUB_MENU")]}, "options[0].target_menu_id"),
    ({"options": [key("1", "SUB_MENU", NOWHERE)]}, "options[0].target_menu_id"),
    ({"options": [key("1", "ROUTE_NUMBER")]}, "options[0].action_json.phone"),
    ({"options": [key("1", "ROUTE_NUMBER", phone="+1202555,9")]}, "options[0].action_json.phone"),
    ({"options": [key("1", "ROUTE_QUEUE", queue_id=NOWHERE)]}, "options[0].action_json.queue_id"),
    ({"options": [key("1", "ROUTE_AGENT", agent_id="nobody")]}, "options[0].action_json.phone"),
    ({"options": [key("1", "ROUTE_AGENT", agent_id="a", phone="1001", ring=5)]},
     "options[0].action_json.ring"),
    ({"options": [key("1", "ROUTE_AGENT", agent_id="a", phone="1001",
                      no_answer={"action": "ROUTE_QUEUE"})]},
     "options[0].action_json.no_answer.queue_id"),
    ({"options": [key("1", "COLLECT_DTMF", name="n", max_digits=0)]},
     "options[0].action_json.max_digits"),
    ({"options": [key("1", "PLAY_MESSAGE")]}, "options[0].action_json.text"),
])
def test_a_bad_menu_is_refused_by_the_field_at_fault(tenant, fields, field):
    assert faulty_fields(tenant.api.post(MENUS, menu_body(**fields))) == [field]
    assert tenant.api.get(MENUS).body["total"] == 0


def test_what_is_no_menu_at_all_is_refused(tenant):
    assert faulty_fields(tenant.api.post(MENUS, {})) == ["menu_name"]
    assert faulty_fields(tenant.api.post(MENUS, menu_body(prompt=1)), "UNKNOWN_FIELD") == ["prompt"]
    assert faulty_fields(tenant.api.post(MENUS, menu_body(options=[key("1", "DANCE")]))) == [
        "options[0].action"]
    assert faulty_fields(tenant.api.post(MENUS, menu_body(business_hours="always"))) == [
        "business_hours"]


def test_a_number_is_answered_by_one_menu(tenant, other):
    add_menu(tenant, phone_number="+12025550142")
    is_problem(tenant.api.post(MENUS, menu_body(phone_number="+12025550142")), 409, "ALREADY_EXISTS")
    add_menu(other, phone_number="+12025550142")


def test_a_menu_in_use_is_not_deleted(tenant):
    target = add_menu(tenant)
    user = add_menu(tenant, menu_name="User", options=[key("1", "SUB_MENU", target["id"])])
    problem = is_problem(tenant.api.delete(f"{MENUS}/{target['id']}"), 409, "IN_USE")
    assert "User" in problem["detail"]
    assert tenant.api.delete(f"{MENUS}/{user['id']}").status == 204
    assert tenant.api.delete(f"{MENUS}/{target['id']}").status == 204


def test_a_simulation_walks_through_menus_queues_and_voicemail(tenant):
    add_agent(tenant, "ann")
    queue = add_queue(tenant, max_wait_seconds=30, overflow="VOICEMAIL")
    below = add_menu(tenant, menu_name="Below", prompt_text="Press 1.", options=[
        key("1", "ROUTE_QUEUE", queue_id=queue["id"], text="One moment.")])
    menu = add_menu(tenant, options=[key("2", "SUB_MENU", below["id"])])
    told = simulate(tenant, menu, "timeout", "9", "2", "1", "no-answer", "done")
    assert told["ended"] is False
    steps = [s["step"] for s in told["steps"]]
    assert [s["number"] for s in steps] == list(range(1, 8))
    assert [s["input"] for s in told["steps"]] == ["", "timeout", "9", "2", "1", "no-answer", "done"]
    assert steps[3]["prompts"][0]["text"] == "Press 1."
    assert steps[4]["dial"]["agent_id"] == "ann"
    assert steps[4]["prompts"][0]["text"] == "One moment."
    assert steps[5]["wait"]["seconds"] == 10
    assert "voicemail" in steps[6]  # 20 s of ringing and 10 s of music are the longest wait
    assert all(s["explanation"] for s in told["steps"])
    live = tenant.api.get(f"{QUEUES}/{queue['id']}/live").body
    assert live["waiting"] == [] and live["available_agents"] == ["ann"]


def test_a_simulation_can_be_made_for_another_time(tenant):
    menu = add_menu(tenant, options=[key("1", "HANG_UP")], business_hours={
        "time_zone": "Europe/Berlin", "hours": [{"days": [1], "start": "08:00", "end": "18:00"}],
        "holidays": ["2026-01-12"], "closed_text": "Come back on Monday."})
    open_at = simulate(tenant, menu, at="2026-01-05T09:00:00Z")
    assert "gather" in open_at["steps"][0]["step"] and open_at["ended"] is False
    for closed_at in ("2026-01-06T09:00:00Z", "2026-01-12T09:00:00Z", "2026-01-05T17:00:00Z"):
        closed = simulate(tenant, menu, at=closed_at)
        assert closed["ended"] and len(closed["steps"]) == 1
        assert closed["steps"][0]["step"]["prompts"][0]["text"] == "Come back on Monday."


def test_a_simulation_refuses_what_cannot_happen(tenant, other):
    menu = add_menu(tenant, options=[key("1", "HANG_UP")])
    path = f"{MENUS}/{menu['id']}/simulate"
    assert faulty_fields(tenant.api.post(path, {"inputs": ["timeout", "busy"]})) == ["inputs[1]"]
    assert faulty_fields(tenant.api.post(path, {"from_phone": "abc"})) == ["from_phone"]
    is_problem(other.api.post(path, {"inputs": []}), 404, "NOT_FOUND")
    is_problem(tenant.api.post(f"{MENUS}/{uuid.uuid4()}/simulate", {}), 404, "NOT_FOUND")


def test_a_validation_finds_loops_dead_ends_and_unreachable_menus(tenant):
    menu = add_menu(tenant, phone_number="+12025550142",
                    options=[key("1", "PLAY_MESSAGE", text="We sell boats.")])
    add_menu(tenant, menu_name="Lost", parent_menu_id=menu["id"], options=[key("1", "HANG_UP")])
    told = validate(tenant, menu)
    assert told["valid"] is True
    assert {p["code"] for p in told["problems"]} == {"DEAD_END", "UNREACHABLE"}

    second = add_menu(tenant, menu_name="Second", options=[key("t", "SUB_MENU", menu["id"]),
                                                           key("1", "HANG_UP")])
    path = f"{MENUS}/{menu['id']}"
    options = [key("t", "SUB_MENU", second["id"]), key("1", "HANG_UP")]
    assert tenant.api.patch(path, {"options": options}).status == 200
    told = validate(tenant, menu)
    assert told["valid"] is False
    assert {(p["code"], p["dtmf_key"]) for p in told["problems"] if p["severity"] == "error"} == {
        ("LOOP", "t")}

    assert tenant.api.patch(path, {"options": [key("1", "HANG_UP")]}).status == 200
    assert validate(tenant, menu)["valid"] is True


def test_a_queue_is_written_read_changed_and_deleted(tenant, other):
    queue = add_queue(tenant, strategy="SKILL_PRIORITY", required_skills={"es": 3}, teams=["x"],
                      overflow="+1 202 555 0199")
    assert queue["overflow"] == "+12025550199"
    assert (queue["max_wait_seconds"], queue["max_callers"], queue["ring_seconds"]) == (300, 0, 20)
    path = f"{QUEUES}/{queue['id']}"
    assert tenant.api.get(path).body == queue
    for answer in (other.api.get(path), other.api.get(path + "/live"), other.api.delete(path)):
        is_problem(answer, 404, "NOT_FOUND")
    changed = tenant.api.patch(path, {"strategy": "ROUND_ROBIN", "is_active": False}).body
    assert (changed["strategy"], changed["is_active"], changed["teams"]) == ("ROUND_ROBIN", False,
                                                                            ["x"])
    assert tenant.api.get(QUEUES).body["queues"] == [changed]
    menu = add_menu(tenant, options=[key("1", "ROUTE_QUEUE", queue_id=queue["id"])])
    is_problem(tenant.api.delete(path), 409, "IN_USE")
    assert tenant.api.delete(f"{MENUS}/{menu['id']}").status == 204
    assert tenant.api.delete(path).status == 204
    is_problem(tenant.api.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("fields, field", [
    ({"queue_name": ""}, "queue_name"), ({"strategy": "RANDOM"}, "strategy"),
    ({"required_skills": {"es": 0}}, "required_skills.es"), ({"teams": [""]}, "teams"),
    ({"max_wait_seconds": -1}, "max_wait_seconds"), ({"max_callers": 1001}, "max_callers"),
    ({"ring_seconds": 4}, "ring_seconds"), ({"music_url": "a.mp3"}, "music_url"),
    ({"overflow": "some where"}, "overflow")])
def test_a_bad_queue_is_refused_by_the_field_at_fault(tenant, fields, field):
    assert faulty_fields(tenant.api.post(QUEUES, {"queue_name": "Sales", **fields})) == [field]
    assert tenant.api.get(QUEUES).body["total"] == 0


def test_the_live_queue_tells_who_could_be_asked(tenant):
    queue = add_queue(tenant, teams=["sales"])
    add_agent(tenant, "ann", teams=["sales"])
    add_agent(tenant, "bob", teams=["sales"])
    add_agent(tenant, "cem")
    path = f"{QUEUES}/{queue['id']}/live"
    assert tenant.api.get(path).body == {"waiting": [], "available_agents": ["ann", "bob"],
                                         "longest_wait_seconds": 0}
    tenant.api.post("/api/v1/agent-activity", {"agent_id": "ann", "activity_type": "ON_BREAK"})
    assert tenant.api.get(path).body["available_agents"] == ["bob"]


def test_an_agents_token_writes_no_menus_and_queues(stack, tenant):
    token = stack.ctc("keys", "create", "--tenant", tenant.name, "--name", "ann", "--role", "AGENT",
                      "--agent", "ann").strip()
    agent = stack.api(tenant.name, token)
    is_problem(agent.post(MENUS, menu_body()), 403, "SCOPE_MISSING")
    is_problem(agent.post(QUEUES, {"queue_name": "q"}), 403, "SCOPE_MISSING")


def test_the_example_of_the_document_works_as_printed(stack, tenant):
    document = (Path(__file__).resolve().parents[2] / "docs" / "ivr.md").read_text()
    script = document.split("```bash\n")[1].split("```")[0]
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True,
                          timeout=180, env={**os.environ, "CTC_URL": stack.url,
                                           "CTC_TENANT": tenant.name, "CTC_TOKEN": tenant.token})
    assert done.returncode == 0, done
    # Answers follow each other without a line between them.
    answers, rest, decoder = [], done.stdout.strip(), json.JSONDecoder()
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    steps = [step["step"] for step in answers[-1]["steps"]]
    assert [next(iter(k for k in ("gather", "dial", "voicemail") if k in s)) for s in steps] == [
        "gather", "gather", "dial", "voicemail"]
    assert steps[2]["dial"]["agent_id"] == "sam"
