"""Tests of the programs that do not end on nbmicro as on Flask, by their cause: each entry fails, or it is removed."""

from __future__ import annotations

_BY_CAUSE = {
    "the app's mappings are not live": """
        moto_::test_buckets_and_objects
        moto_::test_by_path
        moto_::test_queues
        apiflask_::test_the_document
        apiflask_::test_a_processor_of_the_document
        apiflask_::test_views_and_errors_are_in_flasks_mappings
        apiflask_::test_a_blueprint_without_a_document
        apispec_::test_a_view
        apispec_::test_a_view_with_its_app
        apispec_::test_a_class
        apispec_::test_blueprints
        apispec_::test_the_view_is_found_by_its_function
        apispec_::test_a_view_set_in_the_mapping
        apispec_::test_the_root_and_a_prefix
        apispec_::test_rules_by_endpoint
        dance::test_a_provider_of_ones_own
        debugtoolbar::test_the_dispatch_is_the_toolbars
        moment::test_the_context_processor
        moto_::test_its_rules
        moto_::test_the_dispatcher
        opentelemetry_::test_uninstrumented_again
    """,
    "a rule's fields are not Flask's": """
        smorest::test_a_list_and_its_filter
        smorest::test_a_pet_is_added
        smorest::test_a_wrong_body_is_422
        smorest::test_a_body_that_is_no_json_is_answered_in_json
        smorest::test_a_path_value
        smorest::test_etags
        smorest::test_pages
        smorest::test_defaults_and_two_path_values
        smorest::test_nested_blueprints
        smorest::test_what_is_not_there_is_answered_in_json[/nowhere]
        smorest::test_what_is_not_there_is_answered_in_json[/pets]
        smorest::test_what_is_not_there_is_answered_in_json[/pets/one]
        smorest::test_a_wrong_method_is_answered_in_json
        smorest::test_the_document
        smorest::test_the_page_of_the_document
        smorest::test_the_commands
        smorest::test_a_blueprint_on_two_apis
    """,
    "an overridden method is not called": """
        restful::test_catch_all_404s
        restful::test_catch_all_404s_after_the_first_request
    """,
    "a registration does not walk as Flask's": """
        restful::test_an_api_on_a_nested_blueprint
    """,
    "a name or attribute of Flask's is not there": """
        apiflask_::test_the_command
        ddtrace_::test_every_name_it_wraps_is_wrapped_and_freed
        ddtrace_::test_it_is_patched_after_the_app_was_made
        ddtrace_::test_the_spans_of_requests
        socketio::test_the_session_comes_with_the_cookies[flasks-session]
        socketio::test_the_session_comes_with_the_cookies[managed]
    """,
}

KNOWN_DIFFERENCES: dict[str, str] = {test: cause for cause, tests in _BY_CAUSE.items() for test in tests.split()}
"""By test (``program::test``), why it does not end as on Flask."""
