"""`leadstream views`: the read models in Redis."""

from __future__ import annotations

import asyncio

from streams.cli.console import progress_bar, write_json, write_line
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.errors import ConfigurationError
from streams.progress import ProgressCallback
from streams.settings import Settings


def rebuild(*, bootstrap: BootstrapOption = None, prefix: PrefixOption = None, as_json: JsonOption = False) -> None:
    """Build the read models anew from the topics, beside those that are read, and put them in place.

    Reads every output topic from its beginning. Exit codes: 69 where Kafka or Redis does not answer or another
    rebuild runs, 78 where LEADSTREAM_REDIS_URL is not set or Redis refuses.
    """
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    if settings.redis_url is None:
        raise ConfigurationError("LEADSTREAM_REDIS_URL is not set; it names the Redis of the read models")
    with progress_bar(quiet=as_json) as advance:
        generation, count = asyncio.run(_rebuild(settings, settings.redis_url, advance))
    if as_json:
        write_json({"generation": generation, "former_keys": count})
    else:
        write_line(f"generation {generation} is what readers see; {count} former keys taken away")


async def _rebuild(settings: Settings, redis_url: str, advance: ProgressCallback) -> tuple[int, int]:
    """The new generation, and how many keys of former ones were taken away."""
    from connectors.redis.connection import open_redis  # noqa: PLC0415 - heavy, and only this needs it
    from streams.views.rebuild import GRACE_SECONDS, Rebuild  # noqa: PLC0415

    async with open_redis(redis_url) as client:
        work = Rebuild(settings, client, advance)
        deployment = await work.run()
        advance("letting readers go over to the new keys", 0, 0)
        await asyncio.sleep(GRACE_SECONDS)
        return deployment.generation, await work.unlink_others(deployment.generation)
