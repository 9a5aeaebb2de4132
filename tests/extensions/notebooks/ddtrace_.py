# %%
import os

for name in ("INSTRUMENTATION_TELEMETRY_ENABLED", "REMOTE_CONFIGURATION_ENABLED", "TRACE_STARTUP_LOGS"):
    os.environ[f"DD_{name}"] = "false"
os.environ["DD_TRACE_AGENT_URL"] = "http://127.0.0.1:9"

# %%
import logging

logging.disable(logging.CRITICAL)
from ddtrace.contrib.internal.flask.patch import patch
from ddtrace.trace import TraceFilter, tracer

spans = []


class Keep(TraceFilter):
    def process_trace(self, trace):
        spans.extend(trace)
        return


tracer.configure(trace_processors=[Keep()])
patch()

# %%
import flask

app = flask.Flask("traced")


# %%
@app.get("/hello")
def hello():
    return "hello"


# %% changed
@app.get("/hello/<name>")
def hello(name):
    return flask.render_template_string("hello {{ name }}", name=name)


# %%
@app.get("/spans")
def seen():
    names = [f"{span.name} {span.resource}" for span in sorted(spans, key=lambda span: span.start_ns)]
    spans.clear()
    return names


@app.get("/clear")
def clear():
    spans.clear()
    return "cleared"


# %% asked
# GET /clear
# GET /hello
# GET /hello/x
# GET /spans
