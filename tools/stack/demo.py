"""The demo tenant: keys, providers, agents, and one call whose timeline is shown as it happens."""
import sys
import threading
import time
from pathlib import Path

from .database import write_secret
from .process import wait_until

TENANT = "demo"
CUSTOMER = "+15550100"
AGENT = "agent-ann"

BOLD, DIM, GREEN, RESET = ("\033[1m", "\033[2m", "\033[32m", "\033[0m")


def paint(text: str, code: str) -> str:
    return f"{code}{text}{RESET}" if sys.stdout.isatty() else text


def prepare(stack) -> dict:
    """Makes what is missing; safe to run again on the same state folder."""
    token_file = stack.state / "secrets" / "demo_token"
    if token_file.exists():
        token = token_file.read_text().strip()
    else:
        token = stack.create_key(TENANT, "demo")
        write_secret(token_file, token)
    secret_file = stack._secret("demo_webhook_secret", lambda: "demo-webhook-secret")
    api = stack.api(TENANT, token)
    wanted = {
        "ASTERISK": {
            "provider_name": "Simulated Asterisk", "auth_token": "ctc:secret", "priority": 1,
            "phone_number": "+15550001", "caller_id": "Demo Company",
            "webhook_secret": secret_file.read_text().strip()},
        "TWILIO": {
            "provider_name": "Simulated Twilio", "priority": 2, "phone_number": "+15550002",
            "account_sid": "AC" + "0" * 31 + "1", "api_key": "AC" + "0" * 31 + "1",
            "api_secret": "simulator-auth-token"},
    }
    # By name: an account of the user's own in this tenant is not ours to change.
    have = {p["provider_name"]: p for p in expect(api.get("/api/v1/voip-providers"))["providers"]}
    accounts = {}
    for kind, body in wanted.items():
        body = {**body, "provider_type": kind, "api_url": stack.simulator_url}
        account = have.get(body["provider_name"])
        if account is None:
            account = expect(api.post("/api/v1/voip-providers", body))
        elif account["api_url"] != stack.simulator_url:  # the simulator's port is new at each start
            expect(api.patch(f"/api/v1/voip-providers/{account['id']}", {"api_url": stack.simulator_url}))
        accounts[kind] = account["id"]
    wait_until(lambda: is_connected(api, accounts["ASTERISK"]), 60, "the event socket of the simulated Asterisk")
    if api.get(f"/api/v1/agents/{AGENT}").status == 404:
        expect(api.post("/api/v1/agents", {"id": AGENT, "name": "Ann", "phone": "agent-a",
                                           "capacity": 5}))
    return {"tenant": TENANT, "token": token, "account": accounts["ASTERISK"],
            "webhook_secret": secret_file.read_text().strip(), "api": api}


def is_connected(api, account: str) -> bool:
    return expect(api.get(f"/api/v1/voip-providers/{account}/health")).get("event_socket") == "CONNECTED"


def expect(answer):
    if not answer.ok:
        raise RuntimeError(f"the suite answered {answer.status}: {answer.body}")
    return answer.body


def write_env(stack, demo: dict) -> Path:
    path = stack.state / "dev.env"
    write_secret(path, f"export CTC_URL={stack.url}\nexport CTC_TENANT={demo['tenant']}\n"
                       f"export CTC_TOKEN={demo['token']}\n"
                       f"export CTC_WEBHOOK_SECRET={demo['webhook_secret']}")
    return path


def place_call(demo: dict, seconds: float = 30) -> dict:
    """Places a call and prints each event of it until it ends."""
    api, done, seen = demo["api"], threading.Event(), []
    feed = api.events()

    def follow():
        for _, kind, data in feed:
            seen.append((kind, data))
            if done.is_set():
                return

    threading.Thread(target=follow, daemon=True).start()
    begun = time.monotonic()
    session = expect(api.post("/api/v1/click-to-call/initiate", {
        "to_phone": CUSTOMER, "agent_id": AGENT, "contact_name": "John Doe",
        "provider_id": demo["account"]}))["session"]
    print(f"  {session['session_id']}  {session['from_phone']} -> {session['to_phone']}"
          f"  over {session['provider_type']}")
    shown = 0
    while time.monotonic() - begun < seconds:
        mine = [e for e in list(seen) if e[1].get("session_id") == session["session_id"]]
        for kind, data in mine[shown:]:
            at = time.monotonic() - begun
            status = data.get("new_status", "")
            print(f"  {paint(f'{at:6.2f} s', DIM)}  {kind:<22} {paint(status, BOLD)}"
                  f"  {data.get('party', '').lower()}")
        shown = len(mine)
        current = expect(api.get(f"/api/v1/click-to-call/sessions/{session['id']}"))
        if current["status"] not in ("INITIATED", "RINGING", "CONNECTED", "ON_HOLD"):
            last = [e for e in list(seen) if e[1].get("session_id") == session["session_id"]]
            if len(last) == shown and shown:
                done.set()
                print(f"  {paint(current['status'], GREEN)}: {current['duration_seconds']} s of talk,"
                      f" {current.get('end_reason', '')}")
                return current
        time.sleep(0.05)
    raise RuntimeError(f"the demo call did not end within {seconds:.0f} s; see {api.host}")
