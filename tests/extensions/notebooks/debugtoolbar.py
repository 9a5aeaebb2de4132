# %%
from flask import Flask, render_template_string
from flask_debugtoolbar import DebugToolbarExtension

app = Flask("pages")
app.config.update(
    SECRET_KEY="k", DEBUG_TB_ENABLED=True, DEBUG_TB_PANELS=["flask_debugtoolbar.panels.route_list.RouteListDebugPanel"]
)

# %%
toolbar = DebugToolbarExtension(app)


# %%
@app.get("/")
def index():
    return "<html><body>hello</body></html>"


# %% changed
@app.get("/page")
def index():
    return render_template_string("<html><body>{{ 1 + 1 }}</body></html>")


# %% asked: status
# GET /
# GET /page
# GET /_debug_toolbar/static/css/toolbar.css
