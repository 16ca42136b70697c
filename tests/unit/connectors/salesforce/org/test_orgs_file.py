"""The file of orgs: what it gives, and every slip in it as one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.directory import DEFAULT_ORG, OrgDirectory, crm_name
from connectors.salesforce.org.orgs_file import load_orgs
from streams.errors import ConfigurationError, SalesforceRefused
from streams.settings import Settings

KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
EMEA = "accounts: [acme, acme-labs], domain: acme.my, client_id: id, client_secret_file: secret"


def settings(folder: Path, text: str, **more: str) -> Settings:
    (folder / "secret").write_text("top-secret\n")
    (folder / "key.pem").write_text(KEY)
    file = folder / "orgs.yaml"
    file.write_text(text)
    return Settings(salesforce_orgs=file, **more)


def test_an_org_has_its_login_and_the_rest_from_the_settings(tmp_path: Path) -> None:
    text = (
        f"orgs:\n  emea: {{{EMEA}, currency: EUR}}\n"
        "  apac: {accounts: [koala], domain: koala--dev.sandbox.my, client_id: k, username: it@koala.example,"
        " private_key_file: key.pem, version: 63.0, external_id: Key__c}\n"
    )
    emea, apac = load_orgs(settings(tmp_path, text, salesforce_version="61.0"))
    assert (emea.name, emea.accounts) == ("emea", ("acme", "acme-labs"))
    assert emea.connection.client_secret == "top-secret"
    assert (emea.connection.version, emea.connection.currency) == ("61.0", "EUR")
    assert emea.connection.external_id_field == "Leadstream_Id__c"
    assert (apac.connection.version, apac.connection.currency) == ("63.0", "USD")
    assert (apac.connection.username, apac.connection.private_key) == ("it@koala.example", KEY.removesuffix("\n"))
    assert apac.connection.external_id_field == "Key__c"
    assert apac.to_dict()["login"] == "JWT bearer as it@koala.example"
    assert "top-secret" not in f"{emea}{emea.to_dict()}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("orgs: [", "is no YAML in line 1"),
        ("accounts: {}", "has to be `orgs:`"),
        ("orgs: {}", "has to be `orgs:`"),
        (f"orgs: {{a: {{{EMEA}}}}}\nother: 1", "has to be `orgs:`"),
        ("orgs: {a: 5}", "org a: has to be a mapping of accounts"),
        (f"orgs: {{a b: {{{EMEA}}}}}", "org a b: name it with 1 to 100 letters"),
        (f"orgs: {{default: {{{EMEA}}}}}", "org default: is the name of the org of the settings"),
        (f"orgs: {{a: {{{EMEA}, password: x}}}}", "org a: password is nothing that an org has"),
        (f"orgs: {{a: {{{EMEA}, currency: euros}}}}", "currency cannot be used: set it to three capital letters"),
        (f"orgs: {{a: {{{EMEA}, version: 62}}}}", "version cannot be used"),
        (f"orgs: {{a: {{{EMEA}, domain: acme.my.salesforce.com}}}}", "is no YAML"),
        ("orgs: {a: {accounts: [x], client_id: i, client_secret_file: secret}}", "org a: lacks domain"),
        ("orgs: {a: {accounts: [x], domain: x.my}}", "lacks client_id, client_secret_file or private_key_file"),
        ("orgs: {a: {accounts: [], domain: x.my}}", "accounts has to be a list"),
        ("orgs: {a: {accounts: ['x y'], domain: x.my}}", "account 'x y' cannot be one"),
        ("orgs: {a: {accounts: [x], domain: x.my, client_id: i, client_secret_file: none}}", "No such file"),
        ("orgs: {a: {accounts: [x], domain: x.my, client_id: i, client_secret_file: key.pem}}", "has to hold 1 to"),
        (
            "orgs: {a: {accounts: [x], domain: x.my, client_id: i, private_key_file: secret}}",
            "has to hold an RSA key",
        ),
        ("orgs: {a: {accounts: [x], domain: x.my, client_id: i, private_key_file: key.pem}}", "without a username"),
        ("orgs: {a: {accounts: [x], url: 'http://sandbox.example'}}", "plain http"),
    ],
)
def test_a_slip_is_one_line_that_says_what_would_be_right(tmp_path: Path, text: str, problem: str) -> None:
    given = settings(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load_orgs(given)
    assert problem in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert "orgs.yaml" in str(refused.value)
    assert "top-secret" not in str(refused.value)
    assert "MIIB" not in str(refused.value)
    assert refused.value.exit_code == 78


def test_every_slip_has_its_line(tmp_path: Path) -> None:
    text = f"orgs:\n  a: {{{EMEA}, currency: euros, colour: red}}\n  b: 5\n"
    with pytest.raises(ConfigurationError) as refused:
        load_orgs(settings(tmp_path, text))
    assert len(str(refused.value).splitlines()) == 3


def test_an_account_has_one_org(tmp_path: Path) -> None:
    given = settings(tmp_path, f"orgs:\n  a: {{{EMEA}}}\n  b: {{{EMEA}}}\n")
    with pytest.raises(ConfigurationError, match="org b: account acme stands in org a, too: an account has one org"):
        load_orgs(given)


def test_a_file_that_is_not_there_is_one_line() -> None:
    with pytest.raises(
        ConfigurationError, match=r"LEADSTREAM_SALESFORCE_ORGS=nowhere\.yaml: cannot be read \(No such"
    ):
        load_orgs(Settings(salesforce_orgs=Path("nowhere.yaml")))


def test_accounts_without_an_entry_have_the_org_of_the_settings(tmp_path: Path) -> None:
    given = settings(tmp_path, f"orgs: {{emea: {{{EMEA}}}}}", salesforce_url="http://127.0.0.1:8090")
    directory = OrgDirectory.from_settings(given)
    assert list(directory.clients) == [DEFAULT_ORG, "emea"]
    assert [directory.org_name(account) for account in ("acme", "acme-labs", "beta")] == ["emea", "emea", ""]
    assert directory.owns("emea", "acme")
    assert directory.owns(DEFAULT_ORG, "beta")
    assert not directory.owns(DEFAULT_ORG, "acme")
    assert directory.client(directory.org_name("acme")).connection.domain == "acme.my"
    assert directory.client(directory.org_name("beta")).connection.url == "http://127.0.0.1:8090"
    assert [crm_name(name) for name in directory.clients] == ["salesforce", "salesforce:emea"]


def test_without_a_default_org_only_the_accounts_of_the_file_have_one(tmp_path: Path) -> None:
    given = settings(tmp_path, f"orgs: {{emea: {{{EMEA}}}}}")
    assert given.has_salesforce
    assert not Connection.is_configured(given)
    directory = OrgDirectory.from_settings(given)
    assert directory.client(directory.org_name("acme")).connection.domain == "acme.my"
    assert [directory.has_org(account) for account in ("acme", "beta")] == [True, False]
    with pytest.raises(SalesforceRefused, match="no Salesforce org is configured for this account"):
        directory.client(directory.org_name("beta"))


def test_without_any_org_what_is_missing_is_named() -> None:
    assert not Settings().has_salesforce
    with pytest.raises(SalesforceRefused, match="no Salesforce org is configured: set LEADSTREAM_SALESFORCE_DOMAIN"):
        OrgDirectory.from_settings(Settings())
