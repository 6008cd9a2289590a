"""docs/emulator.md: its Python runs, its commands and files are accepted, its tables complete."""

import argparse
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import unittest
from pathlib import Path

import pytest
import yaml

from salesforce_bulk.emulator import Fault, SalesforceEmulator
from salesforce_bulk.emulator.__main__ import add_arguments
from salesforce_bulk.emulator.http.faults import KINDS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "emulator.md").read_text("utf-8")
#: Where links out of the documentation's site lead.
REPOSITORY = "https://github.com/heroku/salesforce-bulk/blob/HEAD/"
BLOCK = re.compile(r"(?:<!-- (\S+) -->\n)?```(\w+)(?: (\w+))?\n(.*?)```", re.DOTALL)
BLOCKS = [match.groups() for match in BLOCK.finditer(TEXT)]
#: Blocks with a name are another program's: django-salesforce's is run by tests/witness.
PYTHON = [text for source, kind, name, text in BLOCKS if kind == "python" and not (source or name)]
QUOTED = [(source, text) for source, _, _, text in BLOCKS if source]
FILES = {name: json.loads(text) for _, kind, name, text in BLOCKS if kind == "json"}
COMMANDS = [
    shlex.split(line.rstrip("&"))[2:]
    for _, kind, _, text in BLOCKS
    if kind == "sh"
    for line in text.splitlines()
    if line.startswith("salesforce-bulk emulator")
]


@pytest.fixture(scope="module")
def names(tmp_path_factory, certificate):
    folder = tmp_path_factory.mktemp("page")
    (folder / "app.crt").write_bytes(certificate)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # Requests prefers these to what a session is told.
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        yield {"__name__": "page"}


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_block_runs_after_those_before_it(number, names):
    exec(compile(PYTHON[number], f"docs/emulator.md block {number}", "exec"), names)


def test_the_unittest_example_passes(names):
    suite = unittest.TestLoader().loadTestsFromTestCase(names["AccountTest"])
    result = unittest.TestResult()
    suite.run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])


@pytest.mark.parametrize(("source", "text"), QUOTED)
def test_quoted_code_is_in_its_file(source, text):
    assert text in (ROOT / source).read_text("utf-8")


@pytest.mark.parametrize("kind", ["sh", "js"])
def test_examples_of_the_control_api_run(emulator, tmp_path, kind):
    [text] = [text for _, found, name, text in BLOCKS if (found, name) == (kind, "control")]
    script = tmp_path / ("example.mjs" if kind == "js" else "example.sh")
    script.write_text(text)
    command = ["node"] if kind == "js" else ["bash", "-e"]
    environment = {**os.environ, "URL": emulator.url, "TOKEN": emulator.control_token}
    subprocess.run([*command, script], env=environment, check=True, timeout=60)
    assert emulator.org.count("Account") == (1 if kind == "sh" else 0)


def test_every_resource_of_the_control_api_is_listed(emulator):
    told = " ".join(table("| Resource of"))
    for pattern, handlers in emulator._control.routes.items():
        path = re.sub(r"\(\?P<object>[^)]*\)", "NAME", pattern)
        path = re.sub(r"\(\?P<number>[^)]*\)", "N", path)
        path = re.sub(r"\(\?P<\w+>[^)]*\)", "ID", path)
        assert path in told, path
        assert set(handlers) <= set(re.findall("[A-Z]+", told)), path


def steps_of(name):
    """The commands of a CI example."""
    [text] = [text for _, kind, found, text in BLOCKS if (kind, found) == ("yaml", name)]
    assert len(text.splitlines()) <= 11
    jobs = yaml.safe_load(text)
    if name == "gitlab":
        return jobs["test"]["script"]
    return [step["run"] for step in jobs["jobs"]["test"]["steps"] if "run" in step]


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_ci_examples_start_wait_and_test(name, tmp_path):
    """Each step in a shell of its own, as runners do; installing and the tests are left out."""
    install, start, wait, tests = steps_of(name)
    assert (install, tests) == ("pip install salesforce-bulk pytest", "pytest")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    start, wait = (step.replace("8080", port) for step in (start, wait))
    program = f"{sys.executable} -m salesforce_bulk "
    script = f"{start}\ntrap 'kill $!' EXIT\n{wait}\n".replace("salesforce-bulk ", program)
    run = ["bash", "-e", "-c", script]
    subprocess.run(run, cwd=tmp_path, check=True, timeout=90, stdout=subprocess.DEVNULL)


def can_unshare():
    """Whether this kernel lets a user have mounts of his own."""
    probe = ["unshare", "--map-root-user", "--mount", "true"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not can_unshare(), reason="the kernel gives users no mounts of their own")
def test_a_client_whose_login_host_is_fixed_is_led_here_by_a_hosts_file(tmp_path):
    [command] = [text for _, kind, name, text in BLOCKS if (kind, name) == ("sh", "hosts")]
    [hosts] = [text for _, kind, name, text in BLOCKS if (kind, name) == ("text", "hosts")]
    (tmp_path / "hosts").write_text(hosts)
    name = "acme.my.salesforce.com"
    with SalesforceEmulator(inline=True, tls=True, domain=name) as org:
        port = org.url.rpartition(":")[2]
        (tmp_path / "program.py").write_text(PROGRAM.format(port=port, name=name))
        environment = {**os.environ, "REQUESTS_CA_BUNDLE": str(org.certificate)}
        told = subprocess.run(
            ["bash", "-c", command.replace(" python ", f" {sys.executable} ")],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (told.returncode, told.stdout) == (0, f"https://{name}:{port}\n"), told.stderr


#: Logs in at the fixed host, and goes on where it is sent.
PROGRAM = """
import requests

form = {{"grant_type": "password", "client_id": "consumer-key", "client_secret": "consumer-secret"}}
form |= {{"username": "admin@example.com", "password": "password"}}
url = "https://login.salesforce.com:{port}/services/oauth2/token"
told = requests.post(url, form, timeout=10).json()
headers = {{"Authorization": "Bearer " + told["access_token"]}}
limits = requests.get(told["instance_url"] + "/services/data/v62.0/limits", headers=headers)
limits.raise_for_status()
print(told["instance_url"])
"""


def test_the_image_is_started_and_asked_as_the_command_line_allows():
    text = (ROOT / "Dockerfile").read_text()
    listed = [json.loads(found) for found in re.findall(r"(?:CMD|ENTRYPOINT) (\[.*\])", text)]
    compose = yaml.safe_load((ROOT / "examples" / "compose" / "compose.yaml").read_text())
    service = compose["services"]["emulator"]
    health, entry = listed
    assert service["healthcheck"]["test"][1:] == health
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for command in (health, entry, [*entry, *service["command"]]):
        assert command[:2] == ["salesforce-bulk", "emulator"]
        parser.parse_args(command[2:])
    copied = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert copied >= {"salesforce_bulk", "pyproject.toml", "setup.py", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_command_has_no_unknown_options(arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.parse_args(arguments)


def test_files_are_accepted(tmp_path, certificate):
    (tmp_path / "app.crt").write_bytes(certificate)
    (tmp_path / "objects.json").write_text(json.dumps(FILES["objects"]))
    with SalesforceEmulator(inline=True) as org:
        for app in FILES["apps"]:
            org.apps.register_mapping(app, tmp_path)
        assert org.org.load_schema(tmp_path / "objects.json")[0].name == "Invoice__c"
    assert [Fault.from_mapping(entry).kind for entry in FILES["faults"]]


def table(heading):
    """The words in code of the first column of a table."""
    lines = TEXT[TEXT.index(heading) :].split("\n\n", 1)[0].splitlines()[2:]
    return [word for line in lines for word in re.findall("`([^`]+)`", line.split("|")[1])]


def test_every_fault_is_listed():
    assert sorted(table("| Kind | What happens")) == sorted(KINDS)


def test_every_route_is_listed(emulator):
    routes = {route.name for route in emulator._application.routes}
    assert sorted(table("| Routes |")) == sorted(routes)


def test_every_argument_is_listed():
    listed = {entry.partition("=")[0] for entry in table("| Argument of")} - {"SalesforceEmulator"}
    code = SalesforceEmulator.__init__.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    assert listed == set(code.co_varnames[1:count])


def test_every_option_is_mentioned():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = [name for action in parser._actions for name in action.option_strings]
    assert [
        name for name in options if name[:2] == "--" and name != "--help" and name not in TEXT
    ] == []


def test_links_lead_somewhere():
    anchors = {re.sub(r"[^a-z0-9 ]", "", line.lower()).replace(" ", "-") for line in heads()}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif target.startswith(REPOSITORY):
            assert (ROOT / target.removeprefix(REPOSITORY)).exists(), target
        else:
            assert (ROOT / "docs" / target).exists(), target


def heads():
    return [line.lstrip("# ") for line in TEXT.splitlines() if line.startswith("## ")]
