"""``%explore``, from top to bottom: the form of a route, the routes to choose from, the widgets, and what they do."""
