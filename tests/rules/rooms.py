"""Rooms include only what their row of the table allows: other rooms and third-party libraries."""
import re
import sys

import tree

# Rooms that a room may include.
ARROWS = {
    "base": [],
    "http": ["base"],
    "session": ["base", "http"],
    "policy": ["base", "http", "session"],
    "net": ["base"],
    "store": ["base", "net", "session"],
    "upstream": ["base", "net", "http"],
    "server": ["base", "net", "http", "session", "policy", "upstream"],
    "admin": ["base", "net", "http", "session"],
    "config": ["base", "http", "policy"],  # and the *_params.hpp of every room
    "app": ["base", "http", "session", "policy", "net", "store", "upstream", "server", "admin", "config"],
}

# Third-party headers, by the beginning of their include path; "cpp:" means in sources only.
COMMON = ["boost/system/", "boost/core/", "boost/config", "boost/assert"]
LIBRARIES = {
    "base": ["cpp:openssl/", "cpp:fmt/"],
    "http": ["boost/beast/", "boost/asio/ip/"],
    "session": ["boost/json", "boost/smart_ptr/"],
    "policy": [],
    "net": ["boost/asio", "openssl/"],
    "store": ["boost/asio", "boost/unordered/", "openssl/", "cpp:hiredis/", "cpp:boost/url"],
    "upstream": ["boost/asio", "openssl/"],
    "server": ["boost/asio", "boost/beast/", "openssl/"],
    "admin": ["boost/asio", "boost/beast/", "cpp:boost/url", "cpp:prometheus/"],
    "config": ["cpp:yaml-cpp/", "cpp:boost/url", "boost/asio/ip/"],
    "app": ["boost/", "openssl/", "cpp:hiredis/", "cpp:yaml-cpp/", "cpp:prometheus/", "cpp:fmt/", "CLI/"],
}
THIRD_PARTY = ("boost/", "openssl/", "fmt/", "hiredis/", "yaml-cpp/", "prometheus/", "CLI/")

INCLUDE = re.compile(rb'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    """include/vestibule/<room>/x.hpp, proxy/<room>/x.cpp; nothing for proxy/main.cpp."""
    parts = path.split("/")
    parts = parts[2:] if parts[0] == "include" else parts[1:]
    return parts[0] if len(parts) > 1 else "app"


def libraries_of(room, source):
    rows = LIBRARIES[room]
    return tuple(row.removeprefix("cpp:") for row in rows if source or not row.startswith("cpp:"))


def wrong_with(path, room, quoted, target):
    source = path.endswith(".cpp")
    parts = target.split("/")
    if parts[0] == "vestibule":
        other, private = parts[1], False
    elif parts[0] in ARROWS:
        other, private = parts[0], True
    else:
        if quoted and target != "version_info.hpp":
            return "a quoted include names its room: \"room/header.hpp\""
        if target.startswith(THIRD_PARTY) and not target.startswith(tuple(COMMON)):
            if not target.startswith(libraries_of(room, source)):
                return f"room {room} may not see this library {'here' if source else 'in a header'}"
        return None
    if other not in ARROWS:
        return f"there is no room {other}"
    if private and not quoted:
        return "private headers are included with quotes"
    if private and other != room and room != "app":
        return f"a private header of room {other}"
    if other == room or other in ARROWS[room]:
        return None
    if room == "config" and target.endswith("_params.hpp"):
        return None
    return f"there is no arrow from {room} to {other}"


def main():
    problems = []
    for path in tree.files(".hpp", ".cpp", under="include") + tree.files(".hpp", ".cpp", under="proxy"):
        room = room_of(path)
        if room not in ARROWS:
            problems.append(f"{path}: there is no room {room}")
            continue
        text = tree.read(path)
        for match in INCLUDE.finditer(text):
            problem = wrong_with(path, room, match[1] == b'"', match[2].decode())
            if problem:
                line = text.count(b"\n", 0, match.start(2)) + 1
                problems.append(f"{path}:{line}: {match[2].decode()}: {problem}")
    if not problems and len(tree.files(".hpp", under="include")) < 10:
        sys.exit("found hardly any header: is this the repository?")
    tree.report(problems, "rooms include only what the table in this file allows")


main()
