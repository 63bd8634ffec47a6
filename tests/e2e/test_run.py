"""tools/run as its user meets it: what it believes of the files it left behind, and what it starts again."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import remember
from stack import demo
from stack.api import Api
from stack.database import Database
from stack.process import alive, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent


def run(state, *arguments):
    # The program behind tools/run, which only builds first.
    return subprocess.run([sys.executable, "-m", "stack", "--state", str(state), *arguments], cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(ROOT / "tools")}, capture_output=True, text=True,
                          timeout=180)


@pytest.fixture
def state(tmp_path):
    yield tmp_path
    run(tmp_path, "stop")


@pytest.fixture
def stranger():
    """A process whose number stands in our files, as after a power cut."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def database_of(state):
    return Database(state).pid()


def test_a_strangers_number_is_not_taken_for_ours_and_a_dead_database_is_started_again(state, stranger):
    (state / "db").mkdir()
    for file in (state / "run.pid", state / "db" / "mysqld.pid"):
        file.write_text(f"{stranger.pid}\n")
    assert "not running" in run(state, "status").stdout
    assert "nothing runs" in run(state, "stop").stdout
    assert stranger.poll() is None

    started = run(state, "--detach", "--port", "0", "--no-demo")
    assert started.returncode == 0, started
    assert stranger.poll() is None
    edge = Api(started.stdout.split("up in")[1].split(": ")[1].split()[0])
    assert edge.get("/readyz").status == 200
    again = run(state, "--detach", "--port", "0", "--no-demo")
    assert (again.returncode, "runs already" in again.stderr) == (1, True), again

    killed = database_of(state)
    os.kill(killed, 9)
    wait_until(lambda: not alive(killed), 30, "the database to die")
    wait_until(lambda: database_of(state) and edge.get("/readyz").status == 200, 120,
               "the database to be started again")
    launched = database_of(state)
    assert run(state, "stop").stdout == "stopped\n"
    assert not alive(launched)


def test_the_demo_leaves_the_users_own_account_alone(stack, quiet_provider):
    made = demo.prepare(stack)
    remember(made["webhook_secret"], "the demo's webhook_secret")
    own = demo.expect(made["api"].post("/api/v1/voip-providers", {
        "provider_name": "Our switch", "provider_type": "ASTERISK", "api_url": quiet_provider.url,
        "auth_token": "ours:secret", "priority": 1, "phone_number": "+15550003"}))
    try:
        demo.prepare(stack)
        path = f"/api/v1/voip-providers/{own['id']}"
        told = demo.expect(made["api"].get(path))
        assert {name: told[name] for name in own} == own
        assert demo.place_call(made)["provider_id"] == made["account"]
    finally:
        made["api"].delete(f"/api/v1/voip-providers/{own['id']}")
