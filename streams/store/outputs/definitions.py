"""The definitions that rows of the out-topics speak of, for readers that name a segment or a campaign."""

from __future__ import annotations

from streams.engine.releases.release_log import Release
from streams.errors import UsageError
from streams.hints import suggestion
from streams.kafka.deployment import require_deployment
from streams.settings import Settings
from streams.store.releases import ReleaseRepository


async def require_release(settings: Settings, account: str) -> Release:
    """The latest release of an account.

    Raises UsageError for an account without any: most likely its name is mistyped; BrokerUnavailable, TopicsMissing.
    """
    deployment = await require_deployment(settings)
    log = await ReleaseRepository(settings, deployment.clock).read_log()
    release = log.latest(account)
    if release is None:
        names = sorted(log.accounts())
        hint = suggestion(account, names) or "; `leadstream definitions apply` makes some"
        raise UsageError(f"account {account!r} has no definitions{hint}")
    return release


def require_segment(release: Release, segment: str) -> None:
    """Raises UsageError where the release does not define the segment."""
    names = [each.id for each in release.definitions.segments]
    if segment not in names:
        raise UsageError(f"there is no segment {segment!r}{suggestion(segment, names)}")


def require_campaign(release: Release, campaign: str) -> None:
    """Raises UsageError where the release does not define the campaign."""
    names = [each.id for each in release.definitions.campaigns]
    if campaign not in names:
        raise UsageError(f"there is no campaign {campaign!r}{suggestion(campaign, names)}")
