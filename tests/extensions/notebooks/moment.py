# %%
from datetime import datetime

from flask import Flask, render_template_string
from flask_moment import Moment

app = Flask("times")

# %%
moment = Moment(app)


# %%
@app.get("/")
def index():
    return render_template_string("{{ moment(when).format('L') }}", when=datetime(2024, 1, 2))


# %% changed
@app.get("/")
def index():
    return render_template_string("{{ moment(when).fromNow() }}", when=datetime(2024, 1, 2))


# %% asked
# GET /
