"""All of them, theme by theme."""
import importlib

MODULES = ("framing", "chunked", "syntax", "targets", "fields", "upgrades", "websockets", "streams", "answers")
ALL = [case for name in MODULES for case in importlib.import_module(f"cases.{name}").CASES]
