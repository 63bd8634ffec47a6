"""The operator's tool against a running suite: what it prints, where, and its exit codes."""
import json
import os
import pty
import re
import select
import signal
import subprocess

import pytest

from conftest import Tenant, told_credentials
from faulty_provider import closed_port
from moments import moment
from stack.database import write_secret
from stack.process import wait_until
from stack.stack import ROOT, Stack

REST = [("providers", "list"), ("providers", "test"), ("sessions", "tail"), ("webhooks", "list"),
        ("webhooks", "replay", "--failed"), ("webhooks", "replay", "0190f000-0000-7000-8000-000000000000")]


def environment(stack, tenant=None, **changes):
    """What tools/run's dev.env exports, and of the suite's own settings those that a test names."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("CTC_")}
    if tenant:
        env.update(CTC_URL=stack.url, CTC_TENANT=tenant.name, CTC_TOKEN=tenant.token)
    env.update(changes)
    return {k: v for k, v in env.items() if v is not None}


def ctc(stack, tenant, *words, **changes):
    done = subprocess.run([str(stack.bin / "ctc"), *words], env=environment(stack, tenant, **changes),
                          capture_output=True, text=True, timeout=120)
    assert not told_credentials(done.stdout + done.stderr), (words, done)
    assert "\033" not in done.stdout + done.stderr, (words, done)
    return done


def doctor(stack, tenant=None, *words, **changes):
    return ctc(stack, tenant, "doctor", *words, **{**stack.env(), **changes})


def checks(done):
    """Subject -> (word, text) of the doctor's lines."""
    return {line[6:20].strip(): (line[:4].strip(), line[22:]) for line in done.stdout.splitlines()}


class Tail:
    """`ctc sessions tail` in the background; its lines so far are in a file."""

    def __init__(self, stack, tenant, folder, *words, terminal=False):
        self.out, self.err = folder / "tail.out", folder / "tail.err"
        self.master = None
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            if terminal:
                self.master, out = pty.openpty()
            self.process = subprocess.Popen([str(stack.bin / "ctc"), "sessions", "tail", *words], stdout=out,
                                            stderr=err, env=environment(stack, tenant, NO_COLOR=None))
            if terminal:
                os.close(out)
        wait_until(lambda: self.said("following"), 60, "the tail to follow")

    def said(self, word):
        assert self.process.poll() is None, self.err.read_text()
        return self.err.read_text().count(word)

    def lines(self):
        return [line for line in self.out.read_text().split("\n")[:-1]]

    def wait_for(self, *words):
        def seen():
            assert self.process.poll() is None, self.err.read_text()
            return next((line for line in self.lines() if all(w in line for w in words)), None)
        return wait_until(seen, 60, f"a line with {words}")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.master is not None:
            os.close(self.master)


# -- what all of them have in common

@pytest.mark.parametrize("command", ["providers", "sessions", "webhooks", "doctor"])
def test_each_command_tells_its_use(stack, command):
    done = ctc(stack, None, command, "--help")
    assert done.returncode == 0 and done.stdout.startswith(f"Usage: ctc {command}"), done
    assert command in ctc(stack, None, "--help").stdout
    wrong = ctc(stack, None, command, "no-such-thing")
    assert wrong.returncode == 2 and "Usage:" in wrong.stderr and not wrong.stdout, wrong


@pytest.mark.parametrize("words", REST, ids=" ".join)
def test_a_wrong_token_is_told_with_what_to_do(stack, tenant, words):
    done = ctc(stack, tenant, *words, CTC_TOKEN="ctc_wrong-and-secret")
    told = done.stdout + done.stderr
    assert done.returncode == 1 and "UNAUTHENTICATED: " in told and "Send Authorization" in told, done
    assert "ctc keys create" in told and "wrong-and-secret" not in told, done


@pytest.mark.parametrize("words", REST, ids=" ".join)
def test_a_suite_that_is_away_is_told_with_what_to_do(stack, tenant, words):
    with closed_port() as url:
        done = ctc(stack, tenant, *words, CTC_URL=url)
    told = done.stdout + done.stderr
    assert done.returncode == 1 and url in told and "ctc doctor" in told, done


@pytest.mark.parametrize("name", ["CTC_URL", "CTC_TENANT", "CTC_TOKEN"])
def test_a_missing_variable_is_named(stack, tenant, name):
    done = ctc(stack, tenant, "providers", "list", **{name: None})
    assert done.returncode == 2 and f"{name} is not set" in done.stderr and "dev.env" in done.stderr, done


def test_a_token_is_no_argument(stack, tenant):
    done = ctc(stack, tenant, "providers", "list", f"--token={tenant.token}")
    assert done.returncode == 2 and "unknown option --token;" in done.stderr, done


def test_another_server_than_the_edge_is_told(stack, tenant):
    done = ctc(stack, tenant, "providers", "list", CTC_URL=stack.simulator_url)
    assert done.returncode == 1 and "not an answer of the API" in done.stderr, done


def test_the_examples_of_the_document_work_as_they_stand(stack, tenant, tmp_path):
    if stack.database is None:
        pytest.skip("the document's database is the embedded one")
    tenant.provider()
    write_secret(stack.state / "dev.env",
                 f"export CTC_URL={stack.url} CTC_TENANT={tenant.name} CTC_TOKEN={tenant.token}")
    (tmp_path / "var").symlink_to(stack.state)
    (tmp_path / "build").symlink_to(ROOT / "build")
    text = (ROOT / "docs/operations.md").read_text().split("\n## The operator's tool\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    # A tail is ended by the hand that Ctrl-C is.
    tails = ('ctc() { if [ $1 = sessions ]; then timeout -s INT --preserve-status 10 ctc "$@";'
             ' else command ctc "$@"; fi; }\n')
    done = subprocess.run(["bash", "-c", "set -euo pipefail\n" + tails + "".join(blocks)], cwd=tmp_path,
                          env=environment(stack), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.count("ASTERISK") >= 2, done
    assert done.stderr.count("following") == 2 and "recordings_dir" in done.stdout, done
    assert json.loads((tmp_path / "health.json").read_text())[0]["well"] is True


# -- providers

def test_accounts_are_listed(stack, tenant):
    first = tenant.provider(provider_name="a switch")
    second = tenant.provider("TWILIO", provider_name="Über Twilio", priority=2, is_active=False)
    heading, *lines = ctc(stack, tenant, "providers", "list").stdout.splitlines()
    assert heading.split() == ["ID", "NAME", "TYPE", "ACTIVE", "PRIORITY", "NUMBER", "API"]
    assert [line.split()[0] for line in lines] == [first["id"], second["id"]]
    assert len({line.index(kind) for line, kind in zip([heading, *lines], ["TYPE", "ASTERISK", "TWILIO"])}) == 1
    told = json.loads(ctc(stack, tenant, "providers", "list", "--json").stdout)
    assert [p["id"] for p in told] == [first["id"], second["id"]] and "credentials_set" in told[0]


def test_accounts_are_listed_over_more_than_one_page(stack, tenant):
    for i in range(203):
        tenant.provider("TWILIO", provider_name=f"number {i}", is_active=False)
    told = json.loads(ctc(stack, tenant, "providers", "list", "--json").stdout)
    assert len({p["id"] for p in told}) == 203


def test_each_account_is_tested_and_an_unwell_one_is_told_with_what_to_do(stack, tenant):
    well = tenant.provider(provider_name="the switch")
    done = ctc(stack, tenant, "providers", "test")
    assert done.returncode == 0, done
    line = done.stdout.splitlines()[1]
    assert re.match(r"ok +the switch +ASTERISK +\d+ ms +closed +CONNECTED +\S", line), line
    with closed_port() as url:
        broken = tenant.provider("TWILIO", url=url, provider_name="broken")
        done = ctc(stack, tenant, "providers", "test")
        assert done.returncode == 1 and done.stdout.splitlines()[1].startswith("ok "), done
        line = done.stdout.splitlines()[2]
        assert line.startswith("FAIL  broken") and "PROVIDER_UNREACHABLE: " in line and "Check api_url" in line, line
        assert ctc(stack, tenant, "providers", "test", well["id"]).returncode == 0
        told = ctc(stack, tenant, "providers", "test", "broken", "--json")
        (account,) = json.loads(told.stdout)
        assert told.returncode == 1 and account["id"] == broken["id"] and account["well"] is False
        assert account["test"]["error_code"] == "PROVIDER_UNREACHABLE" and account["health"]["circuit"] == "closed"
        for _ in range(4):
            done = ctc(stack, tenant, "providers", "test", "broken")
        assert "the circuit is open after" in done.stdout, done
        report = doctor(stack, tenant)
        assert report.returncode == 1 and "FAIL  provider        broken: the circuit is open" in report.stdout, report
        assert tenant.api.patch(f"/api/v1/voip-providers/{broken['id']}", {"is_active": False}).ok
        done = ctc(stack, tenant, "providers", "test")
        assert done.returncode == 0 and done.stdout.splitlines()[2].startswith("off   broken"), done


def test_an_event_socket_that_is_away_is_told(stack, tenant):
    with closed_port() as url:
        account = tenant.provider(url=url)
        wait_until(lambda: tenant.health(account["id"])["event_socket"] == "DISCONNECTED", 30, "the socket to be away")
        done = ctc(stack, tenant, "providers", "test")
        assert done.returncode == 1 and "the event socket is not connected" in done.stdout, done


def test_an_account_that_is_not_there_is_told(stack, tenant):
    assert "no account" in ctc(stack, tenant, "providers", "test").stderr
    tenant.provider()
    done = ctc(stack, tenant, "providers", "test", "nobody")
    assert done.returncode == 1 and 'no account has the id or name "nobody"' in done.stderr, done


# -- sessions

def test_events_are_told_one_line_each_until_ctrl_c(stack, tenant, tmp_path):
    tenant.provider()
    with Tail(stack, tenant, tmp_path) as tail:
        session = tenant.place("+12025550100", agent_id="ann", agent_phone="agent-a")
        tail.wait_for(session["session_id"], "session.ended")
        lines = tail.lines()
        events = tenant.api.get(f"/api/v1/click-to-call/sessions/{session['id']}/events").body["events"]
        wanted = [e["type"] for e in events][:len(lines)]
        assert [line.split()[2] for line in lines] == wanted and len(lines) >= 4
        connected = next(line for line in lines if " session.connected " in line)
        assert re.match(r"\d{4}-\d\d-\d\dT\S+Z +sess_\w{26} +session.connected +CONNECTED .*agent=ann", connected)
        assert len({line.index("sess_") for line in lines}) == 1 and "\033" not in "".join(lines)
        assert tail.interrupt() == 0


def test_the_tail_is_narrowed_to_a_status_or_a_session(stack, tenant, tmp_path):
    tenant.provider()
    first, second = tmp_path / "status", tmp_path / "session"
    first.mkdir()
    second.mkdir()
    mine = tenant.place("+12025559921", agent_phone="agent-a")  # talks until it is ended
    with Tail(stack, tenant, first, "--status", "connected") as by_status, \
            Tail(stack, tenant, second, "--session", mine["id"]) as by_session:
        other = tenant.place("+12025550101", agent_phone="agent-a")
        by_status.wait_for(other["session_id"], "session.connected")
        tenant.wait_ended(other["id"])
        assert tenant.api.post(f"/api/v1/click-to-call/sessions/{mine['id']}/end", {}).ok
        by_session.wait_for(mine["session_id"], "session.ended")
        # What comes last shows that all before it has come, or was left out.
        last = tenant.place("+12025550102", agent_phone="agent-a")
        by_status.wait_for(last["session_id"], "session.connected")
        assert all(line.split()[3] == "CONNECTED" for line in by_status.lines())
        assert all(mine["session_id"] in line for line in by_session.lines())
    done = ctc(stack, tenant, "sessions", "tail", "--status", "TALKING")
    assert done.returncode == 2 and "INITIATED, RINGING, CONNECTED" in done.stderr, done


def test_a_terminal_gets_colours(stack, tenant, tmp_path, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    with Tail(stack, tenant, tmp_path, terminal=True) as tail:
        session = tenant.place("+12025550702")
        seen = b""
        while session["session_id"].encode() not in seen:
            assert select.select([tail.master], [], [], 30)[0], seen
            seen += os.read(tail.master, 4096)
        assert b"\033[1mINITIATED" in seen and tail.interrupt() == 0


def test_the_tail_ends_when_nobody_reads_it(stack, tenant, quiet_provider):
    tenant.provider(url=quiet_provider.url)
    process = subprocess.Popen([str(stack.bin / "ctc"), "sessions", "tail"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment(stack, tenant))
    assert b"following" in process.stderr.readline()
    process.stdout.close()
    tenant.place("+12025550703")
    assert process.wait(timeout=60) == 0, process.stderr.read()
    process.stderr.close()


def test_the_tail_resumes_over_a_killed_edge_and_misses_nothing(tmp_path):
    if "CTC_DB_URL" in os.environ:
        pytest.skip("asks the database itself")
    stack = Stack(tmp_path / "suite", distributed=True)
    try:
        stack.start()
        tenant = Tenant(stack)
        tenant.provider()
        with Tail(stack, tenant, tmp_path) as tail:
            session = tenant.place("+12025550100", agent_phone="agent-a")
            edge = stack.children["gateway"]
            edge._stopping = True  # it stays away until the call, which goes on without it, is over
            edge.kill9()
            wait_until(lambda: tail.said("broke"), 60, "the break to be noticed")
            ended = "SELECT COUNT(*) FROM click_to_call_session WHERE call_ended_at IS NOT NULL"
            wait_until(lambda: stack.database.sql(ended, "ctc").strip() == "1", 60, "the call to end", interval=0.2)
            edge.start()
            stack.wait_ready()
            tail.wait_for(session["session_id"], "session.ended")
            events = tenant.api.get(f"/api/v1/click-to-call/sessions/{session['id']}/events").body["events"]
            told = [line.split()[2] for line in tail.lines()]
            assert told == [e["type"] for e in events][:len(told)] and "session.ended" in told, (told, events)
            assert tail.said("broke") == 1 and tail.said("following") == 2, tail.err.read_text()
            assert tail.interrupt() == 0
    finally:
        stack.stop()


# -- webhooks

def test_webhooks_are_listed_and_replayed(stack, tenant, quiet_provider):
    if stack.database is None:
        pytest.skip("parks a line in the database itself")
    tenant.provider(url=quiet_provider.url)
    session = tenant.place("+12025550777")
    sid = session["session_id"]
    assert tenant.webhook(sid, "CALL_RINGING", "RINGING", at=moment(0)).ok
    tenant.wait_status(session["id"], "RINGING")
    assert tenant.webhook(sid, "CALL_ENDED", "COMPLETED", secret="forged").status == 401
    heading, *lines = ctc(stack, tenant, "webhooks", "list").stdout.splitlines()
    assert heading.split() == ["ID", "RECEIVED", "TYPE", "EVENT", "STATE", "SESSION", "WHY"]
    assert len(lines) == 2 and "SIGNATURE_INVALID: " in lines[0] and sid in lines[1], lines
    (refused,) = json.loads(ctc(stack, tenant, "webhooks", "list", "--state", "REFUSED", "--json").stdout)
    assert len(ctc(stack, tenant, "webhooks", "list", "--limit", "1").stdout.splitlines()) == 2
    wrong = ctc(stack, tenant, "webhooks", "list", "--state", "LOST")
    assert wrong.returncode == 2 and "state must be RECEIVED" in wrong.stderr, wrong

    nothing = ctc(stack, tenant, "webhooks", "replay", "--failed")
    assert nothing.returncode == 0 and "0 of 0" in nothing.stderr, nothing
    applied = lines[1].split()[0]
    wait_until(lambda: tenant.api.get(f"/api/v1/webhooks/logs/{applied}").body["state"] == "APPLIED", 30, "the line")
    stack.database.sql("UPDATE click_to_call_webhook_log SET state = 'PARKED', processed_at = NULL"
                       f" WHERE id = '{applied}'", "ctc")
    done = ctc(stack, tenant, "webhooks", "replay", "--failed")
    assert done.returncode == 0 and done.stdout == f"ok    {applied}  duplicate\n", done
    assert tenant.api.get(f"/api/v1/webhooks/logs/{applied}").body["state"] == "DUPLICATE"
    unknown = "0190f000-0000-7000-8000-000000000000"
    done = ctc(stack, tenant, "webhooks", "replay", applied, refused["id"], unknown)
    told = done.stdout.splitlines()
    assert done.returncode == 1 and told[0].startswith(f"ok    {applied}"), done
    assert told[1] == f"FAIL  {refused['id']}  refused" and "NOT_FOUND" in told[2], done
    assert "1 of 3 applied" in done.stderr, done
    assert ctc(stack, tenant, "webhooks", "replay").returncode == 2


# -- doctor

def test_the_doctor_finds_a_whole_installation_well(stack, tenant):
    tenant.provider(provider_name="the switch")
    assert "the switch: not asked yet" in doctor(stack, tenant).stdout
    assert ctc(stack, tenant, "providers", "test").returncode == 0
    done = doctor(stack, tenant)
    assert done.returncode == 0 and not done.stderr, done
    found = checks(done)
    assert list(found) == ["settings", "database", "version", "schema", "clock", "master key", "rpc secret",
                           "public url", "recordings_dir", "edge", "provider"], done.stdout
    assert {word for word, _ in found.values()} == {"ok"}, done.stdout
    assert found["edge"][1] == f"{stack.url} is ready" and found["provider"][1] == "the switch"
    assert "edge" not in checks(doctor(stack))


def test_the_doctor_names_a_database_that_is_away(stack, tmp_path):
    url = f"mysql://ctc@/ctc?socket={tmp_path}/none.sock"
    done = doctor(stack, CTC_DB_URL=url)
    found = checks(done)
    assert done.returncode == 1 and found["database"][0] == "FAIL" and "CTC_DB_URL" in found["database"][1], done
    assert found["master key"][0] == "ok" and "schema" not in found, "the others are looked at all the same"
    assert checks(doctor(stack, None, "--db.url", url))["database"][0] == "FAIL"


def test_the_doctor_does_not_print_a_password_from_the_url(stack):
    done = doctor(stack, CTC_DB_URL="mysql://ctc:hunter2-secret@127.0.0.1/ctc")
    assert done.returncode == 1 and "password does not belong in it" in done.stdout, done
    assert "hunter2" not in done.stdout + done.stderr


def test_the_doctor_names_a_schema_that_is_behind(stack):
    if stack.database is None:
        pytest.skip("makes a database of its own")
    stack.database.sql("CREATE DATABASE ctc_behind; GRANT ALL ON ctc_behind.* TO 'ctc'@'localhost'")
    done = doctor(stack, CTC_DB_URL=stack.database.url.replace("/ctc?", "/ctc_behind?"))
    assert done.returncode == 1 and checks(done)["schema"][0] == "FAIL" and "ctc migrate" in done.stdout, done


@pytest.mark.parametrize("changes, subject, word", [
    ({"CTC_DISPATCH_MASTER_KEY_FILE": None}, "master key", "FAIL"),
    ({"CTC_DISPATCH_MASTER_KEY_FILE": None, "CTC_DISPATCH_MASTER_KEY": "c2hvcnQtYnV0LXNlY3JldA=="}, "master key",
     "FAIL"),
    ({"CTC_DISPATCH_MASTER_KEY_FILE": "/nowhere/key"}, "settings", "FAIL"),
    ({"CTC_RPC_SECRET_FILE": None, "CTC_RPC_LISTEN": "0.0.0.0:7100"}, "rpc secret", "FAIL"),
    ({"CTC_PUBLIC_URL": ""}, "public url", "FAIL"),
    ({"CTC_PUBLIC_URL": "http://calls.example.com"}, "public url", "warn"),
    ({"CTC_DISPATCH_RECORDINGS_DIR": "/proc/version/recordings"}, "recordings_dir", "FAIL"),
    ({"CTC_DB_CONNECTIONS": "many"}, "settings", "FAIL")], ids=lambda v: next(iter(v)) if isinstance(v, dict) else v)
def test_the_doctor_names_a_setting_that_is_wrong(stack, changes, subject, word):
    done = doctor(stack, **changes)
    assert checks(done)[subject][0] == word, done.stdout
    assert done.returncode == (1 if word == "FAIL" else 0), done.stdout
    assert "c2hvcnQ" not in done.stdout + done.stderr


def test_the_doctor_names_an_edge_that_is_away_and_a_token_that_is_wrong(stack, tenant):
    with closed_port() as url:
        done = doctor(stack, tenant, CTC_URL=url)
    assert done.returncode == 1 and checks(done)["edge"][0] == "FAIL" and url in done.stdout, done
    done = doctor(stack, tenant, CTC_TOKEN="ctc_wrong-and-secret")
    assert done.returncode == 1 and checks(done)["edge"][0] == "ok", done
    assert "UNAUTHENTICATED" in checks(done)["providers"][1] and "wrong-and-secret" not in done.stdout, done
    assert doctor(stack, tenant, "--no.such", "x").returncode == 2
