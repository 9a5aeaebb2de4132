# %%
from flask import Flask
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

app = Flask("traced")
memory, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(memory))

# %%
FlaskInstrumentor().instrument_app(app, tracer_provider=provider)


# %%
@app.get("/hello/<int:number>")
def hello(number):
    return f"{number} {trace.get_current_span().get_span_context().is_valid}"


# %% changed
@app.get("/hi/<int:number>")
def hello(number):
    return f"hi {number} {trace.get_current_span().name}"


# %%
@app.get("/spans")
def spans():
    return [span.name for span in memory.get_finished_spans()][-3:]


# %% asked
# GET /hello/1
# GET /hi/1
# GET /nowhere
# GET /spans
