"""The status as lines for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from streams.kafka.deployment import DeploymentRecord
from streams.kafka.topic_admin import TopicsReport
from streams.kafka.topic_check import Findings
from streams.kafka.view_groups import ViewGroup
from streams.kafka.worker_groups import GroupWorker
from streams.settings import Settings
from streams.store.handovers.commands import HandOverPause
from streams.store.status.handovers import HandOverStatus
from streams.store.status.lag import PartitionLag
from streams.store.status.read_models import READ_MODEL_TOPICS, GroupStatus, ReadModelStatus
from streams.store.status.refusals import RefusalCounts
from streams.store.status.report import _LAG_TOPICS, DeploymentStatus, WorkProgress
from streams.store.status.time_status import TimeHolder, TimeStatus
from streams.views.topics import VIEW_TOPICS

NOON = 1_772_452_800_000
WORKERS = {
    "pipeline": [GroupWorker("w0", "10.0.0.1", "p1 on h", (0, 1)), GroupWorker("w1", "10.0.0.2", "p2 on h", ())],
    "ledger": [GroupWorker("w0", "10.0.0.1", "p3 on h", (0,))],
}
NO_LAG = {topic.name: PartitionLag(0) for topic in _LAG_TOPICS}
WALL = TimeStatus(tick=NOON - 1_250, holder=TimeHolder("web-visits:1", NOON - 250, "w0"), written_at=NOON - 250)


AT_REST = HandOverStatus(PartitionLag(0))
NO_READ_MODELS = ReadModelStatus(GroupStatus(ViewGroup("leadstream-views", "")))


def status(
    *,
    clock: Any = "wall",
    workers: Mapping[str, Sequence[GroupWorker]] | None = None,
    lag: Mapping[str, PartitionLag] | None = None,
    time: TimeStatus = WALL,
    refusals: RefusalCounts | None = None,
    hand_overs: HandOverStatus | None = None,
    read_models: ReadModelStatus | None = None,
    **settings: Any,
) -> DeploymentStatus:
    """A status of two fit topics at NOON."""
    topics = TopicsReport([Findings("journal"), Findings("leads")], DeploymentRecord(clock, 4))
    progress = WorkProgress(
        {**NO_LAG, **(lag or {})},
        time,
        refusals or RefusalCounts({}),
        hand_overs or AT_REST,
        read_models or NO_READ_MODELS,
    )
    made = Settings(bootstrap="k:9092", clock=clock, partitions=4, **settings)
    return DeploymentStatus(made, topics, WORKERS if workers is None else workers, progress, NOON)


def views_worker(name: str, group: str) -> GroupWorker:
    return GroupWorker(name, "10.0.0.1", "p9 on h", (0, 1), 12, group)


def test_a_deployment_at_rest_is_a_line_for_each_thing() -> None:
    assert list(status().lines()) == [
        "broker       k:9092 answers",
        "topics       2 of 2 fit, wall clock, 4 slots",
        "workers      pipeline w0 on 10.0.0.1: slots 0, 1",
        "workers      pipeline w1 on 10.0.0.2: no slot",
        "workers      ledger w0 on 10.0.0.1: slot 0",
        "lag          not in the journal yet: nothing",
        "lag          not decided yet: nothing",
        "time         decided up to 2026-03-02T11:59:58.750Z (1.2 s ago)",
        "time         waits for web-visits:1, in the journal up to 2026-03-02T11:59:59.750Z (0.2 s ago), read by w0",
        "Salesforce   off: none of LEADSTREAM_SALESFORCE_DOMAIN, ..._URL and ..._ORGS is set, and no worker runs it",
        "dead letters none",
    ]


def test_what_waits_is_named_with_its_count() -> None:
    lag = {
        "web-visits": PartitionLag(12),
        "crm-opportunities": PartitionLag(5_000, is_exact=False),
        "journal": PartitionLag(3),
        "ledger-journal": PartitionLag(1),
    }
    lines = list(status(lag=lag).lines())
    assert "lag          not in the journal yet: 12 of web-visits, about 5000 of crm-opportunities" in lines
    assert "lag          not decided yet: 3 of the journal, 1 of the ledger's journal" in lines


def test_a_role_that_nobody_runs_is_said_with_what_to_type() -> None:
    lines = list(status(workers={}).lines())
    assert "workers      no pipeline runs; `leadstream worker` starts one" in lines
    assert "workers      no ledger runs; `leadstream worker` starts one" in lines


def test_salesforce_is_on_where_a_worker_hands_over() -> None:
    crm = {**WORKERS, "crm": [GroupWorker("w0-crm", "10.0.0.1", "", (0, 1))]}
    assert "Salesforce   on, 1 worker hands over" in list(status(workers=crm).lines())
    configured = status(salesforce_domain="acme.my")
    assert "Salesforce   off: it is configured, and no worker of role crm runs" in list(configured.lines())
    assert configured.to_dict()["salesforce"] == {
        "configured": True,
        "workers": 0,
        "waiting": {"records": 0, "exact": True},
        "stopped": [],
        "paused": [],
    }


def test_hand_overs_that_wait_stand_still_or_are_paused_are_named() -> None:
    pauses = [
        HandOverPause("2026-03-02T11:00:00.000Z", None, "jo"),
        HandOverPause("2026-03-02T11:30:00.000Z", "beta"),
    ]
    hand_overs = HandOverStatus(PartitionLag(3), {"acme": NOON - 60_000, "beta": NOON}, pauses)
    told = status(hand_overs=hand_overs, salesforce_domain="acme.my")
    lines = [line.removeprefix("Salesforce   ") for line in told.lines() if line.startswith("Salesforce")]
    assert lines[1:] == [
        "3 of qualified-leads wait",
        "hand-overs are paused since 2026-03-02T11:00:00.000Z by jo",
        "hand-overs of beta are paused since 2026-03-02T11:30:00.000Z",
        "hand-overs of acme stand still since 2026-03-02T11:59:00.000Z: a worker's health says why",
    ]
    salesforce = told.to_dict()["salesforce"]
    assert [each["account"] for each in salesforce["stopped"]] == ["acme", "beta"]
    assert salesforce["paused"][0] == {"account": None, "by": "jo", "at": "2026-03-02T11:00:00.000Z"}
    assert len([line for line in status(hand_overs=hand_overs).lines() if line.startswith("Salesforce")]) == 1


def test_of_very_many_accounts_that_stand_still_some_are_named() -> None:
    hand_overs = HandOverStatus(PartitionLag(0), {f"a{each}": NOON for each in range(12)})
    lines = list(status(hand_overs=hand_overs, salesforce_domain="acme.my").lines())
    assert "Salesforce   hand-overs of 2 more accounts stand still" in lines


def test_dead_letters_are_counted_by_code() -> None:
    counts = {"invalid_json": 2, "no_at": 1}
    assert list(status(refusals=RefusalCounts(counts)).lines())[-1] == "dead letters 3: invalid_json 2, no_at 1"
    newest = RefusalCounts(counts, is_complete=False)
    assert list(status(refusals=newest).lines())[-1] == "dead letters 3 of the newest ones: invalid_json 2, no_at 1"


def test_on_the_events_clock_the_time_told_is_shown_by_account() -> None:
    time = TimeStatus(
        account_times={"acme": NOON, "default": NOON},
        reached_times={"acme": NOON},
        holder=TimeHolder("web-visits:0", NOON, "w0", "a transaction of its producer is open"),
    )
    lines = [line for line in status(clock="events", time=time).lines() if line.startswith("time")]
    assert lines == [
        "time         acme: told 2026-03-02T12:00:00.000Z",
        "time         default: told 2026-03-02T12:00:00.000Z, reached nothing yet",
        "time         waits for web-visits:0, in the journal up to 2026-03-02T12:00:00.000Z (0.0 s ago), read by w0:"
        " a transaction of its producer is open",
    ]
    silent = list(status(clock="events", time=TimeStatus()).lines())
    assert "time         nobody has told the time yet: a line `clock.advanced` in `publish` does" in silent


def test_a_partition_that_is_left_out_is_named() -> None:
    lines = list(status(time=TimeStatus(left_out=["web-visits:1"])).lines())
    assert "time         waits no more for web-visits:1: its records will be late" in lines
    assert "time         no tick yet" in lines


def test_missing_topics_are_counted_and_nothing_else_is_guessed() -> None:
    findings = [Findings("journal", is_missing=True, problems=["does not exist"])]
    without = DeploymentStatus(Settings(bootstrap="k:9092"), TopicsReport(findings, None), {}, None, NOON)
    lines = list(without.lines())
    assert lines[:2] == ["broker       k:9092 answers", "topics       0 of 1 fit"]
    assert not [line for line in lines if line.startswith(("lag", "time", "dead letters"))]
    told = without.to_dict()
    assert told["deployment"] is None
    assert told["topics"]["problems"] == ["journal does not exist"]
    assert "lag" not in told


def test_the_workers_of_the_read_models_are_named_with_their_lag() -> None:
    own = views_worker("w0-views", "leadstream-views")
    workers = {**WORKERS, "views": [own]}
    group = ViewGroup("leadstream-views", "", [own])
    told = status(workers=workers, read_models=ReadModelStatus(GroupStatus(group, {"contacts": 0, "leads": 7})))
    assert [line for line in told.lines() if line.startswith("views")] == [
        "views        w0-views on 10.0.0.1: 12 partitions of the out-topics",
        "views        not in the read models yet: about 7 of leads",
    ]
    values = told.to_dict()
    assert values["workers"][-1] == {
        "role": "views",
        "name": "w0-views",
        "host": "10.0.0.1",
        "process": "p9 on h",
        "slots": [0, 1],
        "partitions": 12,
        "group": "leadstream-views",
    }
    assert values["views"] == {
        "group": "leadstream-views",
        "workers": 1,
        "lag": [{"topic": "contacts", "records": 0}, {"topic": "leads", "records": 7}],
        "others": [],
    }


def test_read_models_in_several_redis_are_told_one_after_the_other() -> None:
    built = views_worker("leadstream-views-7-4f1c", "leadstream-views-embedded-a1")
    others = [
        GroupStatus(ViewGroup("leadstream-views-embedded-a1", "embedded-a1", [built])),
        GroupStatus(ViewGroup("leadstream-views-second", "second"), {"leads": 3}),
    ]
    told = status(read_models=ReadModelStatus(GroupStatus(ViewGroup("leadstream-views", "")), others))
    assert [line for line in told.lines() if line.startswith("views")] == [
        "views        embedded-a1: leadstream-views-7-4f1c on 10.0.0.1: 12 partitions of the out-topics",
        "views        embedded-a1: how far the read models are is not told yet",
        "views        second: no views runs; `leadstream worker --role views` with LEADSTREAM_VIEWS_GROUP=second"
        " starts one",
        "views        second: not in the read models yet: about 3 of leads",
    ]
    assert told.to_dict()["views"] == {
        "group": "leadstream-views",
        "workers": 0,
        "lag": [],
        "others": [
            {"group": "leadstream-views-embedded-a1", "workers": 1, "lag": []},
            {"group": "leadstream-views-second", "workers": 0, "lag": [{"topic": "leads", "records": 3}]},
        ],
    }


def test_read_models_that_nobody_writes_any_more_are_told_with_what_to_type() -> None:
    group = GroupStatus(ViewGroup("leadstream-views", ""), {"contacts": 12})
    lines = list(status(read_models=ReadModelStatus(group)).lines())
    assert "views        no views runs; `leadstream worker --role views` starts one" in lines
    assert "views        not in the read models yet: about 12 of contacts" in lines


def test_the_status_counts_what_the_read_models_are_made_of() -> None:
    assert READ_MODEL_TOPICS == VIEW_TOPICS


def test_the_json_says_the_same() -> None:
    lag = {"web-visits": PartitionLag(12)}
    told = json.loads(json.dumps(status(lag=lag, refusals=RefusalCounts({"no_at": 1})).to_dict()))
    assert told["broker"] == "k:9092"
    assert told["deployment"] == {"clock": "wall", "partitions": 4}
    assert told["topics"] == {"fit": 2, "count": 2, "problems": []}
    assert told["workers"][0] == {
        "role": "pipeline",
        "name": "w0",
        "host": "10.0.0.1",
        "process": "p1 on h",
        "slots": [0, 1],
    }
    assert {"topic": "web-visits", "records": 12, "exact": True} in told["lag"]
    assert told["time"]["tick"] == "2026-03-02T11:59:58.750Z"
    assert told["time"]["held_by"] == {
        "partition": "web-visits:1",
        "claim": "2026-03-02T11:59:59.750Z",
        "worker": "w0",
        "reason": "",
    }
    assert told["dead_letters"] == {"count": 1, "by_code": {"no_at": 1}, "complete": True}


def test_a_worker_that_is_gone_read_a_partition_last() -> None:
    time = TimeStatus(holder=TimeHolder("web-visits:1", NOON, "w7"))
    (waits,) = (line for line in status(time=time).lines() if "waits for" in line)
    assert waits.endswith(", last read by w7")
