"""A small blog: people register, sign in, and write posts that they alone may change."""

import os

from flask import Flask


def create_app(test_config=None):
    """Make the app; a test gives its own configuration."""
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(SECRET_KEY="dev", DATABASE=os.path.join(app.instance_path, "flaskr.sqlite"))
    if test_config is None:
        app.config.from_pyfile("config.py", silent=True)
    else:
        app.config.from_mapping(test_config)
    os.makedirs(app.instance_path, exist_ok=True)

    @app.route("/hello")
    def hello():
        return "Hello, World!"

    from flaskr import auth, blog, db

    db.init_app(app)
    app.register_blueprint(auth.bp)
    app.register_blueprint(blog.bp)
    # The blog is the front page: its index answers to the plain name as well.
    app.add_url_rule("/", endpoint="index")
    return app
