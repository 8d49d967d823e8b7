"""TLS clients: Python's, and openssl s_client where Python is too well-behaved."""
import ssl
import subprocess


class Tls:
    """tls(sock) -> a TLS socket over it. `session`: to be resumed; an end without close_notify is an error."""

    def __init__(self, ca=None, name="localhost", alpn=("http/1.1",), cert=None, newest=None, session=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if ca:
            self.context.load_verify_locations(ca)
        else:
            self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        if alpn:
            self.context.set_alpn_protocols(list(alpn))
        if cert:
            self.context.load_cert_chain(cert["cert"], cert["key"])
        if newest:
            self.context.maximum_version = newest
        self.name, self.session = name, session

    def __call__(self, sock):
        return self.context.wrap_socket(sock, server_hostname=self.name, session=self.session,
                                        suppress_ragged_eofs=False)


def names_of(client):
    """The DNS names in the certificate that the server showed."""
    return [value for kind, value in client.sock.getpeercert()["subjectAltName"] if kind == "DNS"]


def s_client(port, *args, send=b"", timeout=20):
    """What openssl s_client says, errors included."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *args], input=send,
                          capture_output=True, timeout=timeout)
    return (done.stdout + done.stderr).decode(errors="replace")
