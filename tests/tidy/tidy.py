#!/usr/bin/env python3
"""The house rules, as a test. Each message names the place, the rule, and what to do instead.

Usage: tidy.py [ROOT]. Exit status 0: clean, 1: not.
"""

import pathlib
import re
import subprocess
import sys

FLOORS = ["journal", "projections", "engine", "protocols", "tools"]
# Within a floor: a folder may include itself and what stands left of it.
ENGINE = [
    ["runtime", "mime"],
    ["scribe"],
    ["directory", "dns", "config", "authentication"],
    ["delivery", "control"],
]
PROTOCOLS = ["smtp", "imap", "pop3"]
TOP_LEVEL = {"CMakeLists.txt", "README.md", "LICENSE", "tests", *FLOORS}
# A third-party library has one door.
DOORS = {
    r"<lmdb\.h>": r"journal/lmdb\.h",
    r"<gmime/": r"(engine/mime/decoding|engine/mime/address\w*|tests/engine/mime/).*",
    r"<opendkim/": r"engine/authentication/dkim\.cpp",
    r"<gsasl": r"(engine/authentication/|tests/engine/authentication/).*",
    r"<toml\+\+": r"engine/config/config_loader\.cpp",
    r"<unbound\.h>": r"engine/dns/unbound_context\.(cpp|h)",
    r"<curl/": r"engine/delivery/https_fetch\.cpp",
    r"<zlib\.h>": r"(engine/runtime/deflate\.cpp|engine/search/packed_text\.cpp|tests/.*)",
    r"<sqlite3\.h>": r"engine/search/sqlite\.cpp",
    r"<CLI/": r"tools/\w+/main\.cpp|tests/bench/.*",
    r"<openssl/": r"(journal/base/(digest|encoding)\.cpp|journal/secrets_store\.cpp"
                  r"|engine/runtime/\w+\.(cpp|h)|engine/authentication/\w+\.cpp|tests/.*)",
}
BANNED = {
    r"std::regex": "the lexer of the protocol, or a loop",
    r"\bsprintf\b": "fmt::format",
    r"std::cout": "Log in the server, say() in the tool",
    r"catch \(\.\.\.\) \{\s*\}": "a named exception and what to do about it",
    "FIX" + "ME": "mend it, or an issue",
    r"\bstd::rand\b|\bsrand\(": "Random",
    r"\.\./shared": "a path inside the project",
}
LIMITS = {".cpp": 500, ".h": 250}
COLUMNS = 100
# Catalogues: long because there is much of one kind.
CATALOGUES = {"engine/scribe/command.h"}


def floor_of(path):
    return FLOORS.index(path.split("/")[0]) if path.split("/")[0] in FLOORS else None


def engine_rank(folder):
    for rank, folders in enumerate(ENGINE):
        if folder in folders:
            return rank
    return None


def include_fault(path, include):
    """What is wrong with `path` including `include` (both from the root), or None."""
    ours, theirs = floor_of(path), floor_of(include)
    if ours is None or theirs is None:
        return None
    if theirs > ours:
        return "includes from a floor above its own: move what both need down"
    if ours == theirs == FLOORS.index("protocols"):
        mine, other = path.split("/")[1], include.split("/")[1]
        if mine != other and other in PROTOCOLS:
            return "a protocol includes another: move what both need to protocols/common"
    if ours == theirs == FLOORS.index("engine"):
        mine, other = engine_rank(path.split("/")[1]), engine_rank(include.split("/")[1])
        if mine is not None and other is not None and other > mine:
            return "includes from a folder that stands above it within engine/"
    return None


def check_includes(path, text):
    for match in re.finditer(r'^#include "([^"]+)"', text, re.M):
        fault = include_fault(path, match.group(1))
        if fault:
            yield f"{path}: {match.group(1)}: {fault}"
    for pattern, door in DOORS.items():
        if re.search(r"^#include " + pattern, text, re.M) and not re.fullmatch(door, path):
            yield f"{path}: includes {pattern}: only {door} may (a library has one door)"


def check_text(path, text):
    lines = text.split("\n")
    suffix = pathlib.PurePath(path).suffix
    limit = LIMITS.get(suffix)
    if limit and len(lines) > limit and not path.startswith("tests/") and path not in CATALOGUES:
        yield f"{path}: {len(lines)} lines, at most {limit}: split it by purpose"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield f"{path}:{number}: {len(line)} columns, at most {COLUMNS}: break the line"
    for pattern, instead in BANNED.items():
        if re.search(pattern, text):
            yield f"{path}: {pattern} is not used here; instead: {instead}"
    if suffix == ".h" and not path.startswith("tests/"):
        name = pathlib.PurePath(path).name
        if not text.startswith(f"// {name}\n//\n"):
            yield f"{path}: a header begins with its name and what it is for (STYLE 4.2)"
        if "#pragma once" not in text:
            yield f"{path}: no #pragma once"
        if re.search(r"^using namespace", text, re.M):
            yield f"{path}: using namespace in a header"


def check_listed(root, files):
    """Every source is in a CMakeLists.txt of its folder or one above."""
    for path in files:
        if not path.endswith(".cpp"):
            continue
        pure = pathlib.PurePosixPath(path)
        listed = False
        for parent in pure.parents:
            cmake = root / parent / "CMakeLists.txt"
            if cmake.exists():
                relative = str(pure.relative_to(parent))
                listed = listed or relative in cmake.read_text()
        if not listed:
            yield f"{path}: in no CMakeLists.txt: list it, or remove it"


def check_kinds(root):
    """Every kind of the catalogue has a stable number and a name."""
    schema = (root / "journal/schema/event.capnp").read_text()
    members = re.findall(r"^    (\w+) @\d+ :", schema.split("union {")[1].split("}")[0], re.M)
    numbers = (root / "journal/kind.h").read_text()
    names = (root / "journal/kind.cpp").read_text()
    for member in members:
        title = member[0].upper() + member[1:]
        if f"    {title} = " not in numbers:
            yield f"journal/kind.h: {title} of event.capnp has no number"
        if f"Kind::{title}," not in names:
            yield f"journal/kind.cpp: {title} of event.capnp has no name"


def check_links(root):
    for document in [root / "README.md", *sorted((root / "tools/doc").glob("*.md"))]:
        if not document.exists():
            yield f"{document.name}: missing"
            continue
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            if not (document.parent / link).exists():
                yield f"{document.relative_to(root)}: link to {link}, which is not there"


def tracked(root):
    out = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True).stdout
    return [name for name in out.decode().split("\0") if name and (root / name).exists()]


def check_all(root):
    files = tracked(root)
    for name in sorted({f.split("/")[0] for f in files}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield f"{name}: does not belong on the top level (DESIGN 2)"
    for path in files:
        if path.startswith("tests/corpus/"):
            continue
        if pathlib.PurePath(path).suffix in {".cpp", ".h"}:
            text = (root / path).read_text()
            yield from check_includes(path, text)
            yield from check_text(path, text)
    yield from check_listed(root, files)
    yield from check_kinds(root)
    yield from check_links(root)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    faults = list(check_all(root))
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
