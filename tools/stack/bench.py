"""tools/bench: the suite against a peer on one machine, in one run."""
import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from .stack import ROOT, Stack, write_secret

TENANT = "tenant-1"
SECRET = "whsec-tenant-1"


class PeerDatabase:
    """The peer's own MariaDB server, so that both stand on the same one; ours is the schema ctc_cpp."""

    def __init__(self, state: Path):
        self.url = "mysql://ctc@/ctc_cpp?socket=/tmp/ctc-peers/mysqld.sock"
        self.password_file = state / "secrets" / "db_password"
        self.password_file.parent.mkdir(parents=True, exist_ok=True)
        write_secret(self.password_file, "ctc")

    def start(self):
        pass

    def stop(self):
        pass


def parse():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("--peers", required=True, help="folder of the peer and its load scripts")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--distributed", action="store_true")
    parser.add_argument("--against-distributed", action="store_true",
                        help="instead: the suite in one process against seven processes, in turns, without the peer")
    parser.add_argument("--keep-state", action="store_true", help="do not empty the suite's schema first")
    parser.add_argument("--rows", type=int, default=0, metavar="N",
                        help="put N ended sessions into the suite's schema first (and do not empty its tables)")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES",
                        help="instead: the suite alone under a steady mixed load, its memory once a minute")
    parser.add_argument("scenario", nargs="*", help="substring of a scenario's name; all when none is given")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    work = ROOT / "var" / "bench"
    peers = work / "peers"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(arguments.peers, peers)
    for path in [peers, *peers.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    subprocess.run(["./up.sh"], cwd=peers, check=True)
    if not arguments.keep_state:
        subprocess.run(["./db.sh", "sql", "mysql"], cwd=peers, check=True, text=True,
                       input="DROP DATABASE ctc_cpp; CREATE DATABASE ctc_cpp;")
    if arguments.against_distributed:
        try:
            print(table(against_distributed(work, peers, arguments), "one", "seven"))
        finally:
            subprocess.run(["./down.sh"], cwd=peers)
        return 0
    stack = make_stack(work, arguments.distributed)
    try:
        stack.start(progress=lambda what: print(f"starting {what}", flush=True))
        target = make_target(stack)
        if arguments.rows:
            fill(peers, arguments.rows)
            del target["reset"]
        if arguments.soak:
            soak(stack, peers, target, arguments.soak)
            return 0
        print(table(measure(peers, target, arguments, arguments.rounds, "targets.json,suite.json")))
    finally:
        stack.stop()
        subprocess.run(["./down.sh"], cwd=peers)
    return 0


def make_stack(work: Path, distributed: bool) -> Stack:
    stack = Stack(work / "suite", distributed=distributed, simulator=False,
                  extra_env={"CTC_GATEWAY_RATE_PER_SECOND": "1000000", "CTC_GATEWAY_RATE_BURST": "1000000"})
    stack.database = PeerDatabase(stack.state)
    return stack


def measure(peers: Path, target: dict, arguments, rounds: int, targets: str) -> dict:
    """The rows of each scenario by target."""
    (peers / "suite.json").write_text(json.dumps([target]))
    subprocess.run(["./bench.py", "-r", str(rounds), "-s", str(arguments.seconds), "-t", targets, "-o", "suite",
                    *arguments.scenario], cwd=peers, check=True)
    return json.loads((peers / "out" / "suite.json").read_text())


def against_distributed(work: Path, peers: Path, arguments) -> dict:
    """One form is up at a time, over the same schema; each round starts with the form that ended the last."""
    results, target = {}, None
    for number in range(arguments.rounds):
        for form in ("one", "seven") if number % 2 == 0 else ("seven", "one"):
            stack = make_stack(work, distributed=form == "seven")
            try:
                stack.start()
                target = point_at(stack, target) if target else make_target(stack)
                for name, by in measure(peers, target, arguments, 1, "suite.json").items():
                    results.setdefault(name, {}).setdefault(form, []).extend(by["suite"])
            finally:
                stack.stop()
    return results


def point_at(stack, target: dict) -> dict:
    pids = " ".join(str(child.pid) for child in stack.services())
    return {**target, "base": stack.url, "pids": f"echo {pids}"}


def make_target(stack) -> dict:
    token = stack.create_key(TENANT, "bench")
    api = stack.api(TENANT, token)
    answer = api.post("/api/v1/voip-providers", {
        "provider_name": "Primary Asterisk", "provider_type": "ASTERISK",
        "api_url": "http://127.0.0.1:27188", "auth_token": "asterisk-auth-token",
        "webhook_secret": SECRET, "phone_number": "+10987654321", "caller_id": "Acme",
        "dial_plan_prefix": "100", "timeout_seconds": 5, "priority": 1})
    if not answer.ok:
        raise RuntimeError(f"the suite answered {answer.status}: {answer.body}")
    # As the peer's: each round begins with empty tables. The counter tells the suite to forget what it keeps.
    reset = ("TRUNCATE click_to_call_session; TRUNCATE call_leg; TRUNCATE call_event;"
             " TRUNCATE click_to_call_webhook_log; UPDATE feed_sequence SET writes = writes + 1;")
    return point_at(stack, {"name": "suite", "token": token, "tenant": TENANT, "secret": SECRET,
                            "reset": f"echo '{reset}' | ./db.sh sql ctc_cpp"})


def fill(peers: Path, rows: int):
    subprocess.run(["./db.sh", "sql", "ctc_cpp"], cwd=peers, check=True, text=True, input=f"""
        INSERT INTO click_to_call_session (id, tenant_id, session_id, status, to_phone, correlation_id, submission,
            duration_seconds, agent_id, created_at, updated_at)
        SELECT CONCAT('01890000-', LPAD(HEX(seq DIV 65536), 4, '0'), '-7000-8000-0000', LPAD(HEX(seq), 8, '0')),
            '{TENANT}', CONCAT('sess_', LPAD(seq, 26, '0')), 'COMPLETED', '+15550001111', seq, 'ACCEPTED', 30,
            CONCAT('agent-', seq % 200), NOW(3), NOW(3) FROM seq_1_to_{rows};
        UPDATE feed_sequence SET writes = writes + 1;""")
    print(f"{rows} sessions put in", flush=True)


def soak(stack, peers: Path, target: dict, minutes: float):
    """Prints the resident memory of the suite's processes after each minute of a mixed load of 400 requests a second."""
    begun = time.time()
    while time.time() - begun < minutes * 60:
        pids = ",".join(str(child.pid) for child in stack.services())
        ended = subprocess.run(
            ["bin/loadgen", "-base", target["base"], "-token", target["token"], "-tenant", TENANT, "-secret", SECRET,
             "-scenario", "mixed", "-c", "64", "-rate", "400", "-d", "60s", "-prep", "500", "-state", "run/soak",
             "-pids", f"app={pids}"], cwd=peers, check=True, capture_output=True, text=True)
        run = json.loads(ended.stdout)
        print(f"minute {(time.time() - begun) / 60:5.1f}: {run['rss_mb_app']} MB, {run['rate']:.0f} requests/s,"
              f" p99 {run['p99_ms']:.1f} ms, answers {run['codes']}", flush=True)


def table(results: dict, first: str = "go", second: str = "suite") -> str:
    """Median of the per-round ratios of the second target to the first."""
    called = {"go": "peer", "one": "one process", "seven": "seven"}
    a, b = called.get(first, first), called.get(second, second)
    lines = ["", f"| scenario | rate, {a} | rate, {b} | rate ratio | p99 ratio | CPU us, {a} / {b} |"
             f" database CPU us, {a} / {b} |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, by in results.items():
        ones, others = by.get(first, []), by.get(second, [])
        if not ones or not others:
            continue
        def ratio(key):
            return statistics.median(o[key] / one[key] for one, o in zip(ones, others) if one[key])
        def mid(rows, key):
            return statistics.median(r[key] for r in rows)
        bad = sum(n for row in others for code, n in row["codes"].items() if not code.startswith("2"))
        lines.append(f"| {name} | {mid(ones, 'rate'):.0f} | {mid(others, 'rate'):.0f} | {ratio('rate'):.2f} |"
                     f" {ratio('p99_ms'):.2f} | {mid(ones, 'cpu_us_app'):.0f} / {mid(others, 'cpu_us_app'):.0f} |"
                     f" {mid(ones, 'cpu_us_db'):.0f} / {mid(others, 'cpu_us_db'):.0f} |"
                     + (f" {bad} not 2xx" if bad else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
