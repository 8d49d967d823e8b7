"""Serves orders.py, or the CGI script given as argument, on a free port, which is the first line it prints.

The script is run as RFC 3875 has it, by the environment that wsgiref makes of a request. http.server's own runner of
CGI hands over five headers of its choice only, and is gone from Python 3.15 on."""
import os
import socketserver
import subprocess
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from orders import application

VARIABLES = ("CONTENT_", "HTTP_", "REMOTE_", "REQUEST_", "SERVER_", "GATEWAY_INTERFACE", "PATH_INFO", "QUERY_STRING")


def script(path):
    def run(environ, start_response):
        name = "/" + os.path.basename(path)
        variables = {key: value for key, value in environ.items() if key.startswith(VARIABLES)}
        variables.update(PATH=os.environ["PATH"], SCRIPT_NAME=name, PATH_INFO=environ["PATH_INFO"].removeprefix(name))
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        said = subprocess.run([path], input=sent, stdout=subprocess.PIPE, env=variables, check=True).stdout
        head, _, body = said.partition(b"\r\n\r\n")
        fields = [tuple(line.split(": ", 1)) for line in head.decode("latin-1").split("\r\n")]
        status = dict(fields).get("Status", "200 OK")
        start_response(status, [field for field in fields if field[0] != "Status"])
        return [body]

    return run


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


app = script(os.path.abspath(sys.argv[1])) if len(sys.argv) > 1 else application
server = make_server("127.0.0.1", 0, app, Server, Quiet)
print(server.server_port, flush=True)
server.serve_forever()
