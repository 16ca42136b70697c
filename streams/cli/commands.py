"""The commands of `leadstream`: their names, their lines in the list of commands, and where each one is.

A command's module is imported when the command runs or its own help is shown, so that each command loads only what
it uses. The line in the list is the first paragraph of the function's docstring; a test keeps the two equal.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand
from typer.main import get_command

from streams.interrupt import raise_at_interrupt

COLLECTOR_THRESHOLDS = (10_000, 20, 100)
"""When the collector of cycles looks (`gc.set_threshold`): by default some fifty times while a command starts."""


class CommandEntry(NamedTuple):
    """A command: `target` is `module:function` below `streams.cli`, `help` its line in the list of commands."""

    target: str
    help: str


class CommandGroup(NamedTuple):
    """Commands under one name, and groups of them."""

    help: str
    commands: Mapping[str, CommandEntry | CommandGroup]


COMMANDS: Mapping[str, CommandEntry | CommandGroup] = {
    "demo": CommandEntry(
        "demo:demo",
        "Start Kafka, a Salesforce stand-in and a worker, play four weeks of traffic, and show what happens.",
    ),
    "worker": CommandEntry(
        "worker:worker",
        "Run a worker until Ctrl-C or SIGTERM; its log lines go to standard error, one JSON object each.",
    ),
    "serve": CommandEntry(
        "read_side.serve:serve",
        "Answer over HTTP what the read models in Redis say, take commands, and serve the console, until Ctrl-C.",
    ),
    "publish": CommandEntry(
        "publish:publish",
        "Publish events from files; the exit code is 65 if a JSON line, a CSV row or a whole log is not published.",
    ),
    "tail": CommandEntry(
        "outputs.tail:tail",
        "Show outputs as they come, until Ctrl-C: one line each with instant, contact, what changed and its cause.",
    ),
    "status": CommandEntry(
        "outputs.status:status",
        "Show how the deployment is: broker, topics, workers with their slots, lag, time, Salesforce, dead letters.",
    ),
    "search": CommandEntry(
        "search:search_contacts",
        "Find contacts by a condition or by words: scans all contacts of the account, and for activity the journal.",
    ),
    "explain": CommandEntry(
        "explain:explain",
        "Tell why a contact is in a segment or not, or where its lead stands: every leaf, its value, its times.",
    ),
    "replay": CommandEntry(
        "replay:replay",
        "Decide a file of events, or a broker's journal, as the pipeline would; write what comes out as JSON lines.",
    ),
    "backtest": CommandEntry(
        "history.backtest:backtest",
        "Tell what other definitions would have done on the real history, against what happened,"
        " and what it was worth.",
    ),
    "verify": CommandEntry(
        "verify:verify_command",
        "Recompute memberships, leads, contacts and revenue from the journal, on their own, and compare them.",
    ),
    "settings": CommandEntry(
        "settings:show_settings",
        "Show every setting: value, where it comes from, default, bounds and meaning; secrets are hidden.",
    ),
    "broker": CommandGroup(
        "The local Kafka.",
        {
            "start": CommandEntry(
                "broker:start",
                "Start the local Kafka (fetched the first time) and return; its data is kept from run to run.",
            ),
            "stop": CommandEntry("broker:stop", "Stop the local Kafka; nothing happens when none runs."),
            "status": CommandEntry(
                "broker:status",
                "Show whether the local Kafka runs, and where; the exit code is 3 when it does not.",
            ),
        },
    ),
    "topics": CommandGroup(
        "The topics of this deployment.",
        {
            "create": CommandEntry(
                "topics:create", "Create the topics that are missing; returns when every partition has a leader."
            ),
            "check": CommandEntry(
                "topics:check",
                "Check every topic: partitions, compaction, retention, timestamps, and what was fixed at creation.",
            ),
            "accept-gap": CommandEntry(
                "topics:accept_gap",
                "Accept, on record, that a stretch of an in-topic is gone, so that workers read on.",
            ),
        },
    ),
    "definitions": CommandGroup(
        "What segments, campaigns and rules there are.",
        {
            "check": CommandEntry(
                "definitions.check:check", "Check files without a broker; the exit code is 1 when any is refused."
            ),
            "plan": CommandEntry(
                "definitions.plan:plan",
                "Show what applying the files would change, who would enter and leave,"
                " and what would become of leads.",
            ),
            "apply": CommandEntry(
                "definitions.apply:apply", "Apply the files: one release per account that changes."
            ),
            "upgrade": CommandEntry(
                "definitions.upgrade:upgrade",
                "Raise accounts to this engine's newest version: one release each, with the same definitions.",
            ),
            "history": CommandEntry(
                "definitions.releases:history",
                "Show an account's releases from the first on: what each changed,"
                " and where it decides or is being counted.",
            ),
            "list": CommandEntry(
                "definitions.releases:list_releases",
                "List the releases of every account, and the records that are void.",
            ),
            "show": CommandEntry("definitions.releases:show", "Show an account's definitions as they were applied."),
        },
    ),
    "dead-letters": CommandGroup(
        "What was refused, and why.",
        {
            "list": CommandEntry(
                "dead_letters.table:list_letters",
                "List what was refused, the newest last: when, why, whose and from where; with counts by code.",
            ),
            "show": CommandEntry(
                "dead_letters.show:show",
                "Show one dead letter: what was refused, why, where it came from, and what can be done about it.",
            ),
            "retry": CommandEntry(
                "dead_letters.retry:retry",
                "Send refused events again, each once: those named, or all that fit the filters; it counts and asks.",
            ),
        },
    ),
    "campaigns": CommandGroup(
        "What campaigns brought.",
        {
            "report": CommandEntry(
                "campaigns.report:report",
                "Show what campaigns brought: leads, hand-overs, won and lost opportunities, revenue; or by source.",
            ),
        },
    ),
    "leads": CommandGroup(
        "The leads of campaigns, and manual decisions about them: first the campaign, then whose lead.",
        {
            "list": CommandEntry(
                "outputs.leads:list_leads", "List leads with status and points, by campaign and contact."
            ),
            "add": CommandEntry("leads:add", "Make contacts leads of a campaign that runs."),
            "qualify": CommandEntry("leads:qualify", "Qualify leads: active, duplicate and rejected ones."),
            "reject": CommandEntry("leads:reject", "Reject leads: any but deleted ones."),
            "remove": CommandEntry("leads:remove", "Remove leads from the campaign: they become deleted."),
            "reactivate": CommandEntry(
                "leads:reactivate", "Make leads active again; a removed one begins at 0 points."
            ),
        },
    ),
    "segments": CommandGroup(
        "Segments and their members, and the lists of static ones: first the segment, then who.",
        {
            "list": CommandEntry("outputs.segments:list_segments", "List segments with how many members they have."),
            "members": CommandEntry(
                "outputs.segments:list_members", "List a segment's members with the instant of their entry."
            ),
            "add": CommandEntry("segments:add", "List contacts in a static segment."),
            "remove": CommandEntry("segments:remove", "Take contacts off the list of a static segment."),
        },
    ),
    "views": CommandGroup(
        "The read models in Redis.",
        {
            "rebuild": CommandEntry(
                "read_side.views:rebuild",
                "Build the read models anew from the topics, beside those that are read, and put them in place.",
            ),
        },
    ),
    "salesforce": CommandGroup(
        "Salesforce: a stand-in org, the check of the real one, and hand-overs that are refused or paused.",
        {
            "sandbox": CommandEntry(
                "salesforce.org:sandbox",
                "Run a stand-in org on this machine until Ctrl-C; what it holds is gone then.",
            ),
            "check": CommandEntry(
                "salesforce.org:check",
                "Check each org, and what definitions say of Salesforce.",
            ),
            "preview": CommandEntry(
                "salesforce.preview:preview",
                "Show what hand-overs would write to Salesforce now, field by field; nothing is written.",
            ),
            "pause": CommandEntry(
                "salesforce.switch:pause",
                "Pause hand-overs to Salesforce, of all accounts or of one; they wait, nothing is lost.",
            ),
            "resume": CommandEntry(
                "salesforce.switch:resume",
                "Resume hand-overs to Salesforce that were paused, of all accounts or of one.",
            ),
            "refused": CommandGroup(
                "Leads that Salesforce refused.",
                {
                    "list": CommandEntry(
                        "salesforce.refusals:list_refused",
                        "List hand-overs and updates of leads that Salesforce refused and has not taken since.",
                    ),
                    "retry": CommandEntry(
                        "salesforce.refusals:retry_refused",
                        "Hand refused leads over again: those of the contacts, those with a code, or all;"
                        " it counts and asks.",
                    ),
                },
            ),
            "reconcile": CommandEntry(
                "salesforce.reconcile:reconcile",
                "Compare revenue with Salesforce: each opportunity that is ours, and the org's own sums by campaign.",
            ),
        },
    ),
}


def build_command_line(name: str) -> typer.Typer:
    """Returns the whole command line under `name`; no command is imported yet."""
    app = typer.Typer(
        name=name,
        help="Real-time segments and lead lifecycle on Kafka.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_leadstream)
    register_commands(app)
    return app


def register_commands(app: typer.Typer) -> None:
    """Adds every command and group of `COMMANDS`."""
    _register_all(app, COMMANDS)


def load_command(name: str, target: str) -> Any:
    """Returns the click command of the function at `target`, whose module is imported now."""
    module, _, function = target.partition(":")
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name)(getattr(import_module(f"streams.cli.{module}"), function))
    return get_command(app)


def _register_all(app: typer.Typer, commands: Mapping[str, CommandEntry | CommandGroup]) -> None:
    for name, entry in commands.items():
        if isinstance(entry, CommandEntry):
            _register_command(app, name, entry)
        else:
            group = typer.Typer(no_args_is_help=True, help=entry.help)
            _register_all(group, entry.commands)
            app.add_typer(group, name=name)


def _register_command(app: typer.Typer, name: str, entry: CommandEntry) -> None:
    class LazyCommand(TyperCommand):
        """Stands in the list of commands; parsing its arguments loads the real command, which click then runs."""

        def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
            command = load_command(name, entry.target)
            raise_at_interrupt()  # `main.run` changed it for what is imported: from here on the command decides
            context = command.make_context(info_name, args, parent, **extra)
            gc.freeze()  # what is imported stays; to look through it again and again takes longer than most commands
            gc.set_threshold(*COLLECTOR_THRESHOLDS)
            gc.enable()  # `main.run` disables it, likewise
            return context

    app.command(name, cls=LazyCommand, help=entry.help)(_never_called)


def _never_called() -> None:
    """A function for Typer to register; click calls the one of the loaded command."""


def _print_version(is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import, and only this option needs it

        typer.echo(f"leadstream {version('leadstream')}")
        raise typer.Exit


def _leadstream(
    _show_version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = False,
) -> None:
    """Real-time segments and lead lifecycle on Kafka."""
