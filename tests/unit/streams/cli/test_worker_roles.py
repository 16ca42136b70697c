"""What `leadstream worker` runs for each role."""

from __future__ import annotations

from streams.app import APP_SPECS
from streams.cli.worker import Role, process_names
from streams.settings import Settings


def test_a_role_is_one_process() -> None:
    assert [process_names(role, Settings()) for role in (Role.PIPELINE, Role.CRM)] == [["pipeline"], ["crm"]]


def test_a_worker_runs_every_app() -> None:
    assert process_names(Role.ALL, Settings()) == list(APP_SPECS)


def test_the_crm_runs_where_a_salesforce_is_configured() -> None:
    for values in ({"salesforce_url": "http://127.0.0.1:8090"}, {"salesforce_domain": "acme.my"}):
        assert process_names(Role.ALL, Settings.model_validate(values)) == [*APP_SPECS, "crm"]
