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

    def issue(self, names=NAMES, days=2, subject="/CN=test", key=KEY):
        """Paths of ca, cert and key. `days` below 0: it has run out."""
        self.issued += 1
        cert, own_key, request, extensions = (os.path.join(self.folder, f"{file}{self.issued}")
                                              for file in ("cert", "key", "request", "extensions"))
        with open(extensions, "w") as f:
            f.write(f"subjectAltName={names}\n")
        openssl("req", *key, "-utf8", "-subj", subject, "-keyout", own_key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial",
                "-days", str(days), "-extfile", extensions, "-out", cert)
        return {"ca": self.ca, "cert": cert, "key": own_key}

    def ocsp(self, cert):
        """Path of an OCSP answer (DER) that a certificate of ours is good, for a day."""
        answer, index, asked = (f"{cert}.{kind}" for kind in ("ocsp", "index", "asked"))
        serial = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-serial"], check=True,
                                capture_output=True, text=True).stdout.strip().partition("=")[2]
        with open(index, "w") as f:
            f.write(f"V\t991231235959Z\t\t{serial}\tunknown\t/CN=test\n")
        openssl("ocsp", "-issuer", self.ca, "-cert", cert, "-no_nonce", "-reqout", asked)
        openssl("ocsp", "-index", index, "-CA", self.ca, "-rsigner", self.ca, "-rkey", self._key, "-ndays", "1",
                "-reqin", asked, "-respout", answer)
        return answer


def replace(path, by):
    """As a careful administrator would: at no moment is there half a file."""
    shutil.copyfile(by, f"{path}.new")
    os.replace(f"{path}.new", path)
