"""A source that no CMakeLists.txt names is not built, and its tests never run."""
import re

from source import Complaint


def check_all(sources):
    lists = {s.path.rsplit("/", 1)[0]: s.text for s in sources if s.path.endswith("CMakeLists.txt")}
    for source in sources:
        if not source.path.endswith((".cpp", ".proto")):
            continue
        folder = "cmake" if source.path.startswith("cmake/") else source.path.rsplit("/", 1)[0]
        if folder == "cmake" or _is_named(source.path, lists):
            continue
        yield Complaint(source.path, 1, "build", "no CMakeLists.txt names it: it is not built")


def _is_named(path, lists):
    parts = path.split("/")
    if parts[0] == "services" and parts[-1] == "main.cpp":
        programs = lists.get("services/suite", "")
        return re.search(rf"set\(services [^)]*\b{parts[1]}\b", programs) is not None
    for depth in range(len(parts) - 1, 0, -1):
        text = lists.get("/".join(parts[:depth]))
        if text is None:
            continue
        rest = "/".join(parts[depth:])
        if re.search(rf"(^|[\s(]){re.escape(rest)}($|[\s)])", text, re.M):
            return True
        # A list of names that TRANSFORM turns into paths.
        stem = re.escape(re.sub(r"\.cpp$", "", parts[-1]))
        if "list(TRANSFORM" in text and re.search(rf"set\([^)]*\b{stem}\b[^)]*\)", text):
            return True
    return False
