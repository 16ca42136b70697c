"""A refused login says in plain words what to do about it."""

from __future__ import annotations

import pytest

from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import CrmError
from connectors.salesforce.org.login_refusals import is_rate_refusal, is_transient_refusal, refusal_text

SECRET = Connection("acme.my", "id", "secret")
KEY = Connection("acme.my", "id", username="it@acme.example", private_key="key")


@pytest.mark.parametrize(
    ("connection", "code", "message", "advice"),
    [
        (KEY, "invalid_grant", "user hasn't approved this consumer", "assign the app to the user's profile"),
        (KEY, "invalid_app_access", "user is not admin approved to access this app", "assign the app"),
        (KEY, "invalid_grant", "audience is invalid", "ends in .sandbox.my"),
        (KEY, "invalid_grant", "invalid assertion", "compare certificate and private key"),
        (SECRET, "invalid_grant", "no client credentials user enabled", "set the run-as user"),
        (SECRET, "invalid_grant", "request not supported on this domain", "My Domain"),
        (SECRET, "invalid_client_id", "client identifier invalid", "check the client id and the domain"),
        (SECRET, "invalid_client", "invalid client credentials", "check the client secret"),
        (SECRET, "inactive_user", "user is inactive", "activate the integration user"),
        (SECRET, "invalid_grant", "ip restricted", "relax IP restrictions"),
        (SECRET, "unsupported_grant_type", "grant type not supported", "enable this OAuth flow"),
        (SECRET, "new_code", "never seen", "check the login"),
    ],
)
def test_the_advice_fits_what_salesforce_says(connection: Connection, code: str, message: str, advice: str) -> None:
    text = refusal_text(connection, CrmError(code, message))
    assert f"refuses the login ({code}: {message}): " in text
    assert advice in text


def test_the_settings_of_the_flow_are_named() -> None:
    refusal = CrmError("invalid_grant", "authentication failure")
    assert "CLIENT_SECRET" in refusal_text(SECRET, refusal)
    assert refusal_text(KEY, refusal).endswith("LEADSTREAM_SALESFORCE_USERNAME, LEADSTREAM_SALESFORCE_PRIVATE_KEY")
    own = Connection("acme.my", "id", "secret", source="org emea of orgs.yaml")
    assert refusal_text(own, refusal).endswith("the login is set by org emea of orgs.yaml")


def test_some_refusals_pass_and_some_come_of_too_many_logins() -> None:
    assert is_transient_refusal(CrmError("unknown_error", "retry your request"))
    assert is_rate_refusal(CrmError("invalid_grant", "login rate exceeded"))
    lasting = CrmError("invalid_grant", "user hasn't approved this consumer")
    assert not is_transient_refusal(lasting)
    assert not is_rate_refusal(lasting)
