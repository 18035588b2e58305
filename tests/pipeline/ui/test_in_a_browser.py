"""Every page in a real Chromium."""

from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

LOADED_MS = 120_000  # TensorFlow on a busy machine


@pytest.fixture(scope="module")
def user(site):
    return (site.models / "recommender/1/assets.extra/user_ids.txt").read_text().split()[0]


@pytest.fixture(scope="module")
def tried(browser, address):
    """The address of Try it, its models loaded."""
    page = browser.new_page()
    page.goto(f"{address}/try")
    page.wait_for_selector("#ask", timeout=LOADED_MS)
    page.goto(f"{address}/try?user=nobody&version=2&other=1")
    page.wait_for_selector(".item", timeout=LOADED_MS)
    page.close()
    return f"{address}/try"


def test_every_link_from_the_front_page_opens_without_an_error_in_the_console(page, address, tried):
    opened, waiting = set(), [f"{address}/"]
    while waiting:
        here = waiting.pop()
        if here in opened:
            continue
        opened.add(here)
        if urlsplit(here).query:  # the same page, sorted in another way or asked for somebody else
            assert page.request.get(here).status == 200, here
            continue
        assert page.goto(here).status == 200, here
        links = page.eval_on_selector_all("a[href]", "links => links.map(each => each.getAttribute('href'))")
        found = {urldefrag(urljoin(here, link)).url for link in links}
        assert all(urlsplit(link).netloc == urlsplit(address).netloc for link in found), here
        waiting += found - opened
    paths = {urlsplit(each).path for each in opened}
    assert {path.split("/")[1] for path in paths} >= {
        "", "try", "runs", "models", "lineage", "artifacts", "serving",
    }  # fmt: skip
    assert len(paths) > 50


@pytest.fixture(scope="module")
def places(finished, tried, user):
    """A page of each kind."""
    _, run = finished
    examples = run.output("MovieLensExampleGen", "examples").id
    return (
        "/", "/runs", "/runs?status=failed", f"/runs/{run.run_id}", "/models", "/lineage",
        "/lineage/recommender/1", "/artifacts",
        f"/artifacts/{examples}", "/serving", "/try", f"/try?user={user}&version=2&other=1",
        "/try?like=no+such+film",
    )  # fmt: skip


def violations(page, address, places, **options):
    """What axe finds, by page."""
    axe, found = Axe(), {}
    for place in places:
        page.goto(f"{address}{place}")
        result = axe.run(page, options=options)
        found[place] = [(each["id"], each["nodes"][0]["html"]) for each in result.response["violations"]]
    return {place: problems for place, problems in found.items() if problems}


def test_axe_finds_nothing_on_any_kind_of_page(page, address, places):
    assert violations(page, address, places) == {}


@pytest.mark.parametrize("page", [{"color_scheme": "dark"}], indirect=True)
def test_in_the_dark_all_text_can_be_read(page, address, places):
    assert violations(page, address, places, runOnly=["color-contrast"]) == {}


@pytest.mark.parametrize("page", [{"viewport": {"width": 360, "height": 740}}], indirect=True)
def test_on_a_phone_no_page_is_wider_than_the_screen(page, address, places):
    for place in places:
        page.goto(f"{address}{place}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place


def films(page):
    return page.locator("#results .item .title").all_inner_texts()


def tab_to(page, field):
    """Presses Tab until the field has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == field:
            return
    raise AssertionError(f"no Tab leads to {field}")


def test_try_it_works_by_keyboard_alone(page, tried, user):
    page.goto(tried)
    tab_to(page, "user")
    page.keyboard.type(user)
    page.keyboard.press("Enter")
    page.wait_for_selector(".item")
    ten = films(page)
    assert len(ten) == 10
    assert page.locator(".item .stars").first.inner_text().split()[-1].replace(".", "").isdigit()

    tab_to(page, "k")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".item")).to_have_count(11)
    assert films(page)[:10] == ten
    assert page.locator("#k-shown").inner_text() == "11"

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_url("**/try?*seen=on*")
    assert films(page) != ten  # what they rated most highly is back


def test_two_versions_are_shown_side_by_side(page, tried, user):
    page.goto(tried)
    page.fill("#user", user)
    page.select_option("#other", "1")
    page.wait_for_selector("section[aria-label='Version 1'] .item")
    one, other = (page.locator(f"section[aria-label='Version {version}'] .title") for version in (2, 1))

    assert one.all_inner_texts() == other.all_inner_texts()  # the second is a copy of the first
    assert page.locator("#results").get_by_text("10 of 10 films are in both lists").count() == 2


def test_titles_are_suggested_while_they_are_typed(page, tried):
    page.goto(tried)
    page.locator("#like1").press_sequentially("star wa")
    expect(page.locator("#titles option")).not_to_have_count(400)

    assert page.locator("#titles option").first.get_attribute("value") == "Star Wars (1977)"


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_script_plain_forms_and_links_do(page, tried):
    page.goto(tried)
    page.fill("#like1", "star war")
    page.click("button.primary")
    page.click("text=Star Wars (1977)")

    assert len(films(page)) == 10
    assert "Star Wars" not in films(page)
    assert page.locator("h2").first.inner_text().startswith("For a new user who likes Star Wars (1977)")
