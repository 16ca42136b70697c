"""A real Chromium, driven over WebDriver, and what a person would look for on a page."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

LIMIT_SECONDS = 90.0
"""How long a page is waited for: far more than it takes."""
_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900"),
)


def find_chromium() -> tuple[str, str] | None:
    """The paths of Chromium and of its driver; None where one of them is not installed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return None if chromium is None or driver is None else (chromium, driver)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser of its own profile; the test is skipped where there is no Chromium with its driver."""
    paths = find_chromium()
    if paths is None:
        pytest.skip("Chromium and chromedriver are not installed (Debian: chromium, chromium-driver)")
    options = Options()
    options.binary_location = paths[0]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for option in _OPTIONS:
        options.add_argument(option)
    driver = Chrome(options=options, service=Service(paths[1]))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


class Browser:
    """One tab; `address` of the server is given with each page."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def open(self, address: str) -> None:
        """Loads an address anew, also where only the part behind `#` differs."""
        self._driver.get("about:blank")
        self._driver.get(address)

    def text(self, selector: str = "body") -> str:
        """What is to be read in the first element of a selector."""
        while True:
            with contextlib.suppress(StaleElementReferenceException):  # replaced between the two questions
                return str(self._driver.find_element(By.CSS_SELECTOR, selector).text)

    def wait_for_text(self, *texts: str, selector: str = "main") -> None:
        """Until all texts are to be read there."""
        self._wait(lambda: all(text in self.text(selector) for text in texts), f"{texts} in {selector}")

    def wait_for_absence(self, text: str, selector: str = "main") -> None:
        """Until a text is not to be read there."""
        self._wait(lambda: text not in self.text(selector), f"no {text} in {selector}")

    def wait_for_state(self, state: str) -> None:
        """Until the live connection says `state`."""
        self._wait(lambda: self.text("#connection") == state, f"connection {state}")

    def fill(self, selector: str, text: str) -> None:
        """Types into a field."""
        field = self._driver.find_element(By.CSS_SELECTOR, selector)
        field.clear()
        field.send_keys(text)

    def click(self, selector: str) -> None:
        """Clicks the first element of a selector."""
        self._driver.find_element(By.CSS_SELECTOR, selector).click()

    def press(self, *keys: str) -> None:
        """Presses keys where the focus is; names as in Selenium's `Keys`."""
        for key in keys:
            ActionChains(self._driver).send_keys(getattr(Keys, key)).perform()

    def type(self, text: str) -> None:
        """Types where the focus is."""
        ActionChains(self._driver).send_keys(text).perform()

    def focused_text(self) -> str:
        """The text of the element that has the focus."""
        return str(self.run("return document.activeElement.textContent")).strip()

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs a script in the page and returns its value."""
        return self._driver.execute_script(script, *arguments)

    def run_and_wait(self, script: str, *arguments: Any) -> Any:
        """Runs a script in the page and returns what it gives to its last argument, a function."""
        return self._driver.execute_async_script(script, *arguments)

    def resize(self, width: int, height: int = 900) -> None:
        """Makes the page so many pixels wide, also where windows are not that narrow; what was shown is left."""
        self._driver.get("about:blank")  # the driver has died of it on a page that was loaded
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """Says what the system prefers: `dark`, `light`, or "" for whatever it does."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def complaints(self) -> list[str]:
        """What the browser has logged as an error since the last call: scripts that failed, what a policy forbade."""
        entries = self._driver.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium does not type it
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def wait_until_whole(self) -> None:
        """Until the page has a heading and waits for nothing."""
        self._wait(
            lambda: (
                bool(self._driver.find_elements(By.CSS_SELECTOR, "main h1"))
                and not any(text in self.text("main") for text in ("Loading.", "Reading "))
            ),
            "the page is whole",
        )

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        waiter = WebDriverWait(self._driver, LIMIT_SECONDS, 0.1, [StaleElementReferenceException])
        try:
            waiter.until(lambda _driver: condition())
        except TimeoutException as error:
            raise AssertionError(f"{what}; the page says: {self.text()[:2_000]}") from error
