"""What the documents offer to paste, pasted: each one's examples as one shell script against the demo tenant."""
import json
import re
import subprocess
from pathlib import Path

import pytest

from conftest import remember
from stack import demo

ROOT = Path(__file__).resolve().parent.parent.parent
# A refusal fails the line, and what was answered is told. `id` is what the README's walk leaves behind.
PREAMBLE = r"""
set -euo pipefail
curl() { command curl --fail-with-body --max-time 20 "$@" | tee -a answers; echo >>answers; }
"""
DOCUMENTS = {"README.md": "A walk with curl", "docs/webhooks.md": "The body of asterisk and sip",
             "docs/ivr.md": "A worked example"}


def examples(document, heading):
    text = (ROOT / document).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```(?:sh|bash)\n(.*?)^```", text, re.M | re.S)


@pytest.fixture(scope="module")
def home(stack, tmp_path_factory):
    """A folder in which `source var/dev.env` works as in the project's own."""
    made = demo.prepare(stack)
    remember(made["webhook_secret"], "the demo's webhook_secret")
    demo.write_env(stack, made)
    folder = tmp_path_factory.mktemp("examples")
    (folder / "var").symlink_to(stack.state)
    made["folder"] = folder
    return made


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_examples_of_a_document_work_as_they_stand(home, document):
    blocks = examples(document, DOCUMENTS[document])
    assert blocks, "the document has no examples under that heading"
    # A number for each: the agent may still be talking to the one before.
    to = f"+1{202 + list(DOCUMENTS).index(document)}5550100"
    placed = home["api"].post("/api/v1/click-to-call/initiate", {"to_phone": to, "agent_id": demo.AGENT})
    assert placed.ok, placed
    (home["folder"] / "answers").write_text("")
    script = "".join([PREAMBLE, "source var/dev.env\n", f"id={placed.body['session']['session_id']}\n", *blocks])
    done = subprocess.run(["bash", "-c", script], cwd=home["folder"], capture_output=True, text=True, timeout=180)
    answers = (home["folder"] / "answers").read_text()
    assert done.returncode == 0, f"{done.stderr[-1000:]}\n{answers[-1000:]}"
    lines = [line for line in answers.splitlines() if line]
    calls = sum(block.count("curl -s") for block in blocks if "post()" not in block)
    assert len(lines) >= max(calls, 1), answers
    told = [json.loads(line) for line in lines]
    if document == "docs/ivr.md":
        assert len(told[-1]["steps"]) == 4, told[-1]  # as the document says of it
