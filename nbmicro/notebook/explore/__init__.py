"""``%explore``: a panel with the routes of the app, a form for each, and what the app answers."""
