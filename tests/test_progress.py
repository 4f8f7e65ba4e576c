import logging

from nuzzle.progress import log


def test_warnings_are_logged_as_such_and_the_rest_as_news(caplog):
    with caplog.at_level(logging.INFO, "nuzzle"):
        log("warning: 100 % of train has no labels")
        log("reading cage0")
    assert caplog.record_tuples == [
        ("nuzzle", logging.WARNING, "100 % of train has no labels"),
        ("nuzzle", logging.INFO, "reading cage0"),
    ]
