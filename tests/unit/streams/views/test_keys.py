"""Names of keys: one account's lie in one slot of a Redis Cluster, and no two things share a name."""

from __future__ import annotations

from binascii import crc_hqx

from streams.views.keys import DeploymentKeys, GenerationKeys

CONTACTS = ("ada", "{other}", "a:b/c", "")


def slot(key: str) -> int:
    """The slot of a key, as Redis Cluster's specification has it."""
    start = key.find("{")
    end = key.find("}", start + 1)
    tagged = key[start + 1 : end] if start >= 0 and end > start + 1 else key
    return crc_hqx(tagged.encode(), 0) % 16_384


def all_keys(keys: GenerationKeys) -> list[str]:
    """Every key of an account in a generation."""
    return [
        keys.offsets,
        keys.contacts,
        keys.segments,
        keys.campaigns,
        keys.changes,
        keys.erased,
        *(make(contact) for contact in CONTACTS for make in (keys.contact, keys.timeline)),
        *(make("hot") for make in (keys.members, keys.flow, keys.segment_changes)),
        *(make("spring") for make in (keys.points, keys.funnel, keys.revenue, keys.campaign_changes)),
        keys.leads("spring", "active"),
        keys.leads("spring", "rejected"),
    ]


def test_the_slot_is_that_of_the_specification() -> None:
    assert slot("123456789") == 0x31C3
    assert slot("{user1000}.following") == slot("{user1000}.followers")


def test_all_keys_of_an_account_share_a_slot() -> None:
    for account in ("default", "acme", "a-b_c"):
        keys = DeploymentKeys("eu.").generation(account, 7)
        assert {slot(key) for key in all_keys(keys)} == {slot(account)}


def test_no_two_keys_are_equal_between_accounts_generations_and_deployments() -> None:
    names = [
        key
        for prefix in ("", "eu.")
        for account in ("default", "acme")
        for generation in (1, 12)
        for key in all_keys(DeploymentKeys(prefix).generation(account, generation))
    ]
    for prefix in ("", "eu."):
        keys = DeploymentKeys(prefix)
        names += [keys.deployment, keys.generations, keys.rebuild]
        names += [key for number in (1, 12) for key in (keys.accounts(number), keys.progress(number))]
    assert len(set(names)) == len(names) > 100


def test_offsets_end_the_base_that_the_script_takes_from_them() -> None:
    keys = DeploymentKeys().generation("default", 3)
    assert keys.offsets[:-7] == keys.base
