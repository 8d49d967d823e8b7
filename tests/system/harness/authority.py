"""Certificate authorities of a test's own, and what they issue: good certificates and bad ones."""
import os
import shutil
import subprocess

NAMES = "DNS:localhost,IP:127.0.0.1"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


class Authority:
    """Its certificate is the file `ca`."""

    def __init__(self, folder, name="test authority"):
        self.folder = str(folder)
        self.issued = 0
        self.ca, self._key = (os.path.join(self.folder, file) for file in ("ca.pem", "ca_key.pem"))
        openssl("req", "-x509", *KEY, "-days", "2", "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.ca)

    def issue(self, names=NAMES, days=2):
        """Paths of ca, cert and key. `days` below 0: it has run out."""
        self.issued += 1
        cert, key, request, extensions = (os.path.join(self.folder, f"{file}{self.issued}")
                                          for file in ("cert", "key", "request", "extensions"))
        with open(extensions, "w") as f:
            f.write(f"subjectAltName={names}\n")
        openssl("req", *KEY, "-subj", "/CN=test", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial",
                "-days", str(days), "-extfile", extensions, "-out", cert)
        return {"ca": self.ca, "cert": cert, "key": key}


def replace(path, by):
    """As a careful administrator would: at no moment is there half a file."""
    shutil.copyfile(by, f"{path}.new")
    os.replace(f"{path}.new", path)
