"""Certificates for the tests of TLS: a CA in a folder, and what it signs. Made by openssl, as doc/fleet.md says."""
import os
import ssl
import subprocess

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
CLIENT, SERVER = "clientAuth", "serverAuth"


def openssl(*args, cwd=None):
    done = subprocess.run(["openssl", *args], capture_output=True, text=True, timeout=60, cwd=cwd, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(args)}:\n{done.stderr}")


class Authority:
    def __init__(self, folder, name="ca", subject="/CN=the fleet of the tests"):
        self.folder, self.name = folder, name
        self.certificate, self.key = self.path(name + ".pem"), self.path(name + ".key")
        openssl("req", "-x509", *EC, "-subj", subject, "-days", "30", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key, "-out", self.certificate)

    def path(self, name):
        return os.path.join(self.folder, name)

    def sign(self, name, subject="", usage=CLIENT, names="", dates=None):
        """The paths of a certificate and its key. subject: else /CN=name. names: of subjectAltName. dates: from, to, as YYYYMMDDHHMMSSZ."""
        stem = self.path(f"{self.name}-{name}")
        wanted = ["basicConstraints=critical,CA:FALSE"] + ([f"extendedKeyUsage={usage}"] if usage else []) + (
            [f"subjectAltName={names}"] if names else [])
        openssl("req", "-new", *EC, "-subj", subject or f"/CN={name}", "-keyout", stem + ".key", "-out", stem + ".csr")
        with open(stem + ".ext", "w", encoding="utf-8") as f:
            f.write("\n".join(wanted) + "\n")
        if dates:
            self._sign_with_dates(stem, dates)
        else:
            openssl("x509", "-req", "-in", stem + ".csr", "-CA", self.certificate, "-CAkey", self.key, "-days", "30",
                    "-extfile", stem + ".ext", "-out", stem + ".pem")
        return stem + ".pem", stem + ".key"

    def _sign_with_dates(self, stem, dates):
        """Only `openssl ca` lets one say when a certificate begins, and it keeps books."""
        with open(stem + ".cnf", "w", encoding="utf-8") as f:
            f.write(f"[ca]\ndefault_ca = d\n[d]\ndatabase = {stem}.index\nserial = {stem}.serial\nnew_certs_dir = {self.folder}\n"
                    "default_md = sha256\npolicy = p\n[p]\ncommonName = optional\n")
        with open(stem + ".index", "w", encoding="utf-8"):
            pass
        with open(stem + ".serial", "w", encoding="utf-8") as f:
            f.write("1000\n")
        openssl("ca", "-batch", "-notext", "-config", stem + ".cnf", "-cert", self.certificate, "-keyfile", self.key, "-in", stem + ".csr",
                "-extfile", stem + ".ext", "-startdate", dates[0], "-enddate", dates[1], "-out", stem + ".pem")

    def context(self, client=None, lowest=ssl.TLSVersion.TLSv1_2, highest=ssl.TLSVersion.TLSv1_3):
        """Of a client that trusts this CA, with the certificate and key it shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version, context.maximum_version = lowest, highest
        context.load_verify_locations(self.certificate)
        if client:
            context.load_cert_chain(*client)
        return context
