"""Every error that an operator can mend, by class, with the exit code of the command that meets it.

LeadstreamError
├── UsageError                 64  the command line asks for something that makes no sense
├── DataError                  65  a file named on the command line cannot be read as what it should be
├── Unavailable                69  an outside system does not answer
│   ├── BrokerUnavailable
│   ├── RedisUnavailable
│   ├── RebuildRuns
│   ├── RepositoryUnavailable
│   ├── SalesforceUnavailable
│   └── ViewsNotReady
├── Internal                   70  a worker ended itself; its parent starts it again
│   ├── Fenced                 70  another process owns the slot now
│   └── PastCounterLost        70  a worker's process that counts the past ended; the worker starts it again
├── ConfigurationError         78  restarting will not help
│   ├── AddressUnavailable
│   ├── DefinitionsRefused
│   │   └── DefinitionsInvalid   1  the files are wrong, as `definitions check` says of them
│   ├── TopicsMissing
│   ├── TopicsMismatch
│   ├── EngineVersionMismatch
│   ├── FormerWorkers
│   ├── JournalTruncated
│   ├── NoDiskSpace
│   ├── LocalBrokerError
│   ├── LocalRedisError
│   ├── MetricsAddressRefused
│   ├── RedisRefused
│   ├── SalesforceRefused
│   └── TracingUnavailable      never ends anything: it is logged
└── DuplicateWorker            79  another worker has the same name; no supervisor should restart it

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
    """A file of the user cannot be read as what it should be."""

    exit_code = 65


class Unavailable(LeadstreamError):
    """An outside system does not answer; a later try may help."""

    exit_code = 69


class BrokerUnavailable(Unavailable):
    """No Kafka broker answers at the configured address."""


class SalesforceUnavailable(Unavailable):
    """Salesforce does not answer, or refuses all requests for now."""


class RedisUnavailable(Unavailable):
    """Redis does not answer, or takes no writes for now."""


class RebuildRuns(Unavailable):
    """Another process rebuilds the read models now; the message says how far it is."""


class ViewsNotReady(Unavailable):
    """The read models are not built yet, or are being built again after a loss."""


class RepositoryUnavailable(Unavailable):
    """The Maven repository from which the local Kafka is fetched does not answer."""


class Internal(LeadstreamError):
    """A worker cannot go on with its state in memory; a new start restores the state from Kafka."""

    exit_code = 70


class Fenced(Internal):
    """Another process took the slot over; the open transaction of this one is void."""


class PastCounterLost(Internal):
    """The process that counts the past for a worker ended before it was done, or cannot be started."""


class ConfigurationError(LeadstreamError):
    """A setting or the environment is wrong; a restart does not help."""

    exit_code = 78


class AddressUnavailable(ConfigurationError):
    """Another program listens on the address, or this machine does not have it."""


class DefinitionsRefused(ConfigurationError):
    """Definitions that cannot be applied; the message names file, line and what would be right."""


class DefinitionsInvalid(DefinitionsRefused):
    """Files of definitions are wrong, whatever is applied; `definitions check` ends with the same exit code."""

    exit_code = 1


class TopicsMissing(ConfigurationError):
    """Topics are missing; `leadstream topics create` makes them."""


class TopicsMismatch(ConfigurationError):
    """A topic exists but not as this deployment needs it."""


class EngineVersionMismatch(ConfigurationError):
    """The state or the journal comes from an engine that decides differently; the message says which."""


class FormerWorkers(ConfigurationError):
    """Workers run that could not read what is to be written; the message names them."""


class JournalTruncated(ConfigurationError):
    """An answer needs records that the journal's retention deleted; the message says where the journal begins."""


class NoDiskSpace(ConfigurationError):
    """A folder is full or does not exist; the message names it."""


class LocalBrokerError(ConfigurationError):
    """The local Kafka cannot be fetched or started."""


class LocalRedisError(ConfigurationError):
    """The local Redis cannot be started."""


class MetricsAddressRefused(ConfigurationError):
    """A worker cannot listen on the address that its health and metrics are to be asked at."""


class RedisRefused(ConfigurationError):
    """Redis refuses the login or a command, or may throw keys away; the message says what to set."""


class SalesforceRefused(ConfigurationError):
    """Salesforce refuses the credentials or the mapping."""


class TracingUnavailable(ConfigurationError):
    """Spans are asked for and cannot be sent; it is told and ends nothing."""


class DuplicateWorker(ConfigurationError):
    """Another live worker has this worker's name."""

    exit_code = 79
