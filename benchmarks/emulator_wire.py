"""The emulator's wire: rows in, rows to a result file, bytes out; time and memory.

    python benchmarks/emulator_wire.py [--batches 100] [--rows 10000]

The emulator runs in a process of its own, the client is plain sockets and http.client. Each
figure is one run. Aims on two free cores: 50,000 rows/s in, 150,000 rows/s from query to file,
500 MB/s out, less than 300 MB of memory. On a busy machine look at the rows per second of the
server's own processor time.
"""

import argparse
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from simple_salesforce import SalesforceLogin

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
HEADER = (
    "Name,Phone,Website,Industry,BillingCity,BillingStreet,AnnualRevenue,NumberOfEmployees,"
    "Description,AccountNumber\n"
)
VERSION = "62.0"


def batch_body(first, count):
    lines = [
        f'"Account {n}",+49 30 {n:07d},https://example{n}.com,Banking,Berlin,"Straße {n}, Hof",'
        f'{n}.5,{n % 5000},"a ""quoted"" text, number {n}, with some more words to it",AN{n}\n'
        for n in range(first, first + count)
    ]
    return (HEADER + "".join(lines)).encode()


class Client:
    def __init__(self, url, user, password, token):
        self.session, self.host = SalesforceLogin(
            username=user,
            password=password,
            security_token=token,
            scratch_url=url,
            sf_version="62.0",
        )
        self.connection = http.client.HTTPConnection(self.host)

    def call(self, method, path, body=None, content_type="application/xml"):
        headers = {"X-SFDC-Session": self.session, "Content-Type": content_type}
        self.connection.request(method, f"/services/async/{VERSION}/{path}", body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 400:
            raise SystemExit(text)
        return text

    def job(self, operation):
        text = self.call(
            "POST",
            "job",
            f'<jobInfo xmlns="{NAMESPACE}"><operation>{operation}</operation>'
            "<object>Account</object><contentType>CSV</contentType></jobInfo>",
        )
        return re.search("<id>(.*?)</id>", text)[1]

    def post(self, job, body):
        return re.search("<id>(.*?)</id>", self.call("POST", f"job/{job}/batch", body, "text/csv"))[
            1
        ]

    def wait(self, job):
        while True:
            info = self.call("GET", f"job/{job}")
            left = sum(
                int(n) for n in re.findall("<numberBatches(?:Queued|InProgress)>(\\d+)<", info)
            )
            if not left:
                return info
            time.sleep(0.05)

    def download(self, path, gzip):
        """Bytes on the wire, by a plain socket."""
        address = urlsplit(f"http://{self.host}")
        with socket.create_connection((address.hostname, address.port)) as raw:
            lines = [
                f"GET /services/async/{VERSION}/{path} HTTP/1.1",
                f"Host: {self.host}",
                f"X-SFDC-Session: {self.session}",
                "Connection: close",
                *(["Accept-Encoding: gzip"] if gzip else []),
            ]
            raw.sendall("\r\n".join([*lines, "", ""]).encode())
            buffer, total = bytearray(1 << 20), 0
            while count := raw.recv_into(buffer):
                total += count
        return total


class Server:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "salesforce_bulk.emulator"], stdout=subprocess.PIPE, text=True
        )
        self.told = [self.process.stdout.readline().split()[1] for _ in range(4)]

    def peak_megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Watch:
    """Prints what was done since it began."""

    def __init__(self, server):
        self.server = server
        self.started, self.processor = time.perf_counter(), server.processor_seconds()

    def rows(self, label, count):
        seconds = time.perf_counter() - self.started
        processor = self.server.processor_seconds() - self.processor
        print(
            f"{label:8}{count} rows: {seconds:.2f} s, {count / seconds:,.0f} rows/s "
            f"({count / processor:,.0f} per processor second); "
            f"peak {self.server.peak_megabytes():.0f} MB"
        )

    def size(self, label, count):
        seconds = time.perf_counter() - self.started
        print(f"{label:16}{count / 1e6:.0f} MB: {seconds:.3f} s, {count / seconds / 1e6:,.0f} MB/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--rows", type=int, default=10_000)
    args = parser.parse_args()
    total = args.batches * args.rows
    bodies = [batch_body(n * args.rows, args.rows) for n in range(args.batches)]
    server = Server()
    try:
        client = Client(*server.told)
        watch = Watch(server)
        job = client.job("insert")
        for body in bodies:
            client.post(job, body)
        info = client.wait(job)
        watch.rows("in", total)
        if f"<numberRecordsProcessed>{total}<" not in info or "Failed>0<" not in info:
            raise SystemExit(f"expected {total} rows:\n{info}")

        watch = Watch(server)
        job = client.job("query")
        columns = ", ".join(HEADER.strip().split(","))
        batch = client.post(job, f"SELECT {columns} FROM Account")
        client.wait(job)
        watch.rows("query", total)

        listed = client.call("GET", f"job/{job}/batch/{batch}/result")
        [result] = re.findall("<result>(.*?)</result>", listed)
        path = f"job/{job}/batch/{batch}/result/{result}"
        for label, gzip in (
            ("out, identity", False),
            ("out, identity", False),
            ("out, new gzip", True),
            ("out, gzip", True),
        ):
            watch = Watch(server)
            watch.size(label, client.download(path, gzip))
        print(f"peak {server.peak_megabytes():.0f} MB")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
