# %%
from flask import Flask, redirect, url_for
from flask_dance.consumer.storage import MemoryStorage
from flask_dance.contrib.github import github, make_github_blueprint

app = Flask("dancing")
app.secret_key = "k"

# %%
blueprint = make_github_blueprint(client_id="id", client_secret="s", redirect_to="index")
app.register_blueprint(blueprint, url_prefix="/login")

# %% changed
blueprint = make_github_blueprint(
    client_id="id", client_secret="s", redirect_to="index", storage=MemoryStorage({"access_token": "kept"})
)
app.register_blueprint(blueprint, url_prefix="/login")


# %%
@app.get("/")
def index():
    return f"token {github.token['access_token']}" if github.authorized else redirect(url_for("github.login"))


# %% asked
# GET /
# GET /login/github
# GET /login/github/authorized
