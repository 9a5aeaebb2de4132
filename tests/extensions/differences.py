"""Tests of the programs that do not end on nbmicro as on Flask, by their cause: each entry fails, or it is removed.

An entry is a test (``program::test``), or the beginning of several with ``*``.
"""

from __future__ import annotations

_BY_CAUSE = {
    "the app's mappings are not live": """
        apiflask_::test_a_blueprint_without_a_document
        apiflask_::test_a_processor_of_the_document
        apiflask_::test_the_document
        apiflask_::test_views_and_errors_are_in_flasks_mappings
        apispec_::test_a_class
        apispec_::test_a_view
        apispec_::test_a_view_set_in_the_mapping
        apispec_::test_a_view_with_its_app
        apispec_::test_blueprints
        apispec_::test_rules_by_endpoint
        apispec_::test_the_root_and_a_prefix
        apispec_::test_the_view_is_found_by_its_function
        dance::test_a_provider_of_ones_own
        debugtoolbar::test_the_dispatch_is_the_toolbars
        mappings::test_a_blueprints_functions*
        mappings::test_a_blueprints_own_mappings
        mappings::test_a_decorator_after_a_mapping_goes_on
        mappings::test_a_function_is_put_in_and_taken_out*
        mappings::test_context_processors*
        mappings::test_declared_by_decorator_removed_by_mapping*
        mappings::test_deferred_functions
        mappings::test_handlers_declared_are_there
        mappings::test_handlers_of_errors*
        mappings::test_shell_context
        mappings::test_the_rules_of_the_map
        mappings::test_values_and_defaults_of_urls*
        mappings::test_view_functions_in_both_directions*
        mappings::test_what_they_hold_at_first[after_request_funcs]
        mappings::test_what_they_hold_at_first[before_request_funcs]
        mappings::test_what_they_hold_at_first[error_handler_spec]
        mappings::test_what_they_hold_at_first[extensions]
        mappings::test_what_they_hold_at_first[shell_context_processors]
        mappings::test_what_they_hold_at_first[teardown_appcontext_funcs]
        mappings::test_what_they_hold_at_first[teardown_request_funcs]
        mappings::test_what_they_hold_at_first[template_context_processors]
        mappings::test_what_they_hold_at_first[url_default_functions]
        mappings::test_what_they_hold_at_first[url_value_preprocessors]
        mappings::test_what_they_hold_at_first[view_functions]
        moment::test_the_context_processor
        moto_::test_buckets_and_objects
        moto_::test_by_path
        moto_::test_its_rules
        moto_::test_queues
        moto_::test_the_dispatcher
        opentelemetry_::test_uninstrumented_again
    """,
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
    "a name, or what stands behind it, is not there": """
        apiflask_::test_the_command
        ddtrace_::test_every_name_it_wraps_is_wrapped_and_freed
        ddtrace_::test_it_is_patched_after_the_app_was_made
        ddtrace_::test_the_spans_of_requests
        names::test_an_app_is_freed
        names::test_hosts[..]
        names::test_hosts[a..b]
        names::test_hosts[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.org]
        names::test_template_loading_is_explained
        names::test_the_distribution
        names::test_the_file_of_the_package
        names::test_the_instance_path_is_asked_of_the_app
        names::test_the_names_that_extensions_use[flask.app]
        names::test_the_names_that_extensions_use[flask.cli]
        names::test_the_names_that_extensions_use[flask.globals]
        names::test_the_names_that_extensions_use[flask.helpers]
        names::test_the_names_that_extensions_use[flask.json.provider]
        names::test_the_names_that_extensions_use[flask.sansio.scaffold]
        names::test_the_names_that_extensions_use[flask.templating]
    """,
    "what is an attribute in Flask cannot be set": """
        attributes::test_a_request_put_in_the_context
        attributes::test_g_put_in_the_context
        attributes::test_headers_of_a_response*
        attributes::test_its_name_and_its_text
        attributes::test_of_the_app_context[g]
        attributes::test_of_the_app_context[url_adapter]
        attributes::test_of_the_request_context[request]
        attributes::test_of_the_request_context[url_adapter]
        attributes::test_the_clients_builder
        socketio::test_the_session_comes_with_the_cookies*
    """,
    "a registration does not walk as Flask's": """
        registration::test_a_rule_added_by_a_recorded_function
        registration::test_decorators_of_a_blueprint_for_the_app
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
