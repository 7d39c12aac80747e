"""The page of `collabsheet serve` in a real browser: the way of somebody who has no Python."""

from __future__ import annotations

import os
import shutil
import zipfile
from xml.etree import ElementTree

import pytest
from needed import lacking
from service_process import ServiceProcess

from pyxl.grid.cells import Range

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
    assert len(browser.find_elements("css selector", "#grid .cell.factors")) == 2 * 15 * 5 and len(browser.find_elements("css selector", "#grid .cell.biases")) == 30
    assert [mark.text for mark in browser.find_elements("css selector", "#legend li")][0] == "ratings H2:V16"
    picture(browser, "course-opened")
    browser.execute_script("document.getElementById('which').value = 'this'")
    find(browser, "#fit").click()
    wait(browser, lambda b: "Fitted" in find(b, "#said").text)
    assert "RMSE 2.018004 →" in find(browser, "#results").text
    assert len(find(browser, "#curve polyline").get_attribute("points").split()) > 10
    assert len(browser.find_elements("css selector", "#grid .cell.factors.moved")) == 150
    picture(browser, "course-fitted")
    find(browser, "#download").click()
    find(browser, "#download-curve").click()
    target, chart = (tmp_path / "downloads" / f"course_collab_filter-fitted{ending}" for ending in (".xlsx", "-curve.svg"))
    wait(browser, lambda b: target.exists() and chart.exists())
    assert ElementTree.parse(chart).find(".//{*}polyline").get("stroke").startswith("rgb(")
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
    assert browser.switch_to.active_element.text == "bias" and find(browser, "#grid [role=grid]").get_attribute("aria-label").endswith("bias")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")     # nothing sticks out
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 22)"
    picture(browser, "phone-dark")


LARGE = """
const done = arguments[arguments.length - 1];
import("/page/sheet_grid.js").then(({sheetGrid}) => {
  document.querySelector("#book").hidden = false;
  const rows = Array.from({length: 10000}, (_, r) => Array.from({length: 300}, (_, c) => r * 1000 + c));
  window.shown = sheetGrid(document.querySelector("#grid"), {name: "large", rows, formulas: [[10000, 299, 300]], blocks: {ratings: [1, 1, 9000, 20]}});
  done();
});
"""


def test_a_sheet_of_three_million_cells_is_scrolled_marked_copied_and_widened_by_the_keyboard(browser):
    from selenium import webdriver
    from selenium.webdriver.common.keys import Keys

    def press(*keys):
        chain = webdriver.ActionChains(browser)
        for held in keys[:-1]:
            chain.key_down(held)
        chain.send_keys(keys[-1])
        for held in keys[:-1]:
            chain.key_up(held)
        chain.perform()

    def active():
        return find(browser, f"#{find(browser, '.grid').get_attribute('aria-activedescendant')}")

    browser.execute_async_script(LARGE)
    assert len(browser.find_elements("css selector", "#grid *")) < 3000
    find(browser, "#cell-1-1").click()
    press(Keys.CONTROL, Keys.END)
    assert active().text == "9.999e+6" or active().get_attribute("id") == "cell-9999-299"
    assert "formula" in active().get_attribute("class") and active().get_attribute("aria-colindex") == "301"
    row = active().find_element("xpath", "..")
    assert row.get_attribute("role") == "row" and row.get_attribute("aria-rowindex") == "10001" and row.find_element("css selector", "[role=rowheader]").text == "10000"
    top = find(browser, ".grid").location["y"]
    assert find(browser, ".grid .letter:last-child").location["y"] - top < 3 and find(browser, ".grid .letter:last-child").text == "KN"     # the headers stay
    press(Keys.SHIFT, Keys.ARROW_LEFT)
    press(Keys.SHIFT, Keys.ARROW_UP)
    assert len(browser.find_elements("css selector", "#grid [aria-selected=true]")) == 4
    copied = browser.execute_script("""const data = new DataTransfer(), event = new ClipboardEvent("copy", {clipboardData: data, bubbles: true, cancelable: true});
        document.querySelector(".grid").dispatchEvent(event); return data.getData("text/plain");""")
    assert copied == "9998298\t9998299\n9999298\t9999299"
    wide = active().size["width"]
    press(Keys.ALT, Keys.SHIFT, Keys.ARROW_RIGHT)
    assert active().size["width"] == wide + 12
    handle = browser.find_elements("css selector", ".letter .handle")[-3]
    webdriver.ActionChains(browser).drag_and_drop_by_offset(handle, 40, 0).perform()
    assert browser.find_elements("css selector", ".grid .letter")[-3].size["width"] == wide + 40
    browser.execute_script("shown.move([[9999, 300, 0.5]])")
    assert find(browser, "#cell-9998-299").text == "0.5" and "moved" in find(browser, "#cell-9998-299").get_attribute("class")
    press(Keys.CONTROL, Keys.HOME)
    assert active().text == "0" and "ratings" in active().get_attribute("class")


def test_ratings_are_trained_on_by_rows_downloaded_and_made_a_workbook_of(browser, tmp_path):
    from selenium.webdriver.support.ui import Select

    table = tmp_path / "mine.csv"
    table.write_text("user,item,rating\n" + "".join(f"{u},film {i},{(u * i) % 5 + 1}\n" for u in range(30) for i in range(20) if (u + i) % 4))
    find(browser, "#file").send_keys(str(table))
    wait(browser, lambda b: find(b, "#train").is_displayed())
    find(browser, "#train").click()
    wait(browser, lambda b: find(b, "#trained").is_displayed())
    assert find(browser, "#learnt-from").text.startswith("450 ratings by 30 users of 20 items. Biases alone predict the held-out ones")
    assert "held out" in find(browser, "#verdict").text and "at epoch" in find(browser, "#train-now").text
    assert len(browser.find_elements("css selector", "#train-curve polyline")) == 2
    picture(browser, "trained")
    find(browser, "#download-model").click()
    target = tmp_path / "downloads" / "mine-model.zip"
    wait(browser, lambda b: target.exists())
    with zipfile.ZipFile(target) as packed:
        assert sorted(packed.namelist()) == ["model.json", "model.safetensors"]
    find(browser, "#trained a").click()
    wait(browser, lambda b: len(b.find_elements("css selector", "#rate select")) == 12)
    assert "mine.csv" in find(browser, "#films-note").text
    for choice, stars in zip(browser.find_elements("css selector", "#rate select"), ("5", "1", "4", "2", "5")):
        Select(choice).select_by_value(stars)
    find(browser, "#rating-form button").click()
    wait(browser, lambda b: len(b.find_elements("css selector", "#best li")) == 10)
    assert find(browser, "#best li").text.startswith("film ")
    find(browser, "#to-workbook").click()
    find(browser, "#export-book").click()
    wait(browser, lambda b: "can be fitted" in find(b, "#said").text)
    assert find(browser, "#book-name").text == "mine-model.xlsx" and "15 users and 15 items" in find(browser, "#found").text


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


EXCEL = """   // stands for Excel: the file that is open, and cells by sheet and address
const cells = {}, stored = {}, answered = value => ({status: "succeeded", value});
const range = (sheet, address) => ({load() {}, get values() { return cells[`${sheet}!${address}`]; }, set values(rows) { cells[`${sheet}!${address}`] = rows; }});
const sheet = name => ({name, load() {}, getRange: address => range(name, address)});
window.book = {cells, bytes: []};
window.Excel = {run: async work => work({sync: async () => {}, workbook: {worksheets: {getItem: sheet, getActiveWorksheet: () => sheet("bias")}}})};
window.Office = {onReady: done => done(), context: {document: {url: "lesson.xlsx",
  getFileAsync: (kind, options, done) => done(answered({sliceCount: 1, getSliceAsync: (n, got) => got(answered({data: book.bytes})), closeAsync() {}})),
  settings: {get: name => stored[name], set: (name, value) => { stored[name] = value; }, saveAsync: done => done(answered())}}}};
"""


def test_the_task_pane_fits_the_workbook_that_is_open_and_writes_its_parameters_alone(browser, service, shared):
    from pyxl import open_workbook

    path = shared / "workbooks" / "course_collab_filter.xlsx"
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": EXCEL})
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*://appsforoffice.microsoft.com/*"]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 320, "height": 800, "deviceScaleFactor": 2, "mobile": False})
    browser.execute_script("sessionStorage.clear()")        # the page's token is not the pane's
    browser.get(service.url.partition("#")[0] + "pane/")
    wait(browser, lambda b: "token" in find(b, "#said").text)
    find(browser, "#address").send_keys(service.url)
    find(browser, "#sign-in button").click()
    wait(browser, lambda b: find(b, "#fit").is_displayed())
    blocks = {"A26:A40", "B26:F40", "H19:V19", "H20:V24"}
    with open_workbook(path) as book:
        grid = book.grid("bias")
        cells = {f"bias!{area}": [["" if cell is None else cell for cell in row] for row in grid.block(Range.parse(area))] for area in (*blocks, "V42")}
    browser.execute_script("Object.assign(book.cells, arguments[0]); book.bytes = arguments[1]", cells, list(path.read_bytes()))
    find(browser, "#inspect").click()
    wait(browser, lambda b: "206 ratings" in find(b, "#found").text)
    find(browser, "#fit").click()
    wait(browser, lambda b: "V42 says" in find(b, "#said").text)      # nobody calculates here
    after = browser.execute_script("return book.cells")
    assert {name for name in cells if after[name] != cells[name]} == {f"bias!{area}" for area in blocks}
    assert "RMSE 2.018004 →" in find(browser, "#results").text and len(find(browser, "#curve polyline").get_attribute("points").split()) > 10
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    picture(browser, "pane")
    find(browser, "#restore").click()
    wait(browser, lambda b: "before its last fit" in find(b, "#said").text)
    assert browser.execute_script("return book.cells") == cells
    browser.execute_script("localStorage.clear()")
    browser.get_log("browser")      # a page without a token, and without Microsoft's script, is complained of


def test_a_refusal_is_told_in_a_sentence(browser, tmp_path):
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"no zip at all")
    opened(browser, broken)
    assert find(browser, "#said").text.startswith("'broken.xlsx'")
    browser.get_log("browser")      # that an answer was 400 is no defect here
