"""The smallest rules for Redis' ACL, as deploy/redis-acl.md tells them to operators."""
import pathlib
import shlex

PAGE = pathlib.Path(__file__).parents[3] / "deploy/redis-acl.md"
STORE, PRIMARY_OF_SENTINELS, SENTINEL, CLUSTER = range(4)  # its commands, in their order


def rules():
    """Every ACL SETUSER of the page, as its words behind the user's name."""
    commands = [shlex.split(line) for block in PAGE.read_text().split("```sh\n")[1:]
                for line in block.split("```")[0].replace("\\\n", " ").splitlines()]
    return [command[command.index("SETUSER") + 2:] for command in commands if "SETUSER" in command]


def rights(*which):
    """What these rules allow: keys, channels and commands."""
    found = rules()
    return tuple(word for number in which for word in found[number] if word[0] in "~&+")


def refused(server):
    """What its ACL LOG notes: who was refused what, how often."""
    rows = [dict(zip(row[::2], row[1::2])) for row in server.command("ACL", "LOG")]
    return [(row[b"username"].decode(), row[b"object"].decode(), row[b"count"]) for row in rows]
