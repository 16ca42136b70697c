"""The console fits narrow and wide screens, light and dark, and those who see or point with difficulty."""

from __future__ import annotations

import pytest

from tests.harness.console.axe import find_axe, grave_findings
from tests.harness.console.browser import Browser, find_chromium
from tests.integration.console.conftest import Place

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")

PHONE, TABLET, DESKTOP = 360, 800, 1400

# Text fields and listings of source scroll in themselves; everything else has to be seen whole.
CUT = """
const width = document.documentElement.clientWidth;
const shown = [...document.querySelectorAll("body *")].filter((each) => each.checkVisibility()
  && !each.closest(".skip, svg, pre, textarea, thead"));
const name = (each) => `${each.tagName} ${each.className} ${each.textContent.slice(0, 60)}`;
const beside = shown.filter((each) => {
  const { left, right } = each.getBoundingClientRect();
  return left < 0 || right > width + 1;
});
const cut = shown.filter((each) => getComputedStyle(each).overflowX !== "visible"
  && !["INPUT", "SELECT", "PROGRESS"].includes(each.tagName) && each.scrollWidth > each.clientWidth + 1);
return [document.documentElement.scrollWidth > width ? "the page scrolls sideways" : null,
  ...[...beside, ...cut].map(name)].filter(Boolean);
"""

# Texts of several words in which a word finds no room.
SQUEEZED = """
return [...document.querySelectorAll("main td > div, main dd")]
  .filter((each) => each.textContent.length > 12 && each.getBoundingClientRect().width < 60)
  .map((each) => each.textContent);
"""

# The element that has the focus, and whether one sees that.
FOCUSED = """
const { activeElement: element } = document;
const style = getComputedStyle(element);
return [element.id || element.getAttribute("aria-label") || element.textContent.trim(),
  style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, element === document.body];
"""

REACHABLE = "main a[href], main button:not(:disabled), main input, main select, main textarea"


@pytest.mark.parametrize("width", [PHONE, TABLET, DESKTOP])
def test_nothing_is_cut_or_squeezed_and_no_page_scrolls_sideways(place: Place, pages: list[str], width: int) -> None:
    place.browser.resize(width)
    try:
        found = {page: place.open_whole(page).run(CUT) + place.browser.run(SQUEEZED) for page in pages}
    finally:
        place.browser.resize(DESKTOP)
    assert {page: texts for page, texts in found.items() if texts} == {}


def test_what_is_cut_or_squeezed_is_found(place: Place) -> None:
    browser = place.open_whole("segments")
    browser.run("document.querySelector('main h1').style.width = '3000px'")
    assert browser.run(CUT) != []
    assert browser.run(SQUEEZED) == []
    browser.run("document.querySelector('main td > div').style.width = '3ch'")
    assert browser.run(SQUEEZED) == ["Hot in EMEA hot-emea"]


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core."""
    script = find_axe()
    if script is None:
        pytest.skip("axe-core is not in the cache, and npm does not fetch it")
    return script


@pytest.mark.parametrize(("scheme", "width"), [("light", DESKTOP), ("dark", PHONE)])
def test_axe_finds_nothing_serious(place: Place, pages: list[str], axe: str, scheme: str, width: int) -> None:
    place.browser.prefer(scheme)
    place.browser.resize(width)
    try:
        found = {page: grave_findings(place.open_whole(page), axe) for page in pages}
    finally:
        place.browser.prefer("")
        place.browser.resize(DESKTOP)
    assert {page: findings for page, findings in found.items() if findings} == {}


def test_axe_finds_what_is_serious(place: Place, axe: str) -> None:
    browser = place.open_whole("segments")
    browser.run("document.querySelector('main').append(document.createElement('button'))")
    assert [each["id"] for each in grave_findings(browser, axe)] == ["button-name"]


def test_no_page_does_what_the_policy_forbids(place: Place, pages: list[str]) -> None:
    place.browser.complaints()
    for page in pages:
        place.open_whole(page)
    missing = [each for each in place.browser.complaints() if "nobody" not in each]
    assert missing == [], "an unknown contact is answered 404, which the browser logs; nothing else"


def test_the_policy_is_in_force_and_the_browser_tells_what_it_forbids(place: Place) -> None:
    browser = place.open_whole("segments")
    browser.run(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.forbidden = 1'}))"
    )
    assert browser.run("return window.forbidden ?? null") is None
    assert any("Content Security Policy" in each for each in browser.complaints())


def ground(browser: Browser) -> str:
    """The colour of the page."""
    return str(browser.run("return getComputedStyle(document.documentElement).backgroundColor"))


def test_it_follows_the_systems_light_or_dark(place: Place) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        place.browser.prefer(scheme)
        browser = place.open_whole("segments")
        grounds.append(ground(browser))
        assert browser.text("#theme") == {"light": "Dark", "dark": "Light"}[scheme]
    place.browser.prefer("")
    assert grounds[0] != grounds[1]


def test_the_other_colours_stay_chosen(place: Place) -> None:
    place.browser.prefer("light")
    browser = place.open_whole("segments")
    light = ground(browser)
    try:
        browser.click("#theme")
        assert ground(browser) != light
        assert ground(place.open_whole("campaigns")) != light
        browser.click("#theme")
        assert ground(browser) == light
    finally:
        browser.run("localStorage.removeItem('theme')")
        browser.prefer("")


@pytest.mark.parametrize("page", ["segments/hot-emea", "contacts/ada?segment=hot-emea", "search", "definitions"])
def test_each_control_is_reached_by_the_tab_key_and_one_sees_where_one_is(place: Place, page: str) -> None:
    browser = place.open_whole(page)
    browser.run("document.getElementById('page').focus()")
    wanted = int(browser.run(f"return document.querySelectorAll('{REACHABLE}').length"))
    reached, unseen = walk_by_tab(browser, 3 * wanted + 20)  # tables have the focus, too, to be scrolled
    assert browser.run("return document.querySelectorAll('[data-unreached]').length") == 0, reached
    assert len(reached) >= wanted > 0
    assert unseen == []


def walk_by_tab(browser: Browser, steps: int) -> tuple[list[str], list[str]]:
    """The names of the controls that the tab key reaches in the page, and of those that show no focus."""
    reached: list[str] = []
    unseen: list[str] = []
    browser.run(f"document.querySelectorAll('{REACHABLE}').forEach((each) => each.dataset.unreached = '')")
    for _ in range(steps):
        browser.press("TAB")
        name, is_seen, is_over = browser.run(FOCUSED)
        if is_over or not browser.run("return document.activeElement.closest('main') !== null"):
            break
        browser.run("delete document.activeElement.dataset.unreached")
        reached.append(name)
        unseen += [] if is_seen else [name]
    return reached, unseen


def test_the_pages_are_used_by_keyboard(place: Place) -> None:
    browser = place.open("segments")
    browser.wait_for_text("All segments")
    browser.run("document.activeElement.blur()")
    browser.press("TAB")
    assert browser.focused_text() == "Skip to content"
    browser.press("ENTER", "TAB", "TAB")
    assert browser.focused_text() == "Hot in EMEA"
    browser.press("ENTER")
    browser.wait_for_text("Segment hot-emea, dynamic.")


def test_a_search_is_made_by_keyboard(place: Place) -> None:
    browser = place.open_whole("search")
    browser.run("document.getElementById('page').focus()")
    browser.press("TAB")
    browser.type("{property: country, eq: FR}")
    browser.wait_for_text("an estimate")
    browser.press("TAB", "ENTER")
    browser.wait_for_text("2 contacts of 6 read", "bob", "fay")
