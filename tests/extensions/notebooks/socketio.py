# %%
from flask import Flask
from flask_socketio import SocketIO, emit

app = Flask("events")
app.config["SECRET_KEY"] = "k"
socketio = SocketIO(app, async_mode="threading")


# %%
@socketio.on("ask")
def ask(word):
    emit("answer", word.upper())


# %% changed
@socketio.on("ask")
def ask(word):
    emit("answer", word[::-1])


# %%
@app.get("/event/<word>")
def event(word):
    client = socketio.test_client(app)
    client.emit("ask", word)
    return client.get_received()[0]["args"]


# %% asked
# GET /event/hello
