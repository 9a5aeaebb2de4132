"""What is known of other web frameworks: one adapter for each, none of which imports its framework.

What must not be here: calling an app (that is ``foreign``'s), and a framework's name anywhere but in its adapter.
"""
