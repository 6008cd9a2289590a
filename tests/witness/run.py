"""Clients that nobody here wrote, unmodified, against the emulator.

    python tests/witness/run.py [--directory DIR] [NAME ...]

Installs each client from its registry at the version below, into a folder of DIR (by default a
temporary one; what is there already is used again), and has it do its ordinary work: django,
jsforce, cumulusci, sf; all of them without a NAME. jsforce and django are connected by the blocks
of docs/emulator.md and the lines of the emulator's page, too. Not part of the test suite: it needs
node, npm, openssl, git, Chromium and the registries. simple-salesforce, the fifth, is:
tests/emulator/test_witness.py. Exit code 1 where a client does not find what it expects.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from salesforce_bulk.emulator import SalesforceEmulator

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "support"))

from connecting_lines import a_browser, block_of_manual, lines_of_page  # noqa: E402

#: What is installed, by pip or npm. sf wants a newer Node than most systems have.
DJANGO = ("django-salesforce==6.0", "django==4.2.*")
CUMULUSCI = ("cumulusci==4.10.1",)
JSFORCE = ("jsforce@3.10.16",)
SF = ("@salesforce/cli@2", "node@24")
#: What a client's work may take, and its installation.
SECONDS, INSTALL_SECONDS = 240, 1_200


class ClaimFailed(Exception):
    """A client did not find what it expects."""


def run(command, directory, environment=(), code=0, seconds=SECONDS):
    """What a command prints. Raises ClaimFailed for another exit code."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=directory,
        env={**os.environ, **dict(environment)},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode != code:
        raise ClaimFailed(f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def expect(told, wanted, what):
    if told != wanted:
        raise ClaimFailed(f"{what}: {told!r}, not {wanted!r}")


def with_pip(directory, packages):
    """The bin folder of an environment with these packages."""
    if not (directory / "installed").exists():
        run([sys.executable, "-m", "venv", directory], directory)
        install = [directory / "bin" / "pip", "install", "--quiet", *packages]
        run(install, directory, seconds=INSTALL_SECONDS)
        (directory / "installed").touch()
    return directory / "bin"


def with_npm(directory, packages):
    """The bin folder of a folder with these packages."""
    if not (directory / "installed").exists():
        (directory / "package.json").write_text("{}")
        install = ["npm", "install", "--no-audit", "--no-fund", *packages]
        run(install, directory, seconds=INSTALL_SECONDS)
        (directory / "installed").touch()
    return directory / "node_modules" / ".bin"


def line_of_page(org, client):
    """The line by which the page connects a client."""
    with a_browser() as browser:
        return lines_of_page(browser, org.url)[client]


def django(directory):
    python = with_pip(directory, DJANGO) / "python"
    with SalesforceEmulator(tls=True) as org:
        environment = {"REQUESTS_CA_BUNDLE": str(org.certificate)}
        manual = block_of_manual("python", "django", org.url)
        line = line_of_page(org, "django-salesforce")
        # The page's line stands behind the manual's settings, and replaces those of the database.
        for settings in (manual, f'{manual}DATABASES.pop("salesforce")\n{line}\n'):
            (directory / "emulator_settings.py").write_text(settings)
            told = run([python, "-B", HERE / "django_salesforce_claims.py"], directory, environment)
    return f"{told}ok      with the settings of the manual, and those of the page\n"


def jsforce(directory):
    with_npm(directory, JSFORCE)
    with SalesforceEmulator() as org:
        org.define_object("Load__c", {"Ext__c": "externalId", "Amount__c": "number"})
        plan = org.org.plan_write("insert", "Contact", ["LastName"])
        plan.write([[f"C{n:04}"] for n in range(2_500)])
        password = org.password + org.security_token
        script = HERE / "jsforce_claims.mjs"
        told = run(["node", script, org.url, org.username, password], directory)
        manual = block_of_manual("js", "jsforce", org.url)
        asked = manual.splitlines()[-1]
        line = line_of_page(org, "jsforce")
        for program in (manual, f'import jsforce from "jsforce";\n{line}\n{asked}\n'):
            (directory / "connect.mjs").write_text(program)
            expect(run(["node", "connect.mjs"], directory), "Emulator\n", program)
    return f"{told}ok      with the block of the manual, and the line of the page\n"


# CumulusCI: a dataset in, and out again, in its default mode.

MAPPING = """
Account:
  sf_object: Account
  fields: [Name, Site]
Contact:
  sf_object: Contact
  fields: [LastName, Email]
  lookups:
    AccountId: {table: Account, key_field: account_id}
"""
DATASET = """BEGIN TRANSACTION;
CREATE TABLE "Account" (id VARCHAR(255) NOT NULL, "Name" VARCHAR(255), "Site" VARCHAR(255),
 PRIMARY KEY (id));
INSERT INTO "Account" VALUES('Account-1','Acme','x');
CREATE TABLE "Contact" (id VARCHAR(255) NOT NULL, "LastName" VARCHAR(255), "Email" VARCHAR(255),
 account_id VARCHAR(255), PRIMARY KEY (id));
INSERT INTO "Contact" VALUES('Contact-1','Smith','A@Example.com','Account-1');
COMMIT;
"""
PROJECT = """
project:
    name: witness
    package: {name: witness, api_version: '62.0'}
    git: {default_branch: main}
"""
#: Enters the org into CumulusCI's own keychain, as its import of an org does.
ADD_ORG = """
import sys
from cumulusci.cli.runtime import CliRuntime
from cumulusci.core.config import OrgConfig

url, org, user, name = sys.argv[1:]
runtime = CliRuntime()
config = {
    "access_token": "to be renewed",
    "instance_url": url,
    "id": f"{url}/id/{org}/{user}",
    "username": name,
    "org_id": org,
    "userinfo": {"organization_id": org, "preferred_username": name},
}
runtime.keychain.set_org(OrgConfig(config, "emulator", keychain=runtime.keychain))
"""


def cumulusci(directory):
    programs = with_pip(directory, CUMULUSCI)
    project = Path(tempfile.mkdtemp(dir=directory))
    for name, text in (("cumulusci.yml", PROJECT), ("mapping.yml", MAPPING), ("in.sql", DATASET)):
        (project / name).write_text(text)
    run(["git", "init", "-q", "-b", "main"], project)
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    run(["git", *author, "commit", "-q", "--allow-empty", "-m", "empty"], project)
    key, certificate = project / "app.key", project / "app.crt"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=app"]
    run([*request, "-keyout", key, "-out", certificate], project)
    with SalesforceEmulator(tls=True) as org:
        org.register_app("cumulusci", certificate=certificate)
        environment = {
            "HOME": str(project),
            "CUMULUSCI_KEY": "0123456789ABCDEF",
            "REQUESTS_CA_BUNDLE": str(org.certificate),
            "SFDX_CLIENT_ID": "cumulusci",
            "SFDX_HUB_KEY": key.read_text(),
        }
        who = org.url, org.org.org_id, org.org.admin.id, org.username
        run([programs / "python", "-c", ADD_ORG, *who], project, environment)
        task = [programs / "cci", "task", "run"]
        common = ["--org", "emulator", "--mapping", "mapping.yml", "--sql_path"]
        run([*task, "load_dataset", *common, "in.sql"], project, environment)
        expect((org.org.count("Account"), org.org.count("Contact")), (1, 1), "records loaded")
        run([*task, "extract_dataset", *common, "out.sql"], project, environment)
    out = (project / "out.sql").read_text()
    for line in ("'Account-1','Acme','x'", "'Contact-1','Smith','a@example.com','Account-1'"):
        expect(line in out, True, f"{line} in {out}")
    return "ok      loads a dataset with a lookup, and extracts it\n"


# The Salesforce CLI.

TREE = {
    "records": [
        {
            "attributes": {"type": "Account", "referenceId": "a1"},
            "Name": "T",
            "Contacts": {
                "records": [
                    {"attributes": {"type": "Contact", "referenceId": "c1"}, "LastName": "C"}
                ]
            },
        }
    ]
}


def sf(directory):
    programs = with_npm(directory, SF)
    work = Path(tempfile.mkdtemp(dir=directory))
    with SalesforceEmulator(tls=True) as org:
        org.define_object("Load__c", {"Ext__c": "externalId", "Amount__c": "number"})
        environment = {
            "HOME": str(work),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "NODE_EXTRA_CA_CERTS": str(org.certificate),
            "SF_ACCESS_TOKEN": org.sessions.open(org.org.admin).token,
            "SF_DISABLE_TELEMETRY": "true",
            "SF_AUTOUPDATE_DISABLE": "true",
            "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
        }

        def told(*arguments):
            command = [programs / "sf", *arguments, "--json"]
            return json.loads(run(command, work, environment))["result"]

        url = ("--instance-url", org.url)
        told("org", "login", "access-token", *url, "--no-prompt", "--set-default")
        expect(told("org", "display")["connectedStatus"], "Connected", "org display")
        acme = ("--sobject", "Account", "--where", "Name=Acme")
        told("data", "create", "record", "--sobject", "Account", "--values", "Name=Acme")
        told("data", "update", "record", *acme, "--values", "Site=x")
        expect(told("data", "get", "record", *acme)["Site"], "x", "data get record")
        query = ("--query", "SELECT Name, Owner.Name FROM Account")
        expect(told("data", "query", *query)["totalSize"], 1, "data query")
        (work / "tree.json").write_text(json.dumps(TREE))
        expect(len(told("data", "import", "tree", "--files", "tree.json")), 2, "data import tree")
        told("data", "delete", "record", *acme)
        (work / "in.csv").write_text("Ext__c,Amount__c\na,1\nb,2\n")
        load = ("--file", "in.csv", "--sobject", "Load__c", "--wait", "2")
        done = told("data", "import", "bulk", *load)
        expect(done["successfulRecords"], 2, "data import bulk")
        told("data", "upsert", "bulk", *load, "--external-id", "Ext__c")
        query = ("--query", "SELECT Ext__c FROM Load__c", "--output-file", "out.csv", "--wait", "2")
        expect(told("data", "export", "bulk", *query)["totalSize"], 2, "data export bulk")
        expect(told("sobject", "describe", "--sobject", "Load__c")["name"], "Load__c", "describe")
        expect(bool(told("org", "list", "limits")), True, "org list limits")
    return "ok      logs in, queries, writes records, imports a tree, imports and exports in bulk\n"


WITNESSES = {"django": django, "jsforce": jsforce, "cumulusci": cumulusci, "sf": sf}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*WITNESSES, []])
    parser.add_argument("--directory", type=Path)
    args = parser.parse_args()
    base = args.directory or Path(tempfile.mkdtemp())
    failed = 0
    try:
        for name in args.names or WITNESSES:
            directory = (base / name).absolute()
            directory.mkdir(parents=True, exist_ok=True)
            try:
                sys.stdout.write(f"{name}\n{WITNESSES[name](directory)}")
            except (ClaimFailed, subprocess.TimeoutExpired, OSError) as error:
                failed += 1
                sys.stdout.write(f"{name}\nFAILED  {error}\n")
            sys.stdout.flush()
    finally:
        if args.directory is None:
            shutil.rmtree(base)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
