"""Tests of the programs that do not end on nbmicro as on Flask, by their cause: each entry fails, or it is removed.

An entry is a test (``program::test``), or the beginning of several with ``*``.
"""

from __future__ import annotations

_BY_CAUSE = {
    "a rule's fields are not Flask's": """
        rules::test_one_blueprint_on_two_apps
        rules::test_prefix_subdomain_and_defaults_of_a_registration
        rules::test_text_and_methods_of_a_rule
        rules::test_the_fields*
        smorest::test_a_blueprint_on_two_apis
        smorest::test_a_body_that_is_no_json_is_answered_in_json
        smorest::test_a_list_and_its_filter
        smorest::test_a_path_value
        smorest::test_a_pet_is_added
        smorest::test_a_wrong_body_is_422
        smorest::test_a_wrong_method_is_answered_in_json
        smorest::test_defaults_and_two_path_values
        smorest::test_etags
        smorest::test_nested_blueprints
        smorest::test_pages
        smorest::test_the_commands
        smorest::test_the_document
        smorest::test_the_page_of_the_document
        smorest::test_what_is_not_there_is_answered_in_json*
    """,
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
        mappings::test_deferred_functions
        moto_::test_its_rules
    """,
    "a registration does not walk as Flask's": """
        registration::test_a_rule_added_by_a_recorded_function
        registration::test_errors_of_registering
        registration::test_every_step_of_nested_blueprints
        registration::test_recorded_functions_of_nested_blueprints
        registration::test_the_methods_of_http_walk_there_too
        restful::test_an_api_on_a_nested_blueprint
    """,
}

KNOWN_DIFFERENCES: dict[str, str] = {
    line.strip(): cause for cause, lines in _BY_CAUSE.items() for line in lines.strip().splitlines()
}
"""By entry, why it does not end as on Flask."""
