"""Configurations and acts that several files share."""

# A route of each mode and of each kind of requirement and denial.
MODES = {"routes": [
    {"match": {"path": "/off"}, "session": "off"},
    {"match": {"path": "/optional"}, "session": "optional"},
    {"match": {"path": "/issue"}, "session": "issue"},
    {"match": {"path": "/required"}, "session": "required"},
    {"match": {"path": "/user"}, "session": "required", "require": {"/user/id": "present"}},
    {"match": {"path": "/tier"}, "session": "required", "require": {"/user/tier": ["gold", "platinum"]}},
    {"match": {"path": "/both"}, "session": "required",
     "require": {"/user/id": "present", "/user/tier": ["gold"]}},
    {"match": {"path": "/page"}, "session": "required", "deny": {"redirect": "/login?next={target}"}},
    {"match": {"path": "/forbidden"}, "session": "required", "deny": {"status": 403}},
]}


def state(backend):
    """The state of the session as the backend last heard of it."""
    return backend.last().header("X-Session-State")
