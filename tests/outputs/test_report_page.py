"""The report in a browser: nothing is fetched, nothing goes wrong, zooming works."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

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
