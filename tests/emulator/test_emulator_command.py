"""The command line of the emulator: ``salesforce-bulk emulator`` and ``python -m``."""

import argparse
import io
import json
import os
import signal
import threading

import pytest
import requests

from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.__main__ import add_arguments, run


def parse(*arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([str(argument) for argument in arguments])


class UntilTold(io.StringIO):
    """Takes the announcement, asks ``look`` about it, and then has the command stopped."""

    def __init__(self, look):
        super().__init__()
        self.look = look
        self.seen = None

    def flush(self):
        thread = threading.Thread(target=self._look)
        thread.start()

    def _look(self):
        try:
            self.seen = self.look(self.getvalue())
        finally:
            os.kill(os.getpid(), signal.SIGINT)


def told(*arguments, look=lambda text: text):
    output = UntilTold(look)
    assert run(parse(*arguments), output) == 0
    return output.seen


def test_announcement_is_a_line_for_each_thing_that_a_client_needs():
    lines = dict(line.split("  ", 1) for line in told().splitlines())
    values = {name: value.strip() for name, value in lines.items()}
    assert len(values.pop("control token")) > 20
    assert values.pop("url").startswith("http://127.0.0.1:")
    assert values == {
        "user": "admin@example.com",
        "password": "password",
        "token": "token",
        "consumer key": "consumer-key",
        "consumer secret": "consumer-secret",
    }


def test_announcement_in_json_is_one_object():
    text = told("--json")
    assert text.count("\n") == 1
    names = ["url", "username", "password", "security_token", "consumer_key", "consumer_secret"]
    names.append("control_token")
    assert list(json.loads(text)) == names


def grant(url, key="consumer-key", secret="consumer-secret"):
    values = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
    return requests.post(f"{url}/services/oauth2/token", values, timeout=10)


def test_org_shape_takes_the_describes_of_a_whole_org(tmp_path):
    """In the order of the files, whatever they refer to; logins and records work as before."""
    with SalesforceEmulator(inline=True) as org:
        org.define_object("Zebra__c", {"Ext__c": "externalId", "A__c": "lookup(Account)"})
        org.define_object("Aardvark__c", {"Z__c": "lookup(Zebra__c)"})
        org.define_object("Account", {"Region__c": "picklist[North, South] restricted"})
        for name in [sobject.name for sobject in org.org.schema.objects.values()]:
            document = {"status": 0, "result": org.org.schema.describe(name)}
            (tmp_path / f"{name}.json").write_text(json.dumps(document))

    def look(text):
        url = json.loads(text)["url"]
        token = grant(url).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        records = f"{url}/services/data/v62.0/sobjects"
        answers = [
            requests.post(f"{records}/{name}", json=record, headers=headers, timeout=10)
            for name, record in (
                ("Account", {"Name": "A", "Region__c": "North"}),
                ("Account", {"Name": "A", "Region__c": "East"}),
                ("Zebra__c", {"Ext__c": "z"}),
                ("Aardvark__c", {"Z__r": {"Ext__c": "z"}}),
                ("Account", {"Site": "nameless"}),
            )
        ]
        return [answer.status_code for answer in answers]

    assert told("--json", "--org-shape", tmp_path, look=look) == [201, 400, 201, 201, 400]


def test_org_shape_says_which_file_is_wrong(tmp_path, capsys):
    assert run(parse("--org-shape", tmp_path)) == 2
    assert "has no describe documents" in capsys.readouterr().err
    (tmp_path / "Odd.json").write_text('{"name": "Odd", "fields": [{"name": "A"}]}')
    assert run(parse("--org-shape", tmp_path)) == 2
    assert "Odd.json" in capsys.readouterr().err


def test_clock_starts_at_the_time_given_and_goes_on():
    def look(text):
        return grant(json.loads(text)["url"]).json()["issued_at"]

    leap_day = 1_709_208_000_000
    for given in ("2024-02-29T12:00:00Z", "2024-02-29T13:00:00+01:00", "2024-02-29 12:00"):
        assert 0 <= int(told("--json", "--clock", given, look=look)) - leap_day < 60_000


def test_seed_makes_the_tokens():
    def look(text):
        return grant(json.loads(text)["url"]).json()["access_token"]

    first, second, other = (told("--json", "--seed", n, look=look) for n in (1, 1, 2))
    assert first == second != other


def test_apps_are_read_from_a_file_with_their_certificates(tmp_path, certificate):
    (tmp_path / "app.crt").write_bytes(certificate)
    path = tmp_path / "apps.json"
    apps = [{"consumer_key": "a", "consumer_secret": "s", "run_as": "admin@example.com"}]
    apps.append({"consumer_key": "b", "certificate": "app.crt"})
    apps.append({"consumer_key": "c", "certificate": certificate.decode()})
    path.write_text(json.dumps(apps))

    def look(text):
        return grant(json.loads(text)["url"], "a", "s").status_code

    assert told("--json", "--app", path, look=look) == 200


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "{}",
        "[1]",
        '[{"consumer_secret": "s"}]',
        '[{"consumer_key": "a", "colour": "red"}]',
        '[{"consumer_key": "a", "certificate": "none.crt"}]',
        '[{"consumer_key": "a", "certificate": "apps.json"}]',
    ],
)
def test_bad_apps_are_refused(tmp_path, content, capsys):
    path = tmp_path / "apps.json"
    path.write_text(content)
    assert run(parse("--app", path)) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "70000"),
        ("--tls", "one"),
        ("--tls", "no.pem", "no.key"),
        ("--data", "/dev/null/x"),
    ],
)
def test_what_cannot_be_served_is_an_error_of_one_line(arguments, capsys):
    assert run(parse(*arguments)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("argument", ["yesterday", "2024-13-01"])
def test_time_that_is_none_is_wrong_usage(argument, capsys):
    with pytest.raises(SystemExit):
        parse("--clock", argument)
    assert "--clock" in capsys.readouterr().err


def test_files_are_loaded_parents_first(tmp_path):
    (tmp_path / "Contact.json").write_text(
        json.dumps([{"LastName": "Smith", "Account": {"Name": "Acme"}}])
    )
    (tmp_path / "Account.csv").write_text("Name,Site\nAcme,x\nBolt,\n")
    leads = tmp_path / "some.csv"
    leads.write_text("LastName,Company\nA,B\n")
    directory = tmp_path / "set"
    directory.mkdir()
    for name in ("Contact.json", "Account.csv"):
        (tmp_path / name).rename(directory / name)

    def look(text):
        url = json.loads(text)["url"]
        return requests.get(f"{url}/_emulator/v1/objects", timeout=10).json()

    counts = told("--json", "--load", directory, "--load", f"Lead={leads}", look=look)
    assert (counts["Account"], counts["Contact"], counts["Lead"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('Name\n""\n', "row 1: Required fields are missing: [Name]"),
        ("Name,Parent.Name\nA,Nobody\n", "row 1: no Parent has the Name 'Nobody'"),
        ("Pet__c\nA\n", "Field name not found : Pet__c"),
        ('Name\n"A', "Account.csv"),
    ],
)
def test_a_row_that_cannot_be_loaded_is_told_with_its_place(tmp_path, capsys, content, words):
    path = tmp_path / "Account.csv"
    path.write_text(content)
    assert run(parse("--load", f"Account={path}")) == 2
    assert words in capsys.readouterr().err


def test_wait_ends_when_an_emulator_answers_and_says_so_when_none_does(monkeypatch, capsys):
    with SalesforceEmulator() as emulator:
        assert run(parse("--wait", emulator.url)) == 0
        gone = emulator.url
    monkeypatch.setattr("salesforce_bulk.emulator.__main__.WAIT_SECONDS", 0.5)
    assert run(parse("--wait", gone)) == 1
    assert f"no emulator answers at {gone}" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["", "127.0.0.1:8080", "ftp://x", "http://", "8080"])
def test_wait_for_what_is_no_address_ends_at_once(address, capsys):
    assert run(parse("--wait", address)) == 2
    assert "is no address such as http://127.0.0.1:8080" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_with_what_to_do(capsys):
    with SalesforceEmulator() as other:
        port = other.url.rpartition(":")[2]
        assert run(parse("--port", port)) == 2
    assert f"port {port} of 127.0.0.1 cannot be had" in capsys.readouterr().err


def test_a_time_that_is_none_is_told_with_one(capsys):
    with pytest.raises(SystemExit):
        parse("--clock", "yesterday")
    assert "yesterday is no time such as 2024-02-29T12:00:00Z" in capsys.readouterr().err


def test_a_reset_leaves_what_the_command_began_with(tmp_path):
    """Objects, records, apps and faults, as often as it is reset."""
    files = {
        "objects.json": {"Pet__c": {"fields": {"Kind__c": "text"}}},
        "Pet__c.json": [{"Kind__c": "cat"}],
        "apps.json": [{"consumer_key": "a", "consumer_secret": "s", "run_as": "admin@example.com"}],
        "faults.json": [{"kind": "html_error", "route": "rest.limits"}],
    }
    for name, document in files.items():
        (tmp_path / name).write_text(json.dumps(document))
    given = ("--schema", tmp_path / "objects.json", "--load", f"Pet__c={tmp_path / 'Pet__c.json'}")
    given += ("--app", tmp_path / "apps.json", "--faults", tmp_path / "faults.json")

    def look(text):
        told = json.loads(text)
        control = f"{told['url']}/_emulator/v1"
        headers = {"Authorization": f"Bearer {told['control_token']}"}
        for _ in range(2):
            requests.post(f"{control}/objects/Pet__c/rows", "[{}]", headers=headers, timeout=10)
            requests.get(f"{told['url']}/services/data/v62.0/limits", timeout=10)
            requests.post(f"{control}/reset", headers=headers, timeout=10).raise_for_status()
        counts = requests.get(f"{control}/objects", timeout=10).json()
        limits = requests.get(f"{told['url']}/services/data/v62.0/limits", timeout=10)
        return counts["Pet__c"], grant(told["url"], "a", "s").status_code, limits.status_code

    assert told("--json", *given, look=look) == (1, 200, 503)


def test_a_reset_says_what_of_the_beginning_is_gone(tmp_path):
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("Name\nAcme\n")

    def look(text):
        told = json.loads(text)
        headers = {"Authorization": f"Bearer {told['control_token']}"}
        accounts.unlink()
        address = f"{told['url']}/_emulator/v1/reset"
        answer = requests.post(address, headers=headers, timeout=10)
        return answer.status_code, answer.json()["error"]

    status, error = told("--json", "--load", f"Account={accounts}", look=look)
    assert status == 400
    assert error.startswith("the org is reset, but what it began with cannot be read again")
    assert "accounts.csv" in error


def test_records_are_loaded_into_a_kept_org_once(tmp_path, capsys):
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("Name\nAcme\n")
    given = ("--json", "--data", tmp_path / "org", "--load", f"Account={accounts}")

    def look(text):
        url = json.loads(text)["url"]
        return requests.get(f"{url}/_emulator/v1/objects", timeout=10).json()["Account"]

    assert [told(*given, look=look) for _ in range(2)] == [1, 1]
    assert "keeps its records" in capsys.readouterr().err


def test_a_start_that_failed_is_made_again_with_all_records(tmp_path, capsys):
    accounts = tmp_path / "accounts.csv"
    given = ("--json", "--data", tmp_path / "org", "--load", f"Account={accounts}")
    accounts.write_text('Name\nAcme\n""\n')
    assert run(parse(*given)) == 2
    assert "row 2" in capsys.readouterr().err
    accounts.write_text("Name\nAcme\nBolt\n")

    def look(text):
        url = json.loads(text)["url"]
        return requests.get(f"{url}/_emulator/v1/objects", timeout=10).json()["Account"]

    assert told(*given, look=look) == 2


def test_an_address_that_others_reach_is_told(capsys):
    assert told("--host", "0.0.0.0", "--json")
    assert "everybody who reaches 0.0.0.0" in capsys.readouterr().err
