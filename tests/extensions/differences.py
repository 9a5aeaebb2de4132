"""Tests of the programs that do not end on nbmicro as on Flask, by their cause: each entry fails, or it is removed.

An entry is a test (``program::test``), or the beginning of several with ``*``.
"""

from __future__ import annotations

_BY_CAUSE = {
    "what is an attribute in Flask cannot be set": """
        attributes::test_its_name_and_its_text
        socketio::test_the_session_comes_with_the_cookies*
    """,
    "a name, or what stands behind it, is not there": """
        ddtrace_::test_every_name_it_wraps_is_wrapped_and_freed
        ddtrace_::test_it_is_patched_after_the_app_was_made
        ddtrace_::test_the_spans_of_requests
        names::test_an_app_is_freed
        names::test_hosts[..]
        names::test_hosts[a..b]
        names::test_hosts[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.org]
        names::test_the_distribution
        names::test_the_file_of_the_package
    """,
    "the app's mappings are not live": """
        debugtoolbar::test_panels[Versions]
        debugtoolbar::test_the_rendered_template_is_listed
        in_notebooks::test_cells_run_twice_and_one_is_changed[apiflask_]
        in_notebooks::test_cells_run_twice_and_one_is_changed[ddtrace_]
        in_notebooks::test_cells_run_twice_and_one_is_changed[opentelemetry_]
        in_notebooks::test_cells_run_twice_and_one_is_changed[restful]
        in_notebooks::test_cells_run_twice_and_one_is_changed[smorest]
        in_notebooks::test_cells_run_twice_and_one_is_changed[socketio]
        moto_::test_its_rules
    """,
    "a registered blueprint stays open here, on purpose": """
        registration::test_errors_of_registering
    """,
}

KNOWN_DIFFERENCES: dict[str, str] = {
    line.strip(): cause for cause, lines in _BY_CAUSE.items() for line in lines.strip().splitlines()
}
"""By entry, why it does not end as on Flask."""
