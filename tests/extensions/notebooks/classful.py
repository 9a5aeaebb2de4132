# %%
from flask import Flask
from flask_classful import FlaskView, route

app = Flask("quotes")


# %%
class QuotesView(FlaskView):
    def index(self):
        return "index"

    @route("/named/<name>")
    def named(self, name):
        return name


QuotesView.register(app)


# %% changed
class QuotesView(FlaskView):
    def index(self):
        return "changed"

    def get(self, id):
        return f"get {id}"


QuotesView.register(app)

# %% asked
# GET /quotes/
# GET /quotes/named/x
# GET /quotes/3/
