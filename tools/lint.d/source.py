"""The files that the rules read, and what every rule needs of them."""
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

CPP = (".cpp", ".h")
# A rule is waived on its own line or the one before: "// lint-allow(sql): why".
ALLOW = re.compile(r"lint-allow\(([a-z-]+)\): \S")
_TOKEN = re.compile(
    r'R"(?P<tag>[^()\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    r"|//[^\n]*|/\*.*?\*/",
    re.S,
)


def blank(text):
    """Spaces in place of everything but line ends: positions and line numbers stay."""
    return re.sub(r"[^\n]", " ", text)


@dataclass
class Source:
    path: str
    text: str
    code: str = field(init=False)  # without comments
    bare: str = field(init=False)  # without comments and literals

    def __post_init__(self):
        is_cpp = self.path.endswith(CPP)
        self.code = self._without(comments=True, literals=False) if is_cpp else self.text
        self.bare = self._without(comments=True, literals=True) if is_cpp else self.text

    def _without(self, comments, literals):
        def keep(match):
            token = match.group(0)
            is_comment = token.startswith(("//", "/*"))
            return blank(token) if (comments if is_comment else literals) else token

        return _TOKEN.sub(keep, self.text)

    @property
    def is_test(self):
        name = self.path.rsplit("/", 1)[-1]
        return (
            self.path.startswith(("tests/", "libs/testing/"))
            or re.search(r"(_test\.cpp|(_test_\w+|_for_test|_fixture)\.(h|cpp))$", name) is not None
        )

    def line_of(self, position):
        return self.text.count("\n", 0, position) + 1

    def allows(self, rule, line):
        lines = self.text.splitlines()
        near = lines[max(0, line - 2) : line]
        return any(m.group(1) == rule for text in near for m in ALLOW.finditer(text))


@dataclass(frozen=True)
class Complaint:
    path: str
    line: int
    rule: str
    why: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.why}"


def paths(root):
    """What git knows or would take; everything that is not built where there is no git."""
    git = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(git, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        found = [p for p in listed.stdout.split("\0") if p]
    else:
        found = [p.relative_to(root).as_posix() for p in root.rglob("*")]
    skipped = ("build/", "var/", "node_modules/", ".git/", "tests/fuzz/corpus/")
    return sorted(p for p in found if not p.startswith(skipped) and (root / p).is_file())


def read(root):
    kinds = CPP + (".proto", ".py", ".sql", ".cmake", ".txt", ".ts", ".tsx", ".js", ".css", ".sh")
    sources = []
    for path in paths(root):
        is_script = path.startswith("tools/") and "." not in Path(path).name
        if not (path.endswith(kinds) or is_script):
            continue
        try:
            sources.append(Source(path, (root / path).read_text(encoding="utf-8")))
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a binary, or a file removed while we look
    return sources
