"""Pages in a browser: nothing is fetched, nothing goes wrong or is cut off, zooming works."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from nuzzle.outputs.explain_page import ExplanationFolder
from nuzzle.outputs.frames import write_frames
from nuzzle.outputs.report import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def page(tmp_path: Path):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium to look at the report with")
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, args=ARGUMENTS, headless=True,
            viewport={"width": 1280, "height": 900},
        )  # fmt: skip
        yield context.new_page()
        context.close()


def watch(page, path: Path) -> tuple[list[str], list[str]]:
    """Open a page; returns what it asks for and what it complains of."""
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    return requests, complaints


def test_the_evaluation_report_in_a_browser(made_up, page):
    path = write_report(made_up("evaluation").directory)
    requests, complaints = watch(page, path)

    for section in ("summary", "scores", "confusion", "ethograms", "bouts", "training"):
        assert page.locator(f"#{section}").is_visible()
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.set_viewport_size({"width": 1280, "height": 900})

    figure = page.locator(".ethogram").first
    lane = figure.locator(".lane-box").first
    lane.scroll_into_view_if_needed()
    box = lane.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    assert "frame 600" in figure.locator(".readout").inner_text()
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.up()
    first, _, span, _ = map(float, lane.locator("svg").get_attribute("viewBox").split())
    assert first == pytest.approx(600, abs=3)
    assert span == pytest.approx(600, abs=6)
    # 2,400 frames at 30 per second: the quarter from 20 s to 40 s is seen.
    marks = figure.locator(".time-axis span").all_inner_texts()
    assert marks[-1] in ("0:40", "0:39", "0:38", "0:35")
    figure.locator(".reset").click()
    assert lane.locator("svg").get_attribute("viewBox") == "0 0 2400 1"

    assert requests == [path.as_uri()]
    assert complaints == []


TWELVE = (
    "attack", "anogenital sniffing", "allogrooming", "chase", "escape behaviour", "face sniffing",
    "flank sniffing", "FOLLOWING_MALE", "mount attempt", "nose to nose", "social investigation",
    "background of nothing",
)  # fmt: skip
LONG = "a_name_of_ninety_letters_" + "x" * 65

#: Texts of charts that reach out of their drawing.
CUT_OFF = """() => [...document.querySelectorAll("svg.chart text")].filter(text => {
  const own = text.getBoundingClientRect();
  const all = text.closest("svg").getBoundingClientRect();
  const beside = own.left < all.left || own.right > all.right;
  return beside || own.top < all.top || own.bottom > all.bottom;
}).map(text => text.textContent)"""

#: Neighbours of a time axis that print over each other.
OVERLAPPING = """() => [...document.querySelectorAll(".time-axis")].flatMap(axis => {
  const places = [...axis.querySelectorAll("span")].map(tick => tick.getBoundingClientRect());
  return places.slice(1).filter((place, index) => place.left < places[index].right + 4);
}).length"""


def width_of(page):
    return page.evaluate("document.documentElement.scrollWidth")


def test_names_of_behaviours_are_not_cut_off(made_up, page):
    watch(page, write_report(made_up("evaluation", behaviours=TWELVE, n=2).directory))
    heads = page.locator("#confusion text[transform]").all_text_contents()
    assert [head.endswith(name) for head, name in zip(heads, TWELVE, strict=True)] == [True] * 12
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(CUT_OFF) == []


def test_long_names_neither_widen_a_page_nor_are_cut_off(made_up, tmp_path, page):
    results = made_up("evaluation", behaviours=(LONG, "mount", "other"), names=[LONG, LONG + "2"])
    watch(page, write_report(results.directory))
    page.set_viewport_size({"width": 400, "height": 900})
    assert width_of(page) == 400
    assert page.evaluate(CUT_OFF) == []

    folder = ExplanationFolder(tmp_path)
    folder.notes.append(LONG)
    folder.picture(LONG, "families", Figure(figsize=(1, 1)), LONG)
    folder.finish({"model": LONG, "recordings": [LONG], "nuzzle": "1"})
    watch(page, folder.directory / "index.html")
    assert width_of(page) == 400


def test_a_long_head_does_not_widen_its_table_without_end(made_up, page):
    watch(page, write_report(made_up("prediction", n=1, n_frames=60).directory))
    page.evaluate(
        "name => { document.querySelector('#budget thead th:nth-child(3)').textContent = name; }",
        LONG,
    )
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        box = page.locator("#budget thead th:nth-child(3)").bounding_box()
        assert box["width"] < 300, "90 letters of 13 px take 600 and more"


def test_ticks_of_a_long_recording_have_room(made_up, page):
    """1 h 10 min: every 10 minutes, or where there is less room every half hour."""
    watch(page, write_report(made_up("prediction", n=1, n_frames=30 * 4200).directory))
    ticks = page.locator(".time-axis").first.locator("span")
    assert ticks.all_inner_texts()[-2:] == ["1:00:00", "1:10:00"]
    page.set_viewport_size({"width": 400, "height": 900})
    ticks.nth(3).wait_for(state="detached")
    assert ticks.all_inner_texts() == ["0:00", "30:00", "1:00:00"]
    assert page.evaluate(OVERLAPPING) == 0 and width_of(page) == 400


def test_an_ethogram_is_read_and_zoomed_with_the_keyboard(made_up, page):
    watch(page, write_report(made_up("prediction", n=1, n_frames=800).directory))
    lanes = page.locator(".lanes").first
    assert "arrow keys" in lanes.get_attribute("aria-label")
    lanes.focus()
    readout = page.locator(".readout").first

    def seen():
        first, _, span, _ = page.locator(".lane").first.get_attribute("viewBox").split()
        return int(first), int(span), readout.inner_text().split(" · ")[1]

    press = page.keyboard.press
    press("ArrowRight")  # a hundredth of what is seen
    assert seen() == (0, 800, "frame 8")
    press("+")
    assert seen() == (4, 400, "frame 8"), "the cursor stays at a hundredth of the width"
    press("ArrowLeft")
    press("ArrowLeft")
    assert seen() == (0, 400, "frame 0"), "the view follows"
    press("-")
    press("-")
    assert seen() == (0, 800, "frame 0"), "there is no more than all"
    press("+")
    press("Escape")
    assert seen() == (0, 800, "frame 0")
    assert page.locator(".cursor").count() == 1
    press("Tab")
    assert page.locator(".cursor").count() == 0 and readout.inner_text() == ""


def test_the_readout_says_what_a_blank_stretch_is(made_up, page):
    """Nobody looked at the first 50 of 600 frames, and of frames 0 to 99 nuzzle says nothing."""
    results = made_up("evaluation", n=1, n_frames=600)
    (entry,) = results.done
    (one,) = results.frames(entry)
    answered = np.arange(600)[:, None] >= 100
    one = replace(
        one,
        probability=np.where(answered, one.probability, np.float32(np.nan)),
        predicted=one.predicted & answered,
    )
    write_frames(
        results.directory / entry.file, [one], results.run.behaviours,
        fps=entry.fps, exclusive=True, meta=asdict(entry),
    )  # fmt: skip
    watch(page, write_report(results.directory))
    page.locator(".lanes").first.focus()
    page.keyboard.press("ArrowRight")
    told = page.locator(".readout").first.inner_text().split(" · ")
    assert told[1:] == ["frame 6", "annotator: not looked at", "nuzzle: no answer"]


def test_on_paper_the_sums_stand_once_below_their_table(made_up, page):
    watch(page, write_report(made_up("evaluation", n=1, n_frames=600).directory))
    page.emulate_media(media="print")
    display = "getComputedStyle(document.querySelector('tfoot')).display"
    assert page.evaluate(display) == "table-row-group", "a footer would stand on each page"


def test_the_eighth_colour_is_lighter_on_dark_paper(made_up, page):
    results = made_up("evaluation", behaviours=TWELVE, n=1, n_frames=1200)
    page.emulate_media(color_scheme="dark")
    watch(page, write_report(results.directory))
    style = "each => [getComputedStyle(each).fill, getComputedStyle(each).stroke]"
    lane = page.locator('#ethograms path[data-behaviour="FOLLOWING_MALE"]').first
    assert lane.evaluate(style) == ["rgb(189, 36, 171)"] * 2
    swatch = page.locator("#ethograms .legend .swatch").nth(7)
    assert swatch.evaluate("each => getComputedStyle(each).backgroundColor") == "rgb(189, 36, 171)"
