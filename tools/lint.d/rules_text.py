"""Rules that look at the text of one file."""
import re

from source import CPP, Complaint

SQL = re.compile(
    r'"(?:[^"\\]|\\.)*\b(SELECT\b.|INSERT INTO\b|UPDATE\s+\w+\s+SET\b|DELETE FROM\b|WHERE\b|VALUES\b'
    r'|ORDER BY\b|GROUP BY\b|LIMIT\b)(?:[^"\\]|\\.)*"'
)
COMPOSERS = re.compile(r"\b(StrCat|StrAppend|StrFormat|Substitute|format)\s*\(")
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')
# A constant, or a view of one: its text cannot come from outside.
CONSTANT = re.compile(r"(std::string\()?(\w+::)*k[A-Z]\w*\)?$")
CLOCKS = re.compile(
    r"\b(system_clock::now|steady_clock::now|absl::Now|random_device|mt19937(_64)?|RAND_bytes"
    r"|gettimeofday|clock_gettime|std::time|std::rand)\b"
)
SLEEPS = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
DETACHED = re.compile(r"\bdetached\b|\.detach\(\)")
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
LONGEST_FILE = 500


def _arguments(code, start):
    """Text between a call's parentheses; `start` is behind the opening one."""
    depth, i = 1, start
    while i < len(code) and depth:
        literal = LITERAL.match(code, i)
        if literal:
            i = literal.end()
            continue
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        i += 1
    return code[start : i - 1]


def _split(arguments):
    """Top-level arguments of a call."""
    parts, depth, begin, i = [], 0, 0, 0
    while i < len(arguments):
        literal = LITERAL.match(arguments, i)
        if literal:
            i = literal.end()
            continue
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(arguments[i], 0)
        if arguments[i] == "," and depth == 0:
            parts.append(arguments[begin:i].strip())
            begin = i + 1
        i += 1
    return parts + [arguments[begin:].strip()]


def _is_constant(argument):
    return bool(CONSTANT.match(argument)) or LITERAL.sub("", argument).strip() == ""


def sql(source):
    # libs/db itself repeats the places of a row; whatever it is given was looked at here.
    if not source.path.endswith(".cpp") or source.is_test or source.path.startswith("libs/db/"):
        return
    why = "SQL text is constant and its values are bound: libs/db takes them as parameters"
    for call in COMPOSERS.finditer(source.code):
        arguments = _arguments(source.code, call.end())
        if not SQL.search(arguments):
            continue
        values = _split(arguments)
        if call.group(1) == "StrAppend":
            values = values[1:]
        if not all(_is_constant(a) for a in values):
            yield Complaint(source.path, source.line_of(call.start()), "sql", why)
    for match in SQL.finditer(source.code):
        before = re.search(r"([\w:]+(?:\(\w*\))?)\s*\+\s*$", source.code[: match.start()])
        after = re.match(r"\s*\+\s*((?:std::string\()?[\w:]+\)?)", source.code[match.end() :])
        operands = [m.group(1) for m in (before, after) if m]
        if any(not _is_constant(operand) for operand in operands):
            yield Complaint(source.path, source.line_of(match.start()), "sql", why)


def _words(source, pattern, text, rule, why):
    for match in pattern.finditer(text):
        yield Complaint(source.path, source.line_of(match.start()), rule, why(match.group(0)))


def clock(source):
    # The operating system's clock and random source; and the simulator, which is the world outside.
    homes = ("libs/base/", "libs/crypto/", "tools/simulator/")
    if source.path.endswith(CPP) and not source.is_test and not source.path.startswith(homes):
        yield from _words(
            source, CLOCKS, source.bare, "clock",
            lambda word: f"{word}: time and chance are injected (libs/base/clock.h), or no test "
            "can set them",
        )


def sleep(source):
    if source.path.endswith(CPP) and source.is_test:
        yield from _words(
            source, SLEEPS, source.bare, "sleep",
            lambda word: "a test waits for a condition (Eventually) or moves a FakeClock: a sleep "
            "is too long or too short",
        )


def detached(source):
    if source.path.endswith(CPP) and source.path.startswith("services/") and not source.is_test:
        yield from _words(
            source, DETACHED, source.bare, "detached",
            lambda word: "nobody waits for a detached coroutine when the process drains: "
            "libs/host or libs/base starts it",
        )


def left_over(source):
    yield from _words(
        source, LEFT_OVER, source.text, "left-over",
        lambda word: f"{word}: finish it, or write an issue or an ADR",
    )


def length(source):
    if source.path.endswith((".txt", ".css")):
        return
    lines = source.text.count("\n")
    if lines >= LONGEST_FILE:
        yield Complaint(
            source.path, lines, "length", f"{lines} lines: a file has less than {LONGEST_FILE}"
        )


def header(source):
    if not source.path.endswith(".h"):
        return
    if not source.text.startswith(("//", "/*")):
        yield Complaint(source.path, 1, "header", "the first lines say what the file is")
    if "#pragma once" not in source.code:
        yield Complaint(source.path, 1, "header", "needs #pragma once")


RULES = (sql, clock, sleep, detached, left_over, length, header)


def check(source):
    for rule in RULES:
        yield from rule(source)
