"""The emulator's wire: rows in, rows to a result file, bytes out; time and memory.

    python benchmarks/emulator_wire.py [--batches 100] [--rows 10000]

The emulator runs in a process of its own, the client is plain sockets and http.client. Each
figure is one run; the targets are in the README of this directory's readers: 50,000 rows/s in,
150,000 rows/s from query to file, 500 MB/s out, less than 300 MB of memory.
"""

import argparse
import http.client
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from simple_salesforce import SalesforceLogin

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
HEADER = "Name,Phone,Website,Industry,BillingCity,BillingStreet,AnnualRevenue,NumberOfEmployees,Description,AccountNumber\n"
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


def peak_megabytes(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--rows", type=int, default=10_000)
    args = parser.parse_args()
    total = args.batches * args.rows
    bodies = [batch_body(n * args.rows, args.rows) for n in range(args.batches)]
    server = subprocess.Popen(
        [sys.executable, "-m", "salesforce_bulk.emulator"], stdout=subprocess.PIPE, text=True
    )
    try:
        url, user, password, token = (server.stdout.readline().split()[1] for _ in range(4))
        client = Client(url, user, password, token)

        started = time.perf_counter()
        job = client.job("insert")
        for body in bodies:
            client.post(job, body)
        sent = time.perf_counter() - started
        info = client.wait(job)
        seconds = time.perf_counter() - started
        processed = int(re.search("<numberRecordsProcessed>(\\d+)", info)[1])
        failed = int(re.search("<numberRecordsFailed>(\\d+)", info)[1])
        megabytes = sum(map(len, bodies)) / 1e6
        print(
            f"in    {processed} rows ({failed} failed), {megabytes:.0f} MB: {seconds:.2f} s "
            f"(sent in {sent:.2f}), {processed / seconds:,.0f} rows/s; peak {peak_megabytes(server.pid):.0f} MB"
        )
        if processed != total or failed:
            raise SystemExit(f"expected {total} rows")

        started = time.perf_counter()
        job = client.job("query")
        columns = ", ".join(HEADER.strip().split(","))
        batch = client.post(job, f"SELECT {columns} FROM Account")
        client.wait(job)
        seconds = time.perf_counter() - started
        print(
            f"query {total} rows x 10 columns to file: {seconds:.2f} s, {total / seconds:,.0f} rows/s; "
            f"peak {peak_megabytes(server.pid):.0f} MB"
        )
        [result] = re.findall(
            "<result>(.*?)</result>", client.call("GET", f"job/{job}/batch/{batch}/result")
        )
        path = f"job/{job}/batch/{batch}/result/{result}"
        for label, gzip in (
            ("identity", False),
            ("identity", False),
            ("gzip, first", True),
            ("gzip, again", True),
        ):
            started = time.perf_counter()
            size = client.download(path, gzip)
            seconds = time.perf_counter() - started
            print(
                f"out   {label}: {size / 1e6:.0f} MB, {seconds:.3f} s, {size / seconds / 1e6:,.0f} MB/s"
            )
        print(f"peak  {peak_megabytes(server.pid):.0f} MB")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
