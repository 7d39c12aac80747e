"""The page of `collabsheet serve` in a real browser: the way of somebody who has no Python."""

from __future__ import annotations

import os
import shutil

import pytest
from needed import lacking
from service_process import ServiceProcess

PATIENCE = 120      # seconds, on a busy machine
NEEDED = ("chromium", "chromedriver")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    if missing := [program for program in NEEDED if not shutil.which(program)]:
        lacking(f"apt-get install {' '.join(missing)}")
    with ServiceProcess(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def browser(tmp_path, service):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900", f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(word)
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path / "downloads")})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.get(service.url)
    yield driver
    complaints = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    driver.quit()
    assert not complaints       # a script that failed, or something that the content security policy refused


def wait(browser, what):
    """What a function of the browser gives, once it is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, PATIENCE).until(what)


def find(browser, selector):
    return browser.find_element("css selector", selector)


def picture(browser, name):
    """Keeps what the page looks like, where a person has asked for it."""
    if folder := os.environ.get("COLLABSHEET_PICTURES"):
        browser.save_screenshot(f"{folder}/{name}.png")


def opened(browser, path):
    find(browser, "#file").send_keys(str(path))
    wait(browser, lambda b: "can be fitted" in find(b, "#said").text or "wrong" in find(b, "#said").get_attribute("class"))


def test_the_lessons_workbook_is_opened_fitted_and_downloaded(browser, shared, tmp_path):
    from pyxl import open_workbook

    opened(browser, shared / "workbooks" / "course_collab_filter.xlsx")
    [tab for tab in browser.find_elements("css selector", "#tabs button") if tab.text == "bias"][0].click()
    assert find(browser, "#found").text.startswith("dot+bias, crosstab: 206 ratings of 15 users and 15 items")
    assert len(browser.find_elements("css selector", "#grid td.factors")) == 2 * 15 * 5 and len(browser.find_elements("css selector", "#grid td.biases")) == 30
    assert [mark.text for mark in browser.find_elements("css selector", "#legend li")][0] == "ratings H2:V16"
    picture(browser, "course-opened")
    browser.execute_script("document.getElementById('which').value = 'this'")
    find(browser, "#fit").click()
    wait(browser, lambda b: "Fitted" in find(b, "#said").text)
    assert "RMSE 2.018004 →" in find(browser, "#results").text
    assert len(find(browser, "#curve polyline").get_attribute("points").split()) > 10
    assert len(browser.find_elements("css selector", "#grid td.factors.moved")) == 150
    picture(browser, "course-fitted")
    find(browser, "#download").click()
    target = tmp_path / "downloads" / "course_collab_filter-fitted.xlsx"
    wait(browser, lambda b: target.exists())
    with open_workbook(target) as book:
        assert book.grid("bias").values[(42, 22)] < 0.5


def test_the_demo_with_the_keyboard_alone_on_a_phone_in_the_dark(browser):
    from selenium import webdriver
    from selenium.webdriver.common.keys import Keys

    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
    def press(key):
        webdriver.ActionChains(browser).send_keys(key).perform()

    for _ in range(12):
        press(Keys.TAB)
        if browser.switch_to.active_element.get_attribute("id") == "demo":
            break
    press(Keys.ENTER)
    wait(browser, lambda b: "4 of" in find(b, "#said").text)
    assert browser.switch_to.active_element.get_attribute("id") == "fit"
    press(Keys.ENTER)
    wait(browser, lambda b: "Fitted" in find(b, "#said").text)
    tab = find(browser, "#tabs [aria-selected=true]")
    tab.send_keys(Keys.ARROW_RIGHT)
    assert browser.switch_to.active_element.text == "bias" and find(browser, "#grid caption").get_attribute("textContent").endswith("bias")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")     # nothing sticks out
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 22)"
    picture(browser, "phone-dark")


def test_five_films_are_rated_and_ten_shown(browser):
    from selenium.webdriver.support.ui import Select

    find(browser, "#to-films").click()
    wait(browser, lambda b: len(b.find_elements("css selector", "#rate select")) == 12)
    for choice, stars in zip(browser.find_elements("css selector", "#rate select"), ("5", "1", "4", "2", "5")):
        Select(choice).select_by_value(stars)
    find(browser, "#rating-form button").click()
    wait(browser, lambda b: len(b.find_elements("css selector", "#best li")) == 10)
    best = [float(line.text.split()[-1]) for line in browser.find_elements("css selector", "#best li")]
    assert best == sorted(best, reverse=True) and best[0] > best[-1]
    picture(browser, "films")


def test_a_refusal_is_told_in_a_sentence(browser, tmp_path):
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"no zip at all")
    opened(browser, broken)
    assert find(browser, "#said").text.startswith("'broken.xlsx'")
    browser.get_log("browser")      # that an answer was 400 is no defect here
