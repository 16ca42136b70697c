"""What the outside world can do wrong, by name, with what the operator should do and the exit code of the command.

LeadstreamError
├── UsageError                 64  the command line asks for something that makes no sense
├── DataError                  65  a file given on the command line cannot be read as what it should be
├── Unavailable                69  something outside does not answer
│   ├── BrokerUnavailable
│   └── SalesforceUnavailable
├── Internal                   70  a worker ended itself; its parent starts it again
│   └── Fenced                 70  another process owns the slot now
├── ConfigurationError         78  restarting will not help
│   ├── DefinitionsRefused
│   ├── TopicsMissing
│   ├── TopicsMismatch
│   ├── EngineVersionMismatch
│   ├── JournalTruncated
│   ├── NoDiskSpace
│   ├── LocalBrokerError
│   ├── LocalRedisError
│   └── SalesforceRefused
└── DuplicateWorker            79  a second worker of the same name; no supervisor should restart it

Exit codes follow BSD sysexits.h where it has one.
"""

from __future__ import annotations

from typing import ClassVar


class LeadstreamError(Exception):
    """Anything an operator can mend; `str(error)` is one line and says what to do."""

    exit_code: ClassVar[int] = 1


class UsageError(LeadstreamError):
    """The command line asks for something that makes no sense."""

    exit_code = 64


class DataError(LeadstreamError):
    """A file given by the user cannot be read as what it should be."""

    exit_code = 65


class Unavailable(LeadstreamError):
    """Something outside does not answer; trying again later may help."""

    exit_code = 69


class BrokerUnavailable(Unavailable):
    """No Kafka broker answers at the configured address."""


class SalesforceUnavailable(Unavailable):
    """Salesforce does not answer, or refuses everything for now."""


class Internal(LeadstreamError):
    """A worker cannot go on with what it holds in memory; a new start reads the truth again."""

    exit_code = 70


class Fenced(Internal):
    """Another process took the slot over; what this one was about to write is void."""


class ConfigurationError(LeadstreamError):
    """Something is set so that no restart will help."""

    exit_code = 78


class DefinitionsRefused(ConfigurationError):
    """Definitions that cannot be applied; the message names file, line and what would be right."""


class TopicsMissing(ConfigurationError):
    """Topics are missing; `leadstream topics create` makes them."""


class TopicsMismatch(ConfigurationError):
    """A topic exists but not as this deployment needs it."""


class EngineVersionMismatch(ConfigurationError):
    """State or journal were written by an engine that decides differently; the message says which."""


class JournalTruncated(ConfigurationError):
    """An answer needs what the journal's retention took away; the message says from when on the journal speaks."""


class NoDiskSpace(ConfigurationError):
    """A folder has no room for what has to be kept there, or is not there; the message says which."""


class LocalBrokerError(ConfigurationError):
    """The local Kafka cannot be fetched or started."""


class LocalRedisError(ConfigurationError):
    """The local Redis cannot be started."""


class SalesforceRefused(ConfigurationError):
    """Salesforce refuses the credentials or the mapping."""


class DuplicateWorker(ConfigurationError):
    """Another live worker has this worker's name."""

    exit_code = 79
